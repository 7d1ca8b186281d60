"""Whatever step the worker dies at, the mailbox ends as if it had not."""

from collections import Counter
from contextlib import suppress

import pytest

from migration.copy.engine import SliceOutcome, SliceResult
from migration.errors import FencedOff, SourceBusy, TargetBusy
from migration.identity import migration_key
from migration.model import Item, Stamped, Tally
from tests.crash.worker import (
    BOX,
    EMPTY,
    INBOX,
    PACE,
    SENT,
    Crash,
    Picture,
    World,
    arrive,
    fill,
    picture,
)


def full_world() -> World:
    world = World()
    fill(world.source)
    return world


def delta_world() -> World:
    world = full_world()
    world.finish(1)
    arrive(world.source)
    world.steps.clear()
    return world


def quiet(make: str) -> tuple[list[str], Picture]:
    """The steps of an undisturbed run, and its end."""
    world = WORLDS[make]()
    world.finish(PASSES[make])
    return world.steps, picture(world)


WORLDS = {"full": full_world, "delta": delta_world}
PASSES = {"full": 1, "delta": 2}
QUIET = {make: quiet(make) for make in WORLDS}
EVERY_STEP = [
    pytest.param(make, number, id=f"{make} {number} {name}")
    for make, (steps, _) in QUIET.items()
    for number, name in enumerate(steps)
]


def test_the_quiet_run_copies_what_can_be_copied() -> None:
    _, end = QUIET["full"]
    counts = {path: sum(messages.values()) for path, messages in end.messages.items()}
    assert counts == {("Inbox",): 4, ("Sent Items",): 3, ("Empty",): 0}
    totals = {path: total for path, _, _, total, _ in end.records}
    assert (totals[INBOX].copied, totals[INBOX].rejected, totals[INBOX].gone) == (4, 2, 1)
    assert (totals[SENT].copied, totals[SENT].rejected) == (3, 1)
    assert totals[EMPTY] == Tally()
    assert {reason for _, _, reason in end.rejections} == {"too-large", "bad-mime", "no-body"}
    assert Counter(end.audit.values()) == {
        "stored": 7,
        "rejected:too-large": 1,
        "rejected:bad-mime": 1,
        "unreadable:no-body": 1,
        "gone": 1,
    }


def test_the_steps_cover_every_effect() -> None:
    names = set(QUIET["full"][0])
    writes = ("next_fence", "claim_folder", "open_intent", "commit", "add_rejections")
    for effect in (*writes, "append", "put", "ensure_folder"):
        assert {f"before {effect}", f"after {effect}"} <= names


@pytest.mark.parametrize(("make", "number"), EVERY_STEP)
def test_a_crash_at_any_step_loses_and_doubles_nothing(make: str, number: int) -> None:
    world = WORLDS[make]()

    def crash(step: int, name: str) -> None:
        if step == number:
            raise Crash

    world.act = crash
    with pytest.raises(Crash):
        world.finish(PASSES[make])
    world.wait(1)
    world.finish(PASSES[make])
    assert picture(world) == QUIET[make][1]


@pytest.mark.parametrize("first", ["after open_intent", "after append", "before commit"])
@pytest.mark.parametrize("second", range(1, 16))
def test_a_crash_while_recovering_loses_and_doubles_nothing(first: str, second: int) -> None:
    world = full_world()
    crashes: list[str] = []

    def crash(step: int, name: str) -> None:
        if not crashes and name == first:
            crashes.append(name)
            world.steps.clear()
            raise Crash
        if len(crashes) == 1 and step == second:
            crashes.append(name)
            raise Crash

    world.act = crash
    for _ in range(3):
        with suppress(Crash):
            world.finish(1)
        world.wait(1)
    assert len(crashes) == 2
    assert picture(world) == QUIET["full"][1]


def test_the_requests_of_a_recovering_worker_settle_too() -> None:
    world = full_world()

    def crash(step: int, name: str) -> None:
        if name == "after append":
            raise Crash

    world.act = crash
    with pytest.raises(Crash):
        world.slice()
    first = world.slice()
    assert (first.outcome, first.retry_after) == (SliceOutcome.BACKOFF, PACE.settle)
    world.wait(PACE.settle)
    with pytest.raises(Crash):  # while it appends what was missing
        world.slice()
    second = world.slice()
    assert (second.outcome, second.retry_after) == (SliceOutcome.BACKOFF, PACE.settle)


@pytest.mark.parametrize("moment", ["before append", "after append"])
def test_a_lost_answer_of_append_is_asked_for(moment: str) -> None:
    for which in range(8):
        world = full_world()
        seen: list[str] = []

        def lose(step: int, name: str, which: int = which, seen: list[str] = seen) -> None:
            if name == moment:
                seen.append(name)
                if len(seen) == which + 1:
                    raise TargetBusy("the connection was lost", 120)

        world.act = lose
        result = world.slice()
        assert (result.outcome, result.retry_after) == (SliceOutcome.BACKOFF, 120)
        world.wait(result.wait_seconds)
        assert world.slice().outcome is SliceOutcome.DONE
        assert picture(world) == QUIET["full"][1]


def test_a_late_effect_of_a_dead_worker_is_waited_for() -> None:
    """The target finishes the dead worker's request four minutes after its death."""
    world = full_world()
    late: list[object] = []

    def die(step: int, name: str) -> None:
        if name == "before append":
            late.append(world.ledger.folders(BOX)[-1])
            raise Crash

    world.act = die
    with pytest.raises(Crash):
        world.slice()
    world.act = None
    died = world.clock
    (record,) = [each for each in world.ledger.folders(BOX) if each.intent]
    assert record.intent is not None

    def arrive_late() -> None:
        assert record.intent is not None
        folder = next(each for each in world.source.folders() if each.key == record.key)
        batch = [
            Stamped(migration_key("acme", BOX, record.key, record.validity, item.ref.uid), item)
            for item in world.source.fetch(folder, record.intent.refs)
            if isinstance(item, Item)
        ]
        assert len(list(world.target.append(record.target_id, batch))) == len(record.intent.refs)

    while True:
        result = world.slice()
        if result.outcome is SliceOutcome.DONE:
            break
        if late and (world.clock - died).total_seconds() + result.wait_seconds >= 240:
            late.clear()
            arrive_late()
        world.wait(result.wait_seconds)
    assert not late
    assert picture(world) == QUIET["full"][1]


def fenced_steps(make: str) -> list[int]:
    """Steps at which a worker may be overtaken: all but those in the middle of the appends of a
    batch, after it has looked whether the folder is still its own."""
    found, appending = [], False
    for number, name in enumerate(QUIET[make][0]):
        if name == "before append":
            appending = True
        if name in ("before put", "before commit", "before folders", "before page"):
            appending = False
        if not appending:
            found.append(number)
    return found


@pytest.mark.parametrize(
    ("make", "number"),
    [(make, number) for make in WORLDS for number in fenced_steps(make)],
)
def test_a_worker_that_was_overtaken_writes_nothing_more(make: str, number: int) -> None:
    world = WORLDS[make]()

    def overtake(step: int, name: str) -> None:
        if step == number:
            world.act = None
            world.wait(1000)
            world.finish(PASSES[make])

    world.act = overtake
    with suppress(FencedOff):
        world.slice(PASSES[make])
    assert picture(world) == QUIET[make][1]


@pytest.mark.parametrize(("make", "number"), EVERY_STEP)
def test_a_worker_that_is_overtaken_while_it_appends_doubles_nothing(
    make: str, number: int
) -> None:
    """An execution is aborted and another started: the old worker goes on for a while, at whatever
    step it was, and the new one lets its batch settle."""
    world = WORLDS[make]()
    successor: list[SliceResult] = []

    def overtake(step: int, name: str) -> None:
        if step == number:
            world.act = None
            successor.append(world.slice(PASSES[make]))

    world.act = overtake
    with suppress(FencedOff):
        world.slice(PASSES[make])
    world.wait(successor[0].wait_seconds)
    world.finish(PASSES[make])
    assert picture(world) == QUIET[make][1]


def test_an_overtaken_worker_is_told_so() -> None:
    world = full_world()

    def overtake(step: int, name: str) -> None:
        if name == "before commit":
            world.act = None
            world.wait(1000)
            world.finish()

    world.act = overtake
    with pytest.raises(FencedOff):
        world.slice()


@pytest.mark.parametrize("step_name", ["before folders", "before page", "before fetch"])
def test_a_source_that_is_busy_at_any_moment_costs_only_time(step_name: str) -> None:
    count = QUIET["full"][0].count(step_name)
    assert count
    for which in range(count):
        world = full_world()
        seen: list[str] = []

        def busy(step: int, name: str, which: int = which, seen: list[str] = seen) -> None:
            if name == step_name:
                seen.append(name)
                if len(seen) == which + 1:
                    raise SourceBusy("throttled", 30)

        world.act = busy
        world.finish()
        assert picture(world) == QUIET["full"][1]


@pytest.mark.parametrize("step_name", ["before mark", "before since", "before ensure_folder"])
def test_a_target_that_is_busy_at_any_moment_costs_only_time(step_name: str) -> None:
    for which in range(3):
        world = full_world()
        seen: list[str] = []
        fallen: list[str] = []

        def busy(
            step: int,
            name: str,
            which: int = which,
            seen: list[str] = seen,
            fallen: list[str] = fallen,
        ) -> None:
            if name == "after append" and not fallen:
                fallen.append(name)
                raise Crash
            if name == step_name:
                seen.append(name)
                if len(seen) == which + 1:
                    raise TargetBusy("throttled", 30)

        world.act = busy
        with pytest.raises(Crash):
            world.finish()
        world.finish()
        assert seen
        assert picture(world) == QUIET["full"][1]
