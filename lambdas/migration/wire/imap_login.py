"""Where an IMAP server is, and how to log in there."""

from __future__ import annotations

import base64
import re
from collections.abc import Collection
from dataclasses import dataclass, field

TYPE_CHECKING = False  # as in typing, which takes long to load
if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    TokenMaker = Callable[[], str]
    """Gives a token that is good for some minutes, a new one where the last has grown old. Raises
    CredentialsRejected, MailboxUnreachable, SourceBusy."""

_FITS_LOGIN = re.compile(r"[\x01-\x09\x0b\x0c\x0e-\x7f]*")

_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})

TLS_MODES = ("ssl", "starttls", "none")


@dataclass(frozen=True, slots=True)
class ImapServer:
    """Where and how to connect. `tls` is ssl (from the first byte), starttls or none; none is
    refused for hosts other than this one unless `allow_plain`. Certificates are verified, by
    `context` if given. Timeouts in seconds. ValueError when this does not fit together."""

    host: str
    port: int
    tls: str
    context: ssl.SSLContext | None = None
    allow_plain: bool = False
    connect_timeout: float = 20.0
    read_timeout: float = 120.0

    def __post_init__(self) -> None:
        if self.tls not in TLS_MODES:
            raise ValueError(f"tls must be one of {', '.join(TLS_MODES)}")
        if self.tls == "none" and not (self.allow_plain or is_loopback(self.host)):
            raise ValueError("without TLS, passwords and mail would travel openly")


@dataclass(frozen=True, slots=True)
class ImapLogin:
    """How to log in: with `password`, or with `token` (OAuth 2), or with that which `make_token`
    gives whenever a connection logs in. With `authorize_as`, `user` is an
    administrator who opens that user's mailbox (SASL PLAIN with an authorization identity, RFC
    4616). With `master`, the password is that of a master user, and the login is `user*master`, as
    Dovecot has it."""

    user: str = field(repr=False)
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    authorize_as: str = field(default="", repr=False)
    master: str = field(default="", repr=False)
    make_token: TokenMaker | None = field(default=None, repr=False)

    @property
    def login_name(self) -> str:
        """What the server takes for the user's name."""
        return f"{self.user}*{self.master}" if self.master else self.user


@dataclass(frozen=True, slots=True)
class Sasl:
    """One exchange of AUTHENTICATE. `answer_to_failure` is what the client says to a challenge
    that tells why the login failed, so that the server can end the exchange."""

    mechanism: str
    response: bytes = field(repr=False)
    answer_to_failure: bytes = b""

    @property
    def encoded(self) -> bytes:
        """As it goes over the wire (RFC 4648)."""
        return base64.b64encode(self.response)

    @property
    def encoded_answer_to_failure(self) -> bytes:
        return base64.b64encode(self.answer_to_failure)


def choose_sasl(login: ImapLogin, server: ImapServer, capabilities: Collection[str]) -> Sasl | None:
    """The SASL exchange for this login, None for the LOGIN command.

    LOGIN knows only ASCII without line ends, and a server may forbid it (RFC 3501 section 7.2.1).
    Raises what `make_token` raises.
    """
    token = login.make_token() if login.make_token else login.token
    if token:
        return _oauth(login.authorize_as or login.user, token, server, capabilities)
    fits = _FITS_LOGIN.fullmatch(login.login_name) and _FITS_LOGIN.fullmatch(login.password)
    if fits and not login.authorize_as and "LOGINDISABLED" not in capabilities:
        return None
    parts = (login.authorize_as, login.login_name, login.password)
    return Sasl("PLAIN", "\0".join(parts).encode())


def _oauth(user: str, token: str, server: ImapServer, capabilities: Collection[str]) -> Sasl:
    """OAUTHBEARER (RFC 7628) where the server has it, else XOAUTH2, which came before it."""
    bearer = f"auth=Bearer {token}\1"
    if "AUTH=OAUTHBEARER" in capabilities:
        identity = user.replace("=", "=3D").replace(",", "=2C")
        head = f"n,a={identity},\1host={server.host}\1port={server.port}\1"
        return Sasl("OAUTHBEARER", f"{head}{bearer}\1".encode(), b"\1")
    return Sasl("XOAUTH2", f"user={user}\1{bearer}\1".encode())


def is_loopback(host: str) -> bool:
    """Whether the host is this machine."""
    if host in _THIS_MACHINE:
        return True
    import ipaddress  # by which a pass over a quiet mailbox would be noticeably longer

    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
