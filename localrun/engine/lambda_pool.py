"""The children of one function, and what the function was asked for."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from localrun.engine.lambda_worker import Function, Worker


@dataclass(slots=True)
class FunctionUsage:
    """What a function was asked for: invocations, those that were refused because too many ran,
    the most at once, the slowest one in seconds, the largest request and answer in bytes."""

    invocations: int = 0
    throttled: int = 0
    most_at_once: int = 0
    slowest: float = 0.0
    largest_request: int = 0
    largest_answer: int = 0


class Pool:
    """The children of one function: some busy, some idle and warm."""

    def __init__(self, function: Function, environment: Mapping[str, str], log_file: Path) -> None:
        self._function = function
        self._environment = environment
        self._log_file = log_file
        self._changed = threading.Condition()
        self._workers: list[Worker] = []
        self._idle: list[Worker] = []
        self._closed = False
        self._reserved = function.reserved
        self._admitted = 0
        self.usage = FunctionUsage()

    def reserve(self, concurrency: int | None) -> None:
        with self._changed:
            self._reserved = concurrency

    def admit(self, payload: bytes) -> bool:
        """Whether one more invocation may be made; `dismiss` ends it."""
        with self._changed:
            usage = self.usage
            if self._reserved is not None and self._admitted >= self._reserved:
                usage.throttled += 1
                return False
            self._admitted += 1
            usage.invocations += 1
            usage.most_at_once = max(usage.most_at_once, self._admitted)
            usage.largest_request = max(usage.largest_request, len(payload))
            return True

    def dismiss(self) -> None:
        with self._changed:
            self._admitted -= 1

    def note(self, seconds: float, answer: bytes) -> None:
        """How an invocation went."""
        with self._changed:
            self.usage.slowest = max(self.usage.slowest, seconds)
            self.usage.largest_answer = max(self.usage.largest_answer, len(answer))

    @contextmanager
    def worker(self) -> Iterator[Worker]:
        """A worker for one invocation; waits while all are busy. RuntimeError once closed."""
        worker = self._take()
        try:
            yield worker
        finally:
            self._give_back(worker)

    def close(self) -> None:
        with self._changed:
            self._closed = True
            workers = list(self._workers)
            self._changed.notify_all()
        for worker in workers:
            worker.close()

    def _take(self) -> Worker:
        with self._changed:
            self._changed.wait_for(
                lambda: (
                    self._closed or self._idle or len(self._workers) < self._function.max_workers
                )
            )
            if self._closed:
                raise RuntimeError("the Lambda host is closed")
            while self._idle:
                # The last used one: the others may be let grow cold.
                worker = self._idle.pop()
                if worker.usable:
                    return worker
                self._workers.remove(worker)
            worker = Worker(self._function, self._environment, self._log_file)
            self._workers.append(worker)
            return worker

    def _give_back(self, worker: Worker) -> None:
        usable = worker.usable
        if not usable:
            worker.close()
        with self._changed:
            if usable:
                self._idle.append(worker)
            else:
                self._workers.remove(worker)
            self._changed.notify_all()
