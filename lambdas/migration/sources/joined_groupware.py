"""Several places of one person's collections as one source."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack

from migration.groupware_port import (
    Collection,
    Entry,
    GroupwareSource,
    NotReadable,
    Read,
    Vanished,
)


class JoinedGroupware:
    """GroupwareSource. The collections of all `sources` in their order; each is asked of the source
    that has named it. Keys of different sources must differ."""

    def __init__(self, sources: Sequence[GroupwareSource]) -> None:
        self._sources = sources
        self._by_key: dict[str, GroupwareSource] = {}

    def collections(self) -> Sequence[Collection]:
        found: list[Collection] = []
        for source in self._sources:
            listed = source.collections()
            self._by_key |= dict.fromkeys((each.key for each in listed), source)
            found += listed
        return found

    def entries(self, collection: Collection) -> Sequence[Entry]:
        return self._of(collection).entries(collection)

    def fetch(
        self, collection: Collection, entries: Sequence[Entry]
    ) -> Iterator[Read | Vanished | NotReadable]:
        return self._of(collection).fetch(collection, entries)

    def close(self) -> None:
        """All of them, whatever one of them says."""
        with ExitStack() as stack:
            for source in self._sources:
                stack.callback(source.close)

    def _of(self, collection: Collection) -> GroupwareSource:
        if collection.key not in self._by_key:
            self.collections()
        return self._by_key[collection.key]
