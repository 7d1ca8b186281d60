"""What failures of an IMAP connection mean for a target."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from migration.errors import (
    CredentialsRejected,
    FolderGone,
    MailboxUnreachable,
    MigrationError,
    QuotaExceeded,
    TargetBusy,
)
from migration.wire.imap_errors import (
    CommandRefused,
    ConnectionLost,
    ImapError,
    LoginRefused,
    NotConnected,
)

RETRY_AFTER = 30.0
"""Seconds to leave a server alone after it dropped the connection or asked for a pause. An IMAP
server carries out what it has received within a moment, so the folder can be asked then."""

_GONE_CODES = frozenset({"TRYCREATE", "NONEXISTENT"})
_FULL_CODES = frozenset({"OVERQUOTA"})
_BROKEN_CODES = frozenset({"SERVERBUG"})
"""The server stumbled: over the message, or over something of its own."""
_ABOUT_APPEND = frozenset({"LIMIT", "TOOBIG"})
"""For an APPEND these say that the message is too large, or has too many flags."""

_NOT_ABOUT_IT = _GONE_CODES | _FULL_CODES | _BROKEN_CODES


@contextmanager
def translated() -> Iterator[None]:
    """Around every use of the wire: only leaves of the error tree get out. Without a cause: its
    text must not reach a log."""
    try:
        yield
    except ImapError as error:
        raise translate(error) from None


def translate(error: ImapError) -> MigrationError:
    """The error to raise instead."""
    wait = error.retry_after or RETRY_AFTER
    match error:
        case NotConnected() if error.for_good:
            return MailboxUnreachable(f"the target cannot be reached ({error.code})")
        case NotConnected():
            return TargetBusy(f"the target takes no connection ({error.code})", wait)
        case LoginRefused():
            return CredentialsRejected(f"the target refused the login ({error.code})")
        case ConnectionLost():
            lost = error.code != "BYE" and not error.retry_after
            return TargetBusy(
                f"the connection to the target was lost ({error.code})", wait, lost=lost
            )
        case CommandRefused():
            return _refused(error, wait)
    return TargetBusy(f"the target's answer makes no sense ({error.code})", wait, lost=True)


def _refused(error: CommandRefused, wait: float) -> MigrationError:
    if error.code in _GONE_CODES:
        return FolderGone("a folder is gone at the target")
    if error.code in _FULL_CODES:
        return QuotaExceeded("the target mailbox is full")
    if error.code in _BROKEN_CODES:
        return TargetBusy(f"the target has an internal error ({error.code})", wait, lost=True)
    if error.pause:
        return TargetBusy(f"the target asks for a pause ({error.code})", wait)
    return MailboxUnreachable(f"the target refused a command ({error.code})")


def is_about_message(error: CommandRefused) -> bool:
    """Whether an APPEND was refused for what was to be appended, so that less of it, or something
    else, may be taken."""
    if error.code in _ABOUT_APPEND:
        return not error.retry_after
    return not error.pause and error.code not in _NOT_ABOUT_IT
