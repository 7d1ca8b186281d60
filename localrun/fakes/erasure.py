"""A Holding in memory, with places to break it (see steps.py)."""

from collections import Counter
from collections.abc import Iterator, Mapping

from localrun.fakes.steps import Step, no_step


class MemoryHolding:
    """`things` holds what is there, each the kind that it is of; `batch` of them go at once."""

    def __init__(self, *things: str, batch: int = 2, step: Step = no_step) -> None:
        self.step = step
        self.things = list(things)
        self._batch = batch

    def count(self) -> Mapping[str, int]:
        return Counter(self.things)

    def erase(self) -> Iterator[int]:
        while batch := self.things[: self._batch]:
            self.step("before erase")
            del self.things[: len(batch)]
            self.step("after erase")
            yield len(batch)
