"""Copies the calendars, address books, tasks and notes of one mailbox: nothing lost, nothing
doubled, wherever it dies.

The protocol, for each collection:

0. Claim it with a fence; a worker with a lower fence can write nothing more.
1. Write the intent: the items about to be written or removed, each with the version listed.
2. Read them and write them, at most 50 at once, under keys that follow from the intent.
3. Remove what they take the place of.
4. Write their segment into the bucket (groupware_state.py).
5. Take them out of the intent and add the counts, in one update.

Items change, so a collection is listed whole and compared with its state, unless its token says
that nothing in it has changed. Whoever finds an intent open removes what is under its keys and not
in the state, and does all of it again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from collections.abc import Collection as Several
from dataclasses import dataclass, field, replace

from migration import transitions
from migration.copy.groupware_batch import CollectionWork, GroupwareWorker
from migration.copy.groupware_losses import write_losses
from migration.copy.groupware_plan import (
    VANISHED,
    find_busy,
    find_work,
    is_doubted,
    place_collections,
)
from migration.copy.groupware_recovery import GroupwareRecovery
from migration.copy.groupware_state import count_rows, merge_segments, read_state
from migration.copy.leaving import Farewell
from migration.copy.plan import patience, settled_in
from migration.copy.recorder import Progress
from migration.copy.slices import SliceJob, SliceOutcome, SliceResult, walk_patiently
from migration.errors import (
    FencedOff,
    FolderGone,
    MailboxUnreachable,
    MigrationError,
    SourceBusy,
    TargetBusy,
)
from migration.groupware_port import (
    CollectionPlan,
    GroupwareSource,
    GroupwareTarget,
)
from migration.mail import Folder, FolderPlan
from migration.model import FolderRecord
from migration.ports import BlobStore, Ledger


def copy_groupware(
    source: GroupwareSource,
    target: GroupwareTarget,
    ledger: Ledger,
    blobs: BlobStore,
    job: SliceJob,
    seconds_left: Callable[[], float],
    sleep: Callable[[float], None] = time.sleep,
    progress: Progress = lambda tally: None,
) -> SliceResult:
    """Copies until nothing is left, the time is over, the operator wants a pause or a server does.

    `job.mailbox_id` is the mailbox's; the ledger keeps the collections beside its mail folders
    (identity.groupware_id). Of `job.policy` only `delta` is asked, of the pace all but `overlap`.
    `progress` is told of every batch that was recorded; `copied` of the result counts items that
    were written, changed ones too, `folders_left` collections. When nothing is left, what could not
    be kept is written down (groupware_losses.py). Raises what `engine.copy_slice` raises.
    """
    worker = GroupwareWorker(ledger, blobs, job, seconds_left, source=source, target=target)
    walker = _Walker(worker, progress)
    return walk_patiently(walker.walk, job.pace, seconds_left, sleep)


@dataclass(slots=True)
class _Walker:
    """Walks over all collections, from what the ledger says now."""

    worker: GroupwareWorker
    progress: Progress
    current: CollectionWork | None = None
    left: int = 0
    recreated: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.worker.progress = self.progress

    def walk(self) -> SliceResult:
        self.current, self.left = None, 0
        self.worker.has_sent, self.worker.is_answered = False, True
        copied_before = self.worker.copied
        try:
            wait = self._copy_all()
        except (SourceBusy, TargetBusy) as busy:
            wait = max(busy.retry_after, patience(self._attempts))
            self._leave(busy, copied_before)
        except FencedOff:
            raise
        except MigrationError as error:
            self._leave(error, copied_before)
            raise
        return self._result(wait)

    def _result(self, wait: float) -> SliceResult:
        if self.worker.paused:
            outcome, wait = SliceOutcome.PAUSED, 0.0
        elif wait:
            outcome = SliceOutcome.BACKOFF
        elif self.left:
            outcome = SliceOutcome.MORE
        else:
            outcome = SliceOutcome.DONE
        left = 0 if outcome is SliceOutcome.DONE else max(1, self.left)
        return SliceResult(outcome, self.worker.copied, left, wait)

    # -- all collections

    def _copy_all(self) -> float:
        """Seconds until what could not be settled yet can be; 0 if nothing has to wait."""
        worker = self.worker
        records = worker.ledger.folders(worker.ledger_id)
        known = {record.key: record for record in records}
        collections = list(worker.source.collections())
        placements, strangers = place_collections(
            collections,
            worker.target.kinds(),
            {record.key: (record.path[0], record.target_path[1]) for record in records},
        )
        busy = find_busy(placements, collections, records, worker.delta)
        self.left = len(busy)
        waits = [0.0]
        if busy and worker.may_go_on():
            ids = self._ensure_targets(
                [each.plan for each in busy if each.plan.collection.key not in known]
            )
            for plan, is_there in ((each.plan, each.is_there) for each in busy):
                before = known.get(plan.collection.key)
                target_id = before.target_id if before else ids[plan.collection.key]
                wait = self._copy(plan, target_id, before, is_there=is_there)
                if wait is None:
                    return max(waits)
                waits.append(wait)
                self.left -= not wait
        if not self.left:
            write_losses(
                worker.blobs,
                worker.mailbox_id,
                worker.ledger.folders(worker.ledger_id),
                collections,
                strangers,
            )
        return max(waits)

    def _ensure_targets(self, fresh: Sequence[CollectionPlan]) -> dict[str, str]:
        made = self.worker.target.ensure_collections(fresh) if fresh else []
        return {plan.collection.key: id_ for plan, id_ in zip(fresh, made, strict=True)}

    # -- one collection

    def _copy(
        self, plan: CollectionPlan, target_id: str, before: FolderRecord | None, *, is_there: bool
    ) -> float | None:
        """Seconds until its open intent can be settled; None if the slice ends before it is
        finished."""
        while True:
            work = self._claim(plan, target_id)
            try:
                return self._copy_claimed(work, is_there=is_there)
            except FolderGone:
                target_id = self._recreate(work)

    def _claim(self, plan: CollectionPlan, target_id: str) -> CollectionWork:
        worker, collection = self.worker, plan.collection
        folder = Folder(collection.key, (collection.kind.value, collection.name), "1", 0)
        folder_plan = FolderPlan(
            folder, (collection.kind.value, plan.name), scope=self.worker.delta.value
        )
        record = worker.ledger.claim_folder(
            worker.ledger_id, folder_plan, target_id, worker.take_fence(), worker.job.pass_id
        )
        state = read_state(worker.blobs, worker.mailbox_id, record)
        self.current = CollectionWork(folder_plan, record, collection=collection, state=state)
        return self.current

    def _copy_claimed(self, work: CollectionWork, *, is_there: bool) -> float | None:
        worker = self.worker
        if work.record.intent and (wait := GroupwareRecovery(worker).settle(work)):
            return wait
        entries = list(worker.source.entries(work.collection)) if is_there else []
        work.listed = {entry.uid: entry for entry in entries}
        while work.record.intent:
            refs = work.record.intent.refs
            if not self._go_on(work):
                return None
            worker.finish(work, refs[: work.record.intent.focus or len(refs)])
        there = self._look_again(work) if is_doubted(work.record) else None
        todo = find_work(entries, work.state, worker.delta, there)
        while todo:
            if not self._go_on(work):
                return None
            size = min(worker.at_once, worker.job.pace.batch.items)
            worker.begin(work, todo[:size])
            del todo[:size]
        self._complete(work, work.collection.token if is_there else VANISHED)
        return 0.0

    def _look_again(self, work: CollectionWork) -> Several[str]:
        """What the target has of what the state says. FolderGone if it has no such folder."""
        ids = [id_ for row in work.state.values() for id_ in row.marks]
        return self.worker.target.marks(work.record.target_id, ids)

    def _go_on(self, work: CollectionWork) -> bool:
        """False if the slice ends here; an open intent then says that nothing of it is in doubt."""
        worker = self.worker
        if worker.may_go_on():
            return True
        if work.record.intent:
            settled = settled_in(worker.now(), 0.0, worker.job.pace.settle)
            worker.advance(work, transitions.leave(work.record, settled, tried=False))
        return False

    def _complete(self, work: CollectionWork, token: str) -> None:
        """Notes that all was compared that the source showed after it had given this token."""
        merge_segments(self.worker.blobs, self.worker.mailbox_id, work.record, work.state)
        total = count_rows(work.state.values())
        after = replace(work.record, cursor=token, total=total, recount=False)
        if after != work.record:
            self.worker.advance(work, after)

    def _recreate(self, work: CollectionWork) -> str:
        """The target folder was deleted: it is created again, once, and all is written anew."""
        worker, key = self.worker, work.record.key
        if key in self.recreated:
            raise MailboxUnreachable(f"the target folder of {key} disappears again and again")
        self.recreated.add(key)
        plan = CollectionPlan(work.collection, work.record.target_path[1])
        (target_id,) = worker.target.ensure_collections([plan])
        if target_id != work.record.target_id:
            worker.restart(work, target_id)
        return target_id

    # -- how it ends

    @property
    def _attempts(self) -> int:
        intent = self.current.record.intent if self.current else None
        return intent.attempts if intent else 0

    def _leave(self, error: MigrationError, copied_before: int) -> None:
        """Ends the connections, and writes into the open intent what is known of it."""
        worker, work = self.worker, self.current
        worker.target.close()
        worker.source.close()
        if work is None or work.record.intent is None:
            return
        sent = {work} if worker.has_sent else set()
        farewell = Farewell(
            error,
            worker.now(),
            worker.job.pace.settle,
            worker.job.pace.moment,
            sent=sent,
            in_doubt=sent,
            recreated=self.recreated,
            is_answered=worker.is_answered,
            has_stored=worker.copied > copied_before,
        )
        worker.advance(work, farewell.leave(work, is_last=True))
