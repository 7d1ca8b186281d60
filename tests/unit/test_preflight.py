"""What is checked before anything is changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar, cast

import pytest

from localrun.fakes.blobs import MemoryBlobs
from localrun.fakes.ledger import MemoryLedger
from migration.directory_model import (
    AccessRule,
    DirectoryUser,
    MailboxSize,
    MailDomain,
    Organization,
)
from migration.end_of_support import days_left
from migration.errors import (
    CredentialsRejected,
    MailboxUnreachable,
    MigrationError,
    PreflightFailed,
    ProvisioningPending,
    SourceBusy,
    TenantMisconfigured,
    UserRefused,
)
from migration.findings import Findings
from migration.model import NewPasswords
from migration.ports import Directory
from migration.preflight import (
    Preflight,
    SurveySource,
    check_all,
    check_end_of_support,
    check_ews_url,
    check_imap_server,
    check_passwords,
    check_region,
    check_secret,
    conclude,
)
from migration.preflight_workmail import ASKED_AT_MOST, check_new_users
from migration.settings import Settings
from migration.survey_model import SourceMailbox, SourceSurvey, Unopened, choose_sample
from tests.unit.test_settings import environment

KEY = "intake/manifest.csv"
NOW = "2026-11-30T09:00:00.123Z"
ARN = "arn:aws:secretsmanager:{}:123456789012:secret:acme-abc"
ACTIVE = Organization("m-1", "acme", "Active")
Answer = TypeVar("Answer")
ADMIN: Mapping[str, object] = {"admin": {"user": "root", "password": "secret-word"}}


def given(answer: Answer | MigrationError) -> Answer:
    """The answer, or the error in its place."""
    if isinstance(answer, MigrationError):
        raise answer
    return answer


@dataclass
class Account:
    """A WorkMail organization and the secrets as a test wants them."""

    org: Organization | MigrationError = ACTIVE
    domains: Mapping[str, MailDomain] | MigrationError = field(
        default_factory=lambda: {"example.com": MailDomain("example.com", verified=True)}
    )
    retention: Mapping[str, int] | MigrationError = field(default_factory=dict)
    rules: list[AccessRule] = field(default_factory=lambda: [AccessRule("default", allows=True)])
    dmarc: bool | MigrationError = False
    mode: str = ""
    users: list[DirectoryUser] | MigrationError = field(default_factory=list)
    sizes: list[MailboxSize | MigrationError | None] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    secret: Mapping[str, object] | MigrationError = field(default_factory=lambda: ADMIN)
    passwords: Mapping[str, object] = field(default_factory=dict)

    def organization(self) -> Organization:
        return given(self.org)

    def domain(self, name: str) -> MailDomain | None:
        return given(self.domains).get(name)

    def retention_days(self) -> Mapping[str, int]:
        return given(self.retention)

    def access_rules(self) -> list[AccessRule]:
        return self.rules

    def enforces_dmarc(self) -> bool:
        return given(self.dmarc)

    def authentication_mode(self) -> str:
        return self.mode

    def enabled_users(self) -> list[DirectoryUser]:
        return given(self.users)

    def mailbox_size(self, user_id: str) -> MailboxSize | None:
        """One of `sizes` after the other, and an empty mailbox when they are used up."""
        self.asked.append(user_id)
        return given(self.sizes.pop(0)) if self.sizes else MailboxSize(51200, 0.0)

    def read_source(self) -> Mapping[str, object]:
        return given(self.secret)

    def read_target(self) -> Mapping[str, object]:
        return self.passwords


def settings(**changes: Any) -> Settings:
    good = replace(
        Settings.from_env(environment()),
        domains=("example.com",),
        domain_register=False,
        bucket_name="bucket",
        manifest_key=KEY,
        source_kind="imap",
        source_secret_arn=ARN.format("eu-west-1"),
        ews_url="https://ews.mail.eu-west-1.awsapps.com/EWS/Exchange.asmx",
        target_kind="auto",
        target_imap_tls="ssl",
        copy_received_from="",
        copy_received_before="",
        end_of_support_acknowledged="",
    )
    return replace(good, **changes)


def run(
    account: Account,
    tenant: Settings | None = None,
    survey: SurveySource = lambda _secret, _users: SourceSurvey(0.1),
    now: str = NOW,
    files: tuple[str, ...] = (KEY,),
    ledger: MemoryLedger | None = None,
    manifest_key: str = "",
    manifest: str = "",
) -> Preflight:
    blobs = MemoryBlobs()
    for key in files:
        blobs.put(key, manifest.encode())
    checked = check_all(
        tenant or settings(),
        cast(Directory, account),
        blobs,
        account,
        survey,
        now,
        manifest_key,
    )
    return conclude(checked, ledger or MemoryLedger(), "run-1", now)


def failing(error: MigrationError) -> SurveySource:
    def survey(_secret: Mapping[str, object], _users: Sequence[str]) -> SourceSurvey:
        raise error

    return survey


# ---- the whole -------------------------------------------------------------------------------


def test_a_good_tenant_passes_with_the_days_that_are_left() -> None:
    ledger = MemoryLedger()
    result = run(Account(), ledger=ledger)
    warning = "Amazon WorkMail ends in 121 days, on 2027-03-31, with all mail in it"
    assert result == Preflight(121, (warning,))
    assert [(note.state, note.what) for note in ledger.notes("run-1")] == [("Preflight", warning)]


def test_all_problems_are_answered_at_once() -> None:
    account = Account(
        domains={},
        secret={"adnim": {}},
        passwords={"mailboxes": {}},
    )
    tenant = settings(
        source_kind="imap",
        source_secret_arn=ARN.format("eu-central-1"),
        ews_url="http://ews.test/",
        target_kind="workmail_imap",
        target_imap_host="imap.test",
        target_imap_tls="none",
        copy_exclude=("Work//Old",),
        passwords_new_users=NewPasswords.GIVEN,
    )
    ledger = MemoryLedger()
    with pytest.raises(PreflightFailed) as caught:
        run(
            account, tenant, failing(SourceBusy("connect", 5.0)), "2027-03-01T00:00:00Z", (), ledger
        )
    words = [
        "WorkMail ends in 30 days",
        "no WorkMail in eu-central-1",
        "`target.ews_url`",
        "`target.imap_tls`",
        "`copy.exclude` in the tenant file: 'Work//Old' must be folder names",
        "the domain example.com is not in the organization",
        "the source's secret has neither form",
        "the target's secret holds no password",
        "there is no manifest: upload it to s3://bucket/intake/manifest.csv",
        "the source does not answer (connect)",
    ]
    assert len(caught.value.problems) == len(words)
    for word, problem in zip(words, caught.value.problems, strict=True):
        assert word in problem
    assert ledger.writes == 0


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (MailboxUnreachable("gaierror"), "the source does not answer (gaierror)"),
        (CredentialsRejected("login"), "the source does not answer (login)"),
        (TenantMisconfigured(["tls must be ssl"]), "tls must be ssl"),
    ],
)
def test_a_source_that_does_not_answer_is_a_problem(error: MigrationError, word: str) -> None:
    with pytest.raises(PreflightFailed) as caught:
        run(Account(), survey=failing(error))
    (problem,) = caught.value.problems
    assert word in problem


def test_mailboxes_that_cannot_be_looked_into_are_told_by_their_lines() -> None:
    asked: list[Sequence[str]] = []

    def survey(_secret: Mapping[str, object], users: Sequence[str]) -> SourceSurvey:
        asked.append(users)
        return SourceSurvey(0.1, 0.2, 0.03, (SourceMailbox(0, 3, 4, 5),), (Unopened(1, "Refused"),))

    result = run(Account(), survey=survey, manifest=manifest_of("anna", "berta"))
    assert asked == [["anna@example.com", "berta@example.com"]]
    assert "1 of 2 mailboxes" in result.warnings[-1]
    assert "Refused (1)" in result.warnings[-1]
    assert "line of the manifest: 3;" in result.warnings[-1]
    assert "@" not in result.warnings[-1]


def test_a_mailbox_that_workmail_has_no_room_for_is_told_by_its_line() -> None:
    def survey(_secret: Mapping[str, object], _users: Sequence[str]) -> SourceSurvey:
        sizes = (50 * 1024**3, 50 * 1024**3 + 1, None)
        found = (SourceMailbox(place, 3, 4, size) for place, size in enumerate(sizes))
        return SourceSurvey(0.1, mailboxes=tuple(found))

    result = run(Account(), survey=survey, manifest=manifest_of("anna", "berta", "cora"))
    assert "more than 50 GB" in result.warnings[-1]
    assert "line of the manifest: 3;" in result.warnings[-1]


def test_without_logins_no_mailbox_is_looked_into_and_the_source_is_reached_nevertheless() -> None:
    def survey(secret: Mapping[str, object], users: Sequence[str]) -> SourceSurvey:
        assert (dict(secret), list(users)) == ({}, [])
        raise MailboxUnreachable("gaierror")

    account = Account(secret=TenantMisconfigured(["the source's secret has no value"]))
    with pytest.raises(PreflightFailed) as caught:
        run(account, survey=survey, manifest=manifest_of("anna"))
    assert len(caught.value.problems) == 2


@pytest.mark.parametrize("total", [0, 1, 19, 20, 21, 10_000])
def test_the_sample_is_spread_over_all(total: int) -> None:
    sample = choose_sample(total)
    assert len(sample) == min(total, 20)
    assert sorted(set(sample)) == sample
    assert all(0 <= place < total for place in sample)
    if total > 20:
        assert sample[-1] >= total * 0.9


def test_what_may_not_be_read_is_a_problem_beside_the_others() -> None:
    account = Account(
        org=TenantMisconfigured(["DescribeOrganization: denied"]),
        secret=TenantMisconfigured(["the source's secret has no value"]),
    )
    with pytest.raises(PreflightFailed) as caught:
        run(account)
    assert caught.value.problems == (
        "DescribeOrganization: denied",
        "the source's secret has no value",
    )


def test_an_organization_that_is_not_active_is_asked_nothing_more() -> None:
    with pytest.raises(PreflightFailed) as caught:
        run(Account(org=replace(ACTIVE, state="Creating"), domains={}))
    assert [problem[:46] for problem in caught.value.problems] == [
        "the organization's state is Creating, not Acti"
    ]


def test_a_busy_directory_is_no_finding() -> None:
    with pytest.raises(ProvisioningPending):
        run(Account(org=ProvisioningPending("throttled", 5.0)))


def test_the_manifest_of_this_run_may_be_another() -> None:
    assert run(Account(), files=("intake/x.csv",), manifest_key="intake/x.csv").days_left == 121


# ---- the organization, and the manifest against it -------------------------------------------


def manifest_of(*names: str) -> str:
    """Line 2 is the first name's."""
    lines = [f"{name}@example.com,{name}" for name in names]
    return "\n".join(["source,display_name", *lines])


def user(name: str) -> DirectoryUser:
    return DirectoryUser(f"id-{name}", name, f"{name.title()}@example.com", "ENABLED")


def test_what_the_organization_is_set_to_is_told_with_the_rest() -> None:
    account = Account(retention={"INBOX": 30}, dmarc=True, mode="IDENTITY_PROVIDER_ONLY")
    warnings = run(account).warnings
    words = ["ends in 121 days", "a retention policy", "DMARC", "IAM Identity Center"]
    assert len(warnings) == len(words)
    for word, warning in zip(words, warnings, strict=True):
        assert word in warning


def test_users_that_exchange_manages_are_told_and_not_provisioned() -> None:
    assert run(Account()).provisions
    result = run(Account(org=replace(ACTIVE, interoperability=True)))
    assert not result.provisions
    assert "interoperability with Exchange is on" in result.warnings[1]


def test_rules_and_sign_in_of_the_wrong_kind_are_problems_beside_the_others() -> None:
    account = Account(
        domains={}, rules=[], mode="IDENTITY_PROVIDER_ONLY", passwords={"mailboxes": {"a": "b"}}
    )
    with pytest.raises(PreflightFailed) as caught:
        run(account, settings(target_kind="workmail_imap"))
    words = [
        "the domain example.com is not in the organization",
        "the access control rules deny IMAP",
        "IAM Identity Center alone",
    ]
    assert len(caught.value.problems) == len(words)
    for word, problem in zip(words, caught.value.problems, strict=True):
        assert word in problem


def test_one_setting_that_may_not_be_read_does_not_hide_the_others() -> None:
    account = Account(
        domains=TenantMisconfigured(["GetMailDomain: denied"]),
        retention=TenantMisconfigured(["GetDefaultRetentionPolicy: denied"]),
        dmarc=TenantMisconfigured(["DescribeInboundDmarcSettings: denied"]),
        users=TenantMisconfigured(["ListUsers: denied"]),
        rules=[],
    )
    with pytest.raises(PreflightFailed) as caught:
        run(account, manifest=manifest_of("anna"))
    assert [problem.split(":")[0] for problem in caught.value.problems] == [
        "GetMailDomain",
        "GetDefaultRetentionPolicy",
        "the access control rules deny EWS to the migration (there is no rule at all)",
        "DescribeInboundDmarcSettings",
        "ListUsers",
    ]


def test_a_busy_answer_about_a_setting_is_no_finding() -> None:
    with pytest.raises(ProvisioningPending):
        run(Account(dmarc=ProvisioningPending("throttled", 5.0)))


def test_mailboxes_that_are_nearly_full_are_told_by_their_lines() -> None:
    account = Account(
        users=[user("berta"), user("cora"), user("dora"), user("emil")],
        sizes=[MailboxSize(51200, 46080.5), MailboxSize(1000, 900.0), None],
    )
    warnings = run(account, manifest=manifest_of("anna", "berta", "cora", "dora")).warnings
    assert account.asked == ["id-berta", "id-cora", "id-dora"]
    assert len(warnings) == 2
    assert "more than 90% full, by the line of the manifest: 3; make room" in warnings[1]


@pytest.mark.parametrize("manifest", ["", manifest_of("anna", "anna"), "source\nanna@example.com"])
def test_a_manifest_with_faults_is_left_to_plan_wave(manifest: str) -> None:
    users = ProvisioningPending("not to be asked", 5.0)
    assert len(run(Account(users=users), manifest=manifest).warnings) == 1


def test_the_quota_of_users_counts_the_manifests_new_ones() -> None:
    account = Account(users=[user("anna"), *(user(f"u{number}") for number in range(999))])
    assert len(run(account, manifest=manifest_of("anna")).warnings) == 1
    (_, warning) = run(account, manifest=manifest_of("anna", "berta")).warnings
    assert "the organization has 1000 enabled users, and the manifest adds 1: 1001 are" in warning


def test_so_many_mailboxes_are_asked_how_full_they_are() -> None:
    names = [f"u{number}" for number in range(ASKED_AT_MOST + 3)]
    account = Account(users=[user(name) for name in names])
    (_, warning) = run(account, manifest=manifest_of(*names)).warnings
    assert account.asked == [f"id-{name}" for name in names[:ASKED_AT_MOST]]
    assert warning.startswith(f"only {ASKED_AT_MOST} of the {ASKED_AT_MOST + 3} mailboxes")


def test_a_mailbox_that_workmail_refuses_to_show_does_not_end_preflight() -> None:
    account = Account(
        users=[user("anna"), user("berta"), user("cora")],
        sizes=[UserRefused("GetMailboxDetails: InvalidParameterException"), MailboxSize(100, 99.0)],
    )
    _, full, asked = run(account, manifest=manifest_of("anna", "berta", "cora")).warnings
    assert account.asked == ["id-anna", "id-berta", "id-cora"]
    assert "by the line of the manifest: 3;" in full
    assert asked.startswith("only 2 of the 3 mailboxes")


def test_a_workmail_that_gets_busy_is_asked_for_no_more_sizes() -> None:
    account = Account(
        users=[user("anna"), user("berta"), user("cora")],
        sizes=[MailboxSize(100, 99.0), ProvisioningPending("throttled", 5.0)],
    )
    warnings = run(account, manifest=manifest_of("anna", "berta", "cora")).warnings
    assert account.asked == ["id-anna", "id-berta"]
    assert "by the line of the manifest: 2;" in warnings[1]
    assert warnings[2].startswith("only 1 of the 3 mailboxes")


def test_sizes_that_may_not_be_read_are_one_problem() -> None:
    account = Account(
        users=[user("anna"), user("berta")],
        sizes=[TenantMisconfigured(["GetMailboxDetails: denied"])],
    )
    with pytest.raises(PreflightFailed) as caught:
        run(account, manifest=manifest_of("anna", "berta"))
    assert caught.value.problems == ("GetMailboxDetails: denied",)


# ---- each check ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "days"),
    [
        ("2027-03-30T23:59:59Z", 1),
        ("2027-03-31T23:59:59Z", 0),
        ("2027-04-01T00:00:00Z", -1),
    ],
)
def test_days_are_counted_to_the_last_one(now: str, days: int) -> None:
    assert days_left(now) == days


@pytest.mark.parametrize(
    ("days", "acknowledged", "problems", "warnings"),
    [
        (60, "", 0, 1),
        (59, "", 1, 1),
        (59, "2027-03-31", 0, 1),
        (59, "2028-01-01", 1, 1),
        (0, "2027-03-31", 0, 1),
        (-1, "2027-03-31", 1, 0),
    ],
)
def test_the_end_of_support(days: int, acknowledged: str, problems: int, warnings: int) -> None:
    findings = check_end_of_support(days, acknowledged)
    assert (len(findings.problems), len(findings.warnings)) == (problems, warnings)


def test_the_problem_says_which_key_acknowledges_the_end() -> None:
    (problem,) = check_end_of_support(10, "").problems
    assert '`end_of_support_acknowledged: "2027-03-31"` in the tenant file' in problem


@pytest.mark.parametrize("region", ["us-east-1", "us-west-2", "eu-west-1"])
def test_regions_that_have_workmail(region: str) -> None:
    assert check_region(ARN.format(region)) == Findings()
    assert check_region("no arn") == Findings()


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("https://ews.mail.eu-west-1.awsapps.com/EWS/Exchange.asmx", True),
        ("http://127.0.0.1:4711/EWS/Exchange.asmx", True),
        ("http://[::1]:4711/", True),
        ("http://localhost/", True),
        ("http://ews.mail.eu-west-1.awsapps.com/EWS/Exchange.asmx", False),
        ("http://127.0.0.1.example.com/", False),
        ("ftp://localhost/", False),
        ("", False),
    ],
)
def test_the_target_is_reached_by_https(url: str, good: bool) -> None:
    assert (check_ews_url(url) == Findings()) == good


@pytest.mark.parametrize(
    "secret",
    [
        ADMIN,
        {"mailboxes": {"a@example.com": "p"}},
        {**ADMIN, "mailboxes": {"a@example.com": "p"}},
    ],
)
def test_known_forms_of_the_secret(secret: Mapping[str, object]) -> None:
    assert check_secret(secret, "imap") == Findings()


@pytest.mark.parametrize(
    "secret",
    [
        {"user": "a", "password": "secret-word"},
        {"admin": "secret-word"},
        {"admin": {"user": "", "password": "secret-word"}},
        {"admin": {"user": "a"}},
        {"mailboxes": {}},
        {"mailboxes": ["secret-word"]},
        {**ADMIN, "mailboxes": {"a@example.com": "", "b@example.com": 5}},
    ],
)
def test_other_forms_are_one_problem_that_quotes_nothing(secret: Mapping[str, object]) -> None:
    (problem,) = check_secret(secret, "imap").problems
    assert "secret-word" not in problem
    assert "@" not in problem


CLIENT_ID = "01234567-89ab-cdef-0123-456789abcdef"
APP = {"directory": "acme.example", "client_id": CLIENT_ID, "secret": "secret-word"}
KEY_PEM = "-----BEGIN PRIVATE KEY-----\nsecret-word\n-----END PRIVATE KEY-----\n"
CERTIFICATE_PEM = "-----BEGIN CERTIFICATE-----\nsecret-word\n-----END CERTIFICATE-----\n"


def with_certificate(pem: object) -> dict[str, object]:
    return {"directory": "acme.example", "client_id": CLIENT_ID, "certificate": pem}


@pytest.mark.parametrize("kind", ["m365", "m365-imap"])
@pytest.mark.parametrize(
    "app",
    [
        APP,
        with_certificate(KEY_PEM + CERTIFICATE_PEM),
        with_certificate(CERTIFICATE_PEM + KEY_PEM.replace("PRIVATE", "RSA PRIVATE")),
    ],
)
def test_microsoft_365_is_opened_by_an_application(app: Mapping[str, object], kind: str) -> None:
    assert check_secret({"app": app}, kind) == Findings()
    assert check_secret({"app": app, "mailboxes": {"a": "p"}}, kind) == Findings()
    assert len(check_secret({"app": app}, "imap").problems) == 1


@pytest.mark.parametrize(
    ("app", "said"),
    [
        ("secret-word", "lacks the application's login"),
        ({**APP, "password": "secret-word"}, "has 1 other keys"),
        ({**APP, "directory": ""}, "`app.directory` in the source's secret must be a text"),
        ({**APP, "client_id": 5}, "`app.client_id` in the source's secret must be a text"),
        ({**APP, "client_id": "secret-word"}, "it is a GUID"),
        ({"client_id": CLIENT_ID, "secret": "secret-word"}, "`app.directory`"),
        ({"directory": "acme.example", "secret": "secret-word"}, "`app.client_id`"),
        ({**APP, "certificate": KEY_PEM}, "needs either `secret` or `certificate`"),
        ({"directory": "acme.example", "client_id": CLIENT_ID}, "needs either"),
        (with_certificate(KEY_PEM), "holds no certificate"),
        (with_certificate(CERTIFICATE_PEM), "holds no private key"),
        (with_certificate(None), "`app.certificate` in the source's secret must be a text"),
        (
            with_certificate(CERTIFICATE_PEM + KEY_PEM.replace("PRIVATE", "ENCRYPTED PRIVATE")),
            "has a password",
        ),
    ],
)
def test_what_is_wrong_with_an_applications_login_is_told(app: object, said: str) -> None:
    (problem,) = check_secret({"app": app}, "m365").problems
    assert said in problem
    assert "secret-word" not in problem


def test_without_an_application_microsoft_365_is_not_even_asked() -> None:
    asked: list[object] = []

    def survey(secret: Mapping[str, object], _users: Sequence[str]) -> SourceSurvey:
        asked.append(secret)
        return SourceSurvey(0.1)

    with pytest.raises(PreflightFailed) as caught:
        run(Account(secret=ADMIN), settings(source_kind="m365"), survey)
    assert asked == []
    assert ["lacks the application's login" in said for said in caught.value.problems] == [True]


@pytest.mark.parametrize("rule", list(NewPasswords))
@pytest.mark.parametrize("kind", ["auto", "workmail_ews"])
def test_the_targets_secret_may_stay_empty(kind: str, rule: NewPasswords) -> None:
    assert check_passwords({}, kind, rule) == Findings()


@pytest.mark.parametrize("rule", [NewPasswords.GIVEN, NewPasswords.NONE])
def test_imap_alone_needs_passwords(rule: NewPasswords) -> None:
    assert len(check_passwords({}, "workmail_imap", rule).problems) == 1
    given = {"mailboxes": {"a@example.com": "Sommer-2026"}}
    assert check_passwords(given, "workmail_imap", rule) == Findings()


def test_imap_alone_can_do_with_passwords_that_are_made_up() -> None:
    assert check_passwords({}, "workmail_imap", NewPasswords.GENERATE) == Findings()


@pytest.mark.parametrize("directory", ["SimpleAD", "ADConnector", "MicrosoftAD", "AD Connector"])
def test_passwords_of_another_directory_are_not_made_up_and_that_is_said(directory: str) -> None:
    (warning,) = check_new_users(directory, NewPasswords.GENERATE).warnings
    assert f"another directory ({directory})" in warning
    assert "passwords.new_users" in warning
    for rule in (NewPasswords.GIVEN, NewPasswords.NONE):
        assert check_new_users(directory, rule) == Findings()


@pytest.mark.parametrize("directory", ["VpcDirectory", ""])
def test_workmails_own_directory_gets_passwords_without_a_word(directory: str) -> None:
    assert check_new_users(directory, NewPasswords.GENERATE) == Findings()


def test_a_run_hears_of_another_directory() -> None:
    account = Account(org=replace(ACTIVE, directory_type="MicrosoftAD"))
    chosen = settings(passwords_new_users=NewPasswords.GENERATE)
    said = " ".join(run(account, chosen).warnings)
    assert "another directory (MicrosoftAD)" in said


def test_a_password_that_workmail_would_not_take_is_a_warning() -> None:
    secret = {"mailboxes": {"a@example.com": "secret-word", "b@example.com": "Sommer-2026"}}
    findings = check_passwords(secret, "auto", NewPasswords.GENERATE)
    assert findings.problems == ()
    (warning,) = findings.warnings
    assert warning.startswith("1 of the passwords in the target's secret")
    assert "secret-word" not in warning
    assert "@" not in warning


def test_a_targets_secret_of_another_form_is_a_problem_that_quotes_nothing() -> None:
    (problem,) = check_passwords(
        {"a@example.com": "secret-word"}, "auto", NewPasswords.GENERATE
    ).problems
    assert "secret-word" not in problem
    assert "@" not in problem


@pytest.mark.parametrize(
    ("host", "tls", "good"),
    [
        ("imap.mail.eu-west-1.awsapps.com", "ssl", True),
        ("imap.mail.eu-west-1.awsapps.com", "none", False),
        ("127.0.0.1", "none", True),
        ("imap.example.com", "starttls", True),
    ],
)
def test_passwords_travel_over_tls(host: str, tls: str, good: bool) -> None:
    assert (check_imap_server(host, tls) == Findings()) == good
