"""A GroupwareTarget in memory, with places to break it (see steps.py)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Collection as Several
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from localrun.fakes.steps import Step, no_step
from migration.errors import FolderGone
from migration.groupware_port import (
    CollectionKind,
    CollectionPlan,
    FoundItem,
    Keyed,
    Written,
)
from migration.items.item import AnyItem
from migration.items.losses import Loss
from migration.mail import Rejected

Place = tuple[CollectionKind, str]
"""Kind and name of a folder; the name of a default folder is ""."""


@dataclass(slots=True)
class KeptItem:
    """An item at the target; `key` is "" for one that its user has made. `edits` counts what the
    user did to it."""

    id: str
    key: str
    item: AnyItem
    stored_at: datetime
    edits: int = 0

    @property
    def mark(self) -> str:
        """Changes whenever the item does."""
        return f"{self.id}/{self.edits}"


@dataclass(slots=True)
class _Folder:
    place: Place
    items: dict[str, KeptItem] = field(default_factory=dict)


class MemoryGroupware:
    """Each item is one thing here, so that Keyed with several makes several. `refuse` answers the
    reason for which an item is refused, "" if it is not, and may raise; `lose` what is lost of it.
    `find` does not show what was stored within the last `lag` seconds of `now`.

    Steps are told before and after each effect, and between the items of `write`, of which any part
    is there when a step raises.
    """

    def __init__(
        self,
        step: Step = no_step,
        refuse: Callable[[AnyItem], str] = lambda item: "",
        lose: Callable[[AnyItem], tuple[Loss, ...]] = lambda item: (),
        kinds: frozenset[CollectionKind] = frozenset(CollectionKind),
    ) -> None:
        self.step, self.refuse, self.lose = step, refuse, lose
        self.lag = 0.0
        self.now: Callable[[], datetime] = lambda: datetime(2026, 1, 1, tzinfo=UTC)
        self.is_closed = False
        self._kinds = kinds
        self._number = 0
        self._folders: dict[str, _Folder] = {
            self._new_id("folder"): _Folder((kind, "")) for kind in sorted(kinds)
        }

    # -- what tests and users do

    def contents(self) -> dict[Place, list[KeptItem]]:
        """All that is there, in the order in which it came."""
        return {folder.place: list(folder.items.values()) for folder in self._folders.values()}

    def edit(self, target_id: str) -> None:
        """A user changes an item."""
        self._holder(target_id).items[target_id].edits += 1

    def drop(self, target_id: str) -> None:
        """A user deletes an item."""
        del self._holder(target_id).items[target_id]

    def add(self, folder_id: str, item: AnyItem) -> str:
        """A user makes an item of their own; its id."""
        return self._store(self._folder(folder_id), "", item).id

    def drop_folder(self, folder_id: str) -> None:
        """A user deletes a folder with all that is in it."""
        del self._folders[folder_id]

    # -- the port

    def kinds(self) -> frozenset[CollectionKind]:
        return self._kinds

    def ensure_collections(self, plans: Sequence[CollectionPlan]) -> list[str]:
        self.step("before ensure_collections")
        ids = [self._ensure((plan.collection.kind, plan.name)) for plan in plans]
        self.step("after ensure_collections")
        return ids

    def write(self, folder_id: str, batch: Sequence[Keyed]) -> list[Written | Rejected]:
        self.step("before write")
        folder = self._folder(folder_id)
        outcomes = [self._write(folder, each) for each in batch]
        self.step("after write")
        return outcomes

    def find(self, folder_id: str, keys: Several[str]) -> list[FoundItem]:
        self.step("before find")
        shown = self.now() - timedelta(seconds=self.lag)
        return [
            FoundItem(each.id, each.key)
            for each in self._folder(folder_id).items.values()
            if each.key in keys and each.key and each.stored_at <= shown
        ]

    def marks(self, folder_id: str, ids: Several[str]) -> Mapping[str, str]:
        self.step("before marks")
        items = self._folder(folder_id).items
        return {id_: items[id_].mark for id_ in ids if id_ in items}

    def remove(self, folder_id: str, ids: Several[str]) -> None:
        self.step("before remove")
        folder = self._folder(folder_id)
        for number, id_ in enumerate(ids):
            if number:
                self.step("within remove")
            folder.items.pop(id_, None)
        self.step("after remove")

    def count(self, folder_id: str) -> int:
        self.step("before count")
        return sum(bool(each.key) for each in self._folder(folder_id).items.values())

    def close(self) -> None:
        self.is_closed = True

    # -- inside

    def _write(self, folder: _Folder, keyed: Keyed) -> Written | Rejected:
        stored: list[KeptItem] = []
        for item in keyed.items:
            if reason := self.refuse(item):
                for each in stored:
                    del folder.items[each.id]
                return Rejected(keyed.key, reason)
            stored.append(self._store(folder, keyed.key, item))
            self.step("within write")
        losses = tuple(loss for item in keyed.items for loss in self.lose(item))
        return Written(keyed.key, {each.id: each.mark for each in stored}, losses)

    def _store(self, folder: _Folder, key: str, item: AnyItem) -> KeptItem:
        kept = KeptItem(self._new_id("item"), key, item, self.now())
        folder.items[kept.id] = kept
        return kept

    def _ensure(self, place: Place) -> str:
        for folder_id, folder in self._folders.items():
            if folder.place == place:
                return folder_id
        folder_id = self._new_id("folder")
        self._folders[folder_id] = _Folder(place)
        return folder_id

    def _folder(self, folder_id: str) -> _Folder:
        if folder_id not in self._folders:
            raise FolderGone(f"folder {folder_id} is gone")
        return self._folders[folder_id]

    def _holder(self, target_id: str) -> _Folder:
        (folder,) = (each for each in self._folders.values() if target_id in each.items)
        return folder

    def _new_id(self, what: str) -> str:
        self._number += 1
        return f"{what}-{self._number}"
