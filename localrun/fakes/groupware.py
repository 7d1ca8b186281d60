"""The groupware of one person in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from localrun.fakes.steps import Step, no_step
from migration import identity
from migration.groupware_port import (
    Collection,
    CollectionKind,
    Entry,
    NotReadable,
    Read,
    Vanished,
)
from migration.items.item import AnyItem
from migration.items.losses import Loss

Answer = Read | NotReadable


@dataclass(slots=True)
class _Shelf:
    """A collection and its answers by uid."""

    collection: Collection
    answers: dict[str, Answer] = field(default_factory=dict)


class MemorySource:
    """A `groupware_port.GroupwareSource`, and what happens in it from outside.

    Versions and tokens are numbers that count all changes. `has_tokens=False` is a server that
    cannot say whether anything changed. `step` is told before each call, and of fetch before each
    answer (see steps.py).
    """

    def __init__(self, step: Step = no_step, *, has_tokens: bool = True) -> None:
        self.step = step
        self.is_closed = False
        self._has_tokens = has_tokens
        self._changes = 0
        self._shelves: dict[str, _Shelf] = {}
        self._hidden: frozenset[CollectionKind] = frozenset()

    # -- from outside

    def add(
        self,
        kind: CollectionKind,
        name: str,
        *,
        is_default: bool = False,
        losses: tuple[Loss, ...] = (),
    ) -> str:
        """A new, empty collection; its key. ValueError if there is one of that kind and name."""
        key = identity.folder_key(f"{kind}/{name}")
        if key in self._shelves:
            raise ValueError("there is such a collection")
        self._shelves[key] = _Shelf(Collection(key, kind, name, is_default, losses=losses))
        self._touch(key)
        return key

    def put(
        self, key: str, uid: str, *items: AnyItem, losses: tuple[Loss, ...] = (), raw: bytes = b""
    ) -> Entry:
        """Adds what is kept under this uid, or changes it; the entry by which it is listed."""
        entry = Entry(uid, self._touch(key))
        self._shelves[key].answers[uid] = Read(entry, items, losses, raw)
        return entry

    def spoil(
        self, key: str, uid: str, reason: str = "malformed", losses: tuple[Loss, ...] = ()
    ) -> Entry:
        """What is under this uid is no item any more."""
        entry = Entry(uid, self._touch(key))
        self._shelves[key].answers[uid] = NotReadable(entry, reason, losses)
        return entry

    def delete(self, key: str, uid: str) -> None:
        """KeyError if it is not there."""
        del self._shelves[key].answers[uid]
        self._touch(key)

    def remove(self, key: str) -> None:
        """The collection vanishes with all that is in it; KeyError if it is not there."""
        del self._shelves[key]

    def rename(self, key: str, name: str) -> None:
        """The collection is called otherwise, and keeps its key."""
        shelf = self._shelves[key]
        shelf.collection = replace(shelf.collection, name=name)

    def hide(self, *kinds: CollectionKind) -> None:
        """From now on these kinds alone cannot be listed; another must be there."""
        self._hidden = frozenset(kinds)

    def _touch(self, key: str) -> str:
        self._changes += 1
        shelf = self._shelves[key]
        if self._has_tokens:
            shelf.collection = replace(shelf.collection, token=str(self._changes))
        return str(self._changes)

    # -- the port

    def collections(self) -> Sequence[Collection]:
        self.step("before collections")
        found = [shelf.collection for shelf in self._shelves.values()]
        shown = [one for one in found if one.kind not in self._hidden]
        return [replace(one, unseen=self._hidden) for one in shown[:1]] + shown[1:]

    def entries(self, collection: Collection) -> Sequence[Entry]:
        self.step("before entries")
        return [answer.entry for answer in self._answers(collection).values()]

    def fetch(
        self, collection: Collection, entries: Sequence[Entry]
    ) -> Iterator[Read | Vanished | NotReadable]:
        for entry in entries:
            self.step("before fetch")
            yield self._answers(collection).get(entry.uid) or Vanished(entry)

    def close(self) -> None:
        self.is_closed = True

    def _answers(self, collection: Collection) -> dict[str, Answer]:
        """None of a collection that has vanished."""
        shelf = self._shelves.get(collection.key)
        return shelf.answers if shelf else {}
