"""A Source and a Target in memory, with places to break them (see steps.py)."""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from localrun.fakes.steps import Step, no_step
from migration.errors import SourceChanged
from migration.identity import folder_key
from migration.model import (
    BatchLimit,
    Folder,
    FolderPlan,
    Gone,
    Item,
    ItemRef,
    Outcome,
    Page,
    Rejected,
    SpecialUse,
    Stamped,
    Stored,
    Unreadable,
)
from migration.ports import Capabilities
from migration.sources.paging import cut_batch

Path = tuple[str, ...]


@dataclass(slots=True)
class _SourceFolder:
    special: SpecialUse | None
    validity: str = "1"
    next_uid: int = 1
    items: dict[int, Item] = field(default_factory=dict)
    vanished: set[int] = field(default_factory=set)
    unreadable: set[int] = field(default_factory=set)


class MemorySource:
    """A mailbox to read. Uids count from 1 in each folder; the cursor is the last uid."""

    def __init__(self, step: Step = no_step) -> None:
        self.capabilities = Capabilities()
        self.step = step
        self._folders: dict[Path, _SourceFolder] = {}
        self._lock = threading.RLock()

    # -- what tests and scenarios do

    def add_folder(self, path: Path, special: SpecialUse | None = None) -> None:
        """No error if it exists."""
        with self._lock:
            self._folders.setdefault(path, _SourceFolder(special))

    def deliver(
        self,
        path: Path,
        mime: bytes,
        received: datetime = datetime(2020, 1, 1, tzinfo=UTC),
        flags: Iterable[str] = (),
    ) -> str:
        """Puts a message; its uid. Creates the folder where missing."""
        with self._lock:
            self.add_folder(path)
            folder = self._folders[path]
            uid = folder.next_uid
            folder.next_uid += 1
            ref = ItemRef(str(uid), len(mime))
            folder.items[uid] = Item(ref, mime, received, frozenset(flags))
            return ref.uid

    def delete(self, path: Path, uid: str) -> None:
        """Removes a message."""
        with self._lock:
            del self._folders[path].items[int(uid)]

    def vanish(self, path: Path, uid: str) -> None:
        """The message is listed, and gone when it is fetched."""
        with self._lock:
            self._folders[path].vanished.add(int(uid))

    def spoil(self, path: Path, uid: str) -> None:
        """The message is listed and cannot be read."""
        with self._lock:
            self._folders[path].unreadable.add(int(uid))

    def recreate(self, path: Path) -> None:
        """The folder gets another validity."""
        with self._lock:
            folder = self._folders[path]
            folder.validity = str(int(folder.validity) + 1)

    # -- Source

    def folders(self) -> Iterable[Folder]:
        self.step("before folders")
        with self._lock:
            return [
                Folder(
                    folder_key("/".join(path)),
                    path,
                    folder.validity,
                    len(folder.items),
                    folder.special,
                )
                for path, folder in self._folders.items()
            ]

    def page(self, folder: Folder, cursor: str, limit: BatchLimit) -> Page:
        self.step("before page")
        with self._lock:
            known = self._folders[folder.path]
            if known.validity != folder.validity:
                raise SourceChanged(f"folder {folder.key} was recreated at the source")
            after = int(cursor or 0)
            refs = [item.ref for uid, item in sorted(known.items.items()) if uid > after]
        batch = cut_batch(refs, limit)
        return Page(batch, batch[-1].uid if batch else cursor, len(batch) < len(refs))

    def fetch(self, folder: Folder, refs: Sequence[ItemRef]) -> Iterator[Item | Gone | Unreadable]:
        for ref in refs:
            self.step("before fetch")
            yield self._answer(folder.path, ref)

    def close(self) -> None:
        """Nothing to end."""

    def _answer(self, path: Path, ref: ItemRef) -> Item | Gone | Unreadable:
        with self._lock:
            known = self._folders[path]
            uid = int(ref.uid)
            if uid in known.unreadable:
                return Unreadable(ref, "no-body")
            if uid in known.vanished or uid not in known.items:
                return Gone(ref)
            return known.items[uid]


@dataclass(frozen=True, slots=True)
class Kept:
    """A message in a MemoryTarget. `key` is empty for mail that was not migrated; `number` counts
    what came into the mailbox."""

    number: int
    key: str
    item: Item


def accept_all(item: Item) -> str:
    """Refuses nothing."""
    return ""


class MemoryTarget:
    """A mailbox to write to. `refuse(item)` gives a reason to reject it for good, or ""."""

    def __init__(self, step: Step = no_step, refuse: Callable[[Item], str] = accept_all) -> None:
        self.capabilities = Capabilities()
        self.step = step
        self.refuse = refuse
        self._ids: dict[Path, str] = {}
        self._items: dict[str, list[Kept]] = {}
        self._last = 0
        self._lock = threading.RLock()

    # -- what tests and scenarios do

    def limit_size(self, max_item_bytes: int) -> None:
        """Says that larger messages are not taken."""
        self.capabilities = replace(self.capabilities, max_item_bytes=max_item_bytes)

    def deliver(self, folder_id: str, item: Item) -> None:
        """New mail, or what a user put there."""
        self._put(folder_id, "", item)

    def lose(self, folder_id: str, key: str) -> None:
        """A migrated message disappears."""
        with self._lock:
            self._items[folder_id] = [kept for kept in self._items[folder_id] if kept.key != key]

    def contents(self) -> dict[Path, list[Kept]]:
        """What each folder holds, in the order in which it came."""
        with self._lock:
            return {path: list(self._items[id_]) for path, id_ in self._ids.items()}

    # -- Target

    def ensure_folder(self, plan: FolderPlan) -> str:
        self.step("before ensure_folder")
        with self._lock:
            folder_id = self._ids.setdefault(plan.path, f"folder-{len(self._ids) + 1}")
            self._items.setdefault(folder_id, [])
        self.step("after ensure_folder")
        return folder_id

    def mark(self, folder_id: str) -> str:
        self.step("before mark")
        with self._lock:
            return str(self._last)

    def append(self, folder_id: str, batch: Iterable[Stamped]) -> Iterator[Outcome]:
        for stamped in batch:
            self.step("before append")
            if reason := self.refuse(stamped.item):
                outcome: Outcome = Rejected(stamped.key, reason)
            else:
                number = self._put(folder_id, stamped.key, stamped.item)
                outcome = Stored(stamped.key, f"item-{number}")
            self.step("after append")
            yield outcome

    def since(self, folder_id: str, mark: str, keys: Sequence[str]) -> frozenset[str]:
        self.step("before since")
        with self._lock:
            there = {kept.key for kept in self._items[folder_id] if kept.number > int(mark)}
        return frozenset(keys) & there

    def count(self, folder_id: str) -> int:
        self.step("before count")
        with self._lock:
            return sum(1 for kept in self._items[folder_id] if kept.key)

    def close(self) -> None:
        """Nothing to end."""

    def _put(self, folder_id: str, key: str, item: Item) -> int:
        with self._lock:
            self._last += 1
            self._items[folder_id].append(Kept(self._last, key, item))
            return self._last
