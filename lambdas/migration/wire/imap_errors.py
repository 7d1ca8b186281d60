"""How an IMAP connection fails. Messages hold codes, never what the server wrote."""

from __future__ import annotations

import re

PAUSE_CODES = frozenset({"UNAVAILABLE", "INUSE", "LIMIT"})
"""Response codes (RFC 5530) that ask for a pause."""

_CODE = re.compile(r"^\[([A-Z0-9-]+)", re.IGNORECASE)
_BACK_OFF = re.compile(r"Backoff Time: *(\d+) *milliseconds", re.IGNORECASE)
_FULL = re.compile(r"over ?quota|quota exceeded|exceeded .{0,20}quota|mailbox is full", re.I)
"""Cyrus gives no code, Courier only ALERT."""

_NO_MAILBOX = re.compile(r"authenticated but not connected", re.I)
"""Exchange takes a token that opens no mailbox, and refuses every command after it."""

_THROTTLED = re.compile(
    r"throttl|too many|rate limit|bandwidth limit|temporary authentication", re.IGNORECASE
)


class ImapError(Exception):
    """Base of what the IMAP client raises. `retry_after` is what the server asked for, in
    seconds, 0 if it did not."""

    def __init__(self, code: str, retry_after: float = 0.0) -> None:
        super().__init__(code)
        self.code = code
        self.retry_after = retry_after


class NotConnected(ImapError):
    """No connection could be made: host, port or certificate are wrong, or the server is down.
    `for_good` says that trying again will not help."""

    def __init__(self, code: str, *, for_good: bool) -> None:
        super().__init__(code)
        self.for_good = for_good


class ConnectionLost(ImapError):
    """The connection broke off or timed out; what was asked may have been done. `by_fetch` says
    that the server hung up because it cannot read a message."""

    def __init__(self, code: str, retry_after: float = 0.0, *, by_fetch: bool = False) -> None:
        super().__init__(code, retry_after)
        self.by_fetch = by_fetch


class Garbled(ImapError):
    """What the server sent is no IMAP. The connection cannot be used any more."""


class LoginRefused(ImapError):
    """The server does not take the credentials."""


NO_ACCESS = "no-access"
"""The code of a command that was refused because the login does not open the mailbox."""


class CommandRefused(ImapError):
    """NO or BAD. `code` is the response code, or NO or BAD without one. `pause` says that the
    server asks for a pause rather than refusing for good."""

    def __init__(self, code: str, retry_after: float = 0.0, *, pause: bool = False) -> None:
        super().__init__(code, retry_after)
        self.pause = pause


def refused(status: str, text: str) -> CommandRefused:
    """The error for a tagged NO or BAD with this text."""
    found = _CODE.match(text)
    wait = back_off(text)
    code = "OVERQUOTA" if _FULL.search(text) else found[1].upper() if found else status
    code = NO_ACCESS if _NO_MAILBOX.search(text) else code
    pause = bool(wait) or code in PAUSE_CODES or _THROTTLED.search(text) is not None
    return CommandRefused(code, wait, pause=pause)


def hung_up(text: str) -> ConnectionLost:
    """The error for a BYE with this text. Dovecot says there that it cannot read a message, and
    another connection would be lost over the same one."""
    return ConnectionLost("BYE", back_off(text), by_fetch="FETCH FAILED" in text.upper())


def back_off(text: str) -> float:
    """The seconds that Microsoft's servers suggest to wait; 0 if the text holds none."""
    found = _BACK_OFF.search(text)
    return int(found[1]) / 1000 if found else 0.0
