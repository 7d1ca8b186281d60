"""The mail servers that other tests rely on: each starts, delivers, and ends.

What only one of them does: test_dovecot.py, test_cyrus.py.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError

from tests.integration.certificates import write_certificate
from tests.integration.cyrus import Cyrus
from tests.integration.cyrus_configuration import BELOW_INBOX, BESIDE_INBOX, CLASSIC
from tests.integration.dovecot import Dovecot
from tests.integration.dovecot_configuration import INBOX_DOT, SLASH, Layout
from tests.integration.mail_server import read_folder

ANN, BOB = "ann@example.test", "bob@example.test"
USERS = {ANN: "secret", BOB: "b0bs"}
MASTERS = {"boss": "b0ss"}
DATE = datetime(2015, 2, 1, 10, 30, tzinfo=timezone(timedelta(hours=5, minutes=30)))
MAIL = b"Subject: x\r\n\r\nbody\r\n"

AnyServer = Dovecot | Cyrus
Start = Callable[..., Any]

SERVERS: Mapping[str, tuple[type[AnyServer], Layout]] = {
    "dovecot": (Dovecot, SLASH),
    "dovecot below INBOX": (Dovecot, INBOX_DOT),
    "cyrus": (Cyrus, BELOW_INBOX),
    "cyrus beside INBOX": (Cyrus, BESIDE_INBOX),
    "cyrus classic": (Cyrus, CLASSIC),
}


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture(params=SERVERS)
def start(request: pytest.FixtureRequest, stack: ExitStack) -> Start:
    """Starts servers that end with the test."""
    kind, layout = SERVERS[request.param]
    return lambda **options: stack.enter_context(kind(layout, USERS, MASTERS, **options))


def test_it_keeps_what_is_delivered(start: Start) -> None:
    server = start(zone="IST-5:30")
    name = server.layout.name(("Projekte", "Übergabe & Co"))
    server.append(ANN, name, MAIL, ("\\Seen", "$Work"), DATE)
    with server.client(ANN) as client:
        (message,) = read_folder(client, name)
    assert message[b"BODY[]"] == MAIL
    assert set(message[b"FLAGS"]) - {b"\\Recent"} == {b"\\Seen", b"$Work"}
    assert message[b"INTERNALDATE"] == DATE
    assert message[b"INTERNALDATE"].utcoffset() == DATE.utcoffset()


def test_a_mailbox_begins_with_the_usual_folders(start: Start) -> None:
    server = start()
    for address in USERS:
        with server.client(address) as client:
            found = {
                name: {flag.lower() for flag in flags} for flags, _, name in client.list_folders()
            }
        assert found.keys() == {
            server.layout.name((name,)) for name in ("INBOX", "Drafts", "Gesendet", "Junk", "Trash")
        }
        assert b"\\sent" in found[server.layout.name(("Gesendet",))]


def test_its_end_leaves_nothing(start: Start) -> None:
    server = start(record=True)
    client = server.client(ANN)
    assert len(server.process_ids()) >= 2
    root = server._root
    server.close()
    deadline = time.monotonic() + 10  # the kernel takes a moment to bury the last one
    while server.process_ids() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert server.process_ids() == set()
    assert not root.exists()
    with pytest.raises((OSError, IMAPClientError)):
        client.noop()
    with pytest.raises(OSError, match="refused"):
        server.connect()


def test_bytes_are_delivered_as_they_are(start: Start) -> None:
    server = start()
    mime = b"Subject: x\r\n\r\n\xff bare\rreturn, no end"
    server.append(ANN, "INBOX", mime)
    with server.client(ANN) as client:
        assert read_folder(client, "INBOX")[0][b"BODY[]"] == mime


def test_two_run_side_by_side(start: Start) -> None:
    one, other = start(), start()
    one.append(ANN, "INBOX", MAIL)
    with other.client(ANN) as client:
        assert read_folder(client, "INBOX") == []


def test_a_master_opens_the_mailbox_of_the_user_that_is_named(start: Start) -> None:
    server = start()
    server.append(BOB, "INBOX", MAIL)
    with server.connect() as client:
        client.plain_login("boss", "b0ss", BOB)
        assert len(read_folder(client, "INBOX")) == 1


@pytest.mark.parametrize(
    "login",
    [(ANN, "wrong"), ("boss", "wrong", ANN), (BOB, "b0bs", ANN), ("nobody@example.test", "x")],
    ids=["password", "master's password", "no master", "user"],
)
def test_other_logins_are_refused(start: Start, login: tuple[str, ...]) -> None:
    with start().connect() as client, pytest.raises(IMAPClientError):
        client.plain_login(*login)


def test_tls(start: Start, tmp_path: Path) -> None:
    certificate = write_certificate(tmp_path / "server.pem")
    server = start(certificate=certificate)
    context = ssl.create_default_context(cafile=str(certificate))
    for port, at_once in ((server.port, False), (server.tls_port, True)):
        options = {"ssl_context": context} if at_once else {}
        with IMAPClient("127.0.0.1", port, ssl=at_once, **options) as client:
            if not at_once:
                client.starttls(context)
            client.login(ANN, USERS[ANN])


def test_a_full_mailbox_takes_no_more(start: Start) -> None:
    server = start(quota_mb=1)
    with server.client(ANN) as client:
        client.append("INBOX", MAIL)
        with pytest.raises(IMAPClientError, match=r"(?i)over ?quota"):
            client.append("INBOX", MAIL + b"x" * 1_100_000)
        assert client.get_quota()[0].limit == 1024


def test_what_clients_send_is_recorded_user_by_user(start: Start) -> None:
    server = start(record=True)
    server.append(ANN, "INBOX", MAIL + b"1234567890.123456 \xff\0"[:-1])
    with server.connect() as client:
        client.plain_login("boss", "b0ss", ANN)
        client.select_folder("INBOX")
        assert 'SELECT "INBOX"' in server.sent(ANN) or "SELECT INBOX" in server.sent(ANN)
    sent = server.sent(ANN)
    assert MAIL.decode() + "1234567890.123456 \xff\r\n" in sent
    assert sent.index("APPEND") < sent.index("SELECT")
    assert server.sent(BOB) == ""


def test_a_server_that_does_not_record_says_so(start: Start) -> None:
    with pytest.raises(RuntimeError, match="record=True"):
        start().sent(ANN)
