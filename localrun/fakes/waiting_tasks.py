"""WaitingTasks in memory."""

from collections.abc import Mapping


class MemoryTasks:
    """Those of `waiting` wait; `answered` holds the result, or the error's name, by the token."""

    def __init__(self, *waiting: str) -> None:
        self.waiting = set(waiting)
        self.answered: dict[str, Mapping[str, object] | str] = {}

    def succeed(self, token: str, output: Mapping[str, object]) -> bool:
        return self._answer(token, output)

    def fail(self, token: str, error: str) -> bool:
        return self._answer(token, error)

    def _answer(self, token: str, answer: Mapping[str, object] | str) -> bool:
        if token not in self.waiting:
            return False
        self.waiting.remove(token)
        self.answered[token] = answer
        return True
