"""Mail of Microsoft 365 over IMAP: an application's tokens (OAuth 2.0 client credentials) open
mailboxes of a real server and of the embedded one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field, replace

import pytest

from localrun.fakes.graph.server import GraphServer
from localrun.fakes.imap import ImapServer as EmbeddedServer
from migration.errors import CredentialsRejected, MigrationError, SourceBusy
from migration.mail import BatchLimit, Item
from migration.model import Mailbox
from migration.ports import Source
from migration.settings import Settings
from migration.source_sides import SourceSides
from migration.sources.app_login import choose_app_login
from migration.sources.imap import ImapSource
from migration.sources.imap_login import choose_login
from migration.wire.app_tokens import Tokens
from migration.wire.graph_model import CLOUDS
from migration.wire.imap_login import ImapServer
from tests.integration.dovecot import Dovecot
from tests.integration.dovecot_configuration import SLASH
from tests.unit.test_settings import environment
from tests.unit.wire.scripted import Scripted

ANN, BOB = "ann@contoso.example", "bob@contoso.example"
USERS = {ANN: "unused", BOB: "unused"}
AUDIENCE = "https://outlook.office365.com"
SCOPE = CLOUDS["global"].imap_scope
HOUR = 3600


@dataclass
class Service:
    """Microsoft's login on this machine, and the clocks of both sides, which go alike."""

    seconds: float = field(default_factory=time.time)  # by which certificates sign
    graph: GraphServer = field(init=False)

    def __post_init__(self) -> None:
        self.graph = GraphServer(now=self.now)

    def now(self) -> float:
        return self.seconds

    def opens(self, token: str) -> bool:
        return self.graph.login.audience(token) == AUDIENCE

    def get(self, token: str, /) -> str | None:
        """As whoever asks whose token it is wants to know it."""
        return "the application" if self.opens(token) else None

    def tokens(self, secret: Mapping[str, object] | None = None) -> Tokens:
        login = choose_app_login(secret or self.graph.secret)
        return Tokens(login, self.graph.login_url, SCOPE, clock=self.now)

    @property
    def given(self) -> int:
        """How many tokens were given so far."""
        return self.graph.login.answers.count(200)


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service()
    with service.graph:
        yield service


@contextmanager
def dovecot(service: Service) -> Iterator[int]:
    with Dovecot(SLASH, USERS, tokens=service, any_user=True) as server:
        yield server.port


@contextmanager
def embedded(service: Service) -> Iterator[int]:
    def opens(token: str, user: str) -> bool:
        return user in USERS and service.opens(token)

    with EmbeddedServer(USERS, token_opens=opens) as server:
        yield server.port


@pytest.fixture(params=[dovecot, embedded], ids=["dovecot", "embedded"])
def port(request: pytest.FixtureRequest, service: Service) -> Iterator[int]:
    start: Callable[[Service], AbstractContextManager[int]] = request.param
    with start(service) as port:
        yield port


def source(port: int, user: str, tokens: Tokens) -> ImapSource:
    login = choose_login({}, user, tokens.token)
    return ImapSource(ImapServer("127.0.0.1", port, "none", read_timeout=10), login)


def folder_names(source: Source) -> set[str]:
    return {"/".join(folder.path) for folder in source.folders()}


def test_one_token_opens_every_mailbox(service: Service, port: int) -> None:
    tokens = service.tokens()
    for user in USERS:
        with closing(source(port, user, tokens)) as mailbox:
            assert "INBOX" in folder_names(mailbox)
    assert service.given == 1


def test_a_certificate_opens_mailboxes_too(service: Service, port: int) -> None:
    with closing(source(port, ANN, service.tokens(service.graph.certificate_secret))) as mailbox:
        assert "INBOX" in folder_names(mailbox)


def test_a_connection_that_is_made_after_the_token_expired_has_another_one(
    service: Service, port: int
) -> None:
    tokens = service.tokens()
    with closing(source(port, ANN, tokens)) as mailbox:
        before = folder_names(mailbox)
        service.seconds += HOUR
        assert folder_names(mailbox) == before  # whoever is logged in stays so
        assert service.given == 1
        assert mailbox._lookout._looker is not None
        mailbox._lookout._looker.wire.shut()
        with pytest.raises(SourceBusy):
            mailbox.folders()
        assert folder_names(mailbox) == before
        assert service.given == 2


def test_connections_that_are_made_ahead_share_the_token(service: Service, port: int) -> None:
    with closing(source(port, ANN, service.tokens())) as mailbox:
        mailbox.open()
        assert "INBOX" in folder_names(mailbox)
        for folder in mailbox.folders():
            assert not mailbox.page(folder, "", BatchLimit()).refs
    assert service.given == 1


@pytest.mark.parametrize("ahead", [False, True])
def test_an_application_that_gets_no_token_opens_nothing(
    service: Service, port: int, ahead: bool
) -> None:
    wrong = {"app": {**service.graph.secret["app"], "secret": "wr0ng"}}
    with closing(source(port, ANN, service.tokens(wrong))) as mailbox:
        if ahead:
            mailbox.open()
        with pytest.raises(CredentialsRejected) as caught:
            mailbox.folders()
    assert "wr0ng" not in str(caught.value)


def test_a_token_that_the_server_does_not_take_any_more(service: Service, port: int) -> None:
    tokens = service.tokens()
    tokens.token()
    service.graph.login.expire_tokens()
    with closing(source(port, ANN, tokens)) as mailbox, pytest.raises(MigrationError) as caught:
        mailbox.folders()
    assert ANN not in str(caught.value)


# ---- as a function opens it ------------------------------------------------------------------


class Secrets:
    def __init__(self, secret: Mapping[str, object]) -> None:
        self._secret = secret

    def read_source(self) -> Mapping[str, object]:
        return self._secret

    def read_target(self) -> Mapping[str, object]:
        return {}


def sides(service: Service, port: int, secret: Mapping[str, object] | None = None) -> SourceSides:
    cloud = f'{{"name": "global", "login_url": "{service.graph.login_url}"}}'
    changed = {"SOURCE_KIND": "m365-imap", "SOURCE_HOST": "127.0.0.1", "SOURCE_CLOUD": cloud}
    settings = Settings.from_env(environment() | changed)
    settings = replace(settings, source_port=port, source_tls="none")
    settings = replace(settings, copy_received_from="", copy_received_before="")
    return SourceSides(settings, Secrets(secret or service.graph.secret))


def mailbox(user: str) -> Mailbox:
    return Mailbox("m", user, user, user.partition("@")[0], user)


def test_messages_come_as_from_any_imap_server(service: Service) -> None:
    mime = b"Message-ID: <1@contoso.example>\r\nSubject: hello\r\n\r\nhello\r\n"

    def opens(token: str, user: str) -> bool:
        return user in USERS and service.opens(token)

    with EmbeddedServer(USERS, token_opens=opens) as server:
        server.append(ANN, "INBOX", mime, ["\\Seen"])
        opened = sides(service, server.port)
        with closing(opened.mail(mailbox(ANN))) as read:
            (inbox,) = [one for one in read.folders() if one.path == ("INBOX",)]
            page = read.page(inbox, "", BatchLimit())
            (item,) = read.fetch(inbox, page.refs)
            assert isinstance(item, Item)
            assert (item.mime, "\\Seen" in item.flags) == (mime, True)
        with closing(opened.mail(mailbox(BOB))) as read:
            assert "INBOX" in folder_names(read)
    assert service.given == 1


def test_preflight_looks_into_mailboxes_with_the_token(service: Service, port: int) -> None:
    opened = sides(service, port)
    seen = opened.survey(service.graph.secret, [ANN, BOB])
    assert [each.place for each in seen.mailboxes] == [0, 1]
    assert seen.unopened == ()
    wrong = {"app": {**service.graph.secret["app"], "secret": "wr0ng"}}
    refused = opened.survey(wrong, [ANN])
    assert [each.error for each in refused.unopened] == ["CredentialsRejected"]


def test_a_password_is_no_way_into_microsoft_365(service: Service, port: int) -> None:
    opened = sides(service, port, {"mailboxes": {ANN: "unused"}})
    with pytest.raises(CredentialsRejected, match="`app`"):
        opened.mail(mailbox(ANN))


# ---- Exchange asks for a pause ---------------------------------------------------------------

THROTTLED = b"Request is throttled. Suggested Backoff Time: 299961 milliseconds"
OFFERED = b"* CAPABILITY IMAP4rev1 AUTH=XOAUTH2 SASL-IR\r\nTAG OK\r\n"


@pytest.mark.parametrize(
    "rules",
    [
        {b"AUTHENTICATE": b"TAG NO " + THROTTLED + b"\r\n"},
        {b"AUTHENTICATE": b"* BYE " + THROTTLED + b"\r\n"},
        {b"LIST": b"TAG BAD " + THROTTLED + b"\r\n"},
        {b"LIST": b"* BYE " + THROTTLED + b"\r\n"},
        {b"LIST": b"TAG NO [UNAVAILABLE] " + THROTTLED + b"\r\n"},
    ],
)
def test_the_pause_that_exchange_asks_for_is_kept(
    service: Service, rules: dict[bytes, bytes]
) -> None:
    with (
        Scripted({b"CAPABILITY": OFFERED, **rules}) as server,
        closing(source(server.port, ANN, service.tokens())) as mailbox,
        pytest.raises(SourceBusy) as caught,
    ):
        mailbox.folders()
    assert caught.value.retry_after == 299.961
