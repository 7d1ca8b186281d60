"""Whether both sides and the ledger agree on collections."""

from __future__ import annotations

from dataclasses import replace

import pytest

from migration.copy.groupware_verify import verify_groupware
from migration.groupware_port import CollectionKind
from migration.items.task import Note
from migration.model import Agreement, CopyPolicy, DeltaPolicy
from tests.crash.groupware_world import (
    LEDGER_ID,
    NOTES,
    TASKS,
    GroupwareWorld,
    change,
    fill,
    task,
)
from tests.crash.worker import BOX, Crash

CALENDAR = CollectionKind.CALENDAR
AGREE, EXCEPTIONS, DIFFER = Agreement.AGREE, Agreement.EXCEPTIONS, Agreement.DIFFER


def verify(world: GroupwareWorld) -> tuple[Agreement, list[str]]:
    """The agreement, and the reasons without the collections' names."""
    parts = (world.source, world.target, world.ledger, world.blobs)
    agreement, reasons = verify_groupware(*parts, BOX, world.policy)
    return agreement, [each.partition(": ")[2] for each in reasons]


def world_with(items: int, delta: DeltaPolicy = DeltaPolicy.ADD) -> tuple[GroupwareWorld, str]:
    world = GroupwareWorld(CopyPolicy(delta=delta))
    key = world.source.add(TASKS, "Work")
    for number in range(items):
        world.source.put(key, f"u{number}", task(f"u{number}"))
    return world, key


def test_a_copy_agrees() -> None:
    world, key = world_with(4)
    world.source.put(key, "two", task("two", "one"), task("two", "other"))
    world.finish()
    assert verify(world) == (AGREE, [])
    (record,) = world.ledger.folders(LEDGER_ID)
    assert record.check is not None
    assert (record.check.source, record.check.ledger, record.check.target) == (5, 6, 6)
    assert record.check.agreement is AGREE
    writes = world.ledger.writes
    assert verify(world) == (AGREE, [])
    assert world.ledger.writes == writes


def test_nothing_at_all_agrees() -> None:
    assert verify(GroupwareWorld()) == (AGREE, [])


@pytest.mark.parametrize("delta", list(DeltaPolicy))
def test_everything_that_can_be_is_explained(delta: DeltaPolicy) -> None:
    world = GroupwareWorld(CopyPolicy(delta=delta))
    keys = fill(world)
    world.finish()
    agreement, reasons = verify(world)
    assert agreement is EXCEPTIONS
    assert sorted(reasons) == [
        "1 items: the target has no place for this kind",
        "2 refused; 1 of which nothing can be written; 2 details that could not be kept",
    ]
    change(world, keys)
    world.finish(2)
    assert verify(world)[0] is EXCEPTIONS


def test_what_changed_at_the_source_since_is_no_difference() -> None:
    world, key = world_with(4)
    world.finish()
    world.source.put(key, "u0", task("u0", "again"))
    world.source.put(key, "new", task("new"))
    world.source.delete(key, "u1")
    assert verify(world) == (
        AGREE,
        ["2 not yet copied: new or changed at the source; 1 gone from the source since"],
    )


def test_a_collection_that_has_vanished() -> None:
    world, key = world_with(2)
    world.finish()
    world.source.remove(key)
    assert verify(world) == (
        AGREE,
        ["2 gone from the source since; the source has no such collection any more"],
    )


@pytest.mark.parametrize("delta", list(DeltaPolicy))
def test_what_the_source_cannot_look_for_has_not_vanished(delta: DeltaPolicy) -> None:
    world, _ = world_with(2, delta)
    world.source.add(CALENDAR, "Other")
    world.finish()
    world.source.hide(TASKS)
    world.finish(2)
    records = world.ledger.folders(LEDGER_ID)
    assert sum(world.target.count(record.target_id) for record in records) == 2
    assert verify(world) == (
        EXCEPTIONS,
        ["the source could not be asked for collections of its kind"],
    )
    world.source.hide()
    world.finish(3)
    assert verify(world) == (AGREE, [])


def test_what_the_target_lacks_differs_unless_it_was_seen_there() -> None:
    world, _ = world_with(3)
    world.finish()
    world.target.drop(world.find("task u1"))
    assert verify(world) == (DIFFER, ["1 missing in the target"])
    world, _ = world_with(3)
    world.finish()
    verify(world)
    world.target.drop(world.find("task u1"))
    assert verify(world) == (
        EXCEPTIONS,
        ["1 moved or deleted in WorkMail after they were verified"],
    )


def test_a_folder_that_was_deleted_holds_nothing() -> None:
    world, _ = world_with(2)
    world.finish()
    world.target.drop_folder(world.ledger.folders(LEDGER_ID)[0].target_id)
    assert verify(world) == (
        DIFFER,
        ["its folder in the target was deleted: the next pass makes and fills it anew"],
    )


def test_what_the_target_lacks_and_nobody_has_seen_there_comes_with_the_next_pass() -> None:
    world, key = world_with(3)
    world.source.put(key, "two", task("two", "one"), task("two", "other"))
    world.finish()
    world.target.drop(world.find("task u1"))
    world.target.drop(world.find("other"))
    assert verify(world) == (DIFFER, ["2 missing in the target"])
    world.finish(2)
    assert verify(world) == (AGREE, [])
    assert sum(map(len, world.target.contents().values())) == 5


def test_what_people_have_deleted_after_it_was_verified_does_not_come_back() -> None:
    world, key = world_with(3)
    world.finish()
    verify(world)
    world.target.drop(world.find("task u1"))
    assert verify(world)[0] is EXCEPTIONS
    world.source.put(key, "new", task("new"))
    world.finish(2)
    assert verify(world)[0] is EXCEPTIONS
    assert sum(map(len, world.target.contents().values())) == 3


@pytest.mark.parametrize("was_verified", [False, True])
def test_a_deleted_folder_is_filled_again_by_the_next_pass(was_verified: bool) -> None:
    world, _ = world_with(2)
    world.finish()
    if was_verified:
        verify(world)
    world.target.drop_folder(world.ledger.folders(LEDGER_ID)[0].target_id)
    assert verify(world)[0] is DIFFER
    world.finish(2)
    assert sum(map(len, world.target.contents().values())) == 2
    assert verify(world) == (AGREE, [])


def test_a_deleted_folder_of_what_the_source_has_no_more_is_an_exception() -> None:
    world, key = world_with(2)
    world.finish()
    world.source.remove(key)
    world.target.drop_folder(world.ledger.folders(LEDGER_ID)[0].target_id)
    agreement, (reason,) = verify(world)
    assert agreement is EXCEPTIONS
    assert reason.startswith("its folder in the target was deleted; ")


def test_a_deleted_folder_that_held_nothing_is_no_difference() -> None:
    world, _ = world_with(0)
    world.finish()
    world.target.drop_folder(world.ledger.folders(LEDGER_ID)[0].target_id)
    assert verify(world) == (AGREE, [])


@pytest.mark.parametrize("was_verified", [False, True])
def test_a_copy_that_people_made_in_workmail_is_an_exception(was_verified: bool) -> None:
    world, _ = world_with(2)
    world.finish()
    if was_verified:
        verify(world)
    (place,) = (place for place, kept in world.target.contents().items() if kept)
    folder = world.target._folders[world.ledger.folders(LEDGER_ID)[0].target_id]
    first = world.target.contents()[place][0]
    folder.items["copy"] = replace(first, id="copy")
    sentence = "1 more in the target than were copied: most likely people have copied them there"
    assert verify(world) == (EXCEPTIONS, [sentence])
    assert verify(world) == (EXCEPTIONS, [sentence])


def test_what_people_have_moved_is_an_exception() -> None:
    world, _ = world_with(2)
    other = world.source.add(TASKS, "Other")
    world.source.put(other, "o", task("o"))
    world.finish()
    verify(world)
    folders = {each.path[1]: each.target_id for each in world.ledger.folders(LEDGER_ID)}
    id_ = world.find("task u1")
    items = world.target._folders
    items[folders["Other"]].items["moved"] = items[folders["Work"]].items.pop(id_)
    assert verify(world)[0] is EXCEPTIONS


def test_an_open_batch_differs() -> None:
    world, _ = world_with(4)

    def act(_step: int, name: str) -> None:
        if name == "after write":
            raise Crash

    world.act = act
    with pytest.raises(Crash):
        world.slice()
    world.act = None
    agreement, (reason,) = verify(world)
    assert agreement is DIFFER
    assert reason.startswith("a batch is not finished; 3 more in the target than were copied")


def test_a_collection_that_was_never_copied() -> None:
    world, _ = world_with(2)
    world.finish()
    world.source.add(TASKS, "Empty")
    assert verify(world) == (AGREE, [])
    key = world.source.add(TASKS, "Late")
    world.source.put(key, "l", task("l"))
    assert verify(world) == (DIFFER, ["1 in a collection that was never copied"])


def test_a_kind_without_a_place_is_an_exception_if_there_is_any() -> None:
    world, _ = world_with(1)
    key = world.source.add(NOTES, "Diary")
    world.finish()
    assert verify(world) == (AGREE, [])
    world.source.put(key, "n", Note("n"))
    assert verify(world) == (EXCEPTIONS, ["1 items: the target has no place for this kind"])
