"""What every part of a slice shares: the two mailboxes, the ledger, the clock, and how to read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from migration.copy.slices import SliceJob
from migration.copy.subjects import find_subject
from migration.identity import migration_key
from migration.mail import ItemRef
from migration.mime import Mime
from migration.model import FolderRecord
from migration.ports import BlobStore, Ledger, Source, Target


@dataclass(slots=True)
class Turn:
    """What any slice has: its job, its time, its fence, and what outlives it. `seconds_left` says
    how long the process may go on, `ledger_id` under which id the ledger keeps what is copied."""

    ledger: Ledger
    blobs: BlobStore
    job: SliceJob
    seconds_left: Callable[[], float]
    fence: int = field(default=0, kw_only=True)
    slowest: float = field(default=0.0, kw_only=True)
    paused: bool = field(default=False, kw_only=True)
    _started_with: float = field(init=False)
    _looked_for_pause: float | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._started_with = self.seconds_left()

    @property
    def mailbox_id(self) -> str:
        return self.job.mailbox_id

    @property
    def ledger_id(self) -> str:
        return self.job.mailbox_id

    def take_fence(self) -> int:
        """The fence of this slice, given when it is first needed."""
        if not self.fence:
            self.fence = self.ledger.next_fence(self.ledger_id)
        return self.fence

    def may_go_on(self) -> bool:
        """Whether another batch may begin: there is time, and nobody wants it to stop."""
        left = self.seconds_left()
        if left < max(self.job.pace.margin, 2 * self.slowest):
            return False
        looked = self._looked_for_pause
        if looked is None or looked - left >= self.job.pace.pause_check:
            self._looked_for_pause = left
            self.paused = self.ledger.pause_wanted(self.job.run)
        return not self.paused

    def now(self) -> str:
        """The time now: when the slice was started, and what has passed since."""
        started = datetime.fromisoformat(self.job.now)
        passed = timedelta(seconds=max(0.0, self._started_with - self.seconds_left()))
        return (started + passed).isoformat().replace("+00:00", "Z")


@dataclass(slots=True)
class Worker(Turn):
    """The hands of a slice that copies mail."""

    source: Source = field(kw_only=True)
    target: Target = field(kw_only=True)

    @property
    def max_bytes(self) -> int:
        """The largest message that the target takes, 0 if no limit is known."""
        return self.target.capabilities.max_item_bytes

    def key(self, record: FolderRecord, ref: ItemRef) -> str:
        """The migration key of a message; its uid for a target that keeps no keys."""
        if not self.target.capabilities.keeps_key:
            return ref.uid
        return migration_key(self.job.tenant, self.mailbox_id, record.key, record.validity, ref.uid)

    def keys(self, record: FolderRecord, ref: ItemRef) -> list[str]:
        """All keys that a message may have been stored under: its folder may have been renamed."""
        names = [
            place.partition("/")[0]
            for place in record.earlier
            if place.partition("/")[2] == record.validity
        ]
        return [
            migration_key(self.job.tenant, self.mailbox_id, name, record.validity, ref.uid)
            for name in (record.key, *names)
        ]

    def subject_of(self, mime: Mime) -> bytes:
        """The message's Subject field, if remarks are to hold it. Uses nothing up."""
        return find_subject(mime) if self.job.subjects else b""
