"""Several sources as one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace

from migration import identity
from migration.groupware_port import (
    Collection,
    Entry,
    GroupwareSource,
    NotReadable,
    Read,
    Vanished,
)


class JoinedSource:
    """A `GroupwareSource` of the collections of all, in order. The name of a source is part of its
    collections' keys, and must stay the same from run to run. Of the default collections of a kind
    the first one stays it."""

    def __init__(self, sources: Mapping[str, GroupwareSource]) -> None:
        self._sources = dict(sources)
        self._found: dict[str, tuple[str, Collection]] = {}

    def collections(self) -> Sequence[Collection]:
        found, defaults = dict[str, tuple[str, Collection]](), set[str]()
        shown = []
        for name, source in self._sources.items():
            for one in source.collections():
                key = identity.folder_key(f"{name} {one.key}")
                found[key] = name, one
                is_default = one.is_default and one.kind not in defaults
                defaults |= {one.kind} if is_default else set()
                shown.append(replace(one, key=key, is_default=is_default))
        self._found = found
        return shown

    def entries(self, collection: Collection) -> Sequence[Entry]:
        found = self._find(collection)
        return [] if found is None else self._sources[found[0]].entries(found[1])

    def fetch(
        self, collection: Collection, entries: Sequence[Entry]
    ) -> Iterator[Read | Vanished | NotReadable]:
        found = self._find(collection) if entries else None
        if found is None:
            return map(Vanished, entries)
        return self._sources[found[0]].fetch(found[1], entries)

    def close(self) -> None:
        with ExitStack() as stack:
            for source in self._sources.values():
                stack.callback(source.close)

    def _find(self, collection: Collection) -> tuple[str, Collection] | None:
        if collection.key not in self._found:
            self.collections()
        return self._found.get(collection.key)
