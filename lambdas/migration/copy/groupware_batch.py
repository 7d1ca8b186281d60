"""Brings one batch of items of a collection to the target, and writes down what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from migration import transitions
from migration.copy.groupware_plan import (
    Answer,
    Before,
    Decision,
    decide_refused,
    decide_vanished,
    decide_written,
)
from migration.copy.groupware_size import FIRST_BATCH, fit_batch
from migration.copy.groupware_state import (
    SEGMENT_TYPE,
    ItemRow,
    count_rows,
    entry_of,
    item_key,
    ref_of,
    segment_key,
    segment_lines,
)
from migration.copy.recorder import FolderWork, Progress
from migration.copy.worker import Turn
from migration.groupware_port import (
    Collection,
    Entry,
    GroupwareSource,
    GroupwareTarget,
    Keyed,
    Read,
    Vanished,
    Written,
)
from migration.identity import groupware_id
from migration.mail import ItemRef, Rejected
from migration.model import DeltaPolicy, FolderRecord, Tally


@dataclass(slots=True, eq=False)
class CollectionWork(FolderWork):
    """A collection that this worker owns. `state` is what is certain of it, `listed` what the
    source has of it now, by uid."""

    collection: Collection = field(kw_only=True)
    state: dict[str, ItemRow] = field(kw_only=True)
    listed: Mapping[str, Entry] = field(default_factory=dict, kw_only=True)


@dataclass(slots=True)
class GroupwareWorker(Turn):
    """The hands of a slice that copies collections. `has_sent` says that something was sent to the
    target of which nothing is recorded yet, `is_answered` that all of it was answered. `at_once` is
    how many items the next batch may hold."""

    source: GroupwareSource = field(kw_only=True)
    target: GroupwareTarget = field(kw_only=True)
    progress: Progress = field(default=lambda tally: None, kw_only=True)
    copied: int = field(default=0, init=False)
    at_once: int = field(default=FIRST_BATCH, init=False)
    has_sent: bool = field(default=False, init=False)
    is_answered: bool = field(default=True, init=False)

    @property
    def ledger_id(self) -> str:
        return groupware_id(self.mailbox_id)

    @property
    def delta(self) -> DeltaPolicy:
        """What later passes bring of deletions."""
        return self.job.policy.delta

    def key(self, work: CollectionWork, ref: ItemRef) -> str:
        """The migration key of an item of an intent."""
        return item_key(self.job.tenant, self.ledger_id, work.record.key, entry_of(ref))

    # -- a batch

    def begin(self, work: CollectionWork, entries: Sequence[Entry]) -> None:
        """Writes the intent, and does what it says. While it is open, the collection has no cursor:
        it may look again as it did when it was found complete."""
        refs = [ref_of(entry) for entry in entries]
        mark = str(work.record.revision)
        self.advance(work, transitions.open_batch(work.record, refs, "", mark))
        self.finish(work, refs)

    def finish(self, work: CollectionWork, refs: Sequence[ItemRef]) -> None:
        """Does what the open intent says of these, and records it."""
        began = self.seconds_left()
        asked = [each for ref in refs if (each := work.listed.get(entry_of(ref).uid))]
        answers = {answer.entry.uid: answer for answer in self.source.fetch(work.collection, asked)}
        octets = sum(
            len(answer.raw) for answer in answers.values() if not isinstance(answer, Vanished)
        )
        written = self._write(work, refs, answers)
        there = self._look(work, refs)
        decisions = [self._decide(work, ref, answers, written, there) for ref in refs]
        self._remove(work, [id_ for each in decisions for id_ in each.remove])
        self.record(work, refs, decisions)
        took = began - self.seconds_left()
        self.slowest = max(self.slowest, took)
        self.at_once = fit_batch(len(refs), octets, took)

    def _write(
        self, work: CollectionWork, refs: Sequence[ItemRef], answers: Mapping[str, Answer]
    ) -> dict[str, Written | Rejected]:
        """The outcomes by key."""
        reads = [(ref, answers.get(entry_of(ref).uid)) for ref in refs]
        batch = [
            Keyed(self.key(work, ref), answer.items)
            for ref, answer in reads
            if isinstance(answer, Read) and answer.items
        ]
        if not batch:
            return {}
        self.ledger.check_claim(self.ledger_id, work.record)
        self.has_sent, self.is_answered = True, False
        outcomes = self.target.write(work.record.target_id, batch)
        self.is_answered = True
        return {each.key: outcome for each, outcome in zip(batch, outcomes, strict=True)}

    def _look(self, work: CollectionWork, refs: Sequence[ItemRef]) -> Mapping[str, str]:
        """The present marks of what the target had of these items before."""
        ids = [id_ for ref in refs if (row := _row(work, ref)) for id_ in row.marks]
        return self.target.marks(work.record.target_id, ids) if ids else {}

    def _decide(
        self,
        work: CollectionWork,
        ref: ItemRef,
        answers: Mapping[str, Answer],
        written: Mapping[str, Written | Rejected],
        there: Mapping[str, str],
    ) -> Decision:
        entry, before = entry_of(ref), Before(_row(work, ref), there)
        answer = answers.get(entry.uid)
        if answer is None or isinstance(answer, Vanished):
            return decide_vanished(entry.uid, before, self.delta)
        outcome = written.get(self.key(work, ref))
        if isinstance(answer, Read) and isinstance(outcome, Written):
            return decide_written(answer, outcome, before)
        return decide_refused(answer, outcome if isinstance(outcome, Rejected) else None, before)

    def _remove(self, work: CollectionWork, ids: Sequence[str]) -> None:
        if ids:
            self.ledger.check_claim(self.ledger_id, work.record)
            self.target.remove(work.record.target_id, ids)

    # -- the ledger

    def record(
        self, work: CollectionWork, refs: Sequence[ItemRef], decisions: Sequence[Decision]
    ) -> None:
        """Writes the segment, and then takes the items out of the intent. The total is that of the
        state: an item that was written again is one item."""
        rows = [each.row for each in decisions]
        body = segment_lines(work.record, rows)
        self.blobs.put(segment_key(self.mailbox_id, work.record), body, SEGMENT_TYPE)
        did = count_rows(each.row for each in decisions if each.did)
        state = work.state | {row.uid: row for row in rows}
        finished = transitions.finish(work.record, {ref.uid for ref in refs}, did)
        self.advance(work, replace(finished, total=count_rows(state.values())))
        work.state = state
        self.has_sent = False
        self.copied += did.copied
        self.progress(did)

    def restart(self, work: CollectionWork, target_id: str) -> None:
        """The record goes on with an empty folder: what the state says was said of another."""
        moved = transitions.move(work.record, target_id)
        self.advance(work, replace(moved, cursor="", total=Tally(), intent=None))
        self.has_sent = False

    def advance(self, work: CollectionWork, after: FolderRecord) -> None:
        """Writes the record."""
        work.record = self.ledger.advance(self.ledger_id, work.record, after)

    # -- what is in doubt

    def clear(self, work: CollectionWork) -> None:
        """Removes what the target has under the keys of the open intent, but for what the state
        knows under the same keys."""
        assert work.record.intent is not None
        keys = [self.key(work, ref) for ref in work.record.intent.refs]
        found = self.target.find(work.record.target_id, keys)
        known = {id_ for row in work.state.values() for id_ in row.marks}
        self._remove(work, [each.target_id for each in found if each.target_id not in known])


def _row(work: CollectionWork, ref: ItemRef) -> ItemRow | None:
    return work.state.get(entry_of(ref).uid)
