"""Calendars and address books in files that somebody has put into the tenant's bucket."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from migration import identity
from migration.errors import ItemMalformed
from migration.groupware_port import (
    Collection,
    CollectionKind,
    Entry,
    NotReadable,
    Read,
    Vanished,
)
from migration.intake import ENDINGS, INTAKE
from migration.items.ical_read import Calendar, read_calendar
from migration.items.losses import Loss
from migration.ports import BlobStore
from migration.sources.collection_names import choose_default
from migration.sources.item_file_index import (
    Index,
    Text,
    cut_head,
    cut_item,
    index_file,
    version_of,
)
from migration.sources.item_reading import read_entry

_BROKEN = "file"
_NO_COLOUR = "Exchange's folders have none"


@dataclass(frozen=True, slots=True)
class _File:
    """A file as it was last read; `key` is the part below INTAKE. `broken` are its problems if it
    holds no item at all and is not just empty."""

    key: str
    data: bytes
    index: Index
    digest: str
    name: str
    losses: tuple[Loss, ...]
    broken: tuple[str, ...] = ()


class FileSource:
    """A `GroupwareSource` of `intake/groupware/<target address>/<name>.ics` and `.vcf`.

    A file is a collection for each kind of item in it. Files are read when the collections are
    listed; the one that is at work stays in memory, and is read again only after another one. So
    what changes meanwhile may be seen later. An entry's uid is the item's UID, or a digest of
    an item without one. Files with other endings are told as a loss of the first collection.
    """

    def __init__(self, blobs: BlobStore, target_address: str) -> None:
        """The address is compared without regard to case."""
        self._blobs = blobs
        self._address = target_address.strip().lower()
        self._open: _File | None = None
        self._keys: dict[str, str] = {}

    def collections(self) -> Sequence[Collection]:
        found, others = list[tuple[str, Collection]](), 0
        for key in self._list():
            if _ending(key) is None:
                others += 1
                continue
            file = self._load(key, fresh=True)
            if file is not None:
                found += [(key, one) for one in _collections(file)]
        self._keys = {one.key: key for key, one in found}
        return _tell_others(_mark_defaults(found), others)

    def entries(self, collection: Collection) -> Sequence[Entry]:
        file = self._find(collection)
        return [] if file is None else list(_entries(file, collection.kind).values())

    def fetch(
        self, collection: Collection, entries: Sequence[Entry]
    ) -> Iterator[Read | Vanished | NotReadable]:
        for entry in entries:
            file = self._find(collection)  # another may have been read between two answers
            yield Vanished(entry) if file is None else _answer(file, collection, entry)

    def close(self) -> None:
        self._open = None

    def _list(self) -> Iterator[str]:
        """The keys of the person's files, below INTAKE. Not all of the tenant's are listed."""
        first = self._address[:1]
        for begin in dict.fromkeys((first, first.upper())):
            for key in self._blobs.list(f"{INTAKE}{begin}"):
                folder, _, name = key.removeprefix(INTAKE).partition("/")
                if folder.strip().lower() == self._address and name and not name.endswith("/"):
                    yield f"{folder}/{name}"

    def _find(self, collection: Collection) -> _File | None:
        if collection.key not in self._keys:
            self.collections()
        key = self._keys.get(collection.key)
        return self._load(key) if key else None

    def _load(self, key: str, *, fresh: bool = False) -> _File | None:
        """None if the file is not there any more."""
        if self._open is None or self._open.key != key or fresh:
            self._open = None  # before the next one is read
            try:
                data = self._blobs.get(f"{INTAKE}{key}")
            except KeyError:
                return None
            self._open = _look_through(key, data)
        return self._open


def _ending(key: str) -> CollectionKind | None:
    kinds = zip(ENDINGS, (CollectionKind.CALENDAR, CollectionKind.CONTACTS), strict=True)
    return next((kind for ending, kind in kinds if key.lower().endswith(ending)), None)


def _look_through(key: str, data: bytes) -> _File:
    index = index_file(data)
    losses = [
        Loss(name, f"line {line}", "a component that has no place") for name, line in index.strays
    ]
    name = ""
    for root in index.roots:
        head = cut_head(data, root)
        try:
            told = read_calendar(head.data)
        except ItemMalformed as error:
            losses += [Loss("VCALENDAR", "file", head.renumber(one)) for one in error.problems]
            continue
        name = name or told.name
        losses += [_renumber(head, one) for one in told.losses]
        losses += _lose_settings(told)
    broken = () if index.items or index.roots or not data.strip() else ("no item begins in it",)
    digest = hashlib.sha256(data).hexdigest()[:40]
    name = name or key.rpartition("/")[2].rpartition(".")[0]
    return _File(key, data, index, digest, name, tuple(losses), broken)


def _lose_settings(calendar: Calendar) -> Iterator[Loss]:
    for what, told in (("colour", calendar.colour), ("description", calendar.description)):
        if told:
            yield Loss(what, CollectionKind.CALENDAR, _NO_COLOUR)


def _collections(file: _File) -> Iterator[Collection]:
    """One for each kind that the file holds; of what is empty or broken one of its ending."""
    kinds = list(dict.fromkeys(kind for kind, _ in file.index.items))
    for kind in kinds or [_ending(file.key) or CollectionKind.CALENDAR]:
        key = identity.folder_key(f"file {kind} {file.key}")
        losses = file.losses if kind is (kinds or [kind])[0] else ()
        yield Collection(key, kind, file.name, False, file.digest, losses)


def _mark_defaults(found: Iterable[tuple[str, Collection]]) -> list[Collection]:
    collections = [one for _, one in found]
    for kind in CollectionKind:
        of_kind = [number for number, one in enumerate(collections) if one.kind is kind]
        chosen = choose_default([[collections[number].name] for number in of_kind])
        if chosen is not None:
            number = of_kind[chosen]
            collections[number] = replace(collections[number], is_default=True)
    return collections


def _tell_others(found: list[Collection], others: int) -> list[Collection]:
    """An empty calendar says it, where there is nothing else."""
    if not others:
        return found
    how_many = f"{others} of them" if others > 1 else "one"
    loss = Loss("file", how_many, "ends neither in .ics nor in .vcf; it is not read")
    kind = CollectionKind.CALENDAR
    first = found[0] if found else Collection(identity.folder_key("file nothing"), kind, "", True)
    return [replace(first, losses=(loss, *first.losses)), *found[1:]]


def _entries(file: _File, kind: CollectionKind) -> dict[str, Entry]:
    if file.broken:
        return {_BROKEN: Entry(_BROKEN, file.digest)}
    return {
        uid: Entry(uid, version_of(file.data, item))
        for (of, uid), item in file.index.items.items()
        if of is kind
    }


def _answer(file: _File, collection: Collection, entry: Entry) -> Read | Vanished | NotReadable:
    if file.broken and entry.uid == _BROKEN:
        losses = tuple(Loss("file", collection.kind, one) for one in file.broken)
        return NotReadable(Entry(_BROKEN, file.digest), "malformed", losses)
    item = file.index.items.get((collection.kind, entry.uid))
    if item is None:
        return Vanished(entry)
    text = cut_item(file.data, item)
    answer = read_entry(collection.kind, Entry(entry.uid, version_of(file.data, item)), text.data)
    told = tuple(_renumber(text, one) for one in answer.losses)
    # what is wrong with the zones is told once, with the collection
    return replace(answer, losses=tuple(one for one in told if one not in file.losses))


def _renumber(text: Text, loss: Loss) -> Loss:
    return replace(loss, where=text.renumber(loss.where), why=text.renumber(loss.why))
