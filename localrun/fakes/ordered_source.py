"""A source as one worker's connection shows it: answers come in the order in which they were asked
for. Whoever reads others first, which no connection could give, is told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from migration.mail import (
    BatchLimit,
    FlagReading,
    Folder,
    Gone,
    Item,
    ItemRef,
    Outline,
    Page,
    Unreadable,
)
from migration.ports import Capabilities, Source

Answer = Item | Gone | Unreadable


class OrderedSource:
    """A `ports.Source` around another. AssertionError where answers are read out of order."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._asked: list[object] = []

    @property
    def capabilities(self) -> Capabilities:
        return self._source.capabilities

    def open(self) -> None:
        self._source.open()

    def folders(self) -> Iterable[Folder]:
        return self._source.folders()

    def page(self, folder: Folder, cursor: str, limit: BatchLimit) -> Page:
        return self._source.page(folder, cursor, limit)

    def expect(self, wanted: Sequence[tuple[Folder, str]]) -> None:
        self._source.expect(wanted)

    def fetch(
        self, folder: Folder, refs: Sequence[ItemRef], following: Sequence[ItemRef] = ()
    ) -> Iterator[Answer]:
        if not refs:
            return iter(())
        asked = object()
        self._asked.append(asked)
        return self._answers(asked, self._source.fetch(folder, refs, following))

    def outline(self, folder: Folder, refs: Sequence[ItemRef]) -> Mapping[str, Outline]:
        return self._source.outline(folder, refs)

    def read_flags(self, folder: Folder, cursor: str, state: str) -> FlagReading | None:
        return self._source.read_flags(folder, cursor, state)

    def uids(self, folder: Folder, cursor: str) -> frozenset[str]:
        return self._source.uids(folder, cursor)

    def close(self) -> None:
        self._asked.clear()
        self._source.close()

    def _answers(self, asked: object, answers: Iterator[Answer]) -> Iterator[Answer]:
        if self._asked[:1] != [asked]:
            raise AssertionError("the answers of an earlier fetch were not read")
        try:
            yield from answers
        finally:  # who stops in the middle gives the connection up
            if asked in self._asked:
                self._asked.remove(asked)
