"""Carries messages from a Graph mailbox: several are read at once, and given in order.

One message is one question, so what is asked for is read ahead by some threads, as far as there is
room: the messages of this call of `fetch`, and of the next one, which is made before those are
read. Small messages wait in memory, large ones on disk.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from migration.errors import SourceBusy
from migration.mail import Gone, Item, ItemRef, Unreadable
from migration.mime import STREAM_FROM, MimeStream
from migration.sources.graph_content import Content
from migration.sources.graph_flags import Told

Answer = Item | Gone | Unreadable

THREADS = 4
"""As many questions as Exchange answers one application at once about one mailbox; the client lets
fewer pass after a refusal."""

_MEMORY = 16_000_000
_DISK = 128_000_000  # of the 512 MB that a function has
_GROWTH = 1.4  # a message is longer in MIME than Exchange counts it: attachments are in base64
_AT_ONCE = 1.0


class Reading(Protocol):
    """What reads one message: see graph_content.Contents."""

    def read_message(
        self, folder_id: str, ref: ItemRef, content: Content
    ) -> Told | Gone | Unreadable: ...


@dataclass(slots=True, eq=False)
class _Job:
    """A message that is asked for. `is_wanted`: somebody waits for it. `result` or `error` is there
    when `is_done`; `room` is what it takes or may take, in memory and on disk."""

    folder_id: str
    ref: ItemRef
    content: Content = field(default_factory=Content)
    result: Told | Gone | Unreadable | None = None
    error: Exception | None = None
    room: tuple[int, int] = (0, 0)
    is_begun: bool = False
    is_wanted: bool = False
    is_done: bool = False
    is_over: bool = False


class GraphCarrier:
    """Messages of one mailbox. `fetch` is for one thread, `close` for any."""

    def __init__(self, contents: Reading) -> None:
        self._contents = contents
        self._changed = threading.Condition()
        self._waiting: deque[_Job] = deque()
        self._jobs: set[_Job] = set()
        self._memory = self._disk = 0
        self._threads: list[threading.Thread] = []
        self._generation = 0

    def fetch(self, folder_id: str, refs: Sequence[ItemRef]) -> Iterator[Answer]:
        """See ports.Source."""
        jobs = [_Job(folder_id, ref, room=_room(int(ref.size * _GROWTH))) for ref in refs]
        with self._changed:
            self._jobs.update(jobs)
            self._waiting.extend(jobs)
            self._start_threads()
            self._changed.notify_all()
        return self._answers(jobs)

    def close(self) -> None:
        """Ends what is asked for: whoever waits for it gets SourceBusy. May be called twice."""
        with self._changed:
            self._generation += 1
            self._threads.clear()
            for job in list(self._jobs):
                job.error = job.error or _closed()
                job.is_done = True
                self._end(job)
            self._changed.notify_all()

    # -- who reads the answers

    def _answers(self, jobs: Sequence[_Job]) -> Iterator[Answer]:
        others: list[Gone | Unreadable] = []
        try:
            for job in jobs:
                result = self._take(job)
                if not isinstance(result, Told):
                    others.append(result)
                    continue
                mime = job.content.mime
                yield Item(job.ref, mime, result.received, result.flags)
                if isinstance(mime, MimeStream):
                    mime.wait()
                self._let_go(job)
            yield from others
        finally:
            for job in jobs:
                self._let_go(job)

    def _take(self, job: _Job) -> Told | Gone | Unreadable:
        with self._changed:
            job.is_wanted = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: job.is_done)
            if job.error is not None:
                raise job.error
            assert job.result is not None
            return job.result

    def _let_go(self, job: _Job) -> None:
        with self._changed:
            self._end(job)
            self._changed.notify_all()

    def _end(self, job: _Job) -> None:
        """Nobody wants it any more. What a thread is reading at this moment ends when it comes."""
        if job.is_over:
            return
        job.is_over = True
        self._jobs.discard(job)
        if job.is_begun:
            self._take_room(job, -1)
        else:
            self._waiting.remove(job)
        if job.is_done or not job.is_begun:
            job.content.close()

    # -- who asks

    def _start_threads(self) -> None:
        generation = self._generation
        while len(self._threads) < min(THREADS, len(self._jobs)):
            thread = threading.Thread(
                target=self._work, args=(generation,), name="graph", daemon=True
            )
            self._threads.append(thread)
            thread.start()

    def _work(self, generation: int) -> None:
        while (job := self._next(generation)) is not None:
            try:
                job.result = self._contents.read_message(job.folder_id, job.ref, job.content)
            except Exception as error:  # noqa: BLE001 - raised again where it is waited for
                job.error = job.error or error
            with self._changed:
                job.is_done = True
                if job.is_over:
                    job.content.close()
                else:
                    self._take_room(job, -1)
                    job.room = (job.content.in_memory, len(job.content) - job.content.in_memory)
                    self._take_room(job, 1)
                self._changed.notify_all()

    def _next(self, generation: int) -> _Job | None:
        """The next message to ask for, when there is room for it; None at the end."""
        with self._changed:
            while self._generation == generation:
                if (job := self._find()) is not None:
                    self._waiting.remove(job)
                    job.is_begun = True
                    self._take_room(job, 1)
                    return job
                self._changed.wait()
        return None

    def _find(self) -> _Job | None:
        """What somebody waits for needs no room: it would never come."""
        wanted = next((job for job in self._waiting if job.is_wanted), None)
        if wanted is not None or not self._waiting:
            return wanted
        first = self._waiting[0]
        memory, disk = first.room
        fits = self._memory + memory <= _MEMORY and self._disk + disk <= _DISK
        return first if fits else None

    def _take_room(self, job: _Job, sign: int) -> None:
        memory, disk = job.room
        self._memory += sign * memory
        self._disk += sign * disk


def _room(size: int) -> tuple[int, int]:
    """What a message of about that size may take: it is in memory until it is known to be large."""
    return (size, 0) if size < STREAM_FROM else (STREAM_FROM, size)


def _closed() -> SourceBusy:
    return SourceBusy("the source was closed while messages were read", _AT_ONCE)
