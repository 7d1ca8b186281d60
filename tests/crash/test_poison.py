"""A message that ends its workers is found, put aside whole, and all others arrive.

It takes three deaths until a batch is suspicious, one for each time that it is halved down to the
message, and three with the message alone: for a batch of 3 messages at most 8 deaths, for one of
200 at most 16. One that ends its worker while it is read takes one more, to find that it cannot be
kept, and of that nothing is kept but its row in the report.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from migration.errors import BatchStuck, TargetBusy
from migration.mail import BatchLimit, Fate, Item
from tests.crash.worker import BOX, INBOX, PACE, World, picture, text

POISON = b"Subject: ends its worker\r\n\r\npoison"


def is_poison(item: Item) -> bool:
    return isinstance(item.mime, bytes) and POISON in item.mime


def world_with(messages: int, place: int, *, keeps_key: bool, overlap: bool, items: int) -> World:
    """One folder with a message at `place` that will be deadly, and another folder behind it."""
    world = World(
        keeps_key=keeps_key, pace=replace(PACE, batch=BatchLimit(items=items), overlap=overlap)
    )
    for number in range(messages):
        world.source.deliver(INBOX, POISON if number == place else text(number))
    for number in range(5):
        world.source.deliver(("Other",), text(number))
    return world


def quarantined(world: World) -> list[tuple[str, Fate]]:
    return [(each.uid, each.fate) for each in world.ledger.remarks(BOX)]


def files_put_aside(world: World) -> list[bytes]:
    files = world.blobs.files()
    return [files[name] for name in sorted(files) if name.startswith("quarantine/")]


def check_others(world: World, messages: int) -> None:
    end = picture(world)
    assert sum(end.messages[("Inbox",)].values()) == messages - 1
    assert sum(end.messages[("Other",)].values()) == 5
    assert all(count == 1 for count in end.messages[("Inbox",)].values())


SHAPES = [(1, 0, 3, 8), (3, 1, 3, 8), (7, 6, 3, 8), (40, 21, 200, 13), (200, 0, 200, 16)]


@pytest.mark.parametrize("overlap", [False, True])
@pytest.mark.parametrize("keeps_key", [True, False])
@pytest.mark.parametrize(("messages", "place", "items", "at_most"), SHAPES)
def test_a_message_that_ends_its_worker_when_it_is_appended(
    messages: int, place: int, items: int, at_most: int, keeps_key: bool, overlap: bool
) -> None:
    world = world_with(messages, place, keeps_key=keeps_key, overlap=overlap, items=items)

    def kill(item: Item) -> str:
        if is_poison(item):
            world.lives.die()
        return ""

    world.target.refuse = kill
    deaths = world.outlive()
    assert deaths <= at_most
    assert quarantined(world) == [(str(place + 1), Fate.QUARANTINED)]
    assert files_put_aside(world) == [POISON]
    check_others(world, messages)


@pytest.mark.parametrize("overlap", [False, True])
@pytest.mark.parametrize("keeps_key", [True, False])
@pytest.mark.parametrize(("messages", "place", "items", "at_most"), SHAPES)
def test_a_message_that_ends_its_worker_when_it_is_read(
    messages: int, place: int, items: int, at_most: int, keeps_key: bool, overlap: bool
) -> None:
    world = world_with(messages, place, keeps_key=keeps_key, overlap=overlap, items=items)

    def kill(item: Item) -> None:
        if is_poison(item):
            world.lives.die()

    world.source.meet = kill
    assert world.outlive() <= at_most + 1
    assert quarantined(world) == [(str(place + 1), Fate.QUARANTINED)]
    assert files_put_aside(world) == []
    check_others(world, messages)


@pytest.mark.parametrize("keeps_key", [True, False])
def test_a_message_over_which_the_target_hangs_up(keeps_key: bool) -> None:
    world = world_with(7, 3, keeps_key=keeps_key, overlap=False, items=3)

    def hang_up(item: Item) -> str:
        if is_poison(item):
            raise TargetBusy("the connection was lost", 5, lost=True)
        return ""

    world.target.refuse = hang_up
    world.outlive()
    assert quarantined(world) == [("4", Fate.QUARANTINED)]
    assert files_put_aside(world) == [POISON]
    check_others(world, 7)


def test_several_such_messages() -> None:
    world = World(pace=replace(PACE, batch=BatchLimit(items=20)))
    for number in range(20):
        world.source.deliver(INBOX, POISON if number in (0, 7, 8, 19) else text(number))

    def kill(item: Item) -> str:
        if is_poison(item):
            world.lives.die()
        return ""

    world.target.refuse = kill
    world.outlive()
    assert [uid for uid, _ in quarantined(world)] == ["1", "8", "9", "20"]
    assert sum(picture(world).messages[("Inbox",)].values()) == 16


@pytest.mark.parametrize("lost", [False, True])
@pytest.mark.parametrize("hours", [1, 8, 48])
@pytest.mark.parametrize("messages", [1, 2, 7])
def test_hours_in_which_every_append_fails_put_nothing_aside(
    messages: int, hours: int, lost: bool
) -> None:
    """After some hours BatchStuck ends the mailbox, and the operator starts the workflow again when
    the target is well."""
    world = World()
    for number in range(messages):
        world.source.deliver(INBOX, text(number))
    ends = world.clock.timestamp() + 3600 * hours

    def fail(item: Item) -> str:
        if world.clock.timestamp() < ends:
            raise TargetBusy("down", 5, lost=lost)
        return ""

    world.target.refuse = fail
    stuck = world.outlive(BatchStuck, lambda: max(60.0, ends - world.clock.timestamp()), most=1000)
    assert hours > 1 or not stuck
    assert quarantined(world) == []
    assert sum(picture(world).messages[("Inbox",)].values()) == messages


def test_a_lone_message_over_which_the_target_hangs_up_takes_an_operator() -> None:
    """No other message shows that the target takes mail. Whoever starts the workflow again after
    BatchStuck says so."""
    world = World()
    world.source.deliver(INBOX, POISON)

    def hang_up(item: Item) -> str:
        raise TargetBusy("the connection was lost", 5, lost=True)

    world.target.refuse = hang_up
    assert world.outlive(BatchStuck, lambda: 60, most=100) == 1
    assert quarantined(world) == [("1", Fate.QUARANTINED)]
    assert files_put_aside(world) == [POISON]
