"""Finds out what became of a batch whose worker did not live to tell.

How much of it took effect is unknown. The time is noted, the requests of the other worker are let
settle, the target is asked what it has, and only the rest is copied. The other worker may be alive:
within one execution the platform ends a worker before it starts the next, but an aborted execution
leaves its worker running. After the claim it can neither record anything nor begin another batch;
what it is sending at that moment is over before the intent has settled (Pace). This alone is a
matter of time and not of the ledger.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from migration import transitions
from migration.copy.audit import HELD, Row, read_audit
from migration.copy.plan import (
    POISON,
    Print,
    is_poison,
    is_stuck,
    match_found,
    narrow_focus,
    settle_wait,
)
from migration.copy.recorder import FolderWork, Recorder
from migration.copy.subjects import decode_subject
from migration.copy.worker import Worker
from migration.errors import BatchStuck, SourceChanged
from migration.mail import Fate, Folder, FolderPlan, Found, Item, ItemRef
from migration.mime import MimeStream, fingerprint, pieces, whole
from migration.model import FolderRecord, Intent


@dataclass(slots=True)
class Recovery:
    """Settles open intents of folders that this worker has claimed, in the order in which they are
    copied: a worker that died did so over the first."""

    worker: Worker
    recorder: Recorder
    _is_first: bool = True

    def settle(self, work: FolderWork) -> float:
        """Seconds until the intent can be settled; 0 when it was: what is left of it then is not at
        the target, and may be copied. BatchStuck after too many attempts."""
        if wait := self._touch(work):
            return wait
        intent = _intent(work.record)
        if is_stuck(intent.attempts):
            batch = f"a batch of {len(intent.refs)} messages in folder {work.record.key}"
            raise BatchStuck(f"{batch} was begun again and again ({intent.attempts} times)")
        rows = self._find(work.plan.folder, work.record)
        if rows:
            self.recorder.finish(work, rows)
            self.recorder.drain()
        if work.record.intent:
            self._resume(work, intent)
        return 0.0

    def bury(self, work: FolderWork) -> float:
        """Closes an intent of a folder that was recreated at the source, once it has settled
        (seconds until then, as of `settle`): its messages cannot be read by their uids any more.
        What the target has of them is kept in the audit by its content, so that it is known when it
        is met under another uid. SourceChanged where the target shows no content that could be
        compared."""
        if wait := self._touch(work):
            return wait
        record = work.record
        intent = _intent(record)
        noted, rest, known_ids = self._noted(record)
        found = self._ask(record, intent, known_ids)
        if found and not all(each.fingerprint for each in found):
            key = record.key
            raise SourceChanged(f"folder {key} was recreated while a batch was under way")
        rows = [
            Row(ref, Fate.FOUND, each.target_id, fingerprint=each.fingerprint)
            for ref, each in zip(rest, found, strict=False)
        ]
        self.recorder.finish(
            work, [*noted, *rows, *(Row(ref, Fate.GONE) for ref in rest[len(rows) :])]
        )
        self.recorder.drain()
        return 0.0

    def _touch(self, work: FolderWork) -> float:
        """Notes that the intent was found open; seconds until it has settled."""
        now = self.worker.now()
        touched = transitions.touch(work.record, now, to_blame=self._is_first)
        self._is_first = False
        wait = settle_wait(_intent(touched).seen_at, now, self.worker.job.pace.settle)
        if wait:
            touched = transitions.leave(touched, "", tried=False)
        self.recorder.change(work, lambda _: touched)
        self.recorder.drain()
        return wait

    # -- what the target has

    def _find(self, folder: Folder, record: FolderRecord) -> list[Row]:
        """The rows of what is known to be dealt with: because the audit was written before the
        worker died, or because the target has it."""
        intent = _intent(record)
        noted, rest, known_ids = self._noted(record)
        if not rest:
            return noted
        found = self._ask(record, intent, known_ids)
        keys = {ref.uid: self.worker.keys(record, ref) for ref in rest}
        prints: dict[str, Print] = {}
        unread = [ref for ref in rest if any(each.key in keys[ref.uid] for each in found)]
        is_keyed = bool(unread)
        unread = unread or list(rest)
        while True:
            rows = match_found(rest, prints, found, lambda ref: keys[ref.uid], certain=bool(unread))
            missing = len(found) - (0 if is_keyed and unread else len(rows))
            if not unread or not missing:
                return noted + rows
            # Messages were stored in order: one that ends its workers comes after those found.
            some, unread = unread[:missing], unread[missing:]
            prints |= self._read_prints(folder, some)

    def _noted(self, record: FolderRecord) -> tuple[list[Row], list[ItemRef], set[str]]:
        """What the audit says of an intent, of which of its messages it says nothing, and the
        target ids of all messages of the folder that are accounted for. What filters left out may
        be wanted now, and what was gone may be there again."""
        audit = read_audit(self.worker.blobs, self.worker.mailbox_id, record)
        known = {uid: audit.rows[uid] for uid in audit.dealt(record.scope)}
        refs = _intent(record).refs
        ids = {row.target_id for row in (*known.values(), *audit.earlier) if row.fate in HELD}
        noted = [known[ref.uid] for ref in refs if ref.uid in known]
        return self._with_remarks(record, noted), [ref for ref in refs if ref.uid not in known], ids

    def _with_remarks(self, record: FolderRecord, noted: list[Row]) -> list[Row]:
        """The rows with what their remarks know beyond the audit, for these are written again."""
        if not any(row.is_remarked for row in noted):
            return noted
        remarks = self.worker.ledger.remarks(self.worker.mailbox_id)
        known = {each.uid: each for each in remarks if each.folder_key == record.key}
        return [
            replace(row, received=_moment(remark.received), subject=remark.subject)
            if (remark := known.get(row.ref.uid))
            else row
            for row in noted
        ]

    def _ask(self, record: FolderRecord, intent: Intent, known_ids: set[str]) -> list[Found]:
        """What came into the target folder since the intent, but for what is accounted for."""
        worker = self.worker
        keys = [key for ref in intent.refs for key in worker.keys(record, ref)]
        found = worker.target.since(record.target_id, intent.mark, keys)
        return [each for each in found if not each.target_id or each.target_id not in known_ids]

    def _read_prints(self, folder: Folder, refs: Sequence[ItemRef]) -> dict[str, Print]:
        """Reads the messages once more, only to know them again."""
        prints: dict[str, Print] = {}
        for answer in self.worker.source.fetch(folder, refs):
            if isinstance(answer, Item):
                if isinstance(answer.mime, MimeStream):
                    for _ in pieces(answer.mime):
                        pass
                prints[answer.ref.uid] = Print(
                    fingerprint(answer.mime), answer.received, answer.flags
                )
        return prints

    # -- messages that end their workers

    def _resume(self, work: FolderWork, before: Intent) -> None:
        """Begins anew with what is left; with less of it at once if it looks as if a message in it
        had ended its workers."""
        left = _intent(work.record)
        is_same = left.refs == before.refs  # nothing was stored since
        suspect = replace(left, crashes=before.crashes if is_same else 0)
        if is_same and before.focus == transitions.BEING_SET_ASIDE and before.crashes:
            self._set_aside(work, None)
            return
        if is_same and is_poison(before):
            self.recorder.change(work, transitions.begin_setting_aside)
            self.recorder.drain()
            self._set_aside(work, self._read_whole(work.plan.folder, left.refs[0]))
            return
        focus = max(0, narrow_focus(suspect))
        mark = self.worker.target.mark(work.record.target_id)
        # Halving begins with the death that made it smaller: each size gets its own count.
        crashes = 0 if focus != left.focus else suspect.crashes
        attempts = before.attempts if is_same else 0
        self.recorder.change(
            work,
            lambda record: replace(
                resumed := transitions.resume(record, mark, focus),
                intent=replace(_intent(resumed), crashes=crashes, attempts=attempts),
            ),
        )
        self.recorder.drain()

    def _set_aside(self, work: FolderWork, item: Item | None) -> None:
        """Quarantine: the raw message goes into the bucket, and the copy goes on without it. Of one
        that cannot even be read nothing is kept but its row in the report."""
        record = work.record
        row = Row(_intent(record).refs[0], Fate.QUARANTINED, reason=POISON)
        if item is not None:
            folder = f"{record.key}/{record.validity}"
            key = f"quarantine/{self.worker.mailbox_id}/{folder}/{row.ref.uid}.eml"
            self.worker.blobs.put(key, whole(item.mime), "message/rfc822")
            subject = decode_subject(self.worker.subject_of(item.mime))
            row = replace(row, received=item.received, subject=subject)
        self.recorder.finish(work, [row])
        self.recorder.drain()
        if work.record.intent:
            mark = self.worker.target.mark(record.target_id)
            self.recorder.change(work, lambda each: transitions.resume(each, mark, 0))
            self.recorder.drain()

    def _read_whole(self, folder: Folder, ref: ItemRef) -> Item | None:
        read = None
        for answer in self.worker.source.fetch(folder, [ref]):
            if isinstance(answer, Item):
                read = replace(answer, mime=whole(answer.mime))
        return read


def plan_before(plan: FolderPlan, validity: str) -> FolderPlan:
    """The plan of a folder as it was before it was recreated."""
    return replace(plan, folder=replace(plan.folder, validity=validity))


def _moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _intent(record: FolderRecord) -> Intent:
    assert record.intent is not None
    return record.intent
