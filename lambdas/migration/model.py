"""The words of the migration, as values. Standard library only; no behaviour that needs I/O.

Ids are opaque strings. A mailbox id is a digest of tenant and address, a folder key is a digest of
the folder's name at the source: both may stand in logs and events, the names themselves may not.
Times are timezone-aware datetimes or ISO 8601 strings that end in Z.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from migration.mail import ItemRef

# ---- who is migrated -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Profile:
    """What WorkMail knows of a user beside its names and addresses. What is empty or None in a
    manifest is left as WorkMail has it.

    `hidden` is about the global address list. `role` is USER or REMOTE_USER in a manifest; WorkMail
    shows RESOURCE and SYSTEM_USER too. `identity_center_id` is the id in IAM Identity Center.
    """

    initials: str = ""
    job_title: str = ""
    company: str = ""
    department: str = ""
    office: str = ""
    telephone: str = ""
    street: str = ""
    city: str = ""
    zip_code: str = ""
    country: str = ""
    hidden: bool | None = None
    role: str = ""
    identity_center_id: str = ""


@dataclass(frozen=True, slots=True)
class ManifestRow:
    """One line of the manifest: a user of the tenant. `line` counts from 1, the header included.
    `quota_mb` is 0 where the line does not say."""

    line: int
    source: str
    target: str
    username: str
    display_name: str
    first_name: str = ""
    last_name: str = ""
    aliases: tuple[str, ...] = ()
    profile: Profile = Profile()
    quota_mb: int = 0


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A mailbox to migrate. `source` is the login name or address there, `target` the address.
    `quota_mb` is 0 where the manifest does not say. `is_resource`: it is that of a room or a piece
    of equipment, which has no user and of which only the calendar is copied."""

    id: str
    source: str
    target: str
    username: str
    display_name: str
    first_name: str = ""
    last_name: str = ""
    aliases: tuple[str, ...] = ()
    profile: Profile = Profile()
    quota_mb: int = 0
    is_resource: bool = False


class AdministratorKind(StrEnum):
    """`target.administrator` in the tenant file: who opens the mailboxes. AUTO: an impersonation
    role if it is allowed, else the console's administrator if there is one whose password is known,
    else a user of the migration's own."""

    AUTO = "auto"
    ROLE = "role"
    USER = "user"
    CONSOLE = "console"


class NewPasswords(StrEnum):
    """What users who are created get. GENERATE: the operator's password, else one that is made up.
    GIVEN: the operator's, else none. NONE: none."""

    GENERATE = "generate"
    GIVEN = "secret"
    NONE = "none"


class MailboxStatus(StrEnum):
    """Where a mailbox stands in this run. PAUSED: its copy stopped because the operator wanted it,
    and the next pass goes on."""

    PLANNED = "planned"
    PROVISIONED = "provisioned"
    COPYING = "copying"
    PAUSED = "paused"
    COPIED = "copied"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a mailbox or a run stopped.

    error   the error's name
    reason  a sentence for the operator
    """

    error: str
    reason: str


# ---- what the ledger knows -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Intent:
    """Messages that are being appended: what is in doubt if the worker dies now.

    `mark` is where the target folder ended before. `seen_at` is from when the intent has rested
    (empty: not yet): some time after it the target may be asked what it has. A later worker sets
    it to when it found the intent open; the worker that owns the messages may set it back.
    `attempts` counts the workers that found it open, `crashes` those before them that had died
    over it; `left` says that the last one lived to leave it. With `focus`, only so many messages
    are tried at once, in order to find the one to blame.
    """

    refs: tuple[ItemRef, ...]
    mark: str
    seen_at: str = ""
    attempts: int = 0
    crashes: int = 0
    focus: int = 0
    left: bool = False


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of messages, and bytes of those copied."""

    copied: int = 0
    size: int = 0
    rejected: int = 0
    gone: int = 0
    skipped: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.copied + other.copied,
            self.size + other.size,
            self.rejected + other.rejected,
            self.gone + other.gone,
            self.skipped + other.skipped,
        )

    @property
    def seen(self) -> int:
        """Messages that were dealt with, whatever became of them."""
        return self.copied + self.rejected + self.gone + self.skipped


class DeltaPolicy(StrEnum):
    """What later passes bring besides new messages and changed flags. ADD: nothing more. FOLLOW:
    what was deleted or moved at the source is deleted or moved at the target, too."""

    ADD = "add"
    FOLLOW = "follow"


@dataclass(frozen=True, slots=True)
class CopyPolicy:
    """What of a mailbox is copied, and how.

    `include` and `exclude` are folder patterns (see selection.py). Messages received on or after
    `received_from` and before `received_before` (ISO days in UTC; empty: no bound) are copied, if
    they have at most `max_message_bytes` (0: what the target takes). `max_bytes_per_second` (0: no
    limit) holds for one mailbox. `verify_sample` says how many messages of each folder verification
    compares byte by byte, -1 all.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    received_from: str = ""
    received_before: str = ""
    max_message_bytes: int = 0
    max_bytes_per_second: int = 0
    delta: DeltaPolicy = DeltaPolicy.ADD
    verify_sample: int = 20


class Agreement(StrEnum):
    """What verification found for a folder, a mailbox or the tenant."""

    AGREE = "agree"
    EXCEPTIONS = "exceptions"
    DIFFER = "differ"


@dataclass(frozen=True, slots=True)
class FolderCheck:
    """Both servers and the ledger asked at one moment, and the judgement with its reason."""

    source: int
    ledger: int
    target: int
    agreement: Agreement
    reason: str = ""


@dataclass(frozen=True, slots=True)
class FolderRecord:
    """One source folder in the ledger.

    `cursor` is the high-water mark: every message up to it is counted in `total` or stands in the
    `intent`; empty before the first batch. `fence` is the number of the worker that owns the
    folder; it only grows. `revision` grows with every write. `in_pass` counts what the pass
    `pass_id` did (the epoch millisecond at which that pass began).

    `earlier` holds what the audit of this folder was kept under before: `key/validity` of a folder
    that was recreated or renamed at the source. `recount` says that the cursor was set back, so
    that the audit must be asked which messages were dealt with. `scope` is a digest of the filters
    that applied; `flags_state` is what the source gave with the last reading of flags.
    """

    key: str
    path: tuple[str, ...]
    target_path: tuple[str, ...]
    validity: str
    target_id: str
    fence: int = 0
    revision: int = 0
    cursor: str = ""
    total: Tally = field(default_factory=Tally)
    pass_id: int = 0
    in_pass: Tally = field(default_factory=Tally)
    intent: Intent | None = None
    earlier: tuple[str, ...] = ()
    recount: bool = False
    scope: str = ""
    flags_state: str = ""
    check: FolderCheck | None = None


@dataclass(frozen=True, slots=True)
class ItemsVerdict:
    """The calendars, address books, tasks and notes of a mailbox after a pass: what its collections
    add up to. The tallies count items."""

    agreement: Agreement
    total: Tally
    in_pass: Tally
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MailboxVerdict:
    """A mailbox after a pass: what the folders add up to. `agreement` and `reasons` are about its
    calendars and the like as well; of these, `items` and `items_in_pass` count the items."""

    pass_id: int
    agreement: Agreement
    total: Tally
    in_pass: Tally
    reasons: tuple[str, ...] = ()
    items: Tally = Tally()
    items_in_pass: Tally = Tally()

    @property
    def copied_in_pass(self) -> int:
        """Messages and items: what makes a pass one that has brought something."""
        return self.in_pass.copied + self.items_in_pass.copied


@dataclass(frozen=True, slots=True)
class PassLine:
    """What a pass did with a mailbox.

    pass_id  the epoch millisecond at which the pass began, with whatever mailbox
    copied   messages that it has copied
    refused  messages that could not be copied
    gone     messages that were deleted at the source while they were being copied
    ended    when the mailbox was judged after it; empty if that is not known
    """

    pass_id: int
    copied: int
    refused: int
    gone: int
    ended: str


@dataclass(frozen=True, slots=True)
class MailboxRecord:
    """A mailbox in the ledger. `provisioned` says what provisioning did (created, enabled, enabled
    again, changed, unchanged), `user_id` is WorkMail's id.

    `password_in` says which secret holds the password with which this migration created the user,
    in whatever run: its path below workmail-migration/<tenant>/, "" if it gave none. It is written
    before the user is created.

    `expected` is how many messages its folders held that are to be copied, when a slice listed them
    last in this run; 0 before. `begun` is when one listed them first in this run ("" before), and
    `passes` are those of this run that judged the mailbox, oldest first.

    `address` is the primary address that the mailbox has until it gets the one of the manifest; ""
    once it has that. `remarks` are sentences about what could not be made as the manifest says;
    they name columns, never a value.
    """

    mailbox: Mailbox
    run: str
    status: MailboxStatus = MailboxStatus.PLANNED
    user_id: str = ""
    provisioned: str = ""
    failure: Failure | None = None
    verdict: MailboxVerdict | None = None
    password_in: str = ""
    address: str = ""
    remarks: tuple[str, ...] = ()
    expected: int = 0
    begun: str = ""
    passes: tuple[PassLine, ...] = ()

    @property
    def refused(self) -> bool:
        """Whether WorkMail has refused the user in this run, by errors.UserRefused. Other failures
        of an earlier pass are tried again."""
        return self.failure is not None and self.failure.error == "UserRefused"

    @property
    def at_present(self) -> Mailbox:
        """The mailbox under the address that opens it now."""
        return replace(self.mailbox, target=self.address or self.mailbox.target)


@dataclass(frozen=True, slots=True)
class Note:
    """A line of the run's timeline.

    at     when
    state  the state of the workflow that tells it
    what   what has happened, without personal data
    """

    at: str
    state: str
    what: str


class GuideState(StrEnum):
    """How far a user's client settings have come. WRITTEN: into the bucket. SENDING: a mail was
    about to be sent, and nobody knows yet whether it was. REFUSED: it was not, for good."""

    WRITTEN = "written"
    SENDING = "sending"
    SENT = "sent"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class GuideRecord:
    """The client settings of a user. `round` is when the round of sending began that has dealt with
    them last, "" if it has to do so again; `message_id` is the mail service's."""

    mailbox_id: str
    state: GuideState
    round: str = ""
    message_id: str = ""
    reason: str = ""


class NoticeKind(StrEnum):
    """What a notice is about, for whoever filters them."""

    STARTED = "started"
    NOT_STARTED = "not started"
    WAVE_DONE = "wave done"
    MAILBOX_FAILED = "mailbox failed"
    QUESTION = "question"
    DNS = "dns"
    CUT_OVER = "cut over"
    FINISHED = "finished"
    FAILED = "failed"
    ERASED = "erased"


@dataclass(frozen=True, slots=True)
class Notice:
    """What operators are told while a run works. `subject` (at most 100 characters of printable
    ASCII in one line, as SNS wants it) and `text` are for people; `facts` say the same to
    programs. No passwords; no addresses but those of the records that the DNS must have."""

    kind: NoticeKind
    run: str
    at: str
    subject: str
    text: str
    facts: Mapping[str, str | int | bool] = field(default_factory=dict)
