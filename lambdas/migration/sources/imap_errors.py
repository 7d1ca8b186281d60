"""Exceptions of imaplib, IMAPClient and the network, as errors of the migration.

imaplib raises `error` for NO and BAD, `abort` for a connection that is of no use any more. What the
server said is looked at for its response code (RFC 5530) and never repeated: it may hold addresses.
"""

from __future__ import annotations

import imaplib
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum

from imapclient import exceptions

from migration.errors import (
    CredentialsRejected,
    MailboxUnreachable,
    MigrationError,
    SourceBusy,
)

RETRY_AFTER = 30.0
"""Seconds to leave a server alone after it dropped the connection or asked for a pause."""


class Phase(StrEnum):
    """What was being done: the same exception means something else in each."""

    CONNECT = "connect"
    LOGIN = "log in"
    COMMAND = "answer"


class _Kind(StrEnum):
    LOST = "the connection is lost"
    REFUSED = "the server said no"
    GARBLED = "the server's answer makes no sense"


KINDS: Mapping[type[Exception], _Kind] = {
    imaplib.IMAP4.error: _Kind.REFUSED,
    imaplib.IMAP4.abort: _Kind.LOST,
    imaplib.IMAP4.readonly: _Kind.LOST,
    exceptions.LoginError: _Kind.REFUSED,
    exceptions.CapabilityError: _Kind.REFUSED,
    exceptions.IllegalStateError: _Kind.LOST,
    exceptions.InvalidCriteriaError: _Kind.REFUSED,
    exceptions.ProtocolError: _Kind.GARBLED,
    ValueError: _Kind.GARBLED,  # IMAPClient's lexer and dates
    UnicodeDecodeError: _Kind.GARBLED,
    OSError: _Kind.LOST,
    TimeoutError: _Kind.LOST,
    ConnectionError: _Kind.LOST,
    socket.gaierror: _Kind.LOST,
    socket.herror: _Kind.LOST,
    ssl.SSLError: _Kind.LOST,
    ssl.SSLCertVerificationError: _Kind.LOST,
    ssl.SSLEOFError: _Kind.LOST,
    ssl.SSLSyscallError: _Kind.LOST,
    ssl.SSLWantReadError: _Kind.LOST,
    ssl.SSLWantWriteError: _Kind.LOST,
    ssl.SSLZeroReturnError: _Kind.LOST,
}
"""Every exception class that can come out of the client; a test holds it complete."""

CAUGHT = (imaplib.IMAP4.error, OSError, ValueError)
"""The roots of those classes."""

_PAUSE_CODES = ("[UNAVAILABLE]", "[INUSE]", "[LIMIT]", "THROTTLED", "TOO MANY")


def translate(error: Exception, phase: Phase) -> MigrationError:
    """The error to raise instead. A first connection that fails is MailboxUnreachable: host, port
    or certificate are wrong, or the server is down. One that is lost later is SourceBusy."""
    kind = _kind(error)
    no_tls = "TLS" in str(error)
    if phase is Phase.CONNECT and (no_tls or not isinstance(error, imaplib.IMAP4.error)):
        return MailboxUnreachable(f"the source cannot be reached ({type(error).__name__})")
    # A greeting of BYE means that the server has enough connections now.
    if kind is _Kind.LOST or phase is Phase.CONNECT or _asks_for_a_pause(error):
        return SourceBusy(f"the source did not {phase} ({type(error).__name__})", RETRY_AFTER)
    if phase is Phase.LOGIN:
        return CredentialsRejected("the source refused the login")
    return MailboxUnreachable(f"the source refused a command ({kind})")


def is_about_a_message(error: Exception) -> bool:
    """Whether the server has hung up because it cannot read a message. Dovecot does, with this
    text in its BYE; another connection would be lost over the same message."""
    return isinstance(error, imaplib.IMAP4.abort) and "FETCH FAILED" in str(error).upper()


@contextmanager
def translated(phase: Phase) -> Iterator[None]:
    """Raises translated errors. Without a cause: its text must not reach a log."""
    try:
        yield
    except CAUGHT as error:
        raise translate(error, phase) from None


def _kind(error: Exception) -> _Kind:
    # IMAPClient turns whatever happens while logging in into a LoginError, a lost connection too.
    if isinstance(error, exceptions.LoginError) and isinstance(
        error.__context__, imaplib.IMAP4.abort
    ):
        return _Kind.LOST
    return next(KINDS[cls] for cls in type(error).__mro__ if cls in KINDS)


def _asks_for_a_pause(error: Exception) -> bool:
    text = str(error).upper()
    return any(code in text for code in _PAUSE_CODES)
