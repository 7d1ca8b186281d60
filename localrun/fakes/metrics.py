"""Metrics in memory."""

from collections.abc import Sequence

from migration.measures import Measure, Metric


class MemoryMetrics:
    """Keeps what it was given, with its moment."""

    def __init__(self) -> None:
        self.emitted: list[tuple[str, Measure]] = []

    def emit(self, at: str, measures: Sequence[Measure]) -> None:
        self.emitted += [(at, measure) for measure in measures]

    def total(self, metric: Metric) -> float:
        """The sum of a metric's values."""
        return sum(each.value for _, each in self.emitted if each.metric is metric)
