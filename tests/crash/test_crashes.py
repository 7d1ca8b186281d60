"""Whatever step the worker dies at, the mailbox ends as if it had not.

Every step of a first and of a later pass, for targets that keep migration keys and for those that
are asked by content. What the target stored is not shown for nearly as long as the engine waits.
Messages that an interrupted worker had not sent yet may come behind those that it had: so the order
within a folder is compared only where nothing was refused or interrupted.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache

import pytest

from migration.copy.engine import SliceOutcome, SliceResult
from migration.errors import FencedOff, SourceBusy, TargetBusy
from migration.model import CopyPolicy, DeltaPolicy, Tally
from tests.crash.worker import (
    EMPTY,
    INBOX,
    PACE,
    SENT,
    Crash,
    Picture,
    World,
    at,
    change,
    each,
    fill,
    picture,
)

LAG = PACE.settle - 1
"""Seconds for which a crashed worker's last messages are not shown."""


@dataclass(frozen=True)
class Case:
    """A pass to break. The second pass brings changes of what the first has copied."""

    last_pass: int
    keeps_key: bool
    delta: DeltaPolicy = DeltaPolicy.ADD

    def __str__(self) -> str:
        asked = "keys" if self.keeps_key else "content"
        return f"pass {self.last_pass} {asked} {self.delta}"

    def world(self) -> World:
        """Just before the pass."""
        world = World(keeps_key=self.keeps_key, policy=CopyPolicy(delta=self.delta))
        fill(world.source)
        if self.last_pass == 2:
            world.finish(1)
            change(world)
            world.wait(3600)
        return world


CASES = [
    *(Case(1, keeps_key) for keeps_key in (True, False)),
    *(Case(2, keeps_key, delta) for keeps_key in (True, False) for delta in DeltaPolicy),
]


@cache
def quiet(case: Case) -> tuple[list[str], Picture]:
    """The steps of an undisturbed pass, and its end."""
    world = case.world()
    assert world.finish(case.last_pass) == 1
    return world.steps, picture(world)


def check(world: World, case: Case) -> None:
    """The world ended like the quiet one."""
    expected = quiet(case)[1]
    assert replace(picture(world), order={}) == replace(expected, order={})


EVERY_STEP = [
    pytest.param(case, number, id=f"{case} {number} {name}")
    for case in CASES
    for number, name in enumerate(quiet(case)[0])
]


# ---- the quiet run ---------------------------------------------------------------------------


@pytest.mark.parametrize("keeps_key", [True, False])
def test_the_quiet_run_copies_what_can_be_copied(keeps_key: bool) -> None:
    _, end = quiet(Case(1, keeps_key))
    counts = {path: sum(messages.values()) for path, messages in end.messages.items()}
    assert (counts[("Inbox",)], counts[("Sent Items",)], counts[("Empty",)]) == (7, 4, 0)
    totals = {path: total for path, _, _, _, total, _ in end.records}
    assert (totals[INBOX].copied, totals[INBOX].rejected, totals[INBOX].gone) == (7, 2, 1)
    assert (totals[SENT].copied, totals[SENT].rejected) == (4, 2)
    assert totals[EMPTY] == Tally()
    reasons = {reason for _, _, reason in end.remarks}
    assert reasons == {"too-large", "bad-mime", "no-body"}


@pytest.mark.parametrize("keeps_key", [True, False])
def test_the_quiet_run_keeps_the_order_of_each_folder(keeps_key: bool) -> None:
    world = Case(1, keeps_key).world()
    world.finish(1)
    for path, messages in picture(world).order.items():
        if path != ("Sent Items",):  # a large message that is refused is tried again at the end
            numbers = [int(message.split(b"\r\n\r\n")[1].split()[0]) for message in messages]
            assert numbers == sorted(numbers)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_overlapping_work_ends_like_work_step_by_step(case: Case) -> None:
    world = case.world()
    world.pace = replace(PACE, overlap=True)
    world.finish(case.last_pass)
    assert picture(world) == quiet(case)[1]


def test_the_steps_cover_every_effect() -> None:
    names = {name for case in CASES for name in quiet(case)[0]}
    writes = ("next_fence", "claim_folder", "advance", "add_remarks", "adopt_folder")
    for effect in (*writes, "drop_remarks", "append", "put", "ensure_folders", "set_flags"):
        assert {f"before {effect}", f"after {effect}"} <= names
    assert {"before remove", "after remove", "before piece"} <= names


# ---- death -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("case", "number"), EVERY_STEP)
def test_a_crash_at_any_step_loses_and_doubles_nothing(case: Case, number: int) -> None:
    world = case.world()
    world.act, world.target.lag = at(number, Crash), LAG
    with pytest.raises(Crash):
        world.slice(case.last_pass)
    world.act = None
    world.wait(1)
    world.finish(case.last_pass)
    check(world, case)


FIRST_CRASHES = [("after advance", 1), ("after append", 2), ("before put", 3), ("before piece", 1)]


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize(("first", "which"), FIRST_CRASHES)
def test_a_crash_while_recovering_loses_and_doubles_nothing(
    first: str, which: int, case: Case
) -> None:
    second = 0
    while True:
        world = case.world()
        world.target.lag = LAG
        world.act = each(first, Crash, which)
        with pytest.raises(Crash):
            world.slice(case.last_pass)
        world.act = None
        world.wait(world.slice(case.last_pass).wait_seconds)
        world.act = at(second, Crash)
        died = world.survive(case.last_pass) is not None
        world.act = None
        world.finish(case.last_pass)
        check(world, case)
        if not died:
            return
        second += 3


def test_the_requests_of_a_recovering_worker_settle_too() -> None:
    world = Case(1, True).world()
    world.act = each("after append", Crash, 0)
    with pytest.raises(Crash):
        world.slice()
    first = world.slice()
    assert (first.outcome, first.retry_after) == (SliceOutcome.BACKOFF, PACE.settle)
    world.wait(PACE.settle)
    world.act = each("after append", Crash, 0)
    with pytest.raises(Crash):  # while it appends what was missing
        world.slice()
    world.act = None
    second = world.slice()
    assert (second.outcome, second.retry_after) == (SliceOutcome.BACKOFF, PACE.settle)


# ---- lost answers ----------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("moment", ["before append", "after append"])
def test_a_lost_answer_of_append_is_asked_for(moment: str, case: Case) -> None:
    for which in range(quiet(case)[0].count(moment)):
        world = case.world()
        world.target.lag = 119
        world.act = each(moment, lambda: TargetBusy("the connection was lost", 120), which)
        result = world.slice(case.last_pass)
        assert (result.outcome, result.retry_after) == (SliceOutcome.BACKOFF, 120)
        world.act = None
        world.wait(result.wait_seconds)
        assert world.slice(case.last_pass).outcome is SliceOutcome.DONE
        check(world, case)


class LedgerDown(Exception):
    """The database does not answer; whether it has written is unknown."""


@pytest.mark.parametrize(
    ("case", "number"),
    [
        each
        for each in EVERY_STEP
        if str(each.id).split()[-1]
        in ("next_fence", "claim_folder", "advance", "add_remarks", "put", "adopt_folder")
    ],
)
def test_a_lost_answer_of_the_ledger_loses_and_doubles_nothing(case: Case, number: int) -> None:
    world = case.world()
    world.act, world.target.lag = at(number, LedgerDown), LAG
    with pytest.raises(LedgerDown):
        world.slice(case.last_pass)
    world.act = None
    world.finish(case.last_pass)
    check(world, case)


# ---- busy servers ----------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize(
    "name",
    ["folders", "page", "fetch", "piece", "read_flags", "uids"],
)
def test_a_source_that_is_busy_at_any_moment_costs_only_time(name: str, case: Case) -> None:
    for which in range(quiet(case)[0].count(f"before {name}")):
        world = case.world()
        world.target.lag = 60
        world.act = each(f"before {name}", lambda: SourceBusy("throttled", 30), which)
        world.finish(case.last_pass)
        check(world, case)


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("name", ["mark", "since", "ensure_folders", "set_flags", "remove"])
def test_a_target_that_is_busy_at_any_moment_costs_only_time(name: str, case: Case) -> None:
    for which in range(max(1, quiet(case)[0].count(f"before {name}"))):
        world = case.world()
        world.target.lag = LAG
        world.act = each("after append", Crash, 1)
        with pytest.raises(Crash):
            world.slice(case.last_pass)
        world.act = each(f"before {name}", lambda: TargetBusy("throttled", 30), which)
        world.finish(case.last_pass)
        check(world, case)


# ---- two workers -----------------------------------------------------------------------------


def fenced_steps(case: Case) -> list[int]:
    """Steps at which a worker may be overtaken by one that does not wait: all but those in the
    middle of a batch, after it has looked whether the folder is still its own."""
    found, appending = [], False
    for number, name in enumerate(quiet(case)[0]):
        if name in ("before fetch", "before append", "before piece"):
            appending = True
        if name in ("before put", "before advance", "before folders", "before page"):
            appending = False
        if not appending:
            found.append(number)
    return found


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_worker_that_was_overtaken_writes_nothing_more(case: Case) -> None:
    for number in fenced_steps(case):
        world = case.world()
        world.target.lag = LAG

        def overtake(step: int, name: str, number: int = number, world: World = world) -> None:
            if step == number:
                world.act = None
                world.wait(1000)
                world.finish(case.last_pass)

        world.act = overtake
        with suppress(FencedOff):
            world.slice(case.last_pass)
        check(world, case)


@pytest.mark.parametrize(("case", "number"), EVERY_STEP)
def test_a_worker_that_is_overtaken_while_it_appends_doubles_nothing(
    case: Case, number: int
) -> None:
    """An execution is aborted and another started: the old worker goes on for a while, at whatever
    step it was, and the new one lets its batch settle."""
    world = case.world()
    world.target.lag = LAG
    successor: list[SliceResult] = []

    def overtake(step: int, name: str) -> None:
        if step == number:
            world.act = None
            successor.append(world.slice(case.last_pass))

    world.act = overtake
    with suppress(FencedOff):
        world.slice(case.last_pass)
    world.wait(successor[0].wait_seconds)
    world.finish(case.last_pass)
    check(world, case)


def test_an_overtaken_worker_is_told_so() -> None:
    world = Case(1, True).world()

    def overtake(step: int, name: str) -> None:
        if name == "before put":
            world.act = None
            world.wait(1000)
            world.finish()

    world.act = overtake
    with pytest.raises(FencedOff):
        world.slice()
