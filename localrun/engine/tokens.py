"""Task tokens: what somebody outside was asked, and what was answered."""

import threading
import uuid

from localrun.engine.clock import Clock
from localrun.engine.failures import StateError
from localrun.engine.payload import Json


class UnknownTokenError(Exception):
    """Nobody ever gave this token out."""


class ClosedTokenError(Exception):
    """The task of this token has ended."""


class OpenTask:
    """A task that waits for its token. `beat` is the virtual moment of its last sign of life."""

    def __init__(self, beat: float) -> None:
        self.beat = beat
        self.answered = False
        self.output: Json = None
        self.failure: StateError | None = None


class TokenBook:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._open: dict[str, OpenTask] = {}
        self._closed: set[str] = set()

    def issue(self) -> tuple[str, OpenTask]:
        token = uuid.uuid4().hex * 4
        task = OpenTask(self._clock.now())
        with self._lock:
            self._open[token] = task
        return token, task

    def close(self, token: str) -> None:
        with self._lock:
            del self._open[token]
            self._closed.add(token)

    def outstanding(self) -> list[str]:
        """Tokens without an answer yet."""
        with self._lock:
            return [token for token, task in self._open.items() if not task.answered]

    def succeed(self, token: str, output: Json) -> None:
        """Raises UnknownTokenError, ClosedTokenError; so do `fail` and `beat`."""
        self._answer(token, output, None)

    def fail(self, token: str, error: str, cause: str) -> None:
        self._answer(token, None, StateError(error, cause))

    def beat(self, token: str) -> None:
        with self._lock:
            self._waiting(token).beat = self._clock.now()
        self._clock.poke()

    def _answer(self, token: str, output: Json, failure: StateError | None) -> None:
        with self._lock:
            task = self._waiting(token)
            task.output, task.failure, task.answered = output, failure, True
        self._clock.poke()

    def _waiting(self, token: str) -> OpenTask:
        task = self._open.get(token)
        if task is not None and not task.answered:
            return task
        if task is not None or token in self._closed:
            raise ClosedTokenError(token)
        raise UnknownTokenError(token)
