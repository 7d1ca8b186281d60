"""Finds out what became of a batch of items whose worker did not live to tell, and takes it back.

As with mail (recovery.py), the requests of the other worker are let settle first. Then what is
under the intent's keys is removed, whole or not, and all of it is to be written again: of a series
whose changes are missing nobody could say so. A batch whose workers die again and again is halved
down to the item that is to blame, and that is put aside.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from migration import transitions
from migration.copy.groupware_batch import CollectionWork, GroupwareWorker
from migration.copy.groupware_plan import Before, decide_quarantined
from migration.copy.groupware_state import entry_of
from migration.copy.plan import POISON, is_poison, is_stuck, narrow_focus, settle_wait
from migration.errors import BatchStuck
from migration.groupware_port import NotReadable, Read
from migration.identity import folder_key
from migration.mail import ItemRef
from migration.model import Intent


@dataclass(frozen=True, slots=True)
class GroupwareRecovery:
    """Settles open intents of collections that this worker has claimed."""

    worker: GroupwareWorker

    def settle(self, work: CollectionWork) -> float:
        """Seconds until the intent can be settled; 0 when it was: what is left of it is not at the
        target then, and is to be done again. BatchStuck after too many attempts."""
        worker, now = self.worker, self.worker.now()
        touched = transitions.touch(work.record, now)
        wait = settle_wait(_intent_of(touched.intent).seen_at, now, worker.job.pace.settle)
        if wait:
            touched = transitions.leave(touched, "", tried=False)
        worker.advance(work, touched)
        if wait:
            return wait
        intent = _intent(work)
        if is_stuck(intent.attempts):
            batch = f"a batch of {len(intent.refs)} items in collection {work.record.key}"
            raise BatchStuck(f"{batch} was begun again and again ({intent.attempts} times)")
        worker.clear(work)
        self._resume(work, intent)
        return 0.0

    def _resume(self, work: CollectionWork, intent: Intent) -> None:
        """Begins anew, with less at once if it looks as if an item had ended its workers."""
        worker = self.worker
        if intent.focus == transitions.BEING_SET_ASIDE and intent.crashes:
            self._set_aside(work, None)
            return
        if is_poison(intent):
            worker.advance(work, transitions.begin_setting_aside(work.record))
            self._set_aside(work, self._read_raw(work, intent.refs[0]))
            return
        focus = max(0, narrow_focus(intent))
        resumed = transitions.resume(work.record, intent.mark, focus)
        # Halving begins with the death that made it smaller: each size gets its own count.
        crashes = 0 if focus != intent.focus else intent.crashes
        worker.advance(
            work, replace(resumed, intent=replace(_intent_of(resumed.intent), crashes=crashes))
        )

    def _set_aside(self, work: CollectionWork, raw: bytes | None) -> None:
        """Quarantine: what the source gave goes into the bucket, and the copy goes on without it.
        Of an item that cannot even be read nothing is kept but its row in the report."""
        worker, ref = self.worker, _intent(work).refs[0]
        entry = entry_of(ref)
        if raw is not None:
            name = f"{work.record.key}/{folder_key(entry.uid)}"
            worker.blobs.put(f"quarantine/{worker.mailbox_id}/{name}.txt", raw, "text/plain")
        row = work.state.get(entry.uid)
        there = worker.target.marks(work.record.target_id, list(row.marks)) if row else {}
        worker.record(work, [ref], [decide_quarantined(entry, POISON, Before(row, there))])
        if intent := work.record.intent:
            worker.advance(work, transitions.resume(work.record, intent.mark, 0))

    def _read_raw(self, work: CollectionWork, ref: ItemRef) -> bytes | None:
        raw = None
        for answer in self.worker.source.fetch(work.collection, [entry_of(ref)]):
            if isinstance(answer, (Read, NotReadable)):
                raw = answer.raw
        return raw


def _intent(work: CollectionWork) -> Intent:
    return _intent_of(work.record.intent)


def _intent_of(intent: Intent | None) -> Intent:
    assert intent is not None
    return intent
