"""What is checked before anything is changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest

from localrun.fakes.blobs import MemoryBlobs
from localrun.fakes.ledger import MemoryLedger
from migration.end_of_support import days_left
from migration.errors import (
    CredentialsRejected,
    MailboxUnreachable,
    MigrationError,
    PreflightFailed,
    ProvisioningPending,
    SourceBusy,
    TenantMisconfigured,
)
from migration.model import DnsRecord, MailDomain, Organization
from migration.ports import Directory
from migration.preflight import (
    Findings,
    Preflight,
    check_domain,
    check_end_of_support,
    check_ews_url,
    check_imap_server,
    check_organization,
    check_passwords,
    check_region,
    check_retention,
    check_secret,
    run_preflight,
)
from migration.settings import Settings
from tests.unit.test_settings import environment

NOW = "2026-11-30T09:00:00.123Z"
ARN = "arn:aws:secretsmanager:{}:123456789012:secret:acme-abc"
ACTIVE = Organization("m-1", "acme", "Active")
ADMIN: Mapping[str, object] = {"admin": {"user": "root", "password": "secret-word"}}


@dataclass
class Account:
    """A WorkMail organization and the secrets as a test wants them."""

    org: Organization | MigrationError = ACTIVE
    domains: Mapping[str, MailDomain] = field(
        default_factory=lambda: {"example.com": MailDomain("example.com", verified=True)}
    )
    retention: Mapping[str, int] = field(default_factory=dict)
    secret: Mapping[str, object] | MigrationError = field(default_factory=lambda: ADMIN)
    passwords: Mapping[str, object] = field(default_factory=dict)

    def organization(self) -> Organization:
        if isinstance(self.org, MigrationError):
            raise self.org
        return self.org

    def domain(self, name: str) -> MailDomain | None:
        return self.domains.get(name)

    def retention_days(self) -> Mapping[str, int]:
        return self.retention

    def read_source(self) -> Mapping[str, object]:
        if isinstance(self.secret, MigrationError):
            raise self.secret
        return self.secret

    def read_target(self) -> Mapping[str, object]:
        return self.passwords


def settings(**changes: Any) -> Settings:
    good = replace(
        Settings.from_env(environment()),
        domains=("example.com",),
        bucket_name="bucket",
        manifest_key="intake/manifest.csv",
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
    probe: Callable[[], None] = lambda: None,
    now: str = NOW,
    files: tuple[str, ...] = ("intake/manifest.csv",),
    ledger: MemoryLedger | None = None,
    manifest_key: str = "",
) -> Preflight:
    blobs = MemoryBlobs()
    for key in files:
        blobs.put(key, b"")
    return run_preflight(
        tenant or settings(),
        cast(Directory, account),
        blobs,
        account,
        probe,
        ledger or MemoryLedger(),
        "run-1",
        now,
        manifest_key,
    )


def failing(error: MigrationError) -> Callable[[], None]:
    def probe() -> None:
        raise error

    return probe


# ---- the whole -------------------------------------------------------------------------------


def test_a_good_tenant_passes_with_the_days_that_are_left() -> None:
    ledger = MemoryLedger()
    result = run(Account(), ledger=ledger)
    warning = "Amazon WorkMail ends in 121 days, on 2027-03-31, with all mail in it"
    assert result == Preflight(121, (warning,))
    assert [(note.state, note.what) for note in ledger.notes("run-1")] == [("Preflight", warning)]


def test_all_problems_are_answered_at_once() -> None:
    account = Account(
        org=replace(ACTIVE, interoperability=True),
        domains={},
        secret={"adnim": {}},
        passwords={"mailboxes": {}},
    )
    tenant = settings(
        source_secret_arn=ARN.format("eu-central-1"),
        ews_url="http://ews.test/",
        target_kind="workmail_imap",
        target_imap_host="imap.test",
        target_imap_tls="none",
        copy_exclude=("Work//Old",),
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
        "interoperability with Exchange is on",
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
def test_a_source_that_cannot_be_probed_is_a_problem(error: MigrationError, word: str) -> None:
    with pytest.raises(PreflightFailed) as caught:
        run(Account(), probe=failing(error))
    (problem,) = caught.value.problems
    assert word in problem


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


def test_organizations() -> None:
    assert check_organization(ACTIVE) == Findings()
    assert check_organization(replace(ACTIVE, state="ACTIVE")) == Findings()
    both = check_organization(replace(ACTIVE, state="", interoperability=True))
    assert len(both.problems) == 2
    assert "state is unknown" in both.problems[0]


def test_a_domain_that_is_not_verified_says_what_to_publish() -> None:
    record = DnsRecord("_amazonses.example.com", "TXT", "token=")
    pending = MailDomain("example.com", verified=False, records=(record,))
    (problem,) = check_domain("Example.com", pending).problems
    assert "TXT record _amazonses.example.com with the value token=" in problem
    assert check_domain("example.com", replace(pending, verified=True)) == Findings()
    (other,) = check_domain("example.com", replace(pending, records=())).problems
    assert "that the WorkMail console shows" in other


def test_a_retention_policy_is_a_warning_for_each_folder() -> None:
    findings = check_retention({"SENT_ITEMS": 90, "INBOX": 30})
    assert findings.problems == ()
    assert [warning.split(":")[0] for warning in findings.warnings] == [
        "a retention policy removes what is older than 30 days from INBOX",
        "a retention policy removes what is older than 90 days from SENT_ITEMS",
    ]


@pytest.mark.parametrize(
    "secret",
    [
        ADMIN,
        {"mailboxes": {"a@example.com": "p"}},
        {**ADMIN, "mailboxes": {"a@example.com": "p"}},
    ],
)
def test_known_forms_of_the_secret(secret: Mapping[str, object]) -> None:
    assert check_secret(secret) == Findings()


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
    (problem,) = check_secret(secret).problems
    assert "secret-word" not in problem
    assert "@" not in problem


@pytest.mark.parametrize("kind", ["auto", "workmail_ews"])
def test_the_targets_secret_may_stay_empty(kind: str) -> None:
    assert check_passwords({}, kind) == Findings()


def test_imap_alone_needs_passwords() -> None:
    assert len(check_passwords({}, "workmail_imap").problems) == 1
    given = {"mailboxes": {"a@example.com": "Sommer-2026"}}
    assert check_passwords(given, "workmail_imap") == Findings()


def test_a_password_that_workmail_would_not_take_is_a_warning() -> None:
    secret = {"mailboxes": {"a@example.com": "secret-word", "b@example.com": "Sommer-2026"}}
    findings = check_passwords(secret, "auto")
    assert findings.problems == ()
    (warning,) = findings.warnings
    assert warning.startswith("1 of the passwords in the target's secret")
    assert "secret-word" not in warning
    assert "@" not in warning


def test_a_targets_secret_of_another_form_is_a_problem_that_quotes_nothing() -> None:
    (problem,) = check_passwords({"a@example.com": "secret-word"}, "auto").problems
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
