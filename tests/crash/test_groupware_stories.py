"""What happens to collections while they are copied: items that end their workers, folders that are
deleted, sources that show nothing, people who change things on both sides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from migration.copy.groupware_state import ItemFate, read_state
from migration.copy.slices import SliceOutcome
from migration.errors import BatchStuck, FencedOff, MailboxUnreachable, QuotaExceeded, TargetBusy
from migration.groupware_port import Collection, Entry, NotReadable, Read, Vanished
from migration.items.item import AnyItem
from migration.mail import BatchLimit
from migration.model import CopyPolicy, DeltaPolicy, FolderRecord
from tests.crash.groupware_world import (
    LEDGER_ID,
    PACE,
    TASKS,
    GroupwareWorld,
    change,
    fill,
    picture,
    task,
    text_of,
)
from tests.crash.worker import BOX, Crash, each

ADD, FOLLOW = DeltaPolicy.ADD, DeltaPolicy.FOLLOW
PLACE = (TASKS, "Work")


def world_with(
    items: int, *, batch: int = 3, delta: DeltaPolicy = ADD
) -> tuple[GroupwareWorld, str]:
    world = GroupwareWorld(CopyPolicy(delta=delta), replace(PACE, batch=BatchLimit(items=batch)))
    key = world.source.add(TASKS, "Work")
    for number in range(items):
        world.source.put(key, f"u{number}", task(f"u{number}"), raw=b"raw %d" % number)
    return world, key


def texts(world: GroupwareWorld) -> Counter[str]:
    return Counter(text_of(each.item) for each in world.target.contents()[PLACE])


def fates(world: GroupwareWorld) -> dict[str, ItemFate]:
    (record,) = world.ledger.folders(LEDGER_ID)
    return {uid: row.fate for uid, row in read_state(world.blobs, BOX, record).items()}


def only_record(world: GroupwareWorld) -> FolderRecord:
    (record,) = world.ledger.folders(LEDGER_ID)
    return record


# ---- items that end their workers ------------------------------------------------------------


SHAPES = [(1, 0, 3, 8), (3, 1, 3, 8), (7, 6, 3, 8), (60, 21, 50, 16)]


@pytest.mark.parametrize(("items", "deadly", "batch", "at_most"), SHAPES)
def test_an_item_that_ends_its_worker_is_put_aside(
    items: int, deadly: int, batch: int, at_most: int
) -> None:
    world, _ = world_with(items, batch=batch)

    def kill(item: AnyItem) -> str:
        if text_of(item) == f"task u{deadly}":
            world.lives.die()
        return ""

    world.target.refuse = kill
    assert 3 < world.outlive() <= at_most
    put_aside = {uid for uid, fate in fates(world).items() if fate is ItemFate.QUARANTINED}
    assert put_aside == {f"u{deadly}"}
    files = world.blobs.files()
    assert [files[name] for name in files if name.startswith(f"quarantine/{BOX}/")] == [
        b"raw %d" % deadly
    ]
    assert texts(world) == Counter(f"task u{n}" for n in range(items) if n != deadly)
    total = only_record(world).total
    assert (total.copied, total.rejected) == (items - 1, 1)
    assert b"ended-its-worker" in world.blobs.files()[f"groupware/{BOX}/losses.csv"]


def test_an_item_that_ends_its_worker_when_it_is_read() -> None:
    world, _ = world_with(5)
    asked: list[str] = []
    fetch = world.source.fetch

    def watched(
        collection: Collection, entries: Sequence[Entry]
    ) -> Iterator[Read | Vanished | NotReadable]:
        for entry in entries:
            asked.append(entry.uid)
            yield from fetch(collection, [entry])

    def act(_step: int, name: str) -> None:
        if name == "before fetch" and asked[-1] == "u2":
            raise Crash

    world.source.fetch = watched  # type: ignore[method-assign]
    world.act = act
    world.outlive()
    assert fates(world)["u2"] is ItemFate.QUARANTINED
    assert sum(texts(world).values()) == 4
    assert not [name for name in world.blobs.files() if name.startswith("quarantine/")]


def test_an_item_over_which_the_target_hangs_up() -> None:
    world, _ = world_with(7)

    def hang_up(item: AnyItem) -> str:
        if text_of(item) == "task u3":
            raise TargetBusy("the connection was lost", 5, lost=True)
        return ""

    world.target.refuse = hang_up
    world.outlive()
    assert fates(world)["u3"] is ItemFate.QUARANTINED
    assert sum(texts(world).values()) == 6


def test_an_earlier_version_stays_of_what_is_put_aside() -> None:
    world, key = world_with(2)
    world.finish()
    world.source.put(key, "u1", task("u1", "deadly"))

    def kill(item: AnyItem) -> str:
        if text_of(item) == "deadly":
            world.lives.die()
        return ""

    world.target.refuse = kill
    world.outlive()
    assert texts(world) == Counter(["task u0", "task u1"])
    assert fates(world)["u1"] is ItemFate.QUARANTINED


@pytest.mark.parametrize("hours", [1, 8, 48])
def test_hours_in_which_nothing_can_be_written_put_nothing_aside(hours: int) -> None:
    world, _ = world_with(4)
    ends = world.clock.timestamp() + 3600 * hours

    def fail(item: AnyItem) -> str:
        if world.clock.timestamp() < ends:
            raise TargetBusy("down", 5)
        return ""

    world.target.refuse = fail
    stuck = world.outlive(BatchStuck, lambda: max(60.0, ends - world.clock.timestamp()), most=1000)
    assert hours > 1 or not stuck
    assert set(fates(world).values()) == {ItemFate.STORED}
    assert sum(texts(world).values()) == 4


# ---- folders ---------------------------------------------------------------------------------


@pytest.mark.parametrize("step", ["before fetch", "before write", "before advance"])
def test_a_folder_that_is_deleted_is_created_again_and_filled_again(step: str) -> None:
    world, key = world_with(7)
    world.finish()
    world.source.put(key, "u1", task("u1", "again"))
    deleted = [False]

    def act(_step: int, name: str) -> None:
        if name == step and not deleted[0]:
            deleted[0] = True
            world.target.drop_folder(only_record(world).target_id)

    world.act = act
    assert world.slice(2).outcome is SliceOutcome.DONE
    world.act = None
    assert deleted[0]
    assert texts(world) == Counter(["again", *(f"task u{n}" for n in range(7) if n != 1)])
    assert only_record(world).total.copied == 7
    picture(world)


def test_a_folder_that_is_deleted_again_and_again_takes_an_operator() -> None:
    world, _ = world_with(3)

    def act(_step: int, name: str) -> None:
        if name == "before write":
            world.target.drop_folder(only_record(world).target_id)

    world.act = act
    with pytest.raises(MailboxUnreachable):
        world.slice()
    world.act = None
    world.finish()
    assert sum(texts(world).values()) == 3


@pytest.mark.parametrize("crash", ["before advance", "after advance"])
def test_a_worker_that_dies_while_a_folder_is_created_again(crash: str) -> None:
    world, key = world_with(3)
    world.finish()
    world.source.put(key, "u1", task("u1", "again"))
    world.target.drop_folder(only_record(world).target_id)
    made = [False]

    def act(_step: int, name: str) -> None:
        made[0] |= name == "after ensure_collections"
        if made[0] and name == crash:
            raise Crash

    world.act = act
    with pytest.raises(Crash):
        world.slice(2)
    world.act = None
    world.finish(2)
    assert texts(world) == Counter(["task u0", "again", "task u2"])
    picture(world)


# ---- sources ---------------------------------------------------------------------------------


def test_a_source_that_shows_nothing_at_all_is_not_believed() -> None:
    world, key = world_with(3, delta=FOLLOW)
    world.finish()
    world.source.remove(key)
    world.finish(2)
    assert sum(texts(world).values()) == 3
    world.source.add(TASKS, "Other")
    world.finish(3)
    assert sum(texts(world).values()) == 0


def test_a_collection_that_comes_back_is_copied_anew() -> None:
    world, key = world_with(3, delta=FOLLOW)
    world.source.add(TASKS, "Other")
    world.finish()
    world.source.remove(key)
    world.finish(2)
    assert sum(texts(world).values()) == 0
    assert world.source.add(TASKS, "Work") == key
    world.source.put(key, "u1", task("u1"))
    world.finish(3)
    assert texts(world) == Counter(["task u1"])


def test_deletions_are_followed_from_when_the_policy_wants_it() -> None:
    world, key = world_with(3)
    world.finish()
    world.source.delete(key, "u1")
    world.finish(2)
    assert sum(texts(world).values()) == 3
    world.policy = CopyPolicy(delta=FOLLOW)
    world.finish(3)
    assert texts(world) == Counter(["task u0", "task u2"])
    assert only_record(world).total.copied == 2


def test_an_item_that_was_refused_comes_again_only_when_it_changes() -> None:
    world, key = world_with(1)
    world.source.put(key, "bad", task("bad", "refuse me"))
    world.finish()
    world.source.put(key, "u0", task("u0", "again"))
    world.finish(2)
    assert world.steps.count("before fetch") == 1
    world.source.put(key, "bad", task("bad", "good"))
    world.finish(3)
    assert texts(world) == Counter(["again", "good"])
    assert only_record(world).total.rejected == 0


def test_an_item_that_becomes_again_what_it_was() -> None:
    """Its key is then that of before, under which there is a copy while its worker dies."""
    world, key = world_with(2)
    world.finish()
    entry = world.source._shelves[key].answers["u1"]
    world.source.put(key, "u1", task("u1", "other"))

    world.break_off(each("after remove", Crash), 2)
    world.source._shelves[key].answers["u1"] = entry
    world.finish(2)
    assert texts(world) == Counter(["task u0", "task u1"])
    world.source.put(key, "u1", task("u1", "third"))
    world.finish(3)
    assert texts(world) == Counter(["task u0", "third"])
    picture(world)


def test_a_source_whose_token_becomes_again_what_it_was() -> None:
    """While half of its changes are copied."""
    world, key = world_with(9)
    world.finish()
    shelf = world.source._shelves[key]
    before = replace(shelf, answers=dict(shelf.answers))
    for number in range(9):
        world.source.put(key, f"u{number}", task(f"u{number}", f"other {number}"))
    world.pace = replace(world.pace, pause_check=0.0)

    def act(_step: int, name: str) -> None:
        if name == "after write":
            world.ledger.want_pause(True)

    world.act = act
    world.slice(2)
    world.act = None
    assert sum(text.startswith("other") for text in texts(world)) == 3
    world.ledger.want_pause(False)
    world.source._shelves[key] = before
    world.finish(2)
    assert texts(world) == Counter(f"task u{n}" for n in range(9))


# ---- people at the target --------------------------------------------------------------------


def test_what_was_changed_in_workmail_stays_for_as_long_as_it_is_there() -> None:
    world, key = world_with(2, delta=FOLLOW)
    world.finish()
    world.target.edit(world.find("task u1"))
    for number in range(2, 5):
        world.source.put(key, "u1", task("u1", f"version {number}"))
        world.finish(number)
        assert texts(world) == Counter(["task u0", "task u1"])
    losses = world.blobs.files()[f"groupware/{BOX}/losses.csv"].decode()
    assert losses.count("changed in WorkMail meanwhile; left as it is there") == 1
    assert fates(world)["u1"] is ItemFate.KEPT
    world.target.drop(world.find("task u1"))
    world.source.put(key, "u1", task("u1", "last"))
    world.finish(6)
    assert texts(world) == Counter(["task u0", "last"])


def test_of_a_series_in_pieces_all_stays_if_one_was_changed() -> None:
    world, key = world_with(0)
    world.source.put(key, "s", task("s", "one"), task("s", "two"))
    world.finish()
    world.target.edit(world.find("two"))
    world.source.put(key, "s", task("s", "three"))
    world.finish(2)
    assert texts(world) == Counter(["one", "two"])


def test_what_was_changed_in_workmail_survives_a_recovery_under_its_own_key() -> None:
    """The source's item is again the version that was copied: so is its key."""
    world, key = world_with(2)
    world.finish()
    first = world.source._shelves[key].answers["u1"]
    edited = world.find("task u1")
    world.target.edit(edited)
    world.source.put(key, "u1", task("u1", "other"))
    world.finish(2)
    world.source.put(key, "u0", task("u0", "again"))
    world.source._shelves[key].answers["u1"] = first

    world.break_off(each("after write", Crash), 3)
    world.finish(3)
    assert texts(world) == Counter(["again", "task u1"])
    assert world.find("task u1") == edited


# ---- how slices end --------------------------------------------------------------------------


def test_a_pause_ends_the_slice_between_two_batches() -> None:
    world, _ = world_with(9)
    world.pace = replace(world.pace, pause_check=0.0)

    def act(_step: int, name: str) -> None:
        if name == "after write":
            world.ledger.want_pause(True)

    world.act = act
    result = world.slice()
    assert (result.outcome, result.copied) == (SliceOutcome.PAUSED, 3)
    world.act = None
    world.ledger.want_pause(False)
    world.finish()
    assert sum(texts(world).values()) == 9


def test_no_time_at_all_begins_nothing() -> None:
    world, _ = world_with(3)
    result = world.slice(lifetime=10.0)
    assert (result.outcome, result.folders_left) == (SliceOutcome.MORE, 1)
    assert world.ledger.folders(LEDGER_ID) == []


@pytest.mark.parametrize("error", [QuotaExceeded("full"), MailboxUnreachable("gone")])
def test_errors_of_the_mailbox_leave_what_was_recorded(error: Exception) -> None:
    world, _ = world_with(7)
    seen = [0]

    def act(_step: int, name: str) -> None:
        seen[0] += name == "before write"
        if seen[0] == 3:
            raise error

    world.act = act
    with pytest.raises(type(error)):
        world.slice()
    assert only_record(world).total.copied == 6
    world.act = None
    world.finish()
    assert sum(texts(world).values()) == 7


def test_a_zombie_that_wakes_late_doubles_nothing_and_learns_it() -> None:
    """It slept between two batches; its successor has finished this pass and the next."""
    world = GroupwareWorld(CopyPolicy(delta=FOLLOW))
    keys = fill(world)

    def sleep(_step: int, name: str) -> None:
        if name == "after put":
            world.act = None
            world.wait(5000)
            world.finish()
            change(world, keys)
            world.finish(2)

    world.act = sleep
    with pytest.raises(FencedOff):
        world.slice()
    before = picture(world)
    world.finish(3)
    assert picture(world).items == before.items


def test_a_zombie_removes_nothing_that_its_successor_has_kept() -> None:
    world, key = world_with(2, delta=FOLLOW)
    world.finish()
    world.source.delete(key, "u1")

    def sleep(_step: int, name: str) -> None:
        if name == "before marks":
            world.act = None
            world.policy = CopyPolicy(delta=ADD)
            world.wait(1000)
            world.finish(3)

    world.act = sleep
    with pytest.raises(FencedOff):
        world.slice(2)
    assert texts(world) == Counter(["task u0", "task u1"])


def wholes(world: GroupwareWorld) -> int:
    return sum(key.endswith(".whole.jsonl") for key in world.blobs.files())


@pytest.mark.parametrize("back", range(14))
def test_a_crash_while_segments_are_merged_loses_and_doubles_nothing(back: int) -> None:
    quiet, _ = world_with(25, batch=1)
    quiet.finish()
    assert wholes(quiet) == 1
    world, key = world_with(25, batch=1)
    number = len(quiet.steps) - 1 - back

    def act(step: int, _name: str) -> None:
        if step == number:
            raise Crash

    world.act = act
    assert world.survive() is not None
    world.act = None
    world.finish()
    assert picture(world) == picture(quiet)
    world.source.put(key, "u3", task("u3", "changed"))
    world.source.delete(key, "u4")
    world.finish(2)
    assert texts(world)["changed"] == 1
    assert len(texts(world)) == 25


def batches(world: GroupwareWorld, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many items are read at once, in order, while the world goes on."""
    asked: list[int] = []
    fetch = world.source.fetch

    def count(
        collection: Collection, entries: Sequence[Entry]
    ) -> Iterator[Read | Vanished | NotReadable]:
        asked.append(len(entries))
        yield from fetch(collection, entries)

    monkeypatch.setattr(world.source, "fetch", count)
    return asked


def test_items_with_large_files_are_read_a_few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    world, key = world_with(0, batch=50)
    large = bytes(8_000_000)
    for number in range(30):
        world.source.put(key, f"u{number}", task(f"u{number}"), raw=large)
    for number in range(60):
        world.source.put(key, f"v{number}", task(f"v{number}"), raw=b"small")
    asked = batches(world, monkeypatch)
    world.finish()
    assert len(texts(world)) == 90
    assert asked == [10, *[2] * 11, 8, 32, 18]


def test_one_large_item_after_many_small_ones_is_no_reason_to_stop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world, key = world_with(60, batch=50)
    world.source.put(key, "large", task("large"), raw=bytes(40_000_000))
    world.source.put(key, "other", task("other"), raw=b"small")
    asked = batches(world, monkeypatch)
    world.finish()
    assert len(texts(world)) == 62
    assert sum(asked) == 62


def test_fifty_items_at_most_are_written_at_once() -> None:
    world, _ = world_with(120, batch=200)
    world.finish()
    assert world.steps.count("before write") == 4  # 10, 40, 50, 20
