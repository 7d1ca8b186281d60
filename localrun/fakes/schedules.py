"""Schedules in memory, with places to break them (see steps.py)."""

from collections.abc import Mapping

from localrun.fakes.steps import Step, no_step


class MemorySchedules:
    """`waiting` holds what has not begun, by name: the time and the input."""

    def __init__(self, step: Step = no_step) -> None:
        self.step = step
        self.waiting: dict[str, tuple[str, Mapping[str, object]]] = {}

    def add(self, name: str, at: str, state_input: Mapping[str, object]) -> bool:
        self.step("before add")
        if name in self.waiting:
            return False
        self.waiting[name] = (at, state_input)
        self.step("after add")
        return True

    def names(self) -> list[str]:
        return sorted(self.waiting)

    def remove(self, name: str) -> None:
        self.step("before remove")
        self.waiting.pop(name, None)
        self.step("after remove")
