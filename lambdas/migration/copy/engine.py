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
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from migration import transitions
from migration.copy.audit import read_audit
from migration.copy.changes import ChangeCarrier
from migration.copy.folders import plan_folders
from migration.copy.pacing import Throttle
from migration.copy.pipeline import Pipeline
from migration.copy.plan import Rematch, has_news, is_quiet, patience, settled_in
from migration.copy.read_ahead import beside
from migration.copy.recorder import (
    FolderWork,
    InlineRecorder,
    Progress,
    Recorder,
    ThreadedRecorder,
)
from migration.copy.recovery import Recovery, plan_before
from migration.copy.renames import adopt_renamed
from migration.copy.selection import scope, selects
from migration.copy.slices import Pace, SliceJob, SliceOutcome, SliceResult
from migration.copy.worker import Worker
from migration.errors import (
    Busy,
    FencedOff,
    FolderGone,
    MailboxUnreachable,
    MigrationError,
    SourceBusy,
    TargetBusy,
)
from migration.model import Folder, FolderPlan, FolderRecord, Tally
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
    progress: Progress = lambda tally: None,
) -> SliceResult:
    """Copies until nothing is left, the time is over, the operator wants a pause or a server does.

    `seconds_left` says how long the process may go on; `progress` is told of every batch that was
    recorded. Raises MailboxError leaves (FencedOff, SourceChanged, QuotaExceeded,
    MailboxUnreachable, CredentialsRejected, BatchStuck), AdministratorPending and
    ProvisioningPending: what was recorded stays recorded. Never raises SourceBusy or TargetBusy:
    they become BACKOFF.
    """
    worker = Worker(source, target, ledger, blobs, job, seconds_left)
    walker = _Walker(
        worker, progress, Throttle(job.policy.max_bytes_per_second, _clock(seconds_left), sleep)
    )
    for _ in range(job.pace.short_waits):
        result = walker.walk()
        wait = result.retry_after
        if result.outcome is not SliceOutcome.BACKOFF or wait > job.pace.short_wait:
            return result
        if seconds_left() < wait + job.pace.margin:
            return result
        sleep(wait)
    return walker.walk()


def _clock(seconds_left: Callable[[], float]) -> Callable[[], float]:
    return lambda: -seconds_left()


@dataclass(slots=True)
class _Walker:
    """Walks over all folders, from what the ledger says now. Walking again after a pause is the
    same as a new slice, with the same fence."""

    worker: Worker
    progress: Progress
    throttle: Throttle
    copied: int = 0
    recreated: set[str] = field(default_factory=set)
    works: list[FolderWork] = field(default_factory=list)
    pipeline: Pipeline | None = None
    left: int = 0
    changes_left: bool = False

    def walk(self) -> SliceResult:
        self.works = []
        self.pipeline = None
        self.changes_left = False
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
        elif self.changes_left or (self.pipeline and not self.pipeline.is_complete):
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
            worker.target.open()
        folders = list(worker.source.folders())
        records = adopt_renamed(worker, known_before, folders)
        known = {record.key: record for record in records}
        plans = self._plan(folders, known)
        busy = [plan for plan in plans if self._needs_copy(plan, known.get(plan.folder.key))]
        self.left = len(busy)
        wait = self._copy(recorder, busy, known) if busy else 0.0
        if not wait and (self.pipeline is None or self.pipeline.is_complete):
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
            ids = self._ensure_targets(plans, known)
        waits: list[float] = []
        self.pipeline = Pipeline(worker, recorder, self.throttle, left=len(plans))
        works = self._claim_all(recorder, plans, ids, known, waits)
        try:
            self.pipeline.run(works)
        except FolderGone as gone:
            recorder.drain()
            wait = self._recreate_gone()
            self._leave_in_order(gone)
            return wait
        recorder.drain()
        self.left = self.pipeline.left
        return max(waits, default=0.0)

    def _ensure_targets(
        self, plans: Sequence[FolderPlan], known: Mapping[str, FolderRecord]
    ) -> dict[str, str]:
        """Folder key -> target id. Places of earlier passes are kept as they are."""
        fresh = [plan for plan in plans if plan.folder.key not in known]
        made = self.worker.target.ensure_folders(fresh) if fresh else []
        ids = {plan.folder.key: id_ for plan, id_ in zip(fresh, made, strict=True)}
        return ids | {key: record.target_id for key, record in known.items()}

    def _claim_all(
        self,
        recorder: Recorder,
        plans: Sequence[FolderPlan],
        ids: Mapping[str, str],
        known: Mapping[str, FolderRecord],
        waits: list[float],
    ) -> Iterator[FolderWork]:
        """Each folder when its turn comes, claimed, and with nothing in doubt; those that must wait
        are left out. Runs where the reading runs."""
        recovery = Recovery(self.worker, recorder)
        for plan in plans:
            before = known.get(plan.folder.key)
            if before and before.intent and before.validity != plan.folder.validity:
                old = self._claim(plan_before(plan, before.validity), before.target_id)
                if wait := recovery.bury(old):
                    waits.append(wait)
                    continue
            work = self._claim(plan, ids[plan.folder.key], before)
            if work.record.intent and (wait := recovery.settle(work)):
                waits.append(wait)
                continue
            if work.record.recount:
                audit = read_audit(self.worker.blobs, self.worker.mailbox_id, work.record)
                work.rematch = Rematch.of(audit)
            work.cursor_ahead = work.record.cursor
            yield work

    def _claim(
        self, plan: FolderPlan, target_id: str, known: FolderRecord | None = None
    ) -> FolderWork:
        worker = self.worker
        if known is not None and known.validity != plan.folder.validity:
            worker.ledger.drop_remarks(worker.mailbox_id, plan.folder.key)
        record = worker.ledger.claim_folder(
            worker.mailbox_id, plan, target_id, worker.take_fence(), worker.job.pass_id
        )
        work = FolderWork(plan, record)
        self.works.append(work)
        return work

    def _recreate_gone(self) -> float:
        """Somebody has deleted folders at the target that messages are still copied into. They are
        created again, once; what was in them is not brought back."""
        for work in self.works:
            if not self._is_gone(work.record):
                continue
            key = work.plan.folder.key
            if key in self.recreated:
                raise MailboxUnreachable(f"the target folder of {key} disappears again and again")
            self.recreated.add(key)
            (target_id,) = self.worker.target.ensure_folders([work.plan])
            self._write(work, transitions.move(work.record, target_id))
        return _AT_ONCE

    def _is_gone(self, record: FolderRecord) -> bool:
        try:
            self.worker.target.count(record.target_id)
        except FolderGone:
            return True
        return False

    # -- what was copied before

    def _carry_changes(
        self,
        recorder: Recorder,
        plans: Sequence[FolderPlan],
        known: Mapping[str, FolderRecord],
    ) -> None:
        """Flags and deletions in folders that an earlier pass has copied."""
        carrier = ChangeCarrier(self.worker, recorder)
        works = {work.record.key: work for work in self.works}
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
            work = work or self._claim(plan, before.target_id, before)
            carrier.carry(work, flags, follow=lost)
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
        """Writes into every open intent what a worker that lives to tell it knows: from when on the
        target may be asked, and whether this was an attempt at it.

        What was not begun to be sent need not settle at all. Only the target itself can say that
        what was sent and not answered settles sooner than that of a dead worker. Not an attempt:
        what ends with an error of its own.
        """
        is_busy = isinstance(error, (SourceBusy, TargetBusy))
        lost = isinstance(error, TargetBusy) and error.lost
        pause = self.worker.job.pace.settle
        if isinstance(error, Busy) and not isinstance(error, SourceBusy):
            pause = error.retry_after
        sent = self.pipeline.began_sending if self.pipeline else set()
        in_doubt = self.pipeline.unanswered if self.pipeline else set()
        self.worker.target.close()
        self.worker.source.close()
        for work in self.works:
            intent = work.record.intent
            if intent is None:
                continue
            is_mine = not intent.seen_at
            is_fresh = isinstance(error, FolderGone) and work.record.key in self.recreated
            wait = pause if work in in_doubt and not is_fresh else 0.0
            settled = settled_in(self.worker.now(), wait, self.worker.job.pace.settle)
            left = transitions.leave(
                work.record,
                settled if is_mine else "",
                tried=is_mine and is_busy and work in sent,
                suspicious=lost and work in sent,
            )
            self._write(work, left)

    def _write(self, work: FolderWork, after: FolderRecord) -> None:
        work.record = self.worker.ledger.advance(self.worker.mailbox_id, work.record, after)

    @property
    def _attempts_in_doubt(self) -> int:
        """How often batches in doubt were begun before this worker; 0 if there is none."""
        intents = [work.record.intent for work in self.works if work.record.intent]
        return max((intent.attempts for intent in intents), default=0)


_AT_ONCE = 0.001
"""Seconds: the walk is to begin anew."""
