"""Copies a part of one mailbox so that nothing is lost and nothing doubled, wherever it dies.

The protocol, for each folder:

0. Claim it with a fence; a worker with a lower fence can write nothing more.
1. Write the intent: the batch about to be appended, and where the target folder ends now.
2. Read the batch; append it, if the claim still holds.
3. Write its audit to a key that a replay overwrites; write its rejections likewise.
4. Commit: move the cursor, add the counts, remove the intent and write the next one, in one update.

A worker that finds an intent open cannot know how much of step 2 took effect. It notes the time,
lets the requests of the other worker settle, asks the target what it has of the batch, appends the
rest and goes on with step 3. A server that is busy in the middle is treated the same way, but for
the time: the worker knows what it sent, and the target said how long that may take effect.

The other worker may be alive: within one execution the platform ends a worker before it starts the
next, but an aborted execution leaves its worker running, and a new execution takes over at once.
After the claim the old worker can neither commit nor begin another append. What it is sending at
that moment is over before the intent has settled (Pace). This alone is a matter of time and not of
the ledger: a worker whose one append goes on for longer than that would double the rest of it.

An intent that is met open again and again without any of it being stored is a batch that ends its
workers: BatchStuck.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from migration.copy.batch import BatchCopier
from migration.copy.folders import plan_folders
from migration.copy.plan import (
    Row,
    count_rows,
    has_news,
    is_stuck,
    is_untouched,
    patience,
    settle_wait,
    settled_in,
)
from migration.copy.slices import Pace, SliceJob, SliceOutcome, SliceResult
from migration.errors import (
    BatchStuck,
    Busy,
    FencedOff,
    MailboxError,
    MigrationError,
    SourceBusy,
    TargetBusy,
)
from migration.model import FolderPlan, FolderRecord, Intent, Page, Tally
from migration.ports import BlobStore, Ledger, Source, Target

__all__ = ["Pace", "SliceJob", "SliceOutcome", "SliceResult", "copy_slice"]


def copy_slice(
    source: Source,
    target: Target,
    ledger: Ledger,
    blobs: BlobStore,
    job: SliceJob,
    seconds_left: Callable[[], float],
    sleep: Callable[[float], None] = time.sleep,
) -> SliceResult:
    """Copies until nothing is left, the time is over or a server wants a pause.

    `seconds_left` says how long the process may go on. Raises MailboxError leaves (FencedOff,
    SourceChanged, QuotaExceeded, MailboxUnreachable, CredentialsRejected, BatchStuck),
    AdministratorPending and ProvisioningPending: what was committed stays committed. Never raises
    SourceBusy or TargetBusy: they become BACKOFF.
    """
    copier = BatchCopier(source, target, ledger, blobs, job.tenant, job.mailbox_id)
    worker = _Worker(source, target, ledger, copier, job, seconds_left)
    for _ in range(job.pace.short_waits):
        result = worker.walk()
        wait = result.retry_after
        if result.outcome is not SliceOutcome.BACKOFF or wait > job.pace.short_wait:
            return result
        if seconds_left() < wait + job.pace.margin:
            return result
        sleep(wait)
    return worker.walk()


@dataclass(frozen=True, slots=True)
class _Stop:
    """The slice must end here; `retry_after` 0 means that only its time is over."""

    retry_after: float = 0.0


@dataclass(slots=True)
class _Worker:
    """One slice. Walking again after a pause is the same as a new slice, with the same fence."""

    source: Source
    target: Target
    ledger: Ledger
    copier: BatchCopier
    job: SliceJob
    seconds_left: Callable[[], float]
    _copied: int = 0
    _left: int = 0
    _fence: int = 0
    _slowest: float = 0.0
    _in_doubt: FolderRecord | None = None
    _started_with: float = field(init=False)

    def __post_init__(self) -> None:
        self._started_with = self.seconds_left()

    def walk(self) -> SliceResult:
        """All folders, from what the ledger says now."""
        self._in_doubt = None
        try:
            stop = self._copy_folders()
        except (SourceBusy, TargetBusy) as busy:
            stop = _Stop(max(busy.retry_after, patience(self._attempts_in_doubt)))
            self._leave_in_order(busy.retry_after)
        except FencedOff:
            raise
        except MigrationError as error:
            self._leave_in_order(error.retry_after if isinstance(error, Busy) else 0.0, tried=False)
            raise
        if stop is None:
            return SliceResult(SliceOutcome.DONE, self._copied, 0)
        outcome = SliceOutcome.BACKOFF if stop.retry_after else SliceOutcome.MORE
        return SliceResult(outcome, self._copied, self._left, stop.retry_after)

    def _copy_folders(self) -> _Stop | None:
        folders = list(self.source.folders())
        known = {record.key: record for record in self.ledger.folders(self.job.mailbox_id)}
        placed = {key: record.target_path for key, record in known.items()}
        plans = plan_folders(folders, placed)
        for number, plan in enumerate(plans):
            self._left = len(plans) - number
            if stop := self._copy_folder(plan, known.get(plan.folder.key)):
                return stop
        return None

    def _copy_folder(self, plan: FolderPlan, known: FolderRecord | None) -> _Stop | None:
        page = None
        if known and is_untouched(known, plan.folder):
            page = self._page(plan, known.cursor)
            if not has_news(page, known.cursor):
                return None  # the delta pass over a quiet folder: no write at all
        if not self._has_time():
            return _Stop()
        record = self._claim(plan, known)
        if record.intent:
            wait, record = self._settle(record)
            if wait:
                return _Stop(wait)
            record = self._narrow_intent(plan, record)
        if known is None or record.cursor != known.cursor:
            page = None  # it was read before the claim, and someone else has moved on since
        return self._copy_batches(plan, record, page)

    def _copy_batches(
        self, plan: FolderPlan, record: FolderRecord, page: Page | None
    ) -> _Stop | None:
        """From an owned folder to its end. `page` is what follows the record's cursor, if read."""
        while True:
            if not record.intent:
                page = page or self._page(plan, record.cursor)
                if not has_news(page, record.cursor):
                    return None
                if not self._has_time():
                    return _Stop()
                intent = self._intent(record, page)
                record = self.ledger.open_intent(self.job.mailbox_id, record, intent)
            self._in_doubt = record
            record = self._copy_batch(plan, record)
            page = None

    def _narrow_intent(self, plan: FolderPlan, record: FolderRecord) -> FolderRecord:
        """Commits what the target has of a dead worker's batch.

        The rest becomes an intent of its own, with the old mark. It is a new one, not yet seen by
        anybody, because from here on this worker's requests are what a successor must let settle;
        but the attempts count on if nothing was stored by the last. Until it is committed the
        cursor is ahead of it.
        """
        intent = record.intent
        assert intent is not None
        rows, missing = self.copier.find(record, intent)
        if missing:
            attempts = 0 if rows else intent.attempts
            following: Intent | None = replace(
                intent, refs=tuple(missing), seen_at="", attempts=attempts
            )
        else:
            following = self._following(plan, record, intent)
        return self._finish(record, rows, following)

    def _copy_batch(self, plan: FolderPlan, record: FolderRecord) -> FolderRecord:
        """Steps 2 to 4 for an intent of which the target has nothing."""
        began = self.seconds_left()
        intent = record.intent
        assert intent is not None
        rows = self.copier.copy(plan.folder, record, intent)
        self._slowest = max(self._slowest, began - self.seconds_left())
        return self._finish(record, rows, self._following(plan, record, intent))

    def _finish(
        self, record: FolderRecord, rows: Sequence[Row], following: Intent | None
    ) -> FolderRecord:
        """Steps 3 and 4: audit and rejections, then the one update that makes it true."""
        self.copier.write_down(record, rows)
        tally = count_rows(rows)
        record = self.ledger.commit(self.job.mailbox_id, record, tally, following)
        self._copied += tally.copied
        self._in_doubt = None
        return record

    # -- the small steps that talk to one side each

    def _claim(self, plan: FolderPlan, known: FolderRecord | None) -> FolderRecord:
        job = self.job
        if not self._fence:
            self._fence = self.ledger.next_fence(job.mailbox_id)
        target_id = known.target_id if known else self.target.ensure_folder(plan)
        return self.ledger.claim_folder(job.mailbox_id, plan, target_id, self._fence, job.pass_id)

    def _settle(self, record: FolderRecord) -> tuple[float, FolderRecord]:
        now = self._clock()
        record = self.ledger.touch_intent(self.job.mailbox_id, record, now)
        intent = record.intent
        assert intent is not None
        if is_stuck(intent.attempts):
            batch = f"a batch of {len(intent.refs)} messages in folder {record.key}"
            raise BatchStuck(f"{batch} was begun again and again ({intent.attempts} times)")
        wait = settle_wait(intent.seen_at, now, self.job.pace.settle)
        self._in_doubt = None if wait else record
        return wait, record

    def _page(self, plan: FolderPlan, cursor: str) -> Page:
        return self.source.page(plan.folder, cursor, self.job.pace.batch)

    def _intent(self, record: FolderRecord, page: Page) -> Intent:
        return Intent(page.refs, page.cursor, page.more, self.target.mark(record.target_id))

    def _following(self, plan: FolderPlan, record: FolderRecord, done: Intent) -> Intent | None:
        """The intent to write with the commit of `done`; None at the folder's end, or if this
        slice cannot copy it. A server that fails here will be asked again after the commit."""
        if not done.more or not self._has_time():
            return None
        try:
            page = self._page(plan, done.cursor)
            return self._intent(record, page) if has_news(page, done.cursor) else None
        except (Busy, MailboxError):
            return None

    def _leave_in_order(self, wait: float, *, tried: bool = True) -> None:
        """Writes into a batch in doubt what a worker that lives to tell it knows: from when on the
        target may be asked, and whether this was an attempt at it.

        `wait` is in seconds. Not an attempt: one that did not come to reading the batch, or that
        ends with an error of its own.
        """
        record = self._in_doubt
        if record is None or record.intent is None:
            return
        intent = record.intent
        is_mine = not intent.seen_at
        seen_at = settled_in(self._clock(), wait, self.job.pace.settle) if is_mine else ""
        left = replace(
            intent,
            seen_at=seen_at or intent.seen_at,
            attempts=max(0, intent.attempts - (not (is_mine and tried))),
        )
        self.ledger.commit(self.job.mailbox_id, record, Tally(), left)

    @property
    def _attempts_in_doubt(self) -> int:
        """How often the batch in doubt was begun before this worker; 0 if there is none."""
        intent = self._in_doubt.intent if self._in_doubt else None
        return intent.attempts if intent else 0

    # -- time

    def _has_time(self) -> bool:
        return self.seconds_left() >= max(self.job.pace.margin, 2 * self._slowest)

    def _clock(self) -> str:
        """The time now: when the slice was started, and what has passed since."""
        started = datetime.fromisoformat(self.job.now)
        passed = timedelta(seconds=max(0.0, self._started_with - self.seconds_left()))
        return (started + passed).isoformat().replace("+00:00", "Z")
