"""Histories in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from migration.progress_model import HistoryEvent


class MemoryHistories:
    """`of` has the events of each execution, by its ARN."""

    def __init__(self, of: Mapping[str, Sequence[HistoryEvent]]) -> None:
        self.of = of

    def events(self, execution: str) -> Iterator[HistoryEvent]:
        yield from self.of.get(execution, ())
