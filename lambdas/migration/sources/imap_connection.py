"""A connection to an IMAP server, and what is asked of it before a folder is opened."""

from __future__ import annotations

import ipaddress
import logging
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from imapclient import IMAPClient, SocketTimeout, imap_utf7

from migration.errors import TenantMisconfigured
from migration.sources.imap_errors import CAUGHT, Phase, translated
from migration.sources.imap_names import Listed, Namespaces, listed


@dataclass(frozen=True, slots=True)
class ImapLogin:
    """How to log in. With `authorize_as`, `user` is an administrator who opens that user's mailbox
    (SASL PLAIN with an authorization identity, RFC 4616)."""

    user: str = field(repr=False)
    password: str = field(repr=False)
    authorize_as: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class ImapServer:
    """Where and how to connect. `tls` is ssl (from the first byte), starttls or none; none is
    refused for hosts other than this one unless `allow_plain`. Timeouts in seconds."""

    host: str
    port: int
    tls: str
    context: ssl.SSLContext | None = None
    allow_plain: bool = False
    connect_timeout: float = 20.0
    read_timeout: float = 120.0

    def __post_init__(self) -> None:
        if self.tls not in ("ssl", "starttls", "none"):
            raise TenantMisconfigured(["the source's tls must be ssl, starttls or none"])
        if self.tls == "none" and not (self.allow_plain or _is_loopback(self.host)):
            raise TenantMisconfigured(["the source's tls is none: passwords would travel openly"])

    def connect(self) -> IMAPClient:
        """A connection, not logged in."""
        # At DEBUG, IMAPClient writes users, passwords and mail into the log.
        logging.getLogger("imapclient").setLevel(logging.WARNING)
        client = IMAPClient(
            self.host,
            self.port,
            ssl=self.tls == "ssl",
            ssl_context=self.context,
            timeout=SocketTimeout(self.connect_timeout, self.read_timeout),
        )
        client.normalise_times = False  # else dates lose their zone and move to this machine's
        client.folder_encode = False  # names go back to the server byte by byte
        if self.tls == "starttls":
            client.starttls(self.context)
        return client


def probe(host: str, port: int, tls: str) -> None:
    """Connects and hangs up. MailboxUnreachable, SourceBusy, TenantMisconfigured."""
    with translated(Phase.CONNECT):
        hang_up(ImapServer(host, port, tls).connect())


def log_in(client: Any, login: ImapLogin) -> None:
    """Raises what imaplib raises."""
    if login.authorize_as:
        client.plain_login(login.user, login.password, login.authorize_as)
    elif _can_use_login(client, login):
        client.login(login.user, login.password)
    else:
        client.plain_login(login.user, login.password)


def _can_use_login(client: Any, login: ImapLogin) -> bool:
    """LOGIN knows only ASCII, and a server may forbid it (RFC 3501 section 7.2.1)."""
    plain = login.user.isascii() and login.password.isascii()
    return plain and not client.has_capability("LOGINDISABLED")


def hang_up(client: Any) -> None:
    """Ends the connection, whatever state it is in."""
    with suppress(*CAUGHT):
        client.logout()
        return
    with suppress(*CAUGHT):
        client.shutdown()


def read_namespaces(client: Any) -> Namespaces:
    """Empty where the server has no NAMESPACE (RFC 2342)."""
    if not client.has_capability("NAMESPACE"):
        return Namespaces()
    personal, other, shared = client.namespace()

    def prefixes(*groups: Any) -> tuple[str, ...]:
        return tuple(
            prefix.decode("latin-1") if isinstance(prefix, bytes) else str(prefix)
            for group in groups
            for prefix, _delimiter in group or ()
        )

    return Namespaces(prefixes(personal), prefixes(other, shared))


def list_folders(client: Any) -> list[Listed]:
    """LIST, with the flags of XLIST where a server knows special folders only by that."""
    entries = [listed(*row) for row in client.list_folders()]
    if client.has_capability("XLIST") and not client.has_capability("SPECIAL-USE"):
        extra = {each.name: each.flags for each in (listed(*r) for r in client.xlist_folders())}
        none: frozenset[str] = frozenset()
        entries = [
            Listed(each.name, each.delimiter, each.flags | extra.get(each.name, none))
            for each in entries
        ]
    return entries


def folder_exists(client: Any, name: str) -> bool:
    """Whether LIST shows the folder now."""
    return any(listed(*row).name == name for row in client.list_folders())


def wire_name(name: str) -> str:
    """The name for a command. imaplib sends only ASCII: a server that lists raw UTF-8 gets the
    modified UTF-7 that it should have sent."""
    if name.isascii():
        return name
    encoded: bytes = imap_utf7.encode(name.encode("latin-1").decode("utf-8", "replace"))
    return encoded.decode("ascii")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
