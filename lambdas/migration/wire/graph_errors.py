"""What a status and a code of Graph mean. Pure.

https://learn.microsoft.com/graph/errors and the codes of Exchange Online behind it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from migration.errors import CredentialsRejected, MailboxUnreachable, SourceBusy
from migration.wire.graph_model import GraphRefused
from migration.wire.http_connections import BACK_OFF, read_retry_after

_BUSY = frozenset({429, 503, 509})
_BUSY_CODES = frozenset(
    {"ErrorServerBusy", "ErrorMailboxMoveInProgress", "ErrorMailboxStoreUnavailable"}
)
_STUMBLES = frozenset({500, 502, 504})
_IS_BUSY = "Microsoft Graph is busy"
_LONGEST = 5.0
_TIMES_BUSY = 4
_TIMES_STUMBLED = 2

_DENIED = frozenset({"ErrorAccessDenied", "Authorization_RequestDenied", "AccessDenied"})
_NO_MAILBOX = frozenset(
    {
        "ErrorInvalidUser",
        "ErrorNonExistentMailbox",
        "ErrorNonPrimarySmtpAddress",
        "ErrorMissingInformationStore",
        "MailboxNotEnabledForRESTAPI",
        "MailboxNotSupportedForRESTAPI",
        "MailboxNotHostedInExchangeOnline",
        "ErrorMailboxNotHostedInExchangeOnline",
    }
)
_NO_USER = frozenset({"Request_ResourceNotFound", "ResourceNotFound"})


def explain(refused: GraphRefused, path: str) -> Exception:
    """What a refusal means for the mailbox or the application: CredentialsRejected,
    MailboxUnreachable, or `refused` itself where it is about one thing only. `path` is what was
    asked for."""
    told = f"({refused.code or f'http-{refused.status}'})"
    if refused.status == 401:
        return CredentialsRejected(
            f"Graph refused the application's token {told}: compare cloud and directory"
        )
    if refused.status == 403 and refused.code in _DENIED:
        return CredentialsRejected(
            f"Graph denies the application access {told}: grant it the permissions, with an"
            " administrator's consent, and the mailbox must be in its scope",
            after_login=True,
        )
    if refused.code in _NO_MAILBOX:
        return MailboxUnreachable(f"the source has no mailbox in Exchange Online there {told}")
    if refused.status == 404 and refused.code in _NO_USER and path.startswith("/users/"):
        return MailboxUnreachable(f"the source's directory does not know the user {told}")
    return refused


class Patience:
    """How often one question is asked again, and after how many seconds."""

    def __init__(self) -> None:
        self._busy = self._stumbled = 0

    def after_busy(self, wait: float | None) -> float:
        """The seconds to wait for a service that asks for `wait`, if it says. SourceBusy when that
        is more than a function should sleep, or has been too often."""
        self._busy += 1
        seconds = 2.0 ** (self._busy - 1) if wait is None else wait
        if seconds > _LONGEST:
            raise SourceBusy(_IS_BUSY, seconds)
        if self._busy > _TIMES_BUSY:
            raise SourceBusy(_IS_BUSY, BACK_OFF)
        return seconds

    def after_stumble(self, refused: GraphRefused) -> float:
        """The seconds to wait after a server behind Graph has stumbled; `refused` is raised when
        that has been too often: one item may be to blame."""
        self._stumbled += 1
        if self._stumbled > _TIMES_STUMBLED:
            raise refused
        return float(self._stumbled)

    def progress(self) -> None:
        """Some of what was asked for has come."""
        self._busy = 0


def is_busy(refused: GraphRefused, wait: float | None) -> bool:
    """Whether it passes for all that is asked. `wait` is the Retry-After."""
    if refused.status == 504 and wait is not None:
        return True
    return refused.status in _BUSY or refused.code in _BUSY_CODES


def stumbles(refused: GraphRefused) -> bool:
    """Whether it may pass when the same is asked again: Graph's gateway answers so when a server
    behind it does not."""
    return refused.status in _STUMBLES


def read_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds of the answer's Retry-After, None without one. Names of headers in lower case."""
    value = headers.get("retry-after", "")
    return read_retry_after(value, datetime.now(UTC)) if value.strip() else None
