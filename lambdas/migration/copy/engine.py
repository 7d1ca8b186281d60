"""Copies a part of one mailbox so that nothing is lost and nothing doubled, wherever it dies.

The protocol, for each folder:

0. Claim it with a fence; a worker with a lower fence can write nothing more.
1. Write the intent: the messages about to be appended, and where the target folder ends now.
2. Read them and append them.
3. Write their audit to a key that a replay overwrites; write their remarks likewise.
4. Take them out of the intent and add the counts, in one update, which may be the same as the
   first step of a later batch.

Every message up to a folder's cursor is counted or stands in its intent. Several batches may be
between steps 1 and 4 (pipeline.py); a worker that finds an intent open finds out first what became
of it (recovery.py). Later passes bring what is new, and changes of what was copied (changes.py).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from migration.copy.changes import ChangeCarrier
from migration.copy.claims import Claims
from migration.copy.collecting import collecting_seldom
from migration.copy.folders import plan_folders
from migration.copy.leaving import Farewell
from migration.copy.pacing import Throttle
from migration.copy.pipeline import Pipeline
from migration.copy.plan import has_news, is_quiet, patience
from migration.copy.read_ahead import beside
from migration.copy.recorder import (
    InlineRecorder,
    Progress,
    Recorder,
    ThreadedRecorder,
)
from migration.copy.renames import adopt_renamed
from migration.copy.selection import scope, selects
from migration.copy.slices import Pace, SliceJob, SliceOutcome, SliceResult, walk_patiently
from migration.copy.worker import Worker
from migration.errors import (
    FencedOff,
    FolderGone,
    MigrationError,
    SourceBusy,
    SourceChanged,
    TargetBusy,
)
from migration.mail import Folder, FolderPlan
from migration.model import FolderRecord, Tally
from migration.ports import BlobStore, Ledger, Source, Target

__all__ = ["Pace", "SliceJob", "SliceOutcome", "SliceResult", "copy_slice"]


@collecting_seldom()
def copy_slice(
    source: Source,
    target: Target,
    ledger: Ledger,
    blobs: BlobStore,
    job: SliceJob,
    seconds_left: Callable[[], float],
    sleep: Callable[[float], None] = time.sleep,
    progress: Progress = lambda tally: None,
    listed: Callable[[int], None] = lambda messages: None,
) -> SliceResult:
    """Copies until nothing is left, the time is over, the operator wants a pause or a server does.

    `seconds_left` says how long the process may go on; `progress` is told of every batch that was
    recorded, `listed` how many messages the folders hold that are to be copied, whenever they have
    been listed. Raises MailboxError leaves (FencedOff, SourceChanged, QuotaExceeded,
    MailboxUnreachable, CredentialsRejected, BatchStuck), AdministratorPending and
    ProvisioningPending: what was recorded stays recorded. Never raises SourceBusy or TargetBusy:
    they become BACKOFF.
    """
    worker = Worker(ledger, blobs, job, seconds_left, source=source, target=target)
    throttle = Throttle(job.policy.max_bytes_per_second, _clock(seconds_left), sleep)
    walker = _Walker(worker, progress, listed, throttle)
    return walk_patiently(walker.walk, job.pace, seconds_left, sleep)


def _clock(seconds_left: Callable[[], float]) -> Callable[[], float]:
    return lambda: -seconds_left()


@dataclass(slots=True)
class _Walker:
    """Walks over all folders, from what the ledger says now. Walking again after a pause is the
    same as a new slice, with the same fence."""

    worker: Worker
    progress: Progress
    listed: Callable[[int], None]
    throttle: Throttle
    copied: int = 0
    copied_before: int = 0
    pipeline: Pipeline | None = None
    left: int = 0
    changes_left: bool = False
    was_surprised: bool = False
    claims: Claims = field(init=False)

    def __post_init__(self) -> None:
        self.claims = Claims(self.worker)

    def walk(self) -> SliceResult:
        self.claims.works.clear()
        self.pipeline = None
        self.changes_left = False
        self.copied_before = self.copied
        try:
            recorder = self._recorder()
            try:
                wait = self._copy_folders(recorder)
            finally:
                recorder.close()
        except (SourceBusy, TargetBusy) as busy:
            wait = max(busy.retry_after, patience(self._attempts_in_doubt))
            self._leave_in_order(busy)
        except FencedOff:
            raise
        except SourceChanged as changed:
            # A folder that was recreated since the list was read looks right in the next list.
            self._leave_in_order(changed)
            if self.was_surprised:
                raise
            self.was_surprised, wait = True, _AT_ONCE
        except MigrationError as error:
            self._leave_in_order(error)
            raise
        return self._result(wait)

    def _result(self, wait: float) -> SliceResult:
        """What is left to do decides how the slice ends."""
        if self.worker.paused:
            outcome, wait = SliceOutcome.PAUSED, 0.0
        elif wait:
            outcome = SliceOutcome.BACKOFF
        elif self.changes_left or (self.pipeline and not self.pipeline.reader.is_complete):
            outcome = SliceOutcome.MORE
        else:
            outcome = SliceOutcome.DONE
        left = 0 if outcome is SliceOutcome.DONE else max(1, self.left)
        return SliceResult(outcome, self.copied, left, wait)

    # -- all folders

    def _copy_folders(self, recorder: Recorder) -> float:
        """Seconds until what could not be settled yet can be; 0 if nothing has to wait."""
        worker = self.worker
        known_before = worker.ledger.folders(worker.mailbox_id)
        if not known_before:
            worker.source.open()
            worker.target.open()
        folders = list(worker.source.folders())
        records = adopt_renamed(worker, known_before, folders)
        known = {record.key: record for record in records}
        plans = self._plan(folders, known)
        self.listed(sum(plan.folder.count for plan in plans))
        busy = [plan for plan in plans if self._needs_copy(plan, known.get(plan.folder.key))]
        self.left = len(busy)
        wait = self._copy(recorder, busy, known) if busy else 0.0
        if not wait and (self.pipeline is None or self.pipeline.reader.is_complete):
            self._carry_changes(recorder, plans, known)
        return wait

    def _plan(
        self, folders: Sequence[Folder], known: Mapping[str, FolderRecord]
    ) -> list[FolderPlan]:
        policy = self.worker.job.policy
        placed = {key: record.target_path for key, record in known.items()}
        return [
            replace(plan, scope=scope(policy))
            for plan in plan_folders(folders, placed)
            if selects(policy, plan.folder)
        ]

    def _needs_copy(self, plan: FolderPlan, known: FolderRecord | None) -> bool:
        """Whether there is, or may be, something to copy. The delta pass over a quiet mailbox asks
        for nothing but the list of its folders, where the source can say so much with it."""
        if known is None or not is_quiet(known, plan.folder, plan.scope):
            if known is None or plan.folder.end or known.intent:
                return True
            if known.validity != plan.folder.validity or known.scope != plan.scope:
                return True
            page = self.worker.source.page(plan.folder, known.cursor, self.worker.job.pace.batch)
            return has_news(page, known.cursor)
        return False

    def _copy(
        self,
        recorder: Recorder,
        plans: Sequence[FolderPlan],
        known: Mapping[str, FolderRecord],
    ) -> float:
        worker = self.worker
        if not worker.may_go_on():
            self.pipeline = Pipeline(worker, recorder, self.throttle)
            return 0.0
        cursors = [
            (plan.folder, record.cursor if (record := known.get(plan.folder.key)) else "")
            for plan in plans
        ]
        with beside(lambda: worker.source.expect(cursors), worker.job.pace.overlap):
            ids = self.claims.ensure_targets(plans, known)
        waits: list[float] = []
        self.pipeline = Pipeline(worker, recorder, self.throttle)
        self.pipeline.reader.left = len(plans)
        self.pipeline.reader.may_recover = any(record.intent for record in known.values())
        works = self.claims.claim_all(recorder, plans, ids, known, waits)
        try:
            self.pipeline.run(works)
        except FolderGone as gone:
            recorder.drain()
            self.claims.recreate_gone()
            self._leave_in_order(gone)
            return _AT_ONCE
        recorder.drain()
        self.left = self.pipeline.reader.left
        return max(waits, default=0.0)

    # -- what was copied before

    def _carry_changes(
        self,
        recorder: Recorder,
        plans: Sequence[FolderPlan],
        known: Mapping[str, FolderRecord],
    ) -> None:
        """Flags and deletions in folders that an earlier pass has copied."""
        carrier = ChangeCarrier(self.worker, recorder)
        works = {work.record.key: work for work in self.claims.works}
        for plan in plans:
            before = known.get(plan.folder.key)
            work = works.get(plan.folder.key)
            record = work.record if work else before
            if before is None or record is None or record.intent:
                continue
            if not self.worker.may_go_on():
                self.changes_left = True
                break
            flags = carrier.read_flags(plan.folder, record)
            lost = carrier.has_lost_messages(plan.folder, record)
            if flags is None and not lost:
                continue
            work = work or self.claims.claim(plan, before.target_id, before)
            if not carrier.carry_all(work, flags, follow=lost):
                self.changes_left = True
                break
        recorder.drain()

    # -- how it ends

    def _recorder(self) -> Recorder:
        worker = self.worker
        inline = InlineRecorder(worker.ledger, worker.blobs, worker.mailbox_id, self._recorded)
        return ThreadedRecorder(inline) if worker.job.pace.overlap else inline

    def _recorded(self, tally: Tally) -> None:
        self.copied += tally.copied
        self.progress(tally)

    def _leave_in_order(self, error: MigrationError) -> None:
        """Ends the connections, and writes into every open intent what is known of it."""
        worker, pipeline = self.worker, self.pipeline
        farewell = Farewell(
            error,
            worker.now(),
            worker.job.pace.settle,
            worker.job.pace.moment,
            sent=pipeline.began_sending if pipeline else set(),
            in_doubt=pipeline.unanswered if pipeline else set(),
            recreated=self.claims.recreated,
            is_answered=pipeline.is_answered if pipeline else False,
            has_stored=self.copied > self.copied_before,
        )
        worker.target.close()
        worker.source.close()
        for work in self.claims.works:
            if work.record.intent:
                left = farewell.leave(work, is_last=work is self.claims.works[-1])
                self.claims.write(work, left)

    @property
    def _attempts_in_doubt(self) -> int:
        """How often batches in doubt were begun before this worker; 0 if there is none."""
        intents = [work.record.intent for work in self.claims.works if work.record.intent]
        return max((intent.attempts for intent in intents), default=0)


_AT_ONCE = 0.001
"""Seconds: the walk is to begin anew."""
