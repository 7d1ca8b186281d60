"""Carries batches from the source to the target: reading the next ones, writing this one and
recording the last one at the same time.

The reader opens the intent of each batch and asks the source for it, some batches ahead; the writer
sends messages as they come, and collects the target's answers as they come; the recorder writes
down. No more than a few batches are open at once, and no more than a window of 16 MB of messages is
in memory: what was read and not yet sent here, and what was sent and not yet answered in the
target.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime

from migration.copy.audit import Row
from migration.copy.pacing import Throttle
from migration.copy.plan import (
    TOO_LARGE,
    reason_of_all,
    row_of_outcome,
)
from migration.copy.read_ahead import read_ahead
from migration.copy.reading import Answer, Batch, Reader, let_go, weigh
from migration.copy.recorder import FolderWork, Recorder
from migration.copy.selection import skips
from migration.copy.subjects import decode_subject
from migration.copy.worker import Worker
from migration.errors import AdministratorPending, MailboxUnreachable, MigrationError
from migration.mail import Fate, Gone, Item, ItemRef, Outcome, Rejected, Stamped, Unreadable
from migration.mime import MimeStream, fingerprint, whole
from migration.model import FolderRecord
from migration.ports import Receipt

_READ_AHEAD_BYTES = 4_000_000
_SENT_BATCHES = 6
_CLAIM_SECONDS = 60.0


@dataclass(slots=True)
class _Sent:
    """A message on its way. Its content is not kept, but for the stream that knows its print."""

    ref: ItemRef
    flags: frozenset[str]
    received: datetime
    subject: bytes
    fingerprint: str = ""
    stream: MimeStream | None = None

    def row(self, outcome: Outcome) -> Row:
        print_ = self.stream.fingerprint if self.stream else self.fingerprint
        row = row_of_outcome(self.ref, outcome, print_, self.flags)
        if not row.is_remarked:
            return row
        return replace(row, received=self.received, subject=decode_subject(self.subject))


@dataclass(slots=True)
class _UnderWay:
    batch: Batch
    sent: Sequence[_Sent]
    receipt: Receipt


@dataclass(slots=True)
class Pipeline:
    """Copies claimed folders. `began_sending` holds those of which something was sent, `unanswered`
    those of which it is unknown what became of it. `is_answered`: the target has
    nothing under way, but what it has stored was not recorded."""

    worker: Worker
    recorder: Recorder
    throttle: Throttle
    began_sending: set[FolderWork] = field(default_factory=set)
    unanswered: set[FolderWork] = field(default_factory=set)
    reader: Reader = field(init=False)
    is_answered: bool = False
    _under_way: deque[_UnderWay] = field(default_factory=deque)
    _again: list[tuple[FolderWork, ItemRef]] = field(default_factory=list)
    _broken: MigrationError | None = None
    _checked_at: float | None = None

    def __post_init__(self) -> None:
        self.reader = Reader(self.worker, self.recorder, self.throttle)

    def run(self, works: Iterator[FolderWork]) -> None:
        """Copies until nothing is left or the worker may not go on (the reader tells). `works`
        claims one folder after the other. Raises what source, target and ledger raise: what was
        recorded by then is recorded."""
        overlap = self.worker.job.pace.overlap
        arriving: AbstractContextManager[Iterator[Batch | Answer]] = nullcontext(
            self.reader.arriving(works)
        )
        if overlap:
            arriving = read_ahead(
                self.reader.arriving(works), weigh, _READ_AHEAD_BYTES, self.reader.stop, let_go
            )
        with arriving as things:
            while (thing := self._next(things)) is not None:
                assert isinstance(thing, Batch)
                self._write(thing, things)
        while self._under_way:
            self._collect()
        if self._broken is not None:
            raise self._broken
        for work, ref in self._again:
            self._copy_whole(work, ref)

    # -- writing

    def _next(self, things: Iterator[Batch | Answer]) -> Batch | Answer | None:
        """What comes next, None at the end. When reading breaks, that is raised only after the
        answers for what was sent have come: it is not in doubt then."""
        try:
            return next(things, None)
        except MigrationError as error:
            self._broken = error
            return None

    def _write(self, batch: Batch, things: Iterator[Batch | Answer]) -> None:
        """Sends a batch, whose intent is written. Its claim is looked at again just before: reading
        may have taken long."""
        sent: list[_Sent] = []
        record = batch.work.record
        if batch.refs:
            self._check_claim(record)
            self.began_sending.add(batch.work)
            self.unanswered.add(batch.work)
        wanted = {ref.uid: ref for ref in batch.refs}
        items = self._items(batch, wanted, things, sent)
        try:
            receipt = self.worker.target.append(record.target_id, items)
        finally:
            items.close()
        self._under_way.append(_UnderWay(batch, sent, receipt))
        # A target that takes no more has something to say.
        window = 1 if batch.is_leftover or wanted else _SENT_BATCHES
        while len(self._under_way) >= window:
            self._collect()

    def _check_claim(self, record: FolderRecord, every: float = 0.0) -> None:
        """FencedOff if another worker has taken over; asked for at most `every` so many seconds."""
        now = self.worker.seconds_left()
        if self._checked_at is None or self._checked_at - now >= every:
            self.worker.ledger.check_claim(self.worker.mailbox_id, record)
            self._checked_at = now

    def _items(
        self,
        batch: Batch,
        wanted: dict[str, ItemRef],
        things: Iterator[Batch | Answer],
        sent: list[_Sent],
    ) -> Generator[Stamped, None, None]:
        """The messages of a batch that are worth sending, as they come; each is taken out of
        `wanted`."""
        while wanted and (answer := self._next(things)) is not None:
            assert not isinstance(answer, Batch)
            # The listed size counts, also where the source turns out to be wrong about it: after
            # a crash, the message may be found and is not read again.
            ref = wanted.pop(answer.ref.uid)
            if batch.work.rematch is not None and isinstance(answer, Item):
                answer = replace(answer, mime=whole(answer.mime))  # its print decides
            row, print_ = self._row_unsent(batch.work, ref, answer)
            if row is not None:
                batch.rows.append(row)
                let_go(answer)
                continue
            assert isinstance(answer, Item)
            self._check_claim(batch.work.record, every=_CLAIM_SECONDS)
            sent.append(self._sent(ref, answer, print_))
            try:
                item = answer if answer.ref is ref else replace(answer, ref=ref)
                yield Stamped(self.worker.key(batch.work.record, ref), item)
            finally:
                let_go(answer)

    def _sent(self, ref: ItemRef, item: Item, print_: str) -> _Sent:
        stream = item.mime if isinstance(item.mime, MimeStream) else None
        subject = self.worker.subject_of(item.mime)
        return _Sent(ref, item.flags, item.received, subject, print_, stream)

    def _row_unsent(self, work: FolderWork, ref: ItemRef, answer: Answer) -> tuple[Row | None, str]:
        """The row of a message that is not sent after all, None if it is; and its print, but for a
        stream, which was not read yet."""
        if isinstance(answer, Gone):
            return Row(ref, Fate.GONE), ""
        if isinstance(answer, Unreadable):
            return Row(ref, Fate.UNREADABLE, reason=answer.reason), ""
        if reason := skips(self.worker.job.policy, ref, answer.received):
            return Row(ref, Fate.SKIPPED, reason=reason, scope=work.record.scope), ""
        if self.worker.max_bytes and len(answer.mime) > self.worker.max_bytes:
            subject = decode_subject(self.worker.subject_of(answer.mime))
            refused = Row(ref, Fate.REJECTED, reason=TOO_LARGE)
            return replace(refused, received=answer.received, subject=subject), ""
        if isinstance(answer.mime, MimeStream):
            return None, ""
        print_ = fingerprint(answer.mime)
        row = work.rematch.match(ref, print_) if work.rematch else None
        return row, print_

    def _collect(self) -> None:
        """The outcome of the batch that was sent first. A refused stream was not offered in every
        form: it is read again, whole, when nothing else is under way."""
        under_way = self._under_way[0]
        outcomes = self._wait_for(under_way.receipt)
        self._under_way.popleft()
        batch = under_way.batch
        sent_rows = []
        for sent, outcome in zip(under_way.sent, outcomes, strict=True):
            if isinstance(outcome, Rejected) and sent.stream is not None:
                self._again.append((batch.work, sent.ref))
            else:
                sent_rows.append(sent.row(outcome))
        if reason := reason_of_all(sent_rows):
            self._wait_for_rest()
            raise MailboxUnreachable(f"the target refuses every message of a batch: {reason}")
        if rows := in_order([*batch.rows, *sent_rows]):
            self.recorder.finish(batch.work, rows, under_way.receipt.mark)
        if not any(each.batch.work is batch.work for each in self._under_way):
            self.unanswered.discard(batch.work)
        self.worker.slowest = max(self.worker.slowest, batch.began - self.worker.seconds_left())
        self.reader.finished(batch)

    def _wait_for(self, receipt: Receipt) -> Sequence[Outcome]:
        """The outcomes. A target that refuses the mailbox itself has nothing under way then, so
        the next slice meets the refusal within a moment. A pause between two refusals would look
        like a success to a workflow that counts failures in a row."""
        try:
            return receipt.outcomes()
        except (MailboxUnreachable, AdministratorPending):
            self.is_answered = True
            raise

    def _wait_for_rest(self) -> None:
        """Lets everything that was sent take effect, and records nothing of it: what was stored is
        found by whoever goes on."""
        while self._under_way:
            self._wait_for(self._under_way.popleft().receipt)
        self.is_answered = True

    def _copy_whole(self, work: FolderWork, ref: ItemRef) -> None:
        """One large message that was refused while it was streamed."""
        record = work.record
        for answer in list(self._fetch_whole(work, ref)):
            row, print_ = self._row_unsent(work, ref, answer)
            if row is None:
                assert isinstance(answer, Item)
                self._check_claim(record)
                self.unanswered.add(work)
                stamped = Stamped(self.worker.key(record, ref), answer)
                receipt = self.worker.target.append(record.target_id, [stamped])
                (outcome,) = self._wait_for(receipt)
                self.unanswered.discard(work)
                row = self._sent(ref, answer, print_).row(outcome)
            self.recorder.finish(work, [row])

    def _fetch_whole(self, work: FolderWork, ref: ItemRef) -> Iterator[Answer]:
        for answer in self.worker.source.fetch(work.plan.folder, [ref]):
            if isinstance(answer, Item):
                yield replace(answer, ref=ref, mime=whole(answer.mime))
            else:
                yield answer


def in_order(rows: Sequence[Row]) -> list[Row]:
    """The rows in the order of the folder, as far as uids have one."""
    return sorted(rows, key=lambda row: (len(row.ref.uid), row.ref.uid))
