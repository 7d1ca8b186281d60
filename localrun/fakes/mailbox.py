"""A Source and a Target in memory, with places to break them (see steps.py)."""

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from localrun.fakes.steps import Step, no_step
from migration.errors import FolderGone, MigrationError, SourceChanged
from migration.identity import folder_key
from migration.mail import (
    BatchLimit,
    FlagReading,
    Folder,
    FolderPlan,
    Found,
    Gone,
    Item,
    ItemRef,
    Outcome,
    Outline,
    Page,
    Rejected,
    SpecialUse,
    Stamped,
    Stored,
    Unreadable,
)
from migration.mime import STREAM_FROM, MimeStream, fingerprint, whole
from migration.ports import Capabilities, Receipt
from migration.sources.paging import cut_batch

Path = tuple[str, ...]


@dataclass(slots=True)
class _SourceFolder:
    special: SpecialUse | None
    validity: str = "1"
    next_uid: int = 1
    changes: int = 1
    items: dict[int, Item] = field(default_factory=dict)
    vanished: set[int] = field(default_factory=set)
    unreadable: set[int] = field(default_factory=set)


class MemorySource:
    """A mailbox to read. Uids count from 1 in each folder; the cursor is the last uid."""

    def __init__(self, step: Step = no_step) -> None:
        self.capabilities = Capabilities(reads_flags=True, lists_uids=True, reads_on=True)
        self.step = step
        self._folders: dict[Path, _SourceFolder] = {}
        self._last_validity: dict[Path, int] = {}
        self._lock = threading.RLock()

    # -- what tests and scenarios do

    def add_folder(self, path: Path, special: SpecialUse | None = None) -> None:
        """No error if it exists."""
        with self._lock:
            if path not in self._folders:
                validity = self._last_validity.get(path, 0) + 1
                self._folders[path] = _SourceFolder(special, str(validity))

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
            folder.changes += 1
            ref = ItemRef(str(uid), len(mime))
            folder.items[uid] = Item(ref, mime, received, frozenset(flags))
            return ref.uid

    def delete(self, path: Path, uid: str) -> None:
        """Removes a message."""
        with self._lock:
            self._folders[path].changes += 1
            del self._folders[path].items[int(uid)]

    def flag(self, path: Path, uid: str, flags: Iterable[str]) -> None:
        """Makes these the flags of a message."""
        with self._lock:
            folder = self._folders[path]
            folder.changes += 1
            folder.items[int(uid)] = replace(folder.items[int(uid)], flags=frozenset(flags))

    def rename(self, path: Path, new: Path) -> None:
        """The folder goes on under another name."""
        with self._lock:
            folder = self._folders[new] = self._folders.pop(path)
            self._last_validity[path] = int(folder.validity)  # not for another of that name

    def vanish(self, path: Path, uid: str) -> None:
        """The message is listed, and gone when it is fetched."""
        with self._lock:
            self._folders[path].vanished.add(int(uid))

    def come_back(self, path: Path, uid: str) -> None:
        """What had vanished can be fetched."""
        with self._lock:
            self._folders[path].changes += 1
            self._folders[path].vanished.discard(int(uid))

    def spoil(self, path: Path, uid: str) -> None:
        """The message is listed and cannot be read."""
        with self._lock:
            self._folders[path].unreadable.add(int(uid))

    def recreate(self, path: Path) -> None:
        """The folder gets another validity, and its messages other uids."""
        with self._lock:
            folder = self._folders[path]
            folder.validity = str(int(folder.validity) + 1)
            folder.changes += 1
            items = [item for _, item in sorted(folder.items.items())]
            folder.items = {
                uid: replace(item, ref=ItemRef(str(uid), item.ref.size))
                for uid, item in enumerate(items, folder.next_uid + 1000)
            }
            folder.next_uid += 1000 + len(items)

    # -- Source

    def open(self) -> None:
        """There is nothing to connect."""

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
                    end=str(folder.next_uid - 1) if folder.next_uid > 1 else "",
                    changes=str(folder.changes),
                )
                for path, folder in self._folders.items()
            ]

    def page(self, folder: Folder, cursor: str, limit: BatchLimit) -> Page:
        self.step("before page")
        with self._lock:
            known = self._known(folder)
            after = int(cursor or 0)
            refs = [item.ref for uid, item in sorted(known.items.items()) if uid > after]
            end = str(known.next_uid - 1) if known.next_uid > 1 else cursor
        batch = cut_batch(refs, limit)
        more = len(batch) < len(refs)
        return Page(batch, batch[-1].uid if more else end, more)

    def expect(self, wanted: Sequence[tuple[Folder, str]]) -> None:
        """Everything is at hand."""

    def fetch(
        self, folder: Folder, refs: Sequence[ItemRef], following: Sequence[ItemRef] = ()
    ) -> Iterator[Item | Gone | Unreadable]:
        others: list[Gone | Unreadable] = []
        for ref in refs:
            self.step("before fetch")
            answer = self._answer(folder.path, ref)
            if not isinstance(answer, Item):
                others.append(answer)
                continue
            yield answer
            if isinstance(answer.mime, MimeStream):
                answer.mime.wait()
        yield from others

    def outline(self, folder: Folder, refs: Sequence[ItemRef]) -> Mapping[str, Outline]:
        self.step("before outline")
        with self._lock:
            known = self._known(folder)
            readable = {uid: each for uid, each in known.items.items() if uid not in known.vanished}
            found = {ref.uid: readable.get(int(ref.uid)) for ref in refs}
        return {
            uid: Outline(each.received, whole(each.mime).partition(b"\r\n\r\n")[0] + b"\r\n\r\n")
            for uid, each in found.items()
            if each is not None
        }

    def read_flags(self, folder: Folder, cursor: str, state: str) -> FlagReading | None:
        self.step("before read_flags")
        with self._lock:
            known = self._known(folder)
            if state == str(known.changes):
                return None
            flags = {
                str(uid): item.flags for uid, item in known.items.items() if uid <= int(cursor or 0)
            }
            return FlagReading(str(known.changes), flags, complete=True)

    def uids(self, folder: Folder, cursor: str) -> frozenset[str]:
        self.step("before uids")
        with self._lock:
            items = self._known(folder).items
            return frozenset(str(uid) for uid in items if uid <= int(cursor or 0))

    def close(self) -> None:
        """Nothing to end."""

    def _known(self, folder: Folder) -> _SourceFolder:
        known = self._folders[folder.path]
        if known.validity != folder.validity:
            raise SourceChanged(f"folder {folder.key} was recreated at the source")
        return known

    def _answer(self, path: Path, ref: ItemRef) -> Item | Gone | Unreadable:
        with self._lock:
            known = self._folders[path]
            uid = int(ref.uid)
            if uid in known.unreadable:
                return Unreadable(ref, "no-body")
            if uid in known.vanished or uid not in known.items:
                return Gone(ref)
            item = known.items[uid]
        if isinstance(item.mime, bytes) and len(item.mime) >= STREAM_FROM:
            return replace(item, mime=MimeStream(len(item.mime), _chunks(item.mime)))
        return item


def _chunks(content: bytes) -> Iterator[bytes]:
    for start in range(0, len(content), 65_536):
        yield content[start : start + 65_536]


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


@dataclass(frozen=True, slots=True)
class MemoryReceipt:
    """Answers that are there at once, or the error that stands in their place."""

    answers: Sequence[Outcome]
    mark: str = ""
    error: Exception | None = None

    def outcomes(self) -> Sequence[Outcome]:
        if self.error:
            raise self.error
        return self.answers


class MemoryTarget:
    """A mailbox to write to. `refuse(item)` gives a reason to reject it for good, or "". With
    `keeps_key` it can be asked by migration keys, else only by fingerprints."""

    def __init__(
        self,
        step: Step = no_step,
        refuse: Callable[[Item], str] = accept_all,
        *,
        keeps_key: bool = True,
    ) -> None:
        self.capabilities = Capabilities(keeps_key=keeps_key, sets_flags=True, removes=True)
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

    def alter(self, folder_id: str, number: int, item: Item) -> None:
        """A message becomes another one behind everybody's back."""
        with self._lock:
            kept = self._items[folder_id]
            self._items[folder_id] = [
                replace(each, item=item) if each.number == number else each for each in kept
            ]

    def drop_folder(self, path: Path) -> None:
        """A user deletes a folder."""
        with self._lock:
            del self._items[self._ids.pop(path)]

    def contents(self) -> dict[Path, list[Kept]]:
        """What each folder holds, in the order in which it came."""
        with self._lock:
            return {path: list(self._items[id_]) for path, id_ in self._ids.items()}

    # -- Target

    def open(self) -> None:
        """There is nothing to connect to."""

    def ensure_folders(self, plans: Sequence[FolderPlan]) -> list[str]:
        self.step("before ensure_folders")
        ids = []
        with self._lock:
            for plan in plans:
                if plan.path not in self._ids:
                    self._last += 1
                    self._ids[plan.path] = f"folder-{self._last}"
                folder_id = self._ids[plan.path]
                self._items.setdefault(folder_id, [])
                ids.append(folder_id)
        self.step("after ensure_folders")
        return ids

    def mark(self, folder_id: str) -> str:
        self.step("before mark")
        with self._lock:
            return str(self._last)

    def append(self, folder_id: str, batch: Iterable[Stamped]) -> Receipt:
        outcomes: list[Outcome] = []
        for stamped in batch:
            item = replace(stamped.item, mime=whole(stamped.item.mime))
            try:
                self.step("before append")
                if folder_id not in self._items:
                    raise FolderGone(f"folder {folder_id} is gone")
                if reason := self.refuse(item):
                    outcomes.append(Rejected(stamped.key, reason))
                else:
                    key = stamped.key if self.capabilities.keeps_key else "-"
                    number = self._put(folder_id, key, item)
                    outcomes.append(Stored(stamped.key, f"item-{number}"))
                self.step("after append")
            except MigrationError as error:
                return MemoryReceipt((), error=error)
        return MemoryReceipt(outcomes, str(self._last))

    def since(self, folder_id: str, mark: str, keys: Sequence[str]) -> Iterable[Found]:
        self.step("before since")
        with self._lock:
            kept = [each for each in self._kept(folder_id) if each.number > int(mark or 0)]
        if self.capabilities.keeps_key:
            return [Found(f"item-{each.number}", each.key) for each in kept if each.key in keys]
        return [
            Found(
                f"item-{each.number}",
                fingerprint=fingerprint(each.item.mime),
                size=len(each.item.mime),
            )
            for each in kept
        ]

    def count(self, folder_id: str, ids: Collection[str] = ()) -> int:
        self.step("before count")
        with self._lock:
            if self.capabilities.keeps_key:
                return sum(1 for kept in self._kept(folder_id) if kept.key)
            return sum(1 for kept in self._kept(folder_id) if f"item-{kept.number}" in ids)

    def total(self) -> int:
        with self._lock:
            return sum(map(len, self._items.values()))

    def show(self, folder_id: str, ids: Sequence[str]) -> Iterator[Item | Gone]:
        self.step("before show")
        with self._lock:
            there = {f"item-{kept.number}": kept.item for kept in self._kept(folder_id)}
        for id_ in ids:
            if id_ in there:
                yield replace(there[id_], ref=ItemRef(id_, len(there[id_].mime)))
            else:
                yield Gone(ItemRef(id_, 0))

    def set_flags(self, folder_id: str, flags: Mapping[str, frozenset[str]]) -> None:
        self.step("before set_flags")
        with self._lock:
            self._items[folder_id] = [
                replace(kept, item=replace(kept.item, flags=flags[f"item-{kept.number}"]))
                if f"item-{kept.number}" in flags
                else kept
                for kept in self._kept(folder_id)
            ]
        self.step("after set_flags")

    def remove(self, folder_id: str, ids: Sequence[str]) -> None:
        self.step("before remove")
        with self._lock:
            self._items[folder_id] = [
                kept for kept in self._kept(folder_id) if f"item-{kept.number}" not in ids
            ]
        self.step("after remove")

    def remove_folder(self, folder_id: str) -> None:
        with self._lock:
            self._items.pop(folder_id, None)
            self._ids = {path: id_ for path, id_ in self._ids.items() if id_ != folder_id}

    def close(self) -> None:
        """Nothing to end."""

    def _kept(self, folder_id: str) -> list[Kept]:
        if folder_id not in self._items:
            raise FolderGone(f"folder {folder_id} is gone")
        return self._items[folder_id]

    def _put(self, folder_id: str, key: str, item: Item) -> int:
        with self._lock:
            self._last += 1
            self._items[folder_id].append(Kept(self._last, key, item))
            return self._last
