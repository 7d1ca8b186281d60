"""Writes down what is about to be done and what was done: the only one who changes records of the
ledger while messages are copied.

Opening a batch (step 1 of the protocol, see engine.py) and finishing one (steps 3 and 4) are asked
for here and done in the order of asking. With a thread of its own, what has gathered while the last
write went on is done in one: the commit of a batch and the intent of the next are then the same
update.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from migration import transitions
from migration.copy.audit import Row, audit_key, audit_lines, count_rows, remarks
from migration.copy.plan import Rematch
from migration.mail import FolderPlan, ItemRef
from migration.model import FolderRecord, Tally
from migration.ports import BlobStore, Ledger

Progress = Callable[[Tally], None]


@dataclass(slots=True, eq=False)
class FolderWork:
    """A folder that this worker owns. `record` is as it was written last; `cursor_ahead` is where
    the next batch begins, which may not be written yet. `dealt` holds the uids of messages that its
    pages may show again, and that are behind it; `met_again` those of them that were shown, and
    `missed` those of messages that were gone already when an earlier worker wanted to read them."""

    plan: FolderPlan
    record: FolderRecord
    rematch: Rematch | None = None
    cursor_ahead: str = ""
    dealt: set[str] = field(default_factory=set)
    met_again: set[str] = field(default_factory=set)
    missed: set[str] = field(default_factory=set)

    def is_to_restart(self, uid: str) -> bool:
        """Whether a message that is gone may have been moved away and back: it was taken for a
        repetition when it came. Once for each: a source may list for ever what it does not have."""
        return uid in self.met_again and uid not in self.missed

    def sort_out(self, refs: Sequence[ItemRef], *, remember: bool) -> list[ItemRef]:
        """Those that are not dealt with, each once; with `remember`, they are from now on."""
        fresh = {ref.uid: ref for ref in refs if ref.uid not in self.dealt}
        if remember:
            self.met_again.update(ref.uid for ref in refs if ref.uid in self.dealt)
            self.dealt.update(fresh)
        return list(fresh.values())


@dataclass(slots=True, eq=False)
class _Task:
    """A change of a record. `rows` are written down before it."""

    work: FolderWork
    change: Callable[[FolderRecord], FolderRecord]
    rows: Sequence[Row] = ()
    done: threading.Event = field(default_factory=threading.Event)


class Recorder(Protocol):
    """What the engine asks for. What failed once is raised by every later call."""

    def open(
        self, work: FolderWork, refs: Sequence[ItemRef], cursor: str, mark: str
    ) -> Callable[[], None]:
        """Writes the intent; the answer waits until it is written."""

    def finish(self, work: FolderWork, rows: Sequence[Row], mark: str = "") -> None:
        """Writes audit and remarks, and then takes the messages out of the intent."""

    def change(self, work: FolderWork, change: Callable[[FolderRecord], FolderRecord]) -> None:
        """Another change of the record."""

    def drain(self) -> None:
        """Waits until everything asked for is written."""

    def close(self) -> None:
        """Ends, when everything asked for is written. Raises what failed: then nobody knows what is
        written, whatever else has happened."""


@dataclass(slots=True)
class InlineRecorder:
    """Does at once what it is asked for."""

    ledger: Ledger
    blobs: BlobStore
    mailbox_id: str
    progress: Progress

    def open(
        self, work: FolderWork, refs: Sequence[ItemRef], cursor: str, mark: str
    ) -> Callable[[], None]:
        self.change(work, lambda record: transitions.open_batch(record, refs, cursor, mark))
        return lambda: None

    def finish(self, work: FolderWork, rows: Sequence[Row], mark: str = "") -> None:
        self.write_down(work.record, rows)
        tally = count_rows(rows)
        uids = {row.ref.uid for row in rows}
        self.change(work, lambda record: transitions.finish(record, uids, tally, mark))
        self.progress(tally)

    def change(self, work: FolderWork, change: Callable[[FolderRecord], FolderRecord]) -> None:
        work.record = self.ledger.advance(self.mailbox_id, work.record, change(work.record))

    def drain(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """Nothing waits."""

    def write_down(self, record: FolderRecord, rows: Sequence[Row]) -> None:
        """The audit file and the remarks; a replay overwrites both."""
        if rows:
            key = audit_key(self.mailbox_id, record, rows)
            self.blobs.put(key, audit_lines(rows), "application/x-ndjson")
            if some := remarks(rows, record.key):
                self.ledger.add_remarks(self.mailbox_id, some)


class ThreadedRecorder:
    """Does it in a thread, several changes of a record in one write."""

    def __init__(self, inline: InlineRecorder) -> None:
        self._inline = inline
        self._tasks: deque[_Task] = deque()
        self._changed = threading.Condition()
        self._failure: BaseException | None = None
        self._busy = False
        self._ending = False
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    def open(
        self, work: FolderWork, refs: Sequence[ItemRef], cursor: str, mark: str
    ) -> Callable[[], None]:
        task = _Task(work, lambda record: transitions.open_batch(record, refs, cursor, mark))
        self._put(task)

        def wait() -> None:
            task.done.wait()
            self._raise_failure()

        return wait

    def finish(self, work: FolderWork, rows: Sequence[Row], mark: str = "") -> None:
        tally, uids = count_rows(rows), {row.ref.uid for row in rows}
        self._put(_Task(work, lambda record: transitions.finish(record, uids, tally, mark), rows))

    def change(self, work: FolderWork, change: Callable[[FolderRecord], FolderRecord]) -> None:
        self._put(_Task(work, change))

    def drain(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: not self._tasks and not self._busy)
        self._raise_failure()

    def close(self) -> None:
        with self._changed:
            self._ending = True
            self._changed.notify_all()
        self._thread.join()
        self._raise_failure()

    def _put(self, task: _Task) -> None:
        self._raise_failure()
        with self._changed:
            self._tasks.append(task)
            self._changed.notify_all()

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._tasks or self._ending)
                if not self._tasks:
                    return
                tasks = list(self._tasks)
                self._tasks.clear()
                self._busy = True
            self._do(tasks)
            with self._changed:
                self._busy = False
                self._changed.notify_all()

    def _do(self, tasks: Sequence[_Task]) -> None:
        """After a failure nothing more is written: what comes later rests on what came before."""
        if self._failure is None:
            try:
                self._write(tasks)
            except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
                self._failure = error
        for task in tasks:
            task.done.set()

    def _write(self, tasks: Sequence[_Task]) -> None:
        for task in tasks:
            self._inline.write_down(task.work.record, task.rows)
        for work in dict.fromkeys(task.work for task in tasks):
            own = [task for task in tasks if task.work is work]

            def change(record: FolderRecord, own: Sequence[_Task] = own) -> FolderRecord:
                for task in own:
                    record = task.change(record)
                return record

            self._inline.change(work, change)
        for task in tasks:
            if task.rows:
                self._inline.progress(count_rows(task.rows))
