"""What the composition root decides by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from localrun.fakes.blobs import MemoryBlobs
from localrun.fakes.ledger import MemoryLedger
from localrun.fakes.wave_secrets import MemoryWaves
from migration.access import Access, Way
from migration.administrator import Administrator
from migration.discovery_model import Outline
from migration.errors import CredentialsRejected, SettingsError, TenantMisconfigured
from migration.groupware_port import CollectionKind
from migration.model import Failure, Mailbox
from migration.settings import FILES, M365, CloudSettings, GroupwareSettings, Settings
from migration.sources.graph import GraphSource
from migration.sources.graph_groupware import READERS, GraphGroupware
from migration.sources.imap import ImapSource
from migration.sources.joined_groupware import JoinedSource
from migration.targets.workmail_ews import WorkmailEwsTarget
from migration.targets.workmail_imap import WorkmailImapTarget
from migration.wire.graph_model import CLOUDS
from migration.wiring import Wiring, moment, wire
from tests.unit.test_settings import environment


@pytest.fixture
def wiring() -> Wiring:
    wiring = Wiring(Settings.from_env(environment()), "eu-west-1")
    ledger = MemoryLedger()
    ledger.plan_mailboxes("run", [Mailbox("m", "a", "a@acme.example", "a", "A")])
    wiring.__dict__["ledger"] = ledger  # where cached_property keeps it
    return wiring


@pytest.mark.parametrize(
    ("failure", "refused"),
    [
        (None, False),
        (Failure("UserRefused", "the name is reserved"), True),
        (Failure("MailboxUnreachable", "an outage of an earlier pass"), False),
        (Failure("Unfinished", "x"), False),
    ],
)
def test_only_a_refused_user_is_not_copied(
    wiring: Wiring, failure: Failure | None, refused: bool
) -> None:
    if failure:
        wiring.ledger.set_failed("m", failure)
    assert wiring.was_refused("m") is refused


def test_an_incomplete_environment_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TABLE_NAME", raising=False)
    with pytest.raises(SettingsError, match="TABLE_NAME is missing"):
        wire()


def test_invocations_of_one_process_share_their_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    first = wire()
    assert wire() is first
    monkeypatch.setenv("TENANT", "globex")
    assert wire().settings.tenant == "globex"


# ---- the source ------------------------------------------------------------------------------

APP = {
    "directory": "acme.example",
    "client_id": "01234567-89ab-cdef-0123-456789abcdef",
    "secret": "the-applications-secret",
}


class AppSecrets:
    """The source's secret has an application's login."""

    def read_source(self) -> Mapping[str, object]:
        return {"app": APP}

    def read_target(self) -> Mapping[str, object]:
        return {}


def of_kind(wiring: Wiring, kind: str, cloud: str = "global", host: str = "") -> Wiring:
    settings = replace(wiring.settings, source_kind=kind, source_host=host, source_tls="ssl")
    wiring.settings = replace(settings, source_cloud=CloudSettings(cloud), ews_url="http://[::1]/")
    wiring.__dict__["secrets"] = AppSecrets()
    return wiring


@pytest.mark.parametrize("kind", ["m365", "m365-imap"])
@pytest.mark.parametrize("cloud", sorted(CLOUDS))
def test_microsoft_365_is_read_by_the_kind_of_the_source(
    wiring: Wiring, kind: str, cloud: str
) -> None:
    wired = of_kind(wiring, kind, cloud)
    with wired.open_mailbox("m", "role:role", "workmail_ews") as (source, _):
        assert isinstance(source, GraphSource if kind == "m365" else ImapSource)
        if isinstance(source, ImapSource):
            server, login = source._lookout._server, source._lookout._login
            assert (server.host, server.tls) == (CLOUDS[cloud].imap_host, "ssl")
            assert (login.user, login.password) == ("a", "")
        assert "the-applications-secret" not in repr((source, vars(source)))


@pytest.mark.parametrize("kind", ["m365", "m365-imap"])
def test_calendars_of_microsoft_365_are_read_over_graph(wiring: Wiring, kind: str) -> None:
    wired = of_kind(wiring, kind)
    wired.settings = replace(wired.settings, groupware=GroupwareSettings((M365, FILES)))
    wired.__dict__["blobs"] = MemoryBlobs()
    with wired.open_groupware("m", "role:role", NOW) as (_, calendars):
        assert calendars.kinds() == set(CollectionKind)


def test_of_a_room_at_microsoft_365_its_calendar_alone_is_asked_for(wiring: Wiring) -> None:
    wired = of_kind(wiring, "m365")
    room = Mailbox("r", "room", "room@acme.example", "room", "Room", is_resource=True)
    wired.ledger.plan_mailboxes("run-1", [ANNA, room])
    wired.settings = replace(wired.settings, groupware=GroupwareSettings((M365,)))
    wired.__dict__["blobs"] = MemoryBlobs()
    for mailbox, kinds in (("r", {CollectionKind.CALENDAR}), ("m", set(READERS))):
        with wired.open_groupware(mailbox, "role:role", NOW) as (source, _):
            assert isinstance(source, JoinedSource)
            graph = source._sources[M365]
            assert isinstance(graph, GraphGroupware)
            assert set(graph._readers) == kinds


@pytest.mark.parametrize(
    ("kind", "cloud", "said"),
    [
        ("m365", "germany", "`source.cloud` must be one of global"),
        ("pop3", "global", "no source of"),
    ],
)
def test_a_source_that_nobody_knows_is_refused(
    wiring: Wiring, kind: str, cloud: str, said: str
) -> None:
    wired = of_kind(wiring, kind, cloud)
    with (
        pytest.raises(TenantMisconfigured, match=said),
        wired.open_mailbox("m", "role:role", "workmail_ews"),
    ):
        pass


def test_graph_is_asked_over_tls_alone(wiring: Wiring) -> None:
    wired = of_kind(wiring, "m365")
    open_graph = CloudSettings("global", graph_url="http://graph.example/v1.0")
    wired.settings = replace(wired.settings, source_cloud=open_graph)
    with (
        pytest.raises(TenantMisconfigured, match="`source` in the tenant file"),
        wired.open_mailbox("m", "role:role", "workmail_ews"),
    ):
        pass


# ---- the target ------------------------------------------------------------------------------

NOW = "2026-12-04T18:00:00Z"
ANNA = Mailbox("m", "a", "a@acme.example", "a", "A")


class KnownSecrets:
    """The tenant's secrets: passwords of the target's mailboxes, if any."""

    def __init__(self, **passwords: str) -> None:
        self._passwords = {f"{name}@acme.example": word for name, word in passwords.items()}

    def read_source(self) -> Mapping[str, object]:
        return {"mailboxes": {"a": "source-word"}}

    def read_target(self) -> Mapping[str, object]:
        return {"mailboxes": self._passwords}


def with_passwords(wiring: Wiring, **passwords: str) -> Wiring:
    hosts = {
        "source_kind": "imap",
        "source_host": "127.0.0.1",
        "source_tls": "none",
        "ews_url": "http://127.0.0.1:1/EWS/Exchange.asmx",
        "target_imap_host": "127.0.0.1",
        "target_imap_tls": "none",
    }
    wiring.settings = replace(wiring.settings, **hosts)  # type: ignore[arg-type]  # all are texts
    wiring.__dict__["secrets"] = KnownSecrets(**passwords)
    wiring.__dict__["waves"] = MemoryWaves()
    wiring.__dict__.pop("passwords", None)
    return wiring


@pytest.mark.parametrize(
    ("kind", "type_"), [("workmail_ews", WorkmailEwsTarget), ("workmail_imap", WorkmailImapTarget)]
)
def test_the_target_is_of_the_kind_that_was_settled(wiring: Wiring, kind: str, type_: type) -> None:
    with with_passwords(wiring, a="word").open_mailbox("m", "role:role", kind) as (source, target):
        assert isinstance(source, ImapSource)
        assert isinstance(target, type_)


def test_imap_needs_the_mailboxs_password(wiring: Wiring) -> None:
    wired = with_passwords(wiring, b="word")
    with (
        pytest.raises(CredentialsRejected, match="no password for this mailbox"),
        wired.open_mailbox("m", "owners:", "workmail_imap"),
    ):
        pass


@pytest.mark.parametrize("kind", ["workmail_ews", "workmail_imap"])
def test_no_mail_of_a_room_is_read_and_only_its_calendar_is_written(
    wiring: Wiring, kind: str
) -> None:
    wired = with_passwords(wiring)
    room = Mailbox("r", "room", "room@acme.example", "room", "Room", is_resource=True)
    wired.ledger.plan_mailboxes("run-1", [ANNA, room])
    with wired.open_mailbox("r", "role:role", kind) as (source, target):
        assert list(source.folders()) == []
        assert isinstance(target, WorkmailEwsTarget)  # nobody has a password for it
    wired.settings = replace(wired.settings, groupware=GroupwareSettings((FILES,)))
    wired.__dict__["blobs"] = MemoryBlobs()
    with wired.open_groupware("r", "role:role", NOW) as (_, calendars):
        assert calendars.kinds() == {CollectionKind.CALENDAR}
    with wired.open_groupware("m", "role:role", NOW) as (_, everything):
        assert everything.kinds() == set(CollectionKind)


def test_calendars_are_not_written_where_nobody_opens_mailboxes_over_ews(wiring: Wiring) -> None:
    wired = with_passwords(wiring, a="word")
    wired.settings = replace(wired.settings, groupware=GroupwareSettings((FILES,)))
    wired.__dict__["blobs"] = MemoryBlobs()
    with (
        pytest.raises(TenantMisconfigured, match="EWS"),
        wired.open_groupware("m", "owners:", NOW),
    ):
        pass


@pytest.mark.parametrize("kind", ["auto", "", "maildir"])
def test_a_target_that_was_not_settled_is_refused(wiring: Wiring, kind: str) -> None:
    with (
        pytest.raises(TenantMisconfigured, match="no target of kind"),
        with_passwords(wiring).open_mailbox("m", "role:role", kind),
    ):
        pass


def test_an_imap_server_without_tls_must_be_on_this_machine(wiring: Wiring) -> None:
    wired = with_passwords(wiring, a="word")
    wired.settings = replace(wired.settings, target_imap_host="imap.acme.example")
    with (
        pytest.raises(TenantMisconfigured, match="without TLS"),
        wired.open_mailbox("m", "owners:", "workmail_imap"),
    ):
        pass


def test_ews_is_tried_before_imap_and_imap_only_with_a_password(wiring: Wiring) -> None:
    enabled = Administrator(Access(Way.ROLE, role="role"), ANNA)
    kinds = [(each.kind, bool(each.missing)) for each in with_passwords(wiring).candidates(enabled)]
    assert kinds == [("workmail_ews", False), ("workmail_imap", True)]
    ews, imap = with_passwords(wiring, a="word").candidates(enabled)
    assert (ews.missing, imap.missing) == ("", "")
    for each, type_ in ((ews, WorkmailEwsTarget), (imap, WorkmailImapTarget)):
        target = each.open()
        assert isinstance(target, type_)
        target.close()


def test_a_mailbox_in_the_test_domain_is_opened_there_with_the_password_of_its_own_address(
    wiring: Wiring,
) -> None:
    wired = with_passwords(wiring, a="word")
    early = "a@acme.awsapps.com"
    wired.ledger.set_provisioned("m", "user-1", "created", early)
    with wired.open_mailbox("m", "role:role", "workmail_ews") as (_, target):
        assert isinstance(target, WorkmailEwsTarget)
        assert target._open_client._mailbox == early
    present = wired.ledger.mailbox("m").at_present
    ews, imap = wired.candidates(Administrator(Access(Way.ROLE, role="role"), present))
    assert (ews.missing, imap.missing) == ("", "")
    with wired.open_mailbox("m", "owners:", "workmail_imap") as (_, target):
        assert isinstance(target, WorkmailImapTarget)
        assert (target._login.user, target._login.password) == (early, "word")


def test_passwords_show_nowhere(wiring: Wiring) -> None:
    wired = with_passwords(wiring, a="target-word")
    assert wired.target_password("A@acme.example") == "target-word"
    with wired.open_mailbox("m", "role:role", "workmail_imap") as sides:
        assert "target-word" not in repr((sides, vars(sides[1])))


def test_an_attempt_knows_its_own_time_or_that_of_whoever_calls() -> None:
    told = SimpleNamespace(client_context=SimpleNamespace(custom={"now": "2026-12-05T06:00:00Z"}))
    assert moment(told) == "2026-12-05T06:00:00Z"
    for untold in (None, SimpleNamespace(custom=None), SimpleNamespace(custom={})):
        now = datetime.fromisoformat(moment(SimpleNamespace(client_context=untold)))
        assert abs((datetime.now(UTC) - now).total_seconds()) < 60


@pytest.mark.parametrize(
    ("kind", "has_directory"), [("imap", False), ("m365", True), ("m365-imap", True)]
)
def test_only_a_source_with_a_directory_is_asked_for_it(
    wiring: Wiring, monkeypatch: pytest.MonkeyPatch, kind: str, has_directory: bool
) -> None:
    wiring.settings = replace(wiring.settings, source_kind=kind)
    wiring.__dict__["secrets"] = None
    outline = Outline(complete=False)
    monkeypatch.setattr(
        "migration.sources.graph_directory.GraphDirectory.outline", lambda self, seconds: outline
    )
    app = {"directory": "d", "client_id": "c", "secret": "s"}
    found = wiring.survey_directory({"app": app}, 1.0)
    assert found is (outline if has_directory else None)
