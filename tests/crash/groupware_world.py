"""Collections to copy, workers that can be made to fail at any step, and what must hold afterwards.

As worker.py for mail, whose lives and hands it uses.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from localrun.fakes.groupware import MemorySource
from localrun.fakes.groupware_target import MemoryGroupware, Place
from migration.copy.groupware import copy_groupware
from migration.copy.groupware_state import count_rows, count_targets, read_state
from migration.copy.slices import Pace, SliceJob, SliceResult
from migration.groupware_port import CollectionKind
from migration.identity import groupware_id
from migration.items.content import Content
from migration.items.item import AnyItem
from migration.items.losses import Loss
from migration.items.task import Note, Task
from migration.mail import BatchLimit
from migration.model import Tally
from tests.crash.worker import BOX, Slices

LEDGER_ID = groupware_id(BOX)
PACE = Pace(batch=BatchLimit(items=3), overlap=False)
TASKS, NOTES, CALENDAR = CollectionKind.TASKS, CollectionKind.NOTES, CollectionKind.CALENDAR


def task(uid: str, text: str = "") -> Task:
    """A task that differs from others in its text."""
    return Task(uid, Content(summary=text or f"task {uid}"))


def text_of(item: AnyItem) -> str:
    """What an item says."""
    assert isinstance(item, (Task, Note))
    return item.content.summary


def refuse_marked(item: AnyItem) -> str:
    return "no-such-field" if "refuse me" in text_of(item) else ""


def lose_marked(item: AnyItem) -> tuple[Loss, ...]:
    if "colourful" not in text_of(item):
        return ()
    return (Loss("COLOR", "task", "the target has no colours", "x"),)


@dataclass
class GroupwareWorld(Slices[MemorySource, MemoryGroupware]):
    """Two places for collections."""

    pace: Pace = PACE
    has_tokens: bool = field(default=True, kw_only=True)

    def sides(self) -> tuple[MemorySource, MemoryGroupware]:
        kinds = frozenset(CollectionKind) - {NOTES}
        target = MemoryGroupware(refuse=refuse_marked, lose=lose_marked, kinds=kinds)
        return MemorySource(has_tokens=self.has_tokens), target

    def work(self, parts: Sequence[Any], job: SliceJob, left: Callable[[], float]) -> SliceResult:
        source, target, ledger, blobs = parts
        return copy_groupware(
            source, target, ledger, blobs, job, seconds_left=left, sleep=self.wait
        )

    def end(self) -> object:
        return picture(self)

    def find(self, text: str) -> str:
        """The id of the target's item that says so."""
        (found,) = (
            each.id
            for kept in self.target.contents().values()
            for each in kept
            if text_of(each.item) == text
        )
        return found


def fill(world: GroupwareWorld) -> dict[str, str]:
    """Collections with items of every kind; their keys by name."""
    source = world.source
    keys = {
        "own": source.add(TASKS, "Tasks", is_default=True),
        "work": source.add(TASKS, "Work", losses=(Loss("sharing", "", "is not copied"),)),
        "empty": source.add(TASKS, "Empty"),
        "notes": source.add(NOTES, "Notes"),
        "old": source.add(TASKS, "Old"),
    }
    for number in range(1, 8):
        source.put(keys["own"], f"u{number}", task(f"u{number}"), raw=b"x" * number)
    source.put(keys["own"], "two", task("two", "first half"), task("two", "second half"))
    source.put(keys["own"], "bad", task("bad", "refuse me"), raw=b"bad")
    source.spoil(keys["own"], "broken")
    source.put(keys["own"], "none", losses=(Loss("VTODO", "line 1", "says nothing"),))
    source.put(keys["own"], "loss", task("loss", "colourful"))
    for number in range(1, 5):
        source.put(keys["work"], f"w{number}", task(f"w{number}"))
    source.put(keys["notes"], "n1", Note("n1"))
    for number in range(1, 3):
        source.put(keys["old"], f"o{number}", task(f"o{number}"))
    return keys


def change(world: GroupwareWorld, keys: dict[str, str]) -> None:
    """What happens between two passes, on both sides."""
    source, target = world.source, world.target
    source.put(keys["own"], "u1", task("u1", "u1 again"), raw=b"xx")
    source.put(keys["own"], "u2", task("u2", "u2 again"))
    target.edit(world.find("task u2"))
    source.put(keys["own"], "two", task("two", "first half again"), task("two", "other half"))
    source.put(keys["own"], "u3", task("u3", "refuse me now"))
    source.put(keys["own"], "bad", task("bad", "good now"))
    source.put(keys["own"], "new", task("new"))
    source.spoil(keys["own"], "u6")
    source.delete(keys["own"], "u4")
    source.delete(keys["own"], "broken")
    source.delete(keys["own"], "u5")
    target.edit(world.find("task u5"))
    target.drop(world.find("task u7"))
    source.delete(keys["work"], "w1")
    source.put(keys["work"], "w2", task("w2", "w2 again"))
    source.delete(keys["notes"], "n1")
    source.put(keys["empty"], "e1", task("e1"))
    target.add(world.ledger.folders(LEDGER_ID)[0].target_id, task("own", "made in WorkMail"))
    source.remove(keys["old"])


@dataclass(frozen=True)
class GroupwarePicture:
    """What is compared: items at the target, counts, fates and losses."""

    items: dict[Place, Counter[str]]
    records: list[tuple[tuple[str, ...], tuple[str, ...], str, Tally]]
    passes: list[Tally]
    rows: dict[str, list[tuple[str, str, str, str, int]]]
    losses: bytes


def picture(world: GroupwareWorld) -> GroupwarePicture:
    """The same for any two ways to the same end. Says also that the state tells the truth."""
    contents = world.target.contents()
    there = {each.id: each for kept in contents.values() for each in kept}
    records = world.ledger.folders(LEDGER_ID)
    rows = {}
    told: Counter[str] = Counter()
    for record in records:
        assert record.intent is None
        state = read_state(world.blobs, BOX, record)
        assert count_rows(state.values()) == record.total
        for row in state.values():
            told.update(list(row.marks))
            assert all(there[id_].key == row.key for id_ in row.marks if id_ in there)
        assert count_targets(state) >= record.total.copied
        rows[record.key] = [
            (row.uid, row.version, row.fate.value, row.reason, len(row.marks))
            for row in sorted(state.values(), key=lambda row: row.uid)
        ]
    assert all(number == 1 for number in told.values())
    strangers = {id_ for id_, each in there.items() if each.key} - told.keys()
    assert not strangers, f"doubled: {[text_of(there[id_].item) for id_ in strangers]}"
    return GroupwarePicture(
        items={
            place: Counter(text_of(each.item) for each in kept) for place, kept in contents.items()
        },
        records=[(each.path, each.target_path, each.cursor, each.total) for each in records],
        passes=[each.in_pass for each in records],
        rows=rows,
        losses=world.blobs.files()[f"groupware/{BOX}/losses.csv"],
    )
