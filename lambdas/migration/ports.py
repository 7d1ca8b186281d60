"""The seams: what the use-cases need from the outside, on one page.

Words: a *cursor* is a position in a source folder that stays good between runs; a *mark* is where
a target folder ended at a moment; a *fence* is a number that only grows, and cuts off workers
that were thought dead. Every implementation passes the contract suite in tests/contract.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from migration.model import (
    BatchLimit,
    DirectoryUser,
    DnsFinding,
    Failure,
    Folder,
    FolderCheck,
    FolderPlan,
    FolderRecord,
    Gone,
    Intent,
    Item,
    ItemRef,
    Mailbox,
    MailboxRecord,
    MailboxStatus,
    MailboxVerdict,
    MailDomain,
    Note,
    Organization,
    Outcome,
    Page,
    Rejection,
    Stamped,
    Tally,
    Token,
    Unreadable,
)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a source or target can do, as data: the engine asks this, never who it is."""

    keeps_flags: bool = True
    keeps_keywords: bool = True
    max_item_bytes: int = 0  # 0: no limit known


class Source(Protocol):
    """One mailbox, opened read-only. A source never changes what it reads.

    Raises SourceBusy, MailboxUnreachable, CredentialsRejected from any method.
    """

    @property
    def capabilities(self) -> Capabilities: ...

    def folders(self) -> Iterable[Folder]:
        """All folders that can hold messages, empty ones too. Names decoded."""

    def page(self, folder: Folder, cursor: str, limit: BatchLimit) -> Page:
        """Messages after `cursor` ("" starts), at most one batch. SourceChanged if the folder's
        validity is no longer `folder.validity`."""

    def fetch(self, folder: Folder, refs: Sequence[ItemRef]) -> Iterator[Item | Gone | Unreadable]:
        """The messages in the order asked; what vanished comes as Gone, not as an exception."""

    def close(self) -> None:
        """Ends the connection; may be called twice."""


class Target(Protocol):
    """One mailbox to write to. Keeps bytes, flags and dates as far as its capabilities say.

    Raises TargetBusy, AdministratorPending, MailboxUnreachable, CredentialsRejected, QuotaExceeded
    from any method. After a TargetBusy of `append`, its `retry_after` is when `since` can be
    trusted: nothing of what was sent is stored later than that.
    """

    @property
    def capabilities(self) -> Capabilities: ...

    def ensure_folder(self, plan: FolderPlan) -> str:
        """Creates the folder and its parents where missing; its id. No error if it exists."""

    def mark(self, folder_id: str) -> str:
        """Where the folder ends now; taken before a batch, given back to `since`."""

    def append(self, folder_id: str, batch: Iterable[Stamped]) -> Iterator[Outcome]:
        """Stores the items; one outcome each, in order. After TargetBusy it is unknown which of
        the outcomes not yet given took effect: ask `since`."""

    def since(self, folder_id: str, mark: str, keys: Sequence[str]) -> frozenset[str]:
        """Which of `keys` the folder holds among what came after the mark."""

    def count(self, folder_id: str) -> int:
        """How many migrated items the folder holds; not what users or new mail put there."""

    def close(self) -> None:
        """Ends the connections; may be called twice."""


class Ledger(Protocol):
    """What is known to be done. The only memory between two Lambdas. All reads are consistent."""

    # -- the tenant
    def acquire_lock(self, owner: str, now: str) -> str:
        """Takes the tenant's lock if it is free or already `owner`'s; the owner afterwards."""

    def take_over_lock(self, owner: str, previous: str, now: str) -> bool:
        """Replaces a dead `previous` owner; False if someone else was quicker."""

    def release_lock(self, owner: str) -> bool:
        """Frees the lock if `owner` holds it; False otherwise."""

    def add_note(self, run: str, note: Note) -> None:
        """Adds a line to the run's timeline; the same time and state again overwrites."""

    def notes(self, run: str) -> list[Note]:
        """The run's timeline, in order of time."""

    def write_dns(self, run: str, at: str, findings: Sequence[DnsFinding]) -> None:
        """Keeps the latest findings of the run."""

    def dns(self, run: str) -> tuple[str, list[DnsFinding]]:
        """When the DNS was last looked at and what was found; ("", []) before."""

    # -- mailboxes
    def plan_mailboxes(self, run: str, mailboxes: Iterable[Mailbox]) -> None:
        """Puts the mailboxes of a run: status PLANNED, failure and verdict cleared; what was
        copied by earlier runs (the folders) stays."""

    def last_run(self) -> str:
        """The run for which mailboxes were planned last; "" before the first."""

    def mailbox(self, mailbox_id: str) -> MailboxRecord:
        """One mailbox; KeyError if it was never planned."""

    def mailboxes(self, run: str) -> Iterator[MailboxRecord]:
        """The mailboxes of a run, in order of their ids."""

    def set_provisioned(self, mailbox_id: str, user_id: str, how: str) -> None:
        """Status PROVISIONED, with WorkMail's id and what was done."""

    def set_status(self, mailbox_id: str, status: MailboxStatus) -> None:
        """Changes the status alone."""

    def set_failed(self, mailbox_id: str, failure: Failure) -> None:
        """Status FAILED, with the reason."""

    def set_verdict(self, mailbox_id: str, verdict: MailboxVerdict) -> None:
        """Status COPIED, failure cleared, with what verification found."""

    def next_fence(self, mailbox_id: str) -> int:
        """A number higher than any given for this mailbox before."""

    # -- folders
    def folders(self, mailbox_id: str) -> list[FolderRecord]:
        """The mailbox's folders in the order of their keys."""

    def claim_folder(
        self, mailbox_id: str, plan: FolderPlan, target_id: str, fence: int, pass_id: int
    ) -> FolderRecord:
        """Creates the record or takes it over; FencedOff if its fence is higher than `fence`.

        The first claim of a new pass sets `in_pass` to zero. SourceChanged if the record's
        validity is another and something was copied."""

    def check_claim(self, mailbox_id: str, record: FolderRecord) -> None:
        """Reads only: FencedOff if another worker has claimed the folder since."""

    def open_intent(self, mailbox_id: str, record: FolderRecord, intent: Intent) -> FolderRecord:
        """Writes the first intent; FencedOff unless fence, cursor and "no intent" still hold."""

    def touch_intent(self, mailbox_id: str, record: FolderRecord, now: str) -> FolderRecord:
        """Counts an attempt on an open intent and sets `seen_at` if it was empty."""

    def commit(
        self, mailbox_id: str, record: FolderRecord, tally: Tally, following: Intent | None
    ) -> FolderRecord:
        """Moves the cursor to the intent's, adds the counts, removes the intent and writes the
        following one, all in one update; FencedOff unless fence and cursor still hold."""

    def set_check(self, mailbox_id: str, folder_key: str, check: FolderCheck) -> None:
        """Keeps what verification found for a folder."""

    def add_rejections(self, mailbox_id: str, rejections: Sequence[Rejection]) -> None:
        """Keeps what could not be copied; the same message again overwrites."""

    def rejections(self, mailbox_id: str) -> list[Rejection]:
        """What could not be copied, by folder and uid."""


class Directory(Protocol):
    """WorkMail's API for one organization. Every call may raise Busy leaves when throttled."""

    def organization(self) -> Organization:
        """TenantMisconfigured if there is none with this id."""

    def domain(self, name: str) -> MailDomain | None: ...

    def find_user(self, address: str, username: str) -> DirectoryUser | None:
        """The user who has the address (primary or alias), else the one of that name."""

    def create_user(self, mailbox: Mailbox) -> str:
        """Creates the user, disabled, without a password; its id. UserRefused with the reason."""

    def enable_user(self, user_id: str, address: str) -> None:
        """Gives the user a mailbox. No error if it has it. ProvisioningPending, UserRefused."""

    def aliases(self, user_id: str) -> frozenset[str]: ...

    def add_alias(self, user_id: str, alias: str) -> None:
        """UserRefused if another entity has it."""

    def retention_days(self) -> Mapping[str, int]:
        """Folders whose items an active retention policy deletes, and after how many days."""

    def find_role(self, name: str) -> str | None:
        """The id of the impersonation role of that name."""

    def create_role(self, name: str, description: str) -> str:
        """An impersonation role with full access to all mailboxes; its id."""

    def delete_role(self, role_id: str) -> None:
        """No error if it is gone."""

    def assume_role(self, role_id: str) -> Token: ...


class BlobStore(Protocol):
    """Files of the tenant: intake, plans, audit, reports."""

    def put(self, key: str, body: bytes, content_type: str = "application/octet-stream") -> str:
        """Writes the file; the version id of what was written."""

    def get(self, key: str) -> bytes:
        """The newest version; KeyError if there is none."""

    def exists(self, key: str) -> bool: ...


class Secrets(Protocol):
    """Source credentials by name."""

    def read(self) -> Mapping[str, object]:
        """The secret's JSON object; TenantMisconfigured if it is missing, empty or no object."""


class Executions(Protocol):
    """The workflow engine, asked about other executions."""

    def is_running(self, execution: str) -> bool:
        """False for executions that ended or are unknown."""


class Resolver(Protocol):
    """Asks one DNS question."""

    def ask(self, name: str, type_: str) -> list[DnsAnswer]:
        """One answer per server that was asked."""


@dataclass(frozen=True, slots=True)
class DnsAnswer:
    """What one server said. `error` is empty, or NXDOMAIN, NODATA, SERVFAIL, TIMEOUT."""

    server: str
    values: tuple[str, ...] = ()
    ttl: int = 0
    error: str = ""
