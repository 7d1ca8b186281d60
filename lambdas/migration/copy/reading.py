"""The reading side of the pipeline: opens the intent of each batch, and asks the source for it,
some batches ahead of the writing."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace

from migration.copy.audit import Row
from migration.copy.pacing import Throttle
from migration.copy.plan import TOO_LARGE, has_news, is_suspicious
from migration.copy.recorder import FolderWork, Recorder
from migration.copy.selection import skips
from migration.copy.worker import Worker
from migration.mime import MimeStream
from migration.model import Fate, Gone, Item, ItemRef, Unreadable

_ASKED_AHEAD = 1
_OPEN_BATCHES = 10

Answer = Item | Gone | Unreadable


@dataclass(slots=True, eq=False)
class Batch:
    """Messages of one intent that are read and written together. `refs` are those worth reading;
    `rows` what is known of the others already. `wait` returns when the intent is written."""

    work: FolderWork
    refs: Sequence[ItemRef]
    rows: list[Row]
    wait: Callable[[], None]
    began: float
    is_leftover: bool = False
    is_alone: bool = False


@dataclass(slots=True)
class Reader:
    """Reads claimed folders. `left` counts those that are not done, `is_complete` says whether all
    was read, or the worker might not go on. `may_recover`: some folders have open intents."""

    worker: Worker
    recorder: Recorder
    throttle: Throttle
    left: int = 0
    may_recover: bool = False
    is_complete: bool = False
    _slots: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(_OPEN_BATCHES))
    _alone: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    _stopped: bool = False

    def arriving(self, works: Iterator[FolderWork]) -> Iterator[Batch | Answer]:
        """Each batch, and then what the source answers for each of its refs."""
        asked: deque[tuple[Batch, Iterator[Answer]]] = deque()
        for batch in self._batches(works):
            ahead = _ASKED_AHEAD
            if batch is None:
                ahead = 0
            else:
                answers = self.worker.source.fetch(batch.work.plan.folder, batch.refs)
                asked.append((batch, answers))
                if batch.is_alone:
                    ahead = 0
            while len(asked) > ahead:
                yield from self._answers(*asked.popleft())
        while asked:
            yield from self._answers(*asked.popleft())

    def _answers(self, batch: Batch, answers: Iterator[Answer]) -> Iterator[Batch | Answer]:
        batch.wait()  # a message that ends its reader must stand in an intent
        yield batch
        for answer in answers:
            yield answer
            if isinstance(answer, Item):
                self.throttle.spend(len(answer.mime))

    def _batches(self, works: Iterator[FolderWork]) -> Iterator[Batch | None]:
        """None where everything that was asked for must be read first: claiming the next folder may
        have to read messages of it, to find out what became of them."""
        for work in works:
            is_alone = is_suspicious(work.record.intent)
            more = yield from self._leftovers(work)
            if is_alone or not more:
                return
            while more:
                if not self._may_open():
                    return
                page = self.worker.source.page(
                    work.plan.folder, work.cursor_ahead, self.worker.job.pace.batch
                )
                if not has_news(page, work.cursor_ahead):
                    self._slots.release()
                    break
                work.cursor_ahead, more = page.cursor, page.more
                fresh = [ref for ref in page.refs if not work.is_dealt_with(ref)]
                mark = self.worker.target.mark(work.record.target_id) if fresh else ""
                wait = self.recorder.open(work, fresh, page.cursor, mark)
                if not fresh:
                    self._slots.release()
                    continue
                yield self._batch(work, fresh, wait)
            self.left -= 1
            if self.may_recover:
                yield None
        self.is_complete = True

    def _leftovers(self, work: FolderWork) -> Generator[Batch, None, bool]:
        """What an earlier worker had begun, in portions of its focus; False if it had to stop.

        Where a message in it is suspicious, nothing is read beside a portion: it would make a
        worker that dies look like one that got on."""
        intent = work.record.intent
        refs = list(intent.refs) if intent else []
        size = intent.focus if intent and intent.focus > 0 else len(refs)
        while refs:
            if not self._may_open():
                return False
            some, refs = refs[:size], refs[size:]
            batch = self._batch(work, some, lambda: None)
            yield replace(batch, is_leftover=True, is_alone=is_suspicious(intent))
            if is_suspicious(intent):
                self._alone.acquire()
        return True

    def _may_open(self) -> bool:
        """Waits for one of the batches before to be finished."""
        if self.worker.job.pace.overlap:
            self._slots.acquire()
        return not self._stopped and self.worker.may_go_on()

    def _batch(self, work: FolderWork, refs: Sequence[ItemRef], wait: Callable[[], None]) -> Batch:
        rows = [row for ref in refs if (row := self._row_unread(ref)) is not None]
        known = {row.ref.uid for row in rows}
        worth = [ref for ref in refs if ref.uid not in known]
        return Batch(work, worth, rows, wait, self.worker.seconds_left())

    def _row_unread(self, ref: ItemRef) -> Row | None:
        """The row of a message that need not be read: too large, or left out by the filters."""
        reason = skips(self.worker.job.policy, ref, None)
        if reason:
            return Row(ref, Fate.SKIPPED, reason=reason)
        if self.worker.max_bytes and ref.size > self.worker.max_bytes:
            return Row(ref, Fate.REJECTED, reason=TOO_LARGE)
        return None

    def stop(self) -> None:
        """From another thread: ends whatever the reading may be waiting for."""
        self._stopped = True
        self._slots.release()
        self._alone.release()
        self.worker.source.close()

    def finished(self, batch: Batch) -> None:
        """From the writing: what became of the batch is known, and another may be opened."""
        self._slots.release()
        if batch.is_alone:
            self._alone.release()


def weigh(thing: Batch | Answer) -> int:
    """A stream holds no more than its head."""
    if not isinstance(thing, Item):
        return 0
    mime = thing.mime
    return len(mime.head) if isinstance(mime, MimeStream) else len(mime)


def let_go(thing: Batch | Answer) -> None:
    """The connection behind a stream waits for its reader."""
    if isinstance(thing, Item) and isinstance(thing.mime, MimeStream):
        thing.mime.close()
