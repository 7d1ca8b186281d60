"""The IMAP server, used through IMAPClient and imaplib."""

import contextlib
import imaplib
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from imapclient import IMAPClient
from imapclient.exceptions import LoginError

from localrun.fakes.imap import ImapServer

ANNA, BERTA = "anna@example.test", "berta@example.test"
MESSAGE = b"From: x@example.test\r\nSubject: one\r\n\r\nbody \xc3\xa4\r\n"


@pytest.fixture
def server() -> Iterator[ImapServer]:
    users = {ANNA: 'anna\'s "secret"', BERTA: "pässwort"}
    with ImapServer(users, admins={"boss": "boss-secret"}) as server:
        yield server


@contextlib.contextmanager
def session(server: ImapServer) -> Iterator[IMAPClient]:
    with IMAPClient("127.0.0.1", server.port, ssl=False) as client:
        client.normalise_times = False
        client.login(ANNA, 'anna\'s "secret"')
        yield client


def test_users_begin_with_an_empty_inbox(server: ImapServer) -> None:
    with session(server) as client:
        assert [name for _, _, name in client.list_folders()] == ["INBOX"]
        assert client.select_folder("INBOX")[b"EXISTS"] == 0
        assert b"UIDPLUS" in client.capabilities()


def test_wrong_passwords_and_unknown_users_are_refused(server: ImapServer) -> None:
    for name, password in ((ANNA, "wrong"), ("nobody@example.test", "x"), (BERTA, "passwort")):
        client = IMAPClient("127.0.0.1", server.port, ssl=False)
        with pytest.raises(LoginError):
            client.login(name, password)
        client.shutdown()


def test_plain_login_with_imaplib(server: ImapServer) -> None:
    client = imaplib.IMAP4("127.0.0.1", server.port)
    credentials = b"\0" + BERTA.encode() + b"\0" + "pässwort".encode()
    client.authenticate("PLAIN", lambda _: credentials)
    assert client.select()[0] == "OK"
    client.logout()


def test_folders_may_be_nested_and_not_ascii(server: ImapServer) -> None:
    names = ["Archiv/2024/Büro & Co", "受信箱", "A.b [c]"]
    with session(server) as client:
        for name in names:
            client.create_folder(name)
        listed = {name: delimiter for _, delimiter, name in client.list_folders()}
        assert set(names) <= set(listed)
        assert listed["受信箱"] == b"/"
        client.append("Archiv/2024/Büro & Co", MESSAGE)
        assert client.select_folder("Archiv/2024/Büro & Co")[b"EXISTS"] == 1


def test_flags_keywords_date_and_bytes_are_kept(server: ImapServer) -> None:
    date = datetime(2015, 3, 4, 5, 6, 7, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    server.append(ANNA, "Neu/Post", MESSAGE, ("\\Seen", "\\Flagged", "$Forwarded", "eigen"), date)
    with session(server) as client:
        client.select_folder("Neu/Post", readonly=True)
        (uid,) = client.search()
        found = client.fetch(uid, ["FLAGS", "INTERNALDATE", "BODY.PEEK[]"])[uid]
    assert set(found[b"FLAGS"]) - {b"\\Recent"} == {
        b"\\Seen",
        b"\\Flagged",
        b"$Forwarded",
        b"eigen",
    }
    assert found[b"INTERNALDATE"] == date
    assert found[b"BODY[]"] == MESSAGE


def test_a_message_arrives_while_somebody_is_connected(server: ImapServer) -> None:
    with session(server) as client:
        client.select_folder("INBOX")
        server.append(ANNA, "INBOX", MESSAGE, date=datetime(2026, 11, 23, tzinfo=UTC))
        client.noop()
        assert len(client.search()) == 1
    with pytest.raises(ValueError, match="time zone"):
        server.append(ANNA, "INBOX", MESSAGE, date=datetime(2026, 11, 23))
    with pytest.raises(KeyError):
        server.append("nobody@example.test", "INBOX", MESSAGE)


def test_an_admin_works_in_a_user_s_mailbox_and_a_user_does_not(server: ImapServer) -> None:
    server.append(ANNA, "Projects", MESSAGE)
    with IMAPClient("127.0.0.1", server.port, ssl=False) as admin:
        admin.plain_login("boss", "boss-secret", ANNA)
        assert admin.select_folder("Projects", readonly=True)[b"EXISTS"] == 1
    for name, password, target in (
        (BERTA, "pässwort", ANNA),
        ("boss", "wrong", ANNA),
        ("boss", "boss-secret", "nobody@example.test"),
    ):
        client = IMAPClient("127.0.0.1", server.port, ssl=False)
        with pytest.raises(LoginError):
            client.plain_login(name, password, target)
        client.shutdown()


def test_busy_connections_are_not_lost(server: ImapServer) -> None:
    def fill(folder: str) -> int:
        with session(server) as client:
            client.create_folder(folder)
            for _ in range(30):
                client.append(folder, MESSAGE)
            return int(client.select_folder(folder)[b"EXISTS"])

    with ThreadPoolExecutor(4) as callers:
        assert list(callers.map(fill, "abcd")) == [30] * 4


def test_close_ends_connections_and_frees_the_port() -> None:
    server = ImapServer({ANNA: "x"})
    client = socket.create_connection(("127.0.0.1", server.port), timeout=5)
    assert client.recv(100).startswith(b"* OK")
    server.close()
    server.close()
    with client, client.makefile("rb") as answers:
        assert answers.read().startswith(b"* BYE")
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", server.port), timeout=1)


def test_nothing_stays_open_after_close() -> None:
    before = count_open()
    with ImapServer({ANNA: "x"}) as server, IMAPClient("127.0.0.1", server.port, ssl=False) as one:
        one.login(ANNA, "x")
    assert count_open() <= before


def count_open() -> int:
    """How many descriptors this process has."""
    return len(list(Path("/proc/self/fd").iterdir()))


def test_keywords_that_are_set_later_stay(server: ImapServer) -> None:
    with session(server) as client:
        client.append("INBOX", MESSAGE, ["Projekt-X"])
        client.select_folder("INBOX")
        client.add_flags(client.search(), ["$Followup"])
    with session(server) as client:
        client.select_folder("INBOX", readonly=True)
        (shown,) = client.fetch(client.search(), ["FLAGS"]).values()
        assert {b"Projekt-X", b"$Followup"} <= set(shown[b"FLAGS"])


def test_users_may_come_later_and_mailboxes_may_begin_with_folders() -> None:
    passwords: dict[str, str] = {}
    with ImapServer({}, password_of=passwords.get, folders=["Sent Items"]) as server:
        for password in ("first-1", "second-2"):
            client = IMAPClient("127.0.0.1", server.port, ssl=False)
            with pytest.raises(LoginError):
                client.login(ANNA, password)
            passwords[ANNA] = password
            client.login(ANNA, password)
            assert [name for _, _, name in client.list_folders()] == ["INBOX", "Sent Items"]
            client.append("Sent Items", MESSAGE)
            client.logout()
        assert server.counts() == {ANNA: 2}


def test_a_mailbox_with_two_names_is_one() -> None:
    old, new = "ida@acme.example.test", "ida@example.test"
    with ImapServer(
        {}, password_of={old: "word", new: "word"}.get, mailbox_of=lambda name: name.split("@")[0]
    ) as server:
        for name, folder, there in ((old, "Trips", 0), (new, "Plans", 1), (old, "Trips", 1)):
            with IMAPClient("127.0.0.1", server.port, ssl=False) as client:
                client.login(name, "word")
                assert client.select_folder("INBOX")[b"EXISTS"] == there
                if not client.folder_exists(folder):
                    client.create_folder(folder)
                if not there:
                    client.append("INBOX", MESSAGE)
                assert client.folder_exists("Trips")
        assert server.counts() == {old: 1}
