"""Items of a collection are read some at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from migration.groupware_port import Entry, NotReadable, Read, Vanished

Answer = Read | Vanished | NotReadable


def read_in_parts(
    entries: Sequence[Entry],
    size: int,
    read: Callable[[Sequence[Entry]], Iterable[Answer]] | None,
) -> Iterator[Answer]:
    """What `read` answers to `size` entries after the other. None where the collection is not there
    any more: then all of them have vanished."""
    for start in range(0, len(entries), size):
        part = entries[start : start + size]
        yield from map(Vanished, part) if read is None else read(part)
