"""What failures of an IMAP connection mean for a source."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from migration.errors import CredentialsRejected, MailboxUnreachable, MigrationError, SourceBusy
from migration.wire.imap_errors import (
    NO_ACCESS,
    CommandRefused,
    ConnectionLost,
    ImapError,
    LoginRefused,
    NotConnected,
)

RETRY_AFTER = 30.0
"""Seconds to leave a server alone after it dropped the connection or asked for a pause."""


@contextmanager
def translated() -> Iterator[None]:
    """Around every use of the wire: only leaves of the error tree get out. Without a cause: its
    text must not reach a log."""
    try:
        yield
    except ImapError as error:
        raise translate(error) from None


def translate(error: ImapError) -> MigrationError:
    """The error to raise instead. A first connection that fails is MailboxUnreachable: host, port
    or certificate are wrong, or the server is down. One that is lost later is SourceBusy."""
    wait = error.retry_after or RETRY_AFTER
    match error:
        case NotConnected():
            return MailboxUnreachable(f"the source cannot be reached ({error.code})")
        case LoginRefused():
            return CredentialsRejected(f"the source refused the login ({error.code})")
        case ConnectionLost():
            return SourceBusy(f"the connection to the source was lost ({error.code})", wait)
        case CommandRefused() if error.pause or error.code == "OVERQUOTA":
            # Nothing is stored here: it is Gmail's word for too much that was asked.
            return SourceBusy(f"the source asks for a pause ({error.code})", wait)
        case CommandRefused() if error.code == NO_ACCESS:
            return CredentialsRejected(
                f"the source took the login, which opens no mailbox ({error.code})",
                after_login=True,
            )
        case CommandRefused():
            return MailboxUnreachable(f"the source refused a command ({error.code})")
    return SourceBusy(f"the source's answer makes no sense ({error.code})", wait)
