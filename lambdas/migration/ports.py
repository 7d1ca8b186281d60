"""The seams: what the use-cases need from the outside. Some have modules of their own:
directory_port.py, ledger_port.py, metrics_port.py and zones_port.py.

Words: a *cursor* is a position in a source folder that stays good between runs; a *mark* is where
a target folder ended at a moment; a *fence* is a number that only grows, and cuts off workers
that were thought dead. Every implementation passes the contract suite in tests/contract.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from migration.directory_port import Directory
from migration.ledger_port import Ledger
from migration.letters import Letter, Posted
from migration.mail import (
    BatchLimit,
    FlagReading,
    Folder,
    FolderPlan,
    Found,
    Gone,
    Item,
    ItemRef,
    Outcome,
    Outline,
    Page,
    Stamped,
    Unreadable,
)
from migration.metrics_port import Metrics
from migration.model import Notice
from migration.progress_model import HistoryEvent
from migration.zones_port import Zones

__all__ = [
    "AutodiscoverProbe",
    "BlobStore",
    "Capabilities",
    "Directory",
    "DnsAnswer",
    "Executions",
    "Histories",
    "Ledger",
    "Mailer",
    "Metrics",
    "Notifier",
    "Receipt",
    "Resolver",
    "Schedules",
    "Secrets",
    "Source",
    "Target",
    "WaitingTasks",
    "WaveSecrets",
    "Zones",
]


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a source or target can do, as data: the engine asks this, never who it is."""

    max_item_bytes: int = 0  # 0: no limit known
    keeps_key: bool = True  # target: each copy carries its migration key
    keeps_bytes: bool = True  # target: what it shows is what it was given
    reads_flags: bool = False  # source: read_flags works
    lists_uids: bool = False  # source: uids works
    reads_on: bool = False  # source: fetch makes use of what follows
    repeats: bool = False  # source: a page may hold what was given before, by the same uid
    estimates_sizes: bool = False  # source: a message may be longer or shorter than it is listed
    sets_flags: bool = False  # target: set_flags works
    removes: bool = False  # target: remove works


class Source(Protocol):
    """One mailbox, opened read-only. A source never changes what it reads.

    `fetch` may be used from one thread while another uses the rest. Raises SourceBusy,
    MailboxUnreachable, CredentialsRejected from any method.
    """

    @property
    def capabilities(self) -> Capabilities: ...

    def open(self) -> None:
        """A hint that messages are to be fetched: connections may be made ahead, beside other work.
        Raises nothing."""

    def folders(self) -> Iterable[Folder]:
        """All folders that can hold messages, empty ones too. Names decoded."""

    def page(self, folder: Folder, cursor: str, limit: BatchLimit) -> Page:
        """Messages after `cursor` ("" starts), at most one batch. SourceChanged if the folder's
        validity is no longer `folder.validity`. A source that `repeats` gives the same
        cursor again where nothing is new; to a cursor that it does not know any more it answers
        Page((), "", more=True): the folder is read from its beginning."""

    def expect(self, wanted: Sequence[tuple[Folder, str]]) -> None:
        """A hint: these folders will be paged from these cursors, in this order, and their messages
        fetched. A source may ask for all of it at once."""

    def fetch(
        self, folder: Folder, refs: Sequence[ItemRef], following: Sequence[ItemRef] = ()
    ) -> Iterator[Item | Gone | Unreadable]:
        """Each of the messages once, in the order of the folder. At the end, what vanished comes as
        Gone and what the source lists and cannot give as Unreadable, not as an exception.

        The request is sent when this is called, as far as its answer cannot get in the way of those
        before, so that the next batch can be asked for while this one comes in; answers are read in
        the order in which they were asked for. The content of a large message is a MimeStream, to
        be read or closed before the next item is taken.

        `following` is a hint: the next calls will ask for these messages of the folder, in this
        order. A source that has `reads_on` may ask for them now."""

    def outline(self, folder: Folder, refs: Sequence[ItemRef]) -> Mapping[str, Outline]:
        """What the report tells of messages that are not fetched, by uid. Those of which the source
        tells nothing are missing."""

    def read_flags(self, folder: Folder, cursor: str, state: str) -> FlagReading | None:
        """Flags of messages up to `cursor` that changed since the reading that gave `state` (""
        if there was none); None if none did. Only with `reads_flags`. Cursors of a source that
        `repeats` say nothing of single messages: here, and in `uids`, all are meant."""

    def uids(self, folder: Folder, cursor: str) -> frozenset[str]:
        """The messages up to `cursor` that are still there. Only with `lists_uids`."""

    def close(self) -> None:
        """Ends the connections; may be called twice, also while another thread reads. What is asked
        afterwards connects again."""


class Receipt(Protocol):
    """What the target owes an answer for."""

    def outcomes(self) -> Sequence[Outcome]:
        """Waits for the answers: one outcome for each item, in order. Raises what Target raises;
        then it is unknown which of the items took effect: ask `since`. With MailboxUnreachable or
        AdministratorPending nothing that was sent is under way any more, of later batches either:
        `since` can be trusted at once."""

    @property
    def mark(self) -> str:
        """After `outcomes`: where the folder ends behind these items, and before those appended
        later; "" where that cannot be said."""


class Target(Protocol):
    """One mailbox to write to. Keeps bytes, flags and dates as far as its capabilities say.

    Raises TargetBusy, AdministratorPending, MailboxUnreachable, CredentialsRejected, QuotaExceeded
    from any method; FolderGone from those that take a folder's id. After a TargetBusy of `append`,
    its `retry_after` is when `since` can be trusted: nothing of what was sent is stored later than
    that.
    """

    @property
    def capabilities(self) -> Capabilities: ...

    def open(self) -> None:
        """A hint that messages are to be appended: connections may be made ahead, beside other
        work. Raises nothing."""

    def ensure_folders(self, plans: Sequence[FolderPlan]) -> list[str]:
        """Creates the folders and their parents where missing; the id of each, in order."""

    def mark(self, folder_id: str) -> str:
        """Where the folder ended at some moment after this target was opened and before anything
        was appended to it since: what is appended from now on comes after it."""

    def append(self, folder_id: str, batch: Iterable[Stamped]) -> Receipt:
        """Sends the items and returns when all are on their way, taking one after the other from
        `batch`. Several batches may be under way; their receipts are asked in the order of the
        calls. What is raised by `batch` itself goes through: items taken before may be stored."""

    def since(self, folder_id: str, mark: str, keys: Sequence[str]) -> Iterable[Found]:
        """What came into the folder after the mark, or all it holds if that is ""; a target that
        keeps keys may answer for `keys` alone."""

    def count(self, folder_id: str, ids: Collection[str] = ()) -> int:
        """How many migrated items the folder holds; not what users or new mail put there. A target
        that keeps no keys counts those of `ids` that are there."""

    def total(self) -> int:
        """All items in all mail folders of the mailbox, whoever put them there."""

    def show(self, folder_id: str, ids: Sequence[str]) -> Iterator[Item | Gone]:
        """The items of these target ids as the target has them, each once, in no certain order. The
        ref of an item holds its target id and its size there. To be read to the end before
        anything else is asked."""

    def set_flags(self, folder_id: str, flags: Mapping[str, frozenset[str]]) -> None:
        """Makes these the flags of the items (by target id); what is gone is left alone. Only with
        `sets_flags`."""

    def remove(self, folder_id: str, ids: Sequence[str]) -> None:
        """Deletes items for good; no error for what is gone. Only with `removes`."""

    def remove_folder(self, folder_id: str) -> None:
        """Deletes a folder that this migration created, with all it holds; no error if it is
        gone. For the probe's own folder."""

    def close(self) -> None:
        """Ends the connections; may be called twice, also while another thread waits. What is asked
        afterwards connects again."""


class BlobStore(Protocol):
    """Files of the tenant: intake, plans, audit, reports."""

    def put(self, key: str, body: bytes, content_type: str = "application/octet-stream") -> str:
        """Writes the file; the version id of what was written."""

    def get(self, key: str, version: str = "") -> bytes:
        """That version of the file, as `put` named it, or the newest; KeyError if there is none."""

    def exists(self, key: str) -> bool: ...

    def list(self, prefix: str) -> Iterator[str]:
        """The keys that begin with `prefix`, in order."""


class Secrets(Protocol):
    """The tenant's secrets, each a JSON object. TenantMisconfigured if one is none."""

    def read_source(self) -> Mapping[str, object]:
        """The source's credentials; TenantMisconfigured also if they are missing or empty."""

    def read_target(self) -> Mapping[str, object]:
        """The passwords of target mailboxes; {} if the secret is missing or empty."""


class WaveSecrets(Protocol):
    """The secrets that this migration makes for itself, by their path below
    workmail-migration/<tenant>/. One writer at a time.

    TenantMisconfigured if one may not be used, or is marked for deletion when it is written;
    ProvisioningPending during an outage. Each write makes a version, of which a secret has about a
    hundred: few writes a run."""

    def read(self, path: str) -> str | None:
        """The value; None if there is no such secret, or if it is marked for deletion."""

    def create(self, path: str, value: str) -> None:
        """A new secret, tagged with tenant and run. ProvisioningPending if there is one already,
        which `read` did not show yet."""

    def replace(self, path: str, value: str) -> None:
        """Another value for a secret that is there."""

    def remove(self, path: str) -> None:
        """Marks the secret for deletion: for some days it can be restored. No error if there is
        none."""


class Executions(Protocol):
    """The workflow engine, asked about other executions."""

    def is_running(self, execution: str) -> bool:
        """False for executions that ended or are unknown."""

    def maps_at_work(self, execution: str) -> frozenset[str]:
        """The labels of the Distributed Maps whose children are at work for this execution."""

    def stop(self, execution: str, error: str, cause: str) -> None:
        """Aborts the execution; functions at work end by themselves. No error if it has ended."""


class Histories(Protocol):
    """What executions of the workflow have done so far."""

    def events(self, execution: str) -> Iterator[HistoryEvent]:
        """From the first to the last; none of an execution that is unknown. What happens meanwhile
        may be missing, and so may the last second."""


class Schedules(Protocol):
    """Executions of the workflow that begin by themselves, once, later.

    TenantMisconfigured if the scheduler may not be used; ProvisioningPending during an outage."""

    def add(self, name: str, at: str, state_input: Mapping[str, object]) -> bool:
        """An execution with this input begins at that time (ISO 8601); False, and nothing changed,
        if there is one of that name already."""

    def names(self) -> list[str]:
        """Those of the tenant that have not begun, in order."""

    def remove(self, name: str) -> None:
        """It does not begin; no error if it has begun, or never was."""


class WaitingTasks(Protocol):
    """Tasks of the workflow that wait for an answer from outside, each by its token. The answer of
    these methods: whether the task still waited."""

    def succeed(self, token: str, output: Mapping[str, object]) -> bool:
        """The task ends with this result."""

    def fail(self, token: str, error: str) -> bool:
        """The task ends with this error."""


class Notifier(Protocol):
    """Tells the operators what a run does."""

    def tell(self, notice: Notice) -> None:
        """Publishes the notice: for people, and as JSON for programs. The same notice may come
        twice, if whoever told it died before he could note that. ProvisioningPending during an
        outage; TenantMisconfigured if the topic may not be used or is gone."""


class Mailer(Protocol):
    """Sends the mails of the migration itself."""

    def send(self, letter: Letter) -> Posted:
        """Hands one mail over, once: a request whose answer is lost is not sent again."""


class AutodiscoverProbe(Protocol):
    """Asks where mail programs look for their settings."""

    def ask(self, url: str) -> str:
        """What a POST without a login answers: http-401 and the like, certificate, no-name,
        timeout or unreachable."""


class Resolver(Protocol):
    """Asks DNS questions, for one look: what it learns on the way it may keep."""

    def ask(self, name: str, type_: str) -> list[DnsAnswer]:
        """One answer per server that was asked, all at about the same time."""


@dataclass(frozen=True, slots=True)
class DnsAnswer:
    """What one server said. `server` is address:port, `host` its name where that is known.

    `error` is empty, or NXDOMAIN or NODATA (the record is not there), SERVFAIL, REFUSED, LAME (an
    authoritative server that does not know the zone) or TIMEOUT. With NXDOMAIN and NODATA `ttl` is
    how long that may be cached (RFC 2308); 0 where it is not told.
    """

    server: str
    values: tuple[str, ...] = ()
    ttl: int = 0
    error: str = ""
    host: str = ""
    authoritative: bool = False
