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
from migration.copy.subjects import decode_subject
from migration.copy.worker import Worker
from migration.mail import Fate, Gone, Item, ItemRef, Page, Unreadable
from migration.mime import MimeStream

_ASKED_AHEAD = 1
_OPEN_BATCHES = 10
_ANNOUNCED = 2_000
"""So many messages of a folder are planned ahead of their batches, for a source that reads on."""

Answer = Item | Gone | Unreadable


@dataclass(slots=True, eq=False)
class Batch:
    """Messages of one intent that are read and written together. `refs` are those worth reading;
    `rows` what is known of the others already, `following` the refs of the batches behind it.
    `wait` returns when the intent is written."""

    work: FolderWork
    refs: Sequence[ItemRef]
    rows: list[Row]
    wait: Callable[[], None]
    began: float
    following: Sequence[ItemRef] = ()
    is_leftover: bool = False
    is_alone: bool = False


@dataclass(frozen=True, slots=True)
class _Planned:
    """A page of a folder: those of its messages that are not dealt with yet, and those of them that
    are worth reading; `following` are the same of the pages behind it, where the source is to be
    told."""

    page: Page
    fresh: Sequence[ItemRef]
    worth: Sequence[ItemRef]
    rows: list[Row]
    following: Sequence[ItemRef] = ()


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
    _to_restart: list[FolderWork] = field(default_factory=list)

    def arriving(self, works: Iterator[FolderWork]) -> Iterator[Batch | Answer]:
        """Each batch, and then what the source answers for each of its refs."""
        asked: deque[tuple[Batch, Iterator[Answer]]] = deque()
        for batch in self._batches(works):
            ahead = _ASKED_AHEAD
            if batch is None:
                ahead = 0
            else:
                answers = self.worker.source.fetch(
                    batch.work.plan.folder, batch.refs, batch.following
                )
                asked.append((batch, answers))
                if batch.is_alone:
                    ahead = 0
            while len(asked) > ahead:
                yield from self._answers(*asked.popleft())
        while asked:
            yield from self._answers(*asked.popleft())
        for work in self._to_restart:
            self.is_complete = False
            self.recorder.open(work, (), "", "")

    def _answers(self, batch: Batch, answers: Iterator[Answer]) -> Iterator[Batch | Answer]:
        batch.wait()  # a message that ends its reader must stand in an intent
        yield batch
        for answer in answers:
            if isinstance(answer, Gone) and batch.work.is_to_restart(answer.ref.uid):
                self._to_restart.append(batch.work)
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
            pages = self._pages(work)
            while more:
                if not self._may_open():
                    return
                if (planned := next(pages, None)) is None:
                    self._slots.release()
                    break
                cursor, fresh, more = planned.page.cursor, planned.fresh, planned.page.more
                work.cursor_ahead = cursor
                mark = self.worker.target.mark(work.record.target_id) if fresh else ""
                wait = self.recorder.open(work, fresh, cursor, mark)
                if not fresh:
                    self._slots.release()
                    continue
                began = self.worker.seconds_left()
                yield Batch(work, planned.worth, planned.rows, wait, began, planned.following)
            self.left -= 1
            if self.may_recover:
                yield None
        self.is_complete = True

    def _pages(self, work: FolderWork) -> Iterator[_Planned]:
        """The pages of a folder, until one has no news. Where the source reads on, several are
        planned before the first is given."""
        cursor, more = work.cursor_ahead, True
        ahead = _ANNOUNCED if self.worker.source.capabilities.reads_on else 1
        while more:
            planned: list[_Planned] = []
            while more and sum(len(each.page.refs) for each in planned) < ahead:
                page = self.worker.source.page(work.plan.folder, cursor, self.worker.job.pace.batch)
                if not has_news(page, cursor):
                    more = False
                    break
                cursor, more = page.cursor, page.more
                planned.append(self._plan(work, page))
            yield from announce(planned)

    def _plan(self, work: FolderWork, page: Page) -> _Planned:
        remember = self.worker.source.capabilities.repeats
        fresh = work.sort_out(page.refs, remember=remember)
        worth, rows = self._sort_out(work, fresh)
        return _Planned(page, fresh, worth, rows)

    def _leftovers(self, work: FolderWork) -> Generator[Batch, None, bool]:
        """What an earlier worker had begun, in portions of its focus; False if it had to stop.

        Where a message in it is suspicious, a portion is no more than a batch, for several may have
        been open, and nothing is read beside it: that would make a worker that dies look like one
        that got on."""
        intent = work.record.intent
        refs = list(intent.refs) if intent else []
        batch = self.worker.job.pace.batch.items if is_suspicious(intent) else len(refs)
        size = intent.focus if intent and intent.focus > 0 else batch
        while refs:
            if not self._may_open():
                return False
            some, refs = refs[:size], refs[size:]
            worth, rows = self._sort_out(work, some)
            left_over = Batch(work, worth, rows, lambda: None, self.worker.seconds_left())
            yield replace(left_over, is_leftover=True, is_alone=is_suspicious(intent))
            if is_suspicious(intent):
                self._alone.acquire()
        return True

    def _may_open(self) -> bool:
        """Waits for one of the batches before to be finished."""
        if self.worker.job.pace.overlap:
            self._slots.acquire()
        return not self._stopped and self.worker.may_go_on()

    def _sort_out(
        self, work: FolderWork, refs: Sequence[ItemRef]
    ) -> tuple[list[ItemRef], list[Row]]:
        """What is worth reading, and the rows of what is not."""
        scope = work.record.scope
        rows = [row for ref in refs if (row := self._row_unread(ref, scope)) is not None]
        known = {row.ref.uid for row in rows}
        return [ref for ref in refs if ref.uid not in known], self._describe(work, rows)

    def _row_unread(self, ref: ItemRef, scope: str) -> Row | None:
        """The row of a message that need not be read: too large, or left out by the filters."""
        reason = skips(self.worker.job.policy, ref, None)
        if reason:
            return Row(ref, Fate.SKIPPED, reason=reason, scope=scope)
        is_sure = not self.worker.source.capabilities.estimates_sizes
        if is_sure and self.worker.max_bytes and ref.size > self.worker.max_bytes:
            return Row(ref, Fate.REJECTED, reason=TOO_LARGE)
        return None

    def _describe(self, work: FolderWork, rows: list[Row]) -> list[Row]:
        """With what the report tells of those that are refused: nobody reads them."""
        refused = [row.ref for row in rows if row.is_remarked]
        if not refused:
            return rows
        outlines = self.worker.source.outline(work.plan.folder, refused)
        return [
            replace(row, received=found.received, subject=self._subject(found.header))
            if (found := outlines.get(row.ref.uid))
            else row
            for row in rows
        ]

    def _subject(self, header: bytes) -> str:
        return decode_subject(self.worker.subject_of(header))

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


def announce(pages: Sequence[_Planned]) -> list[_Planned]:
    """The same pages; the first of which anything is read tells what follows."""
    announced = list(pages)
    for position, page in enumerate(pages):
        if page.worth:
            behind = [ref for each in pages[position + 1 :] for ref in each.worth]
            announced[position] = replace(page, following=behind)
            break
    return announced


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
