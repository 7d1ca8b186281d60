"""A source that shows its messages in the order of what happened to them, as Microsoft Graph does:
each again whenever it was changed, by cursors that say nothing and that it may forget."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from localrun.fakes.mailbox import MemorySource, Path
from localrun.fakes.steps import Step, no_step
from migration.mail import BatchLimit, FlagReading, Folder, Item, ItemRef, Page

_EVERYTHING = str(10**9)


@dataclass(slots=True)
class _Log:
    """Uids in the order of what happened to them, and how each message was when that was last
    looked for."""

    happened: list[str] = field(default_factory=list)
    known: dict[str, object] = field(default_factory=dict)

    def look(self, now: Mapping[str, object]) -> None:
        self.happened += [uid for uid, how in now.items() if self.known.get(uid) != how]
        self.known = dict(now)


class RepeatingSource(MemorySource):
    """Each page but the first repeats the last message of the one before."""

    def __init__(self, step: Step = no_step) -> None:
        super().__init__(step)
        self.capabilities = replace(self.capabilities, repeats=True)
        self._era = 1
        self._logs: dict[tuple[int, str], _Log] = {}

    def forget_cursors(self) -> None:
        """All that were given so far are unknown."""
        with self._lock:
            self._era += 1

    def restore(self, path: Path, uid: str, mime: bytes) -> None:
        """A message that was deleted is there again, with its uid."""
        with self._lock:
            ref = ItemRef(uid, len(mime))
            self._folders[path].items[int(uid)] = Item(ref, mime, datetime(2020, 1, 1, tzinfo=UTC))

    def folders(self) -> list[Folder]:
        return [replace(each, end="", changes="") for each in super().folders()]

    def page(self, folder: Folder, cursor: str, limit: BatchLimit) -> Page:
        self.step("before page")
        with self._lock:
            known = self._known(folder)
            log = self._logs.setdefault((id(known), known.validity), _Log())
            log.look({str(uid): item.flags for uid, item in known.items.items()})
            era, _, place = cursor.partition(":")
            if cursor and int(era) != self._era:
                return Page((), "", more=True)
            start = int(place or 0)
            if start == len(log.happened):
                return Page((), cursor, more=False)
            refs = {uid: item.ref for uid, item in known.items.items()}
            end = _cut(log.happened, start, refs, limit)
            shown = log.happened[max(0, start - 1) : end]
            there = tuple(refs[int(uid)] for uid in shown if int(uid) in refs)
            return Page(there, f"{self._era}:{end}", more=end < len(log.happened))

    def read_flags(self, folder: Folder, cursor: str, state: str) -> FlagReading | None:
        return super().read_flags(folder, _EVERYTHING, state)

    def uids(self, folder: Folder, cursor: str) -> frozenset[str]:
        return super().uids(folder, _EVERYTHING)


def _cut(happened: list[str], start: int, refs: Mapping[int, ItemRef], limit: BatchLimit) -> int:
    """Where the page ends that begins at `start`."""
    size = 0
    for place, uid in enumerate(happened[start : start + limit.items], start):
        size += refs[int(uid)].size if int(uid) in refs else 0
        if place > start and size > limit.size:
            return place
    return min(len(happened), start + limit.items)
