"""Runs an iterator in a thread of its own, a bounded number of octets ahead of its reader."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

T = TypeVar("T")


@contextmanager
def beside(work: Callable[[], None], overlap: bool) -> Iterator[None]:
    """Does `work` while the body runs, or before it without `overlap`. What it raises is raised at
    the end, unless the body has raised something itself."""
    errors: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            errors.append(error)

    thread = threading.Thread(target=run, name="beside", daemon=True)
    if overlap:
        thread.start()
    else:
        work()
    try:
        yield
    finally:
        if overlap:
            thread.join()
    if errors:
        raise errors[0]


class _Queue(Generic[T]):
    """What was made and not yet taken; both sides may end it. The usual case, with room and with
    something to take, costs no waiting and no waking."""

    def __init__(self, limit: int, let_go: Callable[[T], None]) -> None:
        self._limit = limit
        self._let_go = let_go
        self._things: SimpleQueue[tuple[T, int] | None] = SimpleQueue()
        self._weight = 0
        self._lock = threading.Lock()
        self._has_room = threading.Condition(self._lock)
        self._error: BaseException | None = None
        self._cut_off = False

    def put(self, thing: T, weight: int) -> bool:
        """False if nobody reads any more. Waits for room; one thing always has room."""
        with self._lock:
            while self._weight >= self._limit and not self._cut_off:
                self._has_room.wait()
            if not self._cut_off:
                self._weight += weight
                self._things.put((thing, weight))
                return True
        self._let_go(thing)
        return False

    def end(self, error: BaseException | None) -> None:
        """Nothing more is made."""
        self._error = error
        self._things.put(None)

    def cut_off(self) -> None:
        """Nothing more is read."""
        with self._lock:
            self._cut_off = True
            self._has_room.notify()
        with suppress(Empty):
            while True:
                entry = self._things.get_nowait()
                if entry is not None:
                    self._let_go(entry[0])

    def __iter__(self) -> Iterator[T]:
        while (entry := self._things.get()) is not None:
            thing, weight = entry
            with self._lock:
                was_full = self._weight >= self._limit
                self._weight -= weight
                if was_full and self._weight < self._limit:
                    self._has_room.notify()
            yield thing
        if self._error is not None:
            raise self._error


@contextmanager
def read_ahead(
    things: Iterator[T],
    weigh: Callable[[T], int],
    limit: int,
    stop: Callable[[], None],
    let_go: Callable[[T], None],
) -> Iterator[Iterator[T]]:
    """The same things in the same order; `weigh` gives the octets of each.

    What `things` raises is raised to the reader, after all that came before. When the reader leaves
    early, `let_go` is called for everything that was made and not read, and `stop` to end whatever
    `things` may be waiting for; the thread has ended when this returns.
    """
    queue: _Queue[T] = _Queue(limit, let_go)

    def run() -> None:
        error: BaseException | None = None
        try:
            for thing in things:
                if not queue.put(thing, weigh(thing)):
                    break
        except BaseException as raised:  # noqa: BLE001 - raised again where it is read
            error = raised
        queue.end(error)

    thread = threading.Thread(target=run, name="reader", daemon=True)
    thread.start()
    finished = False
    try:
        yield iter(queue)
        finished = True
    finally:
        queue.cut_off()
        if not finished:
            stop()
        thread.join()
