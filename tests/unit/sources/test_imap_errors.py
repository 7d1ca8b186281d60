"""Every failure of the IMAP client becomes an error of the migration, without the server's text."""

from __future__ import annotations

import socket
import time

import pytest

from localrun.fakes.imap import ImapServer
from migration.errors import (
    CredentialsRejected,
    MailboxUnreachable,
    MigrationError,
    SourceBusy,
)
from migration.sources.imap import ImapSource
from migration.sources.imap_errors import translate
from migration.sources.imap_survey import survey
from migration.wire.imap_errors import (
    CommandRefused,
    ConnectionLost,
    Garbled,
    ImapError,
    LoginRefused,
    NotConnected,
    refused,
)
from migration.wire.imap_login import ImapLogin
from migration.wire.imap_login import ImapServer as Place
from tests.unit.wire.scripted import Scripted

USER = "ann@example.test"


@pytest.mark.parametrize(
    ("error", "meaning", "wait"),
    [
        (NotConnected("gaierror", for_good=True), MailboxUnreachable, 0),
        (NotConnected("ConnectionRefusedError", for_good=False), MailboxUnreachable, 0),
        (LoginRefused("AUTHENTICATIONFAILED"), CredentialsRejected, 0),
        (ConnectionLost("closed"), SourceBusy, 30),
        (ConnectionLost("BYE", 2.5), SourceBusy, 2.5),
        (Garbled("unreadable-response"), SourceBusy, 30),
        (refused("NO", "[UNAVAILABLE] secret"), SourceBusy, 30),
        (refused("NO", "[INUSE] secret"), SourceBusy, 30),
        (refused("NO", "[LIMIT] secret"), SourceBusy, 30),
        (refused("NO", "[OVERQUOTA] Account exceeded command limits: secret"), SourceBusy, 30),
        (refused("BAD", "Backoff Time: 500 milliseconds; secret"), SourceBusy, 0.5),
        (refused("NO", "secret"), MailboxUnreachable, 0),
        (refused("BAD", "User is authenticated but not connected."), CredentialsRejected, 0),
        (refused("NO", "[NOPERM] secret"), MailboxUnreachable, 0),
    ],
)
def test_what_failures_mean(error: ImapError, meaning: type[MigrationError], wait: float) -> None:
    meant = translate(error)
    assert type(meant) is meaning
    assert "secret" not in str(meant)
    assert error.code in str(meant)
    if isinstance(meant, SourceBusy):
        assert meant.retry_after == wait


def test_every_failure_has_a_meaning() -> None:
    kinds: set[type[ImapError]]
    kinds = {NotConnected, LoginRefused, ConnectionLost, Garbled, CommandRefused}
    assert set(ImapError.__subclasses__()) == kinds


# ---- against sockets


def closed_port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return int(unused.getsockname()[1])


def place(port: int, tls: str = "none") -> Place:
    return Place("127.0.0.1", port, tls, connect_timeout=0.5, read_timeout=0.5)


def source(port: int, tls: str = "none", password: str = "secret") -> ImapSource:
    return ImapSource(place(port, tls), ImapLogin(USER, password))


def test_a_refused_connection_is_unreachable() -> None:
    with pytest.raises(MailboxUnreachable):
        source(closed_port()).folders()
    with pytest.raises(MailboxUnreachable):
        survey(place(closed_port()), {}, (), time.monotonic)


def test_a_host_without_an_address_is_unreachable() -> None:
    with pytest.raises(MailboxUnreachable):
        survey(Place("nowhere.invalid", 993, "ssl"), {}, (), time.monotonic)
    with pytest.raises(MailboxUnreachable):
        survey(Place("no..where", 993, "ssl"), {}, (), time.monotonic)


def test_a_wrong_password_is_rejected_and_not_repeated() -> None:
    with ImapServer({USER: "secret"}) as server:
        with pytest.raises(CredentialsRejected) as caught:
            source(server.port, password="wr0ng").folders()
        survey(place(server.port), {}, (), time.monotonic)
    assert "wr0ng" not in str(caught.value)
    assert USER not in str(caught.value)
    assert caught.value.__cause__ is None


def test_tls_to_a_server_that_speaks_none_is_unreachable() -> None:
    with Scripted({b"STARTTLS": b"TAG BAD what\r\n"}) as server:
        for tls in ("ssl", "starttls"):
            with pytest.raises(MailboxUnreachable):
                source(server.port, tls).folders()


def test_a_server_that_says_nothing_is_busy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(SourceBusy):
        source(silent.getsockname()[1]).folders()


def test_a_connection_that_breaks_is_busy_and_the_next_call_connects_again() -> None:
    with Scripted() as broken:
        reader = source(broken.port)
        with pytest.raises(MailboxUnreachable):
            reader.folders()
    with ImapServer({USER: "secret"}) as server:
        reader = source(server.port)
        before = list(reader.folders())
        assert reader._lookout._looker is not None
        reader._lookout._looker.wire.shut()
        with pytest.raises(SourceBusy):
            reader.folders()
        assert list(reader.folders()) == before
        reader.close()


def test_a_server_that_goes_away_after_it_was_there_is_busy() -> None:
    with ImapServer({USER: "secret"}) as server:
        reader = source(server.port)
        reader.folders()
    for _ in range(2):
        with pytest.raises(SourceBusy):
            reader.folders()
