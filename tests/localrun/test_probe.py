"""The probe against the laptop's emulators: what it says is what they do."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from localrun.__main__ import main
from localrun.fakes.workmail import impersonation
from localrun.loopback import LoopbackServer, Request, Response
from localrun.model_service import ApiError, ModelServer, ModelService
from localrun.probe.questions import NAMES, QUESTIONS
from migration.directory_model import Token
from migration.wire.ews import EwsClient
from migration.wire.ews_model import FolderRef, NewMessage
from tests.localrun.probe_cloud import DOMAIN, OTHER, PASSWORD, PILOT, READS, ProbeCloud
from tests.unit.wire.scripted import Scripted

Build = Callable[..., ProbeCloud]
WRITE = ("--pilot", PILOT, "--write")


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Build]:
    made: list[ProbeCloud] = []

    def make(**settings: Any) -> ProbeCloud:
        made.append(ProbeCloud(tmp_path, monkeypatch, **settings))
        return made[-1]

    yield make
    for cloud in made:
        cloud.close()


@pytest.fixture
def cloud(build: Build) -> ProbeCloud:
    return build()


# ---- by default nothing is changed -------------------------------------------------------------


def test_without_a_pilot_only_readings_reach_workmail(cloud: ProbeCloud) -> None:
    assert cloud.run() == 0
    assert set(cloud.operations()) <= READS
    assert cloud.ews.requests.total() == 0
    verdicts = {name: answer["verdict"] for name, answer in cloud.answers().items()}
    assert set(verdicts) == set(NAMES)
    learned = {name for name, verdict in verdicts.items() if verdict == "learned"}
    assert learned == {
        *("organization", "sign-in", "access-rules", "retention", "dmarc"),
        *("domains", "dns", "control-plane"),
    }
    assert "failed" not in verdicts.values()


def test_with_a_pilot_its_mailbox_is_read_and_nothing_is_written(cloud: ProbeCloud) -> None:
    cloud.environment |= {"PROBE_ADMIN_USER": OTHER, "PROBE_ADMIN_PASSWORD": PASSWORD}
    assert cloud.run("--pilot", PILOT) == 0
    assert set(cloud.operations()) <= READS
    assert cloud.ews.requests.total() == 0  # nobody was let in
    assert not any(b"CreateItem" in body for body in cloud.bodies)
    assert cloud.leftovers() == []
    answers = cloud.answers()
    for name in ("mailbox-size", "ews-greeting", "imap-greeting", "imap-mailbox", "basic-auth"):
        assert answers[name]["verdict"] == "learned", name
    for name in ("ews-append", "imap-append", "impersonation", "new-user", "size-lag"):
        assert answers[name] | {"seconds": 0} == {
            **answers[name],
            "verdict": "not asked",
            "answer": "give --pilot and --write",
            "facts": {},
            "seconds": 0,
        }


def test_a_role_that_exists_opens_the_mailbox_for_reading(cloud: ProbeCloud) -> None:
    role = cloud.fake.create_impersonation_role(
        organization_id=cloud.organization,
        name="theirs",
        type="READ_ONLY",
        rules=[{"ImpersonationRuleId": "all", "Effect": "ALLOW"}],
    )["ImpersonationRoleId"]
    cloud.sleep(600)
    assert cloud.run("--pilot", PILOT, "--role", role) == 0
    assert set(cloud.operations()) <= READS | {"AssumeImpersonationRole"}
    assert set(cloud.ews.requests) == {"GetFolder", "FindFolder"}
    facts = cloud.answers()["ews-mailbox"]["facts"]
    assert facts["version"] == "Exchange2010_SP2 14.2.390.3"
    assert facts["distinguished"]["junkemail"] == "Junk E-mail"
    assert cloud.leftovers() == ["role theirs"]


# ---- with --write ------------------------------------------------------------------------------


def test_everything_is_asked_and_nothing_is_left(
    cloud: ProbeCloud, capsys: pytest.CaptureFixture[str]
) -> None:
    grow(cloud)
    assert cloud.run(*WRITE, "--create-user", "probe-user", "--outlive-token") == 0
    answers = cloud.answers()
    not_asked = {name for name, each in answers.items() if each["verdict"] != "learned"}
    assert not_asked == {"new-organization", "basic-auth"}
    assert cloud.leftovers() == []
    assert cloud.ews.mailboxes() == [PILOT]  # no other one was ever opened
    assert cloud.ews.receipts(PILOT) == []
    everything = capsys.readouterr().out + json.dumps(answers)
    for secret in (PILOT, PASSWORD, "Private matters", *given_tokens(cloud)):
        assert secret not in everything
    assert "p***@example.com" in (cloud.folder / "answers.json").read_text("utf-8")
    assert f"{len(QUESTIONS)} questions: {len(QUESTIONS) - 2} learned, 2 not asked" in everything


def grow(cloud: ProbeCloud, lag: float = 20.0) -> None:
    """Mailboxes show what they hold so much later."""
    size = cloud.fake.get_mailbox_details

    def details(*, organization_id: str, user_id: str) -> Any:
        answer = size(organization_id=organization_id, user_id=user_id)
        messages = [
            message
            for folder in cloud.ews.folders(PILOT).values()
            for message in folder
            if cloud.seconds - cloud.created.setdefault(message.id, cloud.seconds) >= lag
        ]
        held = sum(len(message.mime) for message in messages) / 1e6
        return {**answer, "MailboxSize": held}

    cloud.created = {}
    cloud.fake.get_mailbox_details = details  # type: ignore[method-assign]


def test_a_size_that_does_not_change_in_time_is_an_answer(cloud: ProbeCloud) -> None:
    answer = cloud.ask("size-lag", *WRITE, "--wait", "60")
    assert answer["verdict"] == "learned"
    assert answer["facts"] == {"lag": None, "appended_mb": 1, "waited": 60.0}
    assert answer["answer"] == "GetMailboxDetails shows 1 MB more: not within 60 s"


def given_tokens(cloud: ProbeCloud) -> list[str]:
    tokens = list(cloud.fake._tokens)
    assert tokens
    return tokens


@pytest.mark.parametrize("lag", [7.0, 90.0])
def test_the_lag_of_a_new_role_is_found(build: Build, lag: float) -> None:
    facts = build(propagation_lag=lag).learn("impersonation", *WRITE)
    assert lag <= facts["ews_after"] < lag + 5.1
    assert facts["assumable_after"] == facts["effect_allow_after"] == 0.0
    assert set(facts["refusals"]) == {"ErrorImpersonateUserDenied"}


def test_a_role_that_is_never_honoured_fails_what_needs_it_and_goes(build: Build) -> None:
    cloud = build(propagation_lag=10_000.0)
    assert cloud.run(*WRITE, "--wait", "60") == 1
    answers = cloud.answers()
    failed = [name for name, answer in answers.items() if answer["verdict"] == "failed"]
    assert len(failed) == 1  # the first that needed the role
    assert "not within 60 s" in answers["ews-append"]["answer"]
    assert answers["ews-append"]["verdict"] == "not asked"
    assert answers["imap-append"]["verdict"] == "learned"
    assert cloud.leftovers() == []


@pytest.mark.parametrize("seconds", [900, 600])
def test_the_life_of_a_token_is_read(
    cloud: ProbeCloud, monkeypatch: pytest.MonkeyPatch, seconds: int
) -> None:
    monkeypatch.setattr(impersonation, "TOKEN_SECONDS", seconds)
    facts = cloud.learn("token", *WRITE)
    assert facts["expires_in"] == [seconds]
    assert facts["calls"] == 10
    assert facts["throttled"] == ""


def test_a_token_is_outlived(cloud: ProbeCloud) -> None:
    assert cloud.ask("token-expiry", *WRITE)["verdict"] == "not asked"
    facts = cloud.learn("token-expiry", *WRITE, "--outlive-token")
    assert facts == {"expires_in": 900.0, "status_after": 401, "code_after": "http-401"}


@pytest.mark.parametrize("good", [4, 15])
def test_throttling_is_seen_and_not_tried_again(cloud: ProbeCloud, good: int) -> None:
    before = cloud.fake.before_call
    count = iter(range(1000))

    def throttle(operation: str) -> None:
        if next(count) == good + 1:  # the first call checks the access
            cloud.fake.fail_next(operation, "ThrottlingException", "Rate exceeded")
        before(operation)

    cloud.fake.before_call = throttle  # type: ignore[method-assign]
    facts = cloud.learn("control-plane")
    assert facts["calls"] == good
    assert facts["throttled"] == "ThrottlingException"
    assert len(cloud.operations()) == good + 2


def test_at_most_fifty_calls_measure_the_control_plane(cloud: ProbeCloud) -> None:
    facts = cloud.learn("control-plane")
    assert facts["calls"] == 48
    assert facts["throttled"] == ""
    assert len(cloud.operations()) <= 50


@pytest.mark.parametrize(("after", "level"), [(2, 1), (10, 3)])
def test_the_first_busy_answer_of_ews_ends_the_ramp(
    cloud: ProbeCloud, after: int, level: int
) -> None:
    role = role_at_work(cloud)
    cloud.ews.faults.busy(times=1, back_off_ms=750, after=after)
    facts = cloud.learn("ews-concurrency", "--pilot", PILOT, "--role", role)
    assert facts["refused_at"] == level
    assert facts["at_once_without_refusal"] == level - 1
    assert (facts["code"], facts["back_off_ms"]) == ("ErrorServerBusy", 750)


def test_eight_requests_at_once_are_enough(cloud: ProbeCloud) -> None:
    facts = cloud.learn("ews-concurrency", "--pilot", PILOT, "--role", role_at_work(cloud))
    assert facts["at_once_without_refusal"] == 8
    assert "code" not in facts


def role_at_work(cloud: ProbeCloud) -> str:
    made = cloud.fake.create_impersonation_role(
        organization_id=cloud.organization,
        name="theirs",
        type="FULL_ACCESS",
        rules=[{"ImpersonationRuleId": "all", "Effect": "ALLOW"}],
    )
    cloud.sleep(600)
    return str(made["ImpersonationRoleId"])


@pytest.mark.parametrize("forgets", [False, True])
def test_what_ews_changes_of_a_message_is_named(cloud: ProbeCloud, forgets: bool) -> None:
    cloud.ews.faults.forgets_received = forgets
    changes = cloud.learn("ews-append", *WRITE)["changes"]
    assert set(changes) == {"inbox", "sentitems", "drafts", "deleteditems", "junkemail"}
    for kinds in changes.values():
        expected = ["received date"] if forgets else []
        assert kinds == {"read": expected, "unread": expected, "draft": expected}
    assert cloud.leftovers() == []


def test_a_refused_message_is_an_answer(cloud: ProbeCloud) -> None:
    cloud.ews.faults.reject_next("ErrorItemCorrupt")
    changes = cloud.learn("ews-append", *WRITE)["changes"]
    assert changes["inbox"] == {"read": ["refused: ErrorItemCorrupt"], "unread": [], "draft": []}


@pytest.mark.parametrize(("ceiling", "refused"), [(500_000, 1), (1_500_000, 3), (10_000_000, None)])
def test_the_ceiling_of_ews_is_found(build: Build, ceiling: int, refused: int | None) -> None:
    cloud = build(max_mime=ceiling)
    facts = cloud.learn("ews-size", *WRITE, "--largest", "3")
    assert facts["refused_mb"] == refused
    assert facts["code"] == ("ErrorMessageSizeExceeded" if refused else "")
    assert cloud.leftovers() == []


@pytest.mark.parametrize("lag", [0.0, 33.0])
def test_the_lag_of_the_size_is_found(cloud: ProbeCloud, lag: float) -> None:
    grow(cloud, lag)
    facts = cloud.learn("size-lag", *WRITE)
    assert lag <= facts["lag"] <= lag + 5
    assert cloud.leftovers() == []


@pytest.mark.parametrize(("mailbox_lag", "password_lag"), [(5.0, 60.0), (20.0, 120.0)])
def test_a_new_user_is_watched_and_deleted(
    build: Build, mailbox_lag: float, password_lag: float
) -> None:
    cloud = build(mailbox_lag=mailbox_lag, password_lag=password_lag, consistency_lag=7.0)
    facts = cloud.learn("new-user", *WRITE, "--create-user", "probe-user")
    assert 7 <= facts["visible_after"] <= 12
    assert facts["visible_after"] + mailbox_lag <= facts["ready_after"] <= 22 + mailbox_lag
    assert password_lag <= facts["imap_login_after"] <= password_lag + 5
    assert cloud.leftovers() == []
    user = cloud.fake.list_users(organization_id=cloud.organization)["Users"]
    assert {each["Name"]: each["State"] for each in user}["probe-user"] == "DELETED"


def test_somebody_elses_user_is_not_touched(cloud: ProbeCloud) -> None:
    answer = cloud.ask("new-user", *WRITE, "--create-user", "other")
    assert answer["verdict"] == "not asked"
    assert "is there" in answer["answer"]
    assert set(cloud.operations()) <= READS
    assert cloud.fake.mailbox_exists(OTHER)


def test_what_imap_keeps_is_compared_with_what_was_sent(cloud: ProbeCloud) -> None:
    facts = cloud.learn("imap-append", *WRITE)
    assert facts["changes"] == {"read": [], "unread": [], "draft": []}
    assert facts["appenduid"] is True
    assert "\\*" in facts["permanent_flags"]
    assert cloud.leftovers() == []


def test_imap_sizes_and_connections(cloud: ProbeCloud) -> None:
    assert cloud.learn("imap-size", *WRITE)["refused_mb"] is None
    assert cloud.learn("imap-connections", "--pilot", PILOT)["at_once"] == 5
    assert cloud.leftovers() == []


@pytest.mark.parametrize(
    ("delimiter", "flags", "at_once"),
    [("/", ["\\*", "\\Seen"], 5), (".", ["\\Answered", "\\Seen"], 2)],
)
def test_what_another_imap_server_says_is_another_answer(
    cloud: ProbeCloud, delimiter: str, flags: list[str], at_once: int
) -> None:
    listed = f'* LIST () "{delimiter}" INBOX\r\n* LIST () "{delimiter}" Trash\r\nTAG OK\r\n'
    said = f"* OK [PERMANENTFLAGS ({' '.join(flags)})] these\r\nTAG OK\r\n"
    rules = {
        b"LIST": listed.encode(),
        b"EXAMINE": said.encode(),
        b"NAMESPACE": b'* NAMESPACE (("" "/")) NIL NIL\r\nTAG OK\r\n',
    }
    with Scripted(
        rules, capabilities="IMAP4rev1 NAMESPACE", greeting=b"* OK Amazon WorkMail\r\n"
    ) as server:
        cloud.imap_port = server.port
        facts = cloud.learn("imap-mailbox", "--pilot", PILOT)
        assert facts["delimiters"] == [delimiter]
        assert facts["permanent_flags_read_only"] == flags
        assert facts["known_folders"] == ["INBOX", "Trash"]
        assert facts["namespace"] == 'NAMESPACE (("" "/")) NIL NIL'
        greeting = cloud.learn("imap-greeting", "--pilot", PILOT)["greeting"]
        assert greeting == "* OK Amazon WorkMail"
    full = {b"LOGIN": b"TAG NO [LIMIT] too many\r\n"}
    with Scripted(*[{}] * at_once, full) as server:
        cloud.imap_port = server.port
        facts = cloud.learn("imap-connections", "--pilot", PILOT)
    assert facts["at_once"] == at_once
    assert facts["refusal"] == ("" if at_once == 5 else "CommandRefused (LIMIT)")


@pytest.mark.parametrize("has_access", [False, True])
def test_how_an_administrator_is_let_in_by_password(cloud: ProbeCloud, has_access: bool) -> None:
    cloud.environment |= {"PROBE_ADMIN_USER": OTHER, "PROBE_ADMIN_PASSWORD": PASSWORD}
    if has_access:
        cloud.fake.put_mailbox_permissions(
            organization_id=cloud.organization,
            entity_id=cloud.pilot_id,
            grantee_id=OTHER,
            permission_values=["FULL_ACCESS"],
        )
    expected = "Basic " + base64.b64encode(f"{OTHER}:{PASSWORD}".encode()).decode()

    def respond(request: Request) -> Response:
        if request.headers.get("authorization") != expected:
            return Response(401)
        impersonates = b"ExchangeImpersonation" in request.body
        assert PILOT.encode() in request.body
        code = "NoError" if has_access and not impersonates else "ErrorAccessDenied"
        return Response(200, folder_answer(code))

    with LoopbackServer(respond) as server:
        cloud.ews_url = server.url + "/EWS/Exchange.asmx"
        facts = cloud.learn("basic-auth", "--pilot", PILOT)
    assert facts["impersonation"] == {"status": 200, "code": "ErrorAccessDenied"}
    code = "" if has_access else "ErrorAccessDenied"
    assert facts["delegate_folder_id"] == {"status": 200, "code": code}
    assert facts["permissions_on_the_pilot"] == (["FULL_ACCESS"] if has_access else [])
    assert facts["is_the_consoles_migration_admin"] is False
    assert set(cloud.operations()) <= READS
    text = (cloud.folder / "answers.json").read_text("utf-8")
    assert OTHER not in text
    assert PASSWORD not in text


def folder_answer(code: str) -> bytes:
    kind = "Success" if code == "NoError" else "Error"
    return (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"'
        ' xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"><s:Body>'
        "<m:GetFolderResponse><m:ResponseMessages>"
        f'<m:GetFolderResponseMessage ResponseClass="{kind}"><m:ResponseCode>{code}'
        "</m:ResponseCode></m:GetFolderResponseMessage></m:ResponseMessages>"
        "</m:GetFolderResponse></s:Body></s:Envelope>"
    ).encode()


def test_what_was_in_the_mailbox_before_stays(cloud: ProbeCloud) -> None:
    role = role_at_work(cloud)

    def token() -> Token:
        given = cloud.fake.assume_impersonation_role(
            organization_id=cloud.organization, impersonation_role_id=role
        )
        return Token(given["Token"])

    client = EwsClient(cloud.ews.url, token, PILOT)
    root = FolderRef("msgfolderroot", distinguished=True)
    own = FolderRef(client.create_folder(root, "Migration probes of mine"))
    for folder in (FolderRef("inbox", distinguished=True), own):
        client.create_items(folder, [NewMessage(b"Subject: mine\r\n\r\nx")])
    client.close()
    before = cloud.ews.folders(PILOT)
    for name in ("ews-append", "ews-size", "imap-append"):
        cloud.learn(name, *WRITE)
    assert cloud.ews.folders(PILOT) == before
    assert sum(map(len, before.values())) == 2


def test_the_records_of_a_domain_are_shown_to_the_letter(cloud: ProbeCloud) -> None:
    facts = cloud.learn("domains")
    said = (facts["types"], facts["final_dots"], facts["quoted_txt"], facts["mx_with_preference"])
    assert said == (["CNAME", "MX", "TXT"], "always", "always", "always")
    records = facts["domains"][DOMAIN]["records"]
    assert f"MX {DOMAIN}. 10 inbound-smtp.eu-west-1.amazonaws.com." in records
    assert facts["domains"][DOMAIN]["ownership"] == "VERIFIED"


def test_another_spelling_of_the_records_is_another_answer(
    cloud: ProbeCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = [
        {"Type": "MX", "Hostname": DOMAIN, "Value": "inbound-smtp.eu-west-1.amazonaws.com"},
        {"Type": "TXT", "Hostname": f"_amazonses.{DOMAIN}", "Value": "token"},
    ]
    monkeypatch.setattr("localrun.fakes.workmail.organizations._dns_records", lambda *_: bare)
    facts = cloud.learn("domains")
    said = (facts["types"], facts["final_dots"], facts["quoted_txt"], facts["mx_with_preference"])
    assert said == (["MX", "TXT"], "never", "never", "never")


@pytest.mark.parametrize(
    ("exchanger", "verdict"),
    [("mail.old.example.", "wrong at 1"), ("inbound-smtp.eu-west-1.amazonaws.com.", "right at 1")],
)
def test_what_is_published_is_compared(cloud: ProbeCloud, exchanger: str, verdict: str) -> None:
    cloud.dns.set_records(DOMAIN, "MX", [f"10 {exchanger}"])
    published = cloud.learn("dns")["published"]
    assert published[DOMAIN][f"MX {DOMAIN}"] == verdict


def test_the_organizations_settings_are_read(cloud: ProbeCloud) -> None:
    assert cloud.learn("organization") == {
        "state": "Active",
        "directory_type": "VpcDirectory",
        "interoperability": False,
        "migration_admin_set": False,
    }
    assert cloud.learn("retention")["days"] == {}
    cloud.fake.set_interoperability(cloud.organization, True)
    cloud.fake.set_retention(cloud.organization, "INBOX", "DELETE", 30)
    cloud.fake.deny_access(cloud.organization, "IMAP")
    cloud.fake.put_inbound_dmarc_settings(organization_id=cloud.organization, enforced=False)
    assert cloud.learn("organization")["interoperability"] is True
    assert cloud.learn("retention")["days"] == {"INBOX": 30}
    assert cloud.learn("access-rules") == {"rules": 2, "denying": 1, "denied_actions": ["IMAP"]}
    assert cloud.learn("dmarc") == {"enforced": False}
    assert cloud.learn("sign-in") == {"mode": ""}


# ---- what goes wrong ---------------------------------------------------------------------------


def test_a_call_that_is_denied_fails_its_question_alone(cloud: ProbeCloud) -> None:
    cloud.fake.fail_next("DescribeInboundDmarcSettings", "AccessDeniedException", PILOT)
    assert cloud.run() == 1
    answers = cloud.answers()
    failed = [name for name, answer in answers.items() if answer["verdict"] == "failed"]
    assert failed == ["dmarc"]
    assert answers["dmarc"]["answer"] == (
        "DescribeInboundDmarcSettings: AccessDeniedException; these AWS credentials may not call "
        "it: attach a policy that allows workmail:DescribeInboundDmarcSettings"
    )
    assert answers["control-plane"]["verdict"] == "learned"


def test_a_role_that_may_not_be_made_fails_once_and_imap_goes_on(cloud: ProbeCloud) -> None:
    cloud.fake.fail_next("CreateImpersonationRole", "AccessDeniedException", "no", times=99)
    assert cloud.run(*WRITE) == 1
    answers = cloud.answers()
    assert cloud.operations().count("CreateImpersonationRole") == 1
    assert answers["imap-append"]["verdict"] == "learned"
    assert "CreateImpersonationRole: AccessDeniedException" in answers["ews-append"]["answer"]
    assert cloud.leftovers() == []


def test_a_wrong_password_fails_the_questions_about_imap(cloud: ProbeCloud) -> None:
    cloud.environment["PROBE_PILOT_PASSWORD"] = "wrong-Password-1"
    cloud.run("--pilot", PILOT)
    answers = cloud.answers()
    assert answers["imap-mailbox"]["verdict"] == "failed"
    assert answers["imap-mailbox"]["answer"].startswith("IMAP: LoginRefused")
    assert answers["imap-greeting"]["verdict"] == "learned"


def test_without_a_password_imap_is_not_asked(cloud: ProbeCloud) -> None:
    cloud.environment.clear()
    answer = cloud.ask("imap-mailbox", "--pilot", PILOT)
    assert answer["verdict"] == "not asked"
    assert "PROBE_PILOT_PASSWORD" in answer["answer"]


class Secrets:
    """Secrets Manager, as far as a reader needs it."""

    VALUES: ClassVar[dict[str, str]] = {
        "pilots": json.dumps({"mailboxes": {PILOT.upper(): PASSWORD}}),
        "admins": json.dumps({"user": OTHER, "password": PASSWORD}),
        "broken": "no JSON",
    }

    def get_secret_value(self, *, secret_id: str) -> dict[str, str]:
        if secret_id not in self.VALUES:
            raise ApiError("ResourceNotFoundException", "Secrets Manager can't find it.")
        return {"Name": secret_id, "SecretString": self.VALUES[secret_id]}


def test_passwords_may_stand_in_secrets_manager(
    cloud: ProbeCloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud.environment.clear()
    with ModelServer([ModelService("secretsmanager", Secrets())]) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", server.url)
        facts = cloud.learn("imap-mailbox", "--pilot", PILOT, "--pilot-secret", "pilots")
        assert facts["delimiters"] == ["/"]
        facts = cloud.learn("basic-auth", "--pilot", PILOT, "--admin-secret", "admins")
        assert facts["impersonation"]["status"] == 401
        for name in ("missing", "broken"):
            answer = cloud.ask("imap-mailbox", "--pilot", PILOT, "--pilot-secret", name)
            assert answer["verdict"] == "not asked"
    assert PASSWORD not in capsys.readouterr().out


def test_what_a_server_says_is_masked(cloud: ProbeCloud) -> None:
    greeting = f"* OK Welcome {PILOT.upper()}, {PASSWORD}\r\n"
    with Scripted({}, greeting=greeting.encode()) as server:
        cloud.imap_port = server.port
        cloud.run("--only", "imap-connections", "--only", "imap-greeting", "--pilot", PILOT)
    assert "WELCOME" in (answer := cloud.answers()["imap-greeting"]["answer"].upper())
    assert PILOT.upper() not in answer


def test_a_pilot_that_nobody_is(cloud: ProbeCloud) -> None:
    assert cloud.run("--pilot", f"nobody@{DOMAIN}", "--write") == 0
    answers = cloud.answers()
    assert "nobody in this organization" in answers["mailbox-size"]["answer"]
    assert set(cloud.operations()) <= READS


def test_what_cannot_be_removed_is_told(
    cloud: ProbeCloud, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud.fake.fail_next("DeleteImpersonationRole", "AccessDeniedException", "no", times=99)
    assert cloud.run(*WRITE, "--only", "ews-append") == 1
    name = "Migration probe b7e2d4a1 - may be deleted"
    said = re.sub(r"\s+", " ", capsys.readouterr().out)
    assert f"LEFT BEHIND: delete the impersonation role `{name}`" in said
    assert cloud.leftovers() == [f"role {name}"]
    content = json.loads((cloud.folder / "answers.json").read_text("utf-8"))
    assert len(content["left_behind"]) == 1


# ---- the command line --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--region", "eu-west-1"], "--organization must be an id"),
        (["--organization", "m-1", "--region", "eu-central-1"], "--region (or AWS_REGION)"),
        (["--write"], "--write needs --pilot"),
        (["--pilot", "pilot"], "--pilot must be the e-mail address"),
        (["--create-user", "x"], "--create-user needs --write"),
        (["--largest", "99"], "--largest must be 1 to 45"),
        (["--only", "nonsense"], "there is no question 'nonsense'"),
        (["--ews-url", "http://ews.example/"], "--ews-url must be https"),
        (["--imap-host", "mail.example", "--imap-tls", "none"], "--imap-tls none"),
    ],
)
def test_a_command_line_that_cannot_be_used_says_why(
    options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["probe", *options]) == 2
    assert said in capsys.readouterr().err


def test_without_credentials_it_says_what_to_do(
    cloud: ProbeCloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    assert cloud.run() == 2
    said = capsys.readouterr().err
    assert "there are no AWS credentials: run `aws configure`" in said
    assert cloud.operations() == []


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("UnrecognizedClientException", "does not take these credentials"),
        ("OrganizationNotFoundException", "no such organization in eu-west-1"),
    ],
)
def test_credentials_or_an_organization_that_are_not_there(
    cloud: ProbeCloud, code: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud.fake.fail_next("DescribeOrganization", code, "no")
    assert cloud.run() == 2
    assert said in capsys.readouterr().err


def test_the_help_names_every_question(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["probe", "--help"])
    assert ended.value.code == 0
    said = re.sub(r"\s+", "", capsys.readouterr().out)
    for name in NAMES:
        assert name in said


def test_limits_name_the_question_that_answers() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "limits.md").read_text("utf-8")
    section = page.split("## Open questions, and what answers them")[1].split("\n## ")[0]
    named = set(re.findall(r"`([a-z-]+)`", section))
    assert set(NAMES) <= named
