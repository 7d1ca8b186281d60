"""What EWS's failures mean for a migration: every one becomes a leaf of the error tree.

A code names what is wrong with an item unless it stands in one of the tables here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from migration.errors import (
    AdministratorPending,
    Busy,
    CredentialsRejected,
    FolderGone,
    MailboxUnreachable,
    MigrationError,
    QuotaExceeded,
    TargetBusy,
)
from migration.wire.ews_failures import BUSY_CODES, DEFAULT_BACK_OFF, refuse
from migration.wire.ews_model import (
    AnswerLost,
    EwsError,
    NotAdmitted,
    Refused,
    RequestRefused,
    ServerBusy,
    Unauthorized,
    Unreachable,
)

_CREDENTIAL_CODES = frozenset(
    {
        "ErrorAccessDenied",
        "ErrorAccountDisabled",
        "ErrorImpersonationDenied",
        "ErrorImpersonationFailed",
        "ErrorInvalidExchangeImpersonationHeaderData",
        "ErrorLogonAsNetworkServiceFailed",
        "ErrorOrganizationAccessBlocked",
        "ErrorPasswordExpired",
        "ErrorTokenSerializationDenied",
    }
)
# Of those, the ones about how the mailbox was to be entered: who asked has logged in.
_ENTRY_CODES = frozenset(
    {
        "ErrorAccessDenied",
        "ErrorImpersonationDenied",
        "ErrorImpersonationFailed",
        "ErrorInvalidExchangeImpersonationHeaderData",
    }
)
# A mailbox says this for up to five minutes to a role or a user that it has not heard of yet.
_ROLE_CODES = frozenset({"ErrorImpersonateUserDenied"})
_QUOTA_CODES = frozenset({"ErrorQuotaExceeded", "ErrorMessagePerFolderCountReceiveQuotaExceeded"})
_MAILBOX_CODES = frozenset(
    {
        "ErrorInvalidServerVersion",
        "ErrorMailboxConfiguration",
        "ErrorMailboxLogonFailed",
        "ErrorMissingExchangePrincipal",
        "ErrorNonExistentMailbox",
        "ErrorNonPrimarySmtpAddress",
        "ErrorNoRespondingCASInDestinationSite",
    }
)
# These too, when the mailbox lacks a folder that every mailbox has.
FOLDER_CODES = frozenset(
    {"ErrorFolderNotFound", "ErrorParentFolderNotFound", "ErrorSavedItemFolderNotFound"}
)
# For one item this is a refusal like any other: waiting would not bring the batch on.
ITEM_BUSY_CODES = BUSY_CODES - {"ErrorInternalServerError"}
_ABOUT_MORE = (
    _CREDENTIAL_CODES | _ROLE_CODES | _QUOTA_CODES | _MAILBOX_CODES | FOLDER_CODES | ITEM_BUSY_CODES
)

COMMIT_SECONDS = 120.0
"""For how long a server may go on storing a request after its answer was lost. Gateways give up
after 60 seconds and more, and the server behind them is not told: it goes on until its own limit.
Who asks earlier may find nothing, and sending again would then store the messages twice."""

_ROLE_RETRY = 30.0


@contextmanager
def translated() -> Iterator[None]:
    """Around every use of the client: only leaves of the error tree get out."""
    try:
        yield
    except EwsError as error:
        raise translate(error) from error


@contextmanager
def folder_translated() -> Iterator[None]:
    """The same for what is done in a folder that may have been deleted meanwhile: FolderGone."""
    try:
        yield
    except EwsError as error:
        if isinstance(error, RequestRefused) and error.code in FOLDER_CODES:
            raise FolderGone(f"WorkMail has the folder no more ({error.code})") from error
        raise translate(error) from error


def translate(error: EwsError) -> MigrationError:
    """The leaf of the error tree that an EWS failure means for the mailbox."""
    if isinstance(error, ServerBusy):
        return TargetBusy(f"WorkMail is busy ({error.code})", error.retry_after)
    if isinstance(error, AnswerLost):
        return TargetBusy(f"WorkMail's answer was lost ({error.code})", COMMIT_SECONDS)
    if isinstance(error, Unauthorized):
        return CredentialsRejected(f"WorkMail refuses the administrator's login ({error})")
    if isinstance(error, NotAdmitted):
        return _pending(error.code)
    if isinstance(error, Unreachable) and not error.for_good:
        return TargetBusy(f"WorkMail takes no connection ({error.code})", DEFAULT_BACK_OFF)
    code = error.code if isinstance(error, Unreachable | RequestRefused) else str(error)
    return translate_code(code)


def translate_code(code: str) -> MigrationError:
    """The leaf for a response code that is about more than one item."""
    if code in BUSY_CODES:
        return TargetBusy(f"WorkMail is busy ({code})", DEFAULT_BACK_OFF)
    if code in _ROLE_CODES:
        return _pending(code)
    if code in _CREDENTIAL_CODES:
        message = f"WorkMail lets the administrator not in ({code})"
        return CredentialsRejected(message, after_login=code in _ENTRY_CODES)
    if code in _QUOTA_CODES:
        return QuotaExceeded(f"the WorkMail mailbox is full ({code})")
    return MailboxUnreachable(f"WorkMail refuses to go on with the mailbox ({code})")


def _pending(code: str) -> AdministratorPending:
    return AdministratorPending(
        f"the mailbox does not let the administrator in yet ({code})", _ROLE_RETRY
    )


def is_about_more(code: str) -> bool:
    """Whether a code, even when it is given for one item, says that its folder or its mailbox
    cannot go on."""
    return code in _ABOUT_MORE


def is_refused(answer: object) -> bool:
    """Whether an answer for one item is a refusal; raises EwsError when it is about more than the
    item."""
    if isinstance(answer, Refused) and is_about_more(answer.code):
        raise refuse(answer.code, answer.retry_after)
    return isinstance(answer, Refused)


def gravest(own: Exception, others: Sequence[Exception]) -> Exception:
    """What to raise when several requests failed: `own`, unless it would have the caller look or go
    on too early. A lost answer of any of them comes first, and what is tried again without an
    operator waits no shorter than any says.
    """
    failures = [own, *others]
    seconds = max((each.retry_after for each in failures if isinstance(each, Busy)), default=0.0)
    lost = next((each for each in failures if isinstance(each.__cause__, AnswerLost)), None)
    if lost is not None and not isinstance(own.__cause__, AnswerLost):
        return TargetBusy(str(lost), seconds)
    own_wait = own.retry_after if isinstance(own, Busy) else 0.0
    is_tried_again = isinstance(own, TargetBusy | AdministratorPending | MailboxUnreachable)
    if is_tried_again and own_wait < seconds:
        return TargetBusy(str(own), seconds)
    return own
