"""What people do while a copy is interrupted: they rename, recreate, delete folders, and filter."""

from __future__ import annotations

from dataclasses import replace

import pytest

from migration.model import CopyPolicy
from tests.crash.worker import INBOX, PACE, Crash, Path, World, each, picture, text

LAG = PACE.settle - 1
WORK: Path = ("Work",)


def world_with(messages: int, path: Path = WORK, *, keeps_key: bool = False) -> World:
    world = World(keeps_key=keeps_key)
    world.target.lag = LAG
    for number in range(messages):
        world.source.deliver(path, text(number))
    return world


def crash_at(world: World, name: str, which: int) -> None:
    """One worker that dies when it comes to that step for the n-th time."""
    world.break_off(each(name, Crash, which - 1))


def messages(world: World, path: Path) -> list[bytes]:
    return sorted(picture(world).order[path])


STEPS = [("after append", 1), ("after append", 3), ("before put", 1), ("after put", 1)]
STEPS += [("after append", 5), ("before advance", 3), ("after advance", 1)]


@pytest.mark.parametrize(("step", "which"), STEPS)
@pytest.mark.parametrize("keeps_key", [True, False])
def test_a_folder_renamed_in_the_middle_of_a_batch_is_not_copied_twice(
    step: str, which: int, keeps_key: bool
) -> None:
    world = world_with(7, keeps_key=keeps_key)
    crash_at(world, step, which)
    world.source.rename(WORK, ("Projects",))
    world.source.deliver(WORK, text(100))  # a new folder of the old name
    world.finish()
    assert messages(world, WORK) == sorted(text(number) for number in range(7))
    (other,) = (path for path in world.target.contents() if path != WORK)
    assert messages(world, other) == [text(100)]


@pytest.mark.parametrize(("step", "which"), STEPS)
def test_a_folder_recreated_in_the_middle_of_a_batch_is_not_copied_twice(
    step: str, which: int
) -> None:
    world = world_with(7)
    crash_at(world, step, which)
    world.source.recreate(WORK)
    world.source.deliver(WORK, text(100, 300))
    world.wait(1)
    world.finish()
    expected = [*(text(number) for number in range(7)), text(100, 300)]
    assert messages(world, WORK) == sorted(expected)


@pytest.mark.parametrize(("step", "which"), STEPS)
@pytest.mark.parametrize("keeps_key", [True, False])
def test_what_filters_left_out_once_is_not_lost_by_a_crash(
    step: str, which: int, keeps_key: bool
) -> None:
    world = world_with(5, keeps_key=keeps_key)
    for number in range(100, 104):
        world.source.deliver(WORK, text(number, 100))
    world.policy = CopyPolicy(max_message_bytes=80)
    world.finish()
    assert len(messages(world, WORK)) == 5
    world.policy = CopyPolicy()
    if (step, which) != ("after append", 5):
        crash_at(world, step, which)
    world.finish()
    assert len(messages(world, WORK)) == 9


def drop(world: World) -> None:
    world.target.drop_folder(WORK)


@pytest.mark.parametrize("keeps_key", [True, False])
def test_a_deleted_target_folder_is_created_again_for_new_mail_alone(keeps_key: bool) -> None:
    world = world_with(5, keeps_key=keeps_key)
    world.source.deliver(INBOX, text(50))
    world.finish()
    drop(world)
    world.finish(2)  # nothing is new: nothing happens
    assert WORK not in world.target.contents()
    world.source.flag(WORK, "1", ("\\Seen",))
    world.finish(3)
    assert WORK not in world.target.contents()
    world.source.deliver(WORK, text(100))
    world.finish(4)
    contents = world.target.contents()
    assert [kept.item.mime for kept in contents[WORK]] == [text(100)]
    assert [kept.item.mime for kept in contents[("Inbox",)]] == [text(50)]


@pytest.mark.parametrize("overlap", [False, True])
@pytest.mark.parametrize("which", range(1, 8))
def test_a_target_folder_deleted_while_it_is_filled_gets_what_is_left(
    which: int, overlap: bool
) -> None:
    world = world_with(7)
    world.pace = replace(PACE, overlap=overlap)
    seen: list[str] = []

    def act(_step: int, step: str) -> None:
        if step == "before append":
            seen.append(step)
            if len(seen) == which:
                drop(world)

    world.act = act
    world.finish()
    there = [kept.item.mime for kept in world.target.contents()[WORK]]
    assert len(there) == len(set(there))
    assert set(there) >= {text(number) for number in range(which - 1, 7)}


@pytest.mark.parametrize("before", [True, False])
def test_flags_changed_around_a_recreation_arrive(before: bool) -> None:
    world = world_with(3)
    world.finish()
    if before:
        world.source.flag(WORK, "1", ("\\Seen",))
        world.source.recreate(WORK)
    else:
        world.source.recreate(WORK)
        world.source.flag(WORK, "1004", ("\\Seen",))
    world.finish(2)
    flagged = [kept.item.flags for kept in world.target.contents()[WORK]]
    assert flagged == [{"\\Seen"}, frozenset(), frozenset()]
