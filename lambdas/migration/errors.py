"""The errors, and what the workflow does about each.

The class names are an API: a Lambda reports `type(error).__name__`, and Step Functions compares
that string with `ErrorEquals`. A base class catches nothing there, so every leaf that can leave a
Lambda is named in some Retry or Catch of statemachines/migrate_tenant.asl.json (a test holds it).

    MigrationError
    |- ItemError                    one message; recorded with its reason, the rest goes on
    |  |- ItemRejected              the target refuses it for good
    |  |- ItemUnreadable            the source cannot give it
    |  |- ItemMalformed             what the source gives is no calendar and no contact
    |  `- ItemGone                  it vanished at the source since it was listed
    |- Busy(retry_after)            try again after so many seconds
    |  |- SourceBusy
    |  |- TargetBusy
    |  |- ProvisioningPending       WorkMail has not finished what it was asked to do
    |  `- AdministratorPending      the administrator's rights are not effective yet
    |- FolderGone                   a target folder was deleted; the engine creates it again
    |- MailboxError                 one mailbox is FAILED, the others go on; the operator acts
    |  |- MailboxUnreachable
    |  |- CredentialsRejected
    |  |- SourceChanged             a folder was recreated, and what was copied cannot be told
    |  |- QuotaExceeded
    |  |- UserRefused               WorkMail refuses to make or change this user or entity
    |  |- BatchStuck                a batch was begun again and again and never finished
    |  `- FencedOff                 a newer worker has taken this folder over; this one stops
    |- Unexpected                   a bug, or an outage nobody foresaw: tried again a few times
    `- TenantError                  nothing goes on; every problem at once
       |- InputInvalid              the execution's input
       |- ManifestInvalid
       |- PreflightFailed
       |- TenantMisconfigured       what the tenant file says and what exists do not fit
       |- NothingCopied             every mailbox failed: cutting over would lose mail
       |- RollbackRejected          the operator's word, not ours: nothing is taken back
       |- ErasureRefused            the migration is not finished: nothing is erased
       |- ErasureIncomplete         what is to be erased is there again and again
       |- VerificationFailed        the target lacks messages that the ledger knows as copied
       `- SettingsError             an environment variable is missing or wrong

Messages name ids, lines, columns and codes. They never hold an address, a subject, a password or
a server's free text, because Step Functions keeps them in the execution's history.
"""

from __future__ import annotations

from collections.abc import Sequence


class MigrationError(Exception):
    """Base of every error that this product raises on purpose."""


class ItemError(MigrationError):
    """One message cannot be copied. `reason` is a short code that the report shows."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ItemRejected(ItemError):
    """The target refuses the message, and would refuse it again."""


class ItemUnreadable(ItemError):
    """The source lists the message and cannot give it."""


class ItemMalformed(ItemError):
    """What was read is no iCalendar and no vCard. `problems` lists all that is wrong with it, each
    with its line; it holds no values."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("malformed")
        self.problems = tuple(problems)


class ItemGone(ItemError):
    """The message vanished at the source after it was listed."""


class Busy(MigrationError):
    """Nothing is wrong; `retry_after` seconds from now it is worth another try."""

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class SourceBusy(Busy):
    """The source throttles, or its connection was lost. `lost` says that a server that has answered
    before broke the connection: what was asked for may be to blame."""

    def __init__(self, message: str, retry_after: float, *, lost: bool = False) -> None:
        super().__init__(message, retry_after)
        self.lost = lost


class TargetBusy(Busy):
    """The target throttles, or its connection was lost; what it stored is unknown. `lost` says that
    the connection broke without a word: a message may be to blame for it."""

    def __init__(self, message: str, retry_after: float, *, lost: bool = False) -> None:
        super().__init__(message, retry_after)
        self.lost = lost


class ProvisioningPending(Busy):
    """WorkMail accepted a change that is not visible yet."""


class AdministratorPending(Busy):
    """The administrator has rights that the mailboxes do not honour yet (5 minutes at most)."""


class FolderGone(MigrationError):
    """A target folder is not there any more. Never leaves the copy engine."""


class MailboxError(MigrationError):
    """One mailbox cannot go on. The message says what the operator can do."""


class MailboxUnreachable(MailboxError):
    """Source or target does not know the mailbox, or cannot be reached at all."""


class CredentialsRejected(MailboxError):
    """The source or the target refused the login. `after_login`: it took the password or the token,
    and then refused what the mailbox was to be opened by."""

    def __init__(self, message: str, *, after_login: bool = False) -> None:
        super().__init__(message)
        self.after_login = after_login


class SourceChanged(MailboxError):
    """A source folder was recreated (new UIDVALIDITY): its old positions mean nothing now. The
    engine matches its messages by content; this leaves it only where that cannot be done."""


class QuotaExceeded(MailboxError):
    """The target mailbox is full."""


class UserRefused(MailboxError):
    """WorkMail refuses to create, enable or change this user, group or resource; `reason` in the
    message."""


class BatchStuck(MailboxError):
    """The same batch was begun again and again without success; another try would end like them."""


class FencedOff(MailboxError):
    """Another worker claimed the folder with a higher fence. Nothing more was written."""


class Unexpected(MigrationError):
    """Stands for any other exception, whose own text might hold an address or a subject: names
    only its type and the place where it was raised."""


class TenantError(MigrationError):
    """The run cannot go on. `problems` lists every reason, each a line of the text."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class InputInvalid(TenantError):
    """The execution's input has unknown keys or wrong values."""


class ManifestInvalid(TenantError):
    """The manifest is missing or has faults; a problem begins with its file and line."""


class PreflightFailed(TenantError):
    """Something outside must be put right first."""


class TenantMisconfigured(TenantError):
    """The tenant file names things that do not exist or do not fit together."""


class NothingCopied(TenantError):
    """Not one mailbox was copied."""


class RollbackRejected(TenantError):
    """What the operator sends who rejects a rollback; never raised here. No failure of the run."""


class ErasureRefused(TenantError):
    """The operator must confirm more, or confirm at all, before anything is erased."""


class ErasureIncomplete(TenantError):
    """All was erased again and again, and each time something was there afterwards."""


class VerificationFailed(TenantError):
    """Source, ledger and target do not agree after the last pass."""


class SettingsError(TenantError):
    """Environment variables are missing or malformed; each is named."""


def leaves(root: type[MigrationError] = MigrationError) -> list[type[MigrationError]]:
    """All concrete error classes below `root`, in the order they are defined."""
    below = root.__subclasses__()
    return [root] if not below else [leaf for child in below for leaf in leaves(child)]
