"""The IMAP servers that the contract suites run against: rich and poor ones, opened by the user and
by administrators. Each is started when a test first wants it, and serves that module's tests; every
test gets a mailbox that nobody has used, or that was emptied."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from imapclient import IMAPClient

from localrun.fakes.imap import ImapServer as Pymap
from migration.wire.imap_login import ImapLogin, ImapServer
from tests.integration.cyrus import Cyrus
from tests.integration.cyrus_configuration import BELOW_INBOX, BESIDE_INBOX, CLASSIC
from tests.integration.dovecot import Dovecot
from tests.integration.dovecot_configuration import INBOX_DOT, SLASH, Layout
from tests.integration.mail_server import append_exactly

PASSWORD, BOSS, BOSS_PASSWORD = "secret", "boss", "b0ss"

ZONE = "IST-5:30"
"""Servers show dates in their own zone only: let that be the one of the tests."""

RICH = (
    "IMAP4rev1 SASL-IR LITERAL+ NAMESPACE UIDPLUS MULTIAPPEND UNSELECT LIST-EXTENDED LIST-STATUS"
    " SPECIAL-USE CONDSTORE ENABLE"
)

_USERS = [f"user{number}" for number in range(200)]
_FIRST_FOLDERS = ("INBOX", "Drafts", "Gesendet", "Junk", "Trash")

Server = Dovecot | Cyrus | Pymap


def _without(*names: str) -> str:
    return " ".join(name for name in RICH.split() if name not in names)


def _dovecot(layout: Layout, capabilities: str = "") -> Callable[[], Server]:
    passwords = dict.fromkeys(_USERS, PASSWORD)
    masters = {BOSS: BOSS_PASSWORD}
    return lambda: Dovecot(layout, passwords, masters, zone=ZONE, capabilities=capabilities)


def _cyrus(layout: Layout) -> Callable[[], Server]:
    # Else a folder that is deleted twice within a second is in its own way.
    settings = "delete_mode: immediate\n"
    return lambda: Cyrus(
        layout, {_USERS[0]: PASSWORD}, {BOSS: BOSS_PASSWORD}, zone=ZONE, settings=settings
    )


def _pymap() -> Server:
    return Pymap(dict.fromkeys(_USERS, PASSWORD), {BOSS: BOSS_PASSWORD})


def own_login(user: str) -> ImapLogin:
    return ImapLogin(user, PASSWORD)


def as_administrator(user: str) -> ImapLogin:
    return ImapLogin(BOSS, BOSS_PASSWORD, authorize_as=user)


def with_master(user: str) -> ImapLogin:
    return ImapLogin(user, BOSS_PASSWORD, master=BOSS)


@dataclass(frozen=True, slots=True)
class Kind:
    """A server, how it spells names, and who logs in."""

    start: Callable[[], Server]
    layout: Layout = SLASH
    login: Callable[[str], ImapLogin] = own_login


KINDS: Mapping[str, Kind] = {
    "pymap": Kind(_pymap),
    "dovecot": Kind(_dovecot(SLASH)),
    "dovecot below INBOX, as administrator": Kind(_dovecot(INBOX_DOT), INBOX_DOT, as_administrator),
    "dovecot without any extension": Kind(_dovecot(SLASH, "IMAP4rev1")),
    "dovecot with LITERAL-": Kind(_dovecot(SLASH, "IMAP4rev1 LITERAL-")),
    "dovecot without UIDPLUS": Kind(_dovecot(SLASH, _without("UIDPLUS"))),
    "dovecot without MULTIAPPEND": Kind(_dovecot(SLASH, _without("MULTIAPPEND"))),
    "dovecot without LIST-STATUS, by user*master": Kind(
        _dovecot(SLASH, _without("LIST-STATUS")), login=with_master
    ),
    "dovecot without CONDSTORE": Kind(_dovecot(SLASH, _without("CONDSTORE"))),
    "cyrus below INBOX": Kind(_cyrus(BELOW_INBOX), BELOW_INBOX),
    "cyrus beside INBOX, as administrator": Kind(
        _cyrus(BESIDE_INBOX), BESIDE_INBOX, as_administrator
    ),
    "cyrus classic": Kind(_cyrus(CLASSIC), CLASSIC),
}

ABOUT_TARGETS = {
    "dovecot with LITERAL-",
    "dovecot without UIDPLUS",
    "dovecot without MULTIAPPEND",
}
"""What these lack a source does not use."""

ABOUT_SOURCES = {"dovecot without CONDSTORE"}
"""What it lacks a target does not use."""


@dataclass(frozen=True, slots=True)
class ImapMailbox:
    """A mailbox of one user on one server."""

    port: int
    user: str
    login: ImapLogin
    layout: Layout

    @property
    def server(self) -> ImapServer:
        return ImapServer("127.0.0.1", self.port, "none", read_timeout=20.0)

    def client(self) -> IMAPClient:
        """The user's own connection. Close it by `with`."""
        client = IMAPClient("127.0.0.1", self.port, ssl=False, timeout=20)
        client.normalise_times = False
        # It writes the end of a literal by itself: without this it waits for an ACK.
        client.socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.login(self.user, PASSWORD)
        return client

    def name(self, path: Sequence[str]) -> str:
        return self.layout.name(tuple(path))

    def append(self, path: Sequence[str], *messages: tuple[bytes, object, Sequence[str]]) -> None:
        """Puts messages (content, date, flags) into a folder, which is made where missing."""
        with self.client() as client:
            name = self.name(path)
            if not client.folder_exists(name):
                client.create_folder(name)
            for mime, date, flags in messages:
                append_exactly(client, name, mime, flags, date)  # type: ignore[arg-type]


class ImapServers:
    """Servers that run until `close()`."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._running: dict[Callable[[], Server], Server] = {}
        self._used: dict[Server, int] = {}

    def mailbox(self, kind: str) -> ImapMailbox:
        """An empty mailbox on a server of this kind; skips the test where it cannot be had."""
        wanted = KINDS[kind]
        if wanted.start not in self._running:
            self._running[wanted.start] = self._begin(wanted)
        server = self._running[wanted.start]
        number = self._used.get(server, 0)
        self._used[server] = number + 1
        user = _USERS[0] if isinstance(server, Cyrus) else _USERS[number]
        found = ImapMailbox(server.port, user, wanted.login(user), wanted.layout)
        if isinstance(server, Cyrus) and number:
            _empty(found)
        return found

    def _begin(self, kind: Kind) -> Server:
        server = kind.start()
        self._stack.callback(server.close)
        return server

    def close(self) -> None:
        self._stack.close()
        self._running.clear()
        self._used.clear()


def _empty(mailbox: ImapMailbox) -> None:
    kept = {mailbox.name((name,)) for name in _FIRST_FOLDERS}
    with mailbox.client() as client:
        names = {name for flags, _, name in client.list_folders() if b"\\Noselect" not in flags}
        for name in sorted(names - kept, key=len, reverse=True):
            client.delete_folder(name)
        for name in kept & names:
            if client.folder_status(name, ["MESSAGES"])[b"MESSAGES"]:
                client.select_folder(name)
                client.delete_messages(client.search())
                client.expunge()
