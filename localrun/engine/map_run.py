"""A Map Run: what a distributed Map has done so far."""

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from localrun.engine.scope import Scope

if TYPE_CHECKING:
    from localrun.engine.execution import Execution


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How many items may fail. Zero means that a bound is not set; without any, none may."""

    count: int = 0
    percentage: float = 0.0

    def is_exceeded(self, failed: int, total: int) -> bool:
        if not self.count and not self.percentage:
            return failed > 0
        too_many = bool(self.count) and failed > self.count
        return too_many or (bool(self.percentage) and failed * 100 > self.percentage * total)


@dataclass
class MapRun:
    """`total_items` are shared out to `total_children`; a batch is one child with many items.

    `status` is RUNNING, SUCCEEDED, FAILED or ABORTED; times are virtual epoch seconds.
    """

    arn: str
    label: str
    execution_arn: str
    machine_arn: str
    max_concurrency: int
    tolerance: Tolerance
    total_items: int
    total_children: int
    scope: Scope
    started: float
    stopped: float | None = None
    status: str = "RUNNING"
    results_written: bool = False
    children: "list[Execution]" = field(default_factory=list)
    _items_of: "dict[Execution, int]" = field(default_factory=dict)
    _failed_items: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, child: "Execution", items: int) -> None:
        with self._lock:
            self.children.append(child)
            self._items_of[child] = items

    def items_of(self, child: "Execution") -> int:
        return self._items_of[child]

    def note_end(self, child: "Execution") -> None:
        """Counts the items of a child that has ended."""
        if child.status in ("FAILED", "TIMED_OUT"):
            with self._lock:
                self._failed_items += self._items_of[child]

    def has_failed(self) -> bool:
        return self.tolerance.is_exceeded(self._failed_items, self.total_items)

    def item_counts(self) -> Mapping[str, int]:
        """Items by the status of their child; those without a child yet are missing."""
        with self._lock:
            counts: Counter[str] = Counter()
            for child, items in self._items_of.items():
                counts[child.status] += items
            return counts

    def child_counts(self) -> Mapping[str, int]:
        with self._lock:
            return Counter(child.status for child in self.children)
