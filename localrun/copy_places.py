"""Where a mailbox is: the URLs of the copy command.

    imaps://USER@HOST[:993]/             TLS from the first byte
    imap+starttls://USER@HOST[:143]/     TLS after STARTTLS
    imap://USER@HOST[:143]/              no TLS: only to this machine
    ews+https://HOST/PATH?mailbox=ADDRESS
    ews+http://HOST/PATH?mailbox=ADDRESS no TLS: only to this machine

Users and addresses are percent-encoded where they hold what a URL cannot. Passwords have no place
in a URL: other users of the machine can read a command line.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from migration.wire.imap_login import is_loopback

_IMAP = {"imaps": ("ssl", 993), "imap+starttls": ("starttls", 143), "imap": ("none", 143)}
_EWS = {"ews+https": "https", "ews+http": "http"}
_LONGEST = 1000


class PlaceRefusedError(Exception):
    """A URL cannot be used; the message says why, and never holds a password."""


@dataclass(frozen=True, slots=True)
class ImapPlace:
    """A mailbox of an IMAP server. `tls` is ssl, starttls or none."""

    user: str
    host: str
    port: int
    tls: str

    @property
    def name(self) -> str:
        """Says which mailbox this is, however it is reached."""
        return f"{self.user} at {self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class EwsPlace:
    """A mailbox behind Exchange Web Services. `url` is where requests go."""

    url: str
    mailbox: str

    @property
    def name(self) -> str:
        """Says which mailbox this is."""
        return f"{self.mailbox} at {self.url}"


Place = ImapPlace | EwsPlace


@dataclass(frozen=True, slots=True)
class _Url:
    """A URL taken apart. `query` holds its parameters."""

    parts: SplitResult
    host: str
    port: int | None
    user: str = field(repr=False)
    query: dict[str, list[str]] = field(repr=False)


def parse_source(url: str, *, allow_plain: bool = False) -> ImapPlace:
    """PlaceRefusedError for what is no URL of an IMAP mailbox."""
    place = parse_target(url, allow_plain=allow_plain)
    if isinstance(place, EwsPlace):
        raise PlaceRefusedError("a mailbox is read over IMAP; EWS is for targets only")
    return place


def parse_target(url: str, *, allow_plain: bool = False) -> Place:
    """PlaceRefusedError for what is no URL of a mailbox."""
    split = _split(url)
    if split.parts.scheme in _EWS:
        return _ews_place(split)
    return _imap_place(split, allow_plain=allow_plain)


def _split(url: str) -> _Url:
    try:
        parts = urlsplit(url)
        port = parts.port
        user = unquote(parts.username or "", errors="strict")
        query = parse_qs(parts.query, keep_blank_values=True, errors="strict")
    except ValueError as error:
        raise PlaceRefusedError(f"this is no URL: {error}") from None
    if parts.password is not None:
        raise PlaceRefusedError(
            "a URL must not hold a password: others can read a command line. Put it into a file, "
            "or into the environment"
        )
    if parts.scheme not in (*_IMAP, *_EWS):
        known = ", ".join(f"{name}://" for name in (*_IMAP, *_EWS))
        raise PlaceRefusedError(f"a URL begins with one of {known}")
    if not parts.hostname:
        raise PlaceRefusedError("the URL names no host; it looks like imaps://USER@HOST/")
    texts = (user, *query.get("mailbox", ()))
    if any(len(text) > _LONGEST or not text.isprintable() for text in texts):
        raise PlaceRefusedError("the user holds a control character, or is too long")
    if parts.fragment:
        raise PlaceRefusedError("the URL has a part after #; write %23 for a # of a name")
    return _Url(parts, parts.hostname, port, user, query)


def _imap_place(url: _Url, *, allow_plain: bool) -> ImapPlace:
    tls, usual_port = _IMAP[url.parts.scheme]
    if not url.user:
        raise PlaceRefusedError(
            "the URL names no user; it looks like imaps://USER@HOST/, with %40 for the @ of an "
            "address"
        )
    if url.parts.path not in ("", "/") or url.query:
        raise PlaceRefusedError(
            "the URL of a mailbox ends after the host; folders are chosen by --include"
        )
    if tls == "none" and not (allow_plain or is_loopback(url.host)):
        raise PlaceRefusedError(
            "over imap:// passwords and mail would travel openly: use imaps:// or "
            "imap+starttls://, or say --allow-plain"
        )
    return ImapPlace(url.user, url.host, url.port or usual_port, tls)


def _ews_place(url: _Url) -> EwsPlace:
    mailboxes = url.query.get("mailbox", [])
    if len(url.query) != 1 or len(mailboxes) != 1 or "@" not in mailboxes[0]:
        raise PlaceRefusedError(
            "the URL of a mailbox behind EWS ends with ?mailbox=ADDRESS and nothing else"
        )
    if url.user:
        raise PlaceRefusedError("EWS takes a bearer token, and no user in the URL")
    if url.parts.path in ("", "/"):
        raise PlaceRefusedError("the URL has no path; WorkMail's is /EWS/Exchange.asmx")
    scheme = _EWS[url.parts.scheme]
    if scheme == "http" and not is_loopback(url.host):
        raise PlaceRefusedError("ews+http:// is for this machine only: use ews+https://")
    return EwsPlace(f"{scheme}://{url.parts.netloc}{url.parts.path}", mailboxes[0])
