"""Workers that copy collections die at every step, lose answers, meet busy servers, and are
overtaken: what is there afterwards is what a quiet run leaves."""

from __future__ import annotations

import os
import random
from contextlib import suppress
from dataclasses import dataclass
from functools import cache

import pytest

from migration.copy.slices import SliceOutcome
from migration.errors import FencedOff, MailboxError, MigrationError, SourceBusy, TargetBusy
from migration.model import CopyPolicy, DeltaPolicy
from tests.crash.groupware_world import (
    PACE,
    GroupwarePicture,
    GroupwareWorld,
    change,
    fill,
    picture,
)
from tests.crash.worker import Crash, at, each

LAG = PACE.settle - 1
SCHEDULES = int(os.environ.get("SCHEDULES", "150"))
_PORTION = 50


class LedgerDown(Exception):
    """The database does not answer; whether it has written is unknown."""


@dataclass(frozen=True)
class Case:
    """Which pass is disturbed, and under which policy; a first pass before it is quiet."""

    last_pass: int
    delta: DeltaPolicy
    has_tokens: bool = True

    def __str__(self) -> str:
        return f"pass {self.last_pass} {self.delta}{'' if self.has_tokens else ' no tokens'}"

    def world(self) -> GroupwareWorld:
        world = GroupwareWorld(CopyPolicy(delta=self.delta), has_tokens=self.has_tokens)
        keys = fill(world)
        if self.last_pass == 2:
            world.finish(1)
            change(world, keys)
        return world


ADD, FOLLOW = DeltaPolicy.ADD, DeltaPolicy.FOLLOW
CASES = [Case(1, ADD), Case(2, ADD), Case(2, FOLLOW), Case(2, FOLLOW, has_tokens=False)]


@cache
def quiet(case: Case) -> tuple[tuple[str, ...], GroupwarePicture]:
    """The steps of the pass when nothing happens, and how it ends."""
    world = case.world()
    assert world.slice(case.last_pass).outcome is SliceOutcome.DONE
    return tuple(world.steps), picture(world)


EVERY_STEP = [
    pytest.param(case, number, id=f"{case} {number} {name}")
    for case in CASES
    for number, name in enumerate(quiet(case)[0])
]


def check(world: GroupwareWorld, case: Case) -> None:
    assert picture(world) == quiet(case)[1]


# ---- the quiet run ---------------------------------------------------------------------------


def test_the_steps_cover_every_effect() -> None:
    names = {name for case in CASES for name in quiet(case)[0]}
    for effect in ("next_fence", "claim_folder", "advance", "put", "write", "remove"):
        assert {f"before {effect}", f"after {effect}"} <= names
    assert {"within write", "before ensure_collections", "before marks", "before fetch"} <= names


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_pass_in_which_nothing_changed_does_nothing(case: Case) -> None:
    world = case.world()
    world.finish(case.last_pass)
    before = picture(world)
    writes = world.ledger.writes
    world.finish(case.last_pass)
    after = picture(world)
    assert after == before
    if case.has_tokens:
        assert world.steps == ["before collections"]
        assert world.ledger.writes == writes


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


FIRST = [("after advance", 1), ("within write", 1), ("before put", 1), ("after write", 2)]


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize(("first", "which"), FIRST)
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
        second += 2


@pytest.mark.parametrize("case", CASES, ids=str)
def test_slices_without_time_go_on_where_they_were(case: Case) -> None:
    world = case.world()
    outcomes = []
    for _ in range(100):
        batches = [0]

        def act(
            _step: int, name: str, world: GroupwareWorld = world, done: list[int] = batches
        ) -> None:
            if name == "before write":
                done[0] += 1
                world.wait(20)

        world.act = act
        result = world.slice(case.last_pass, lifetime=45.0)
        world.act = None
        outcomes.append(result.outcome)
        if result.outcome is SliceOutcome.DONE:
            break
        assert batches[0] <= 1
    assert outcomes.count(SliceOutcome.MORE) > 1
    check(world, case)


# ---- lost answers and busy servers -----------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("moment", ["before write", "within write", "after write"])
def test_a_lost_answer_is_asked_for(moment: str, case: Case) -> None:
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


@pytest.mark.parametrize(
    ("case", "number"),
    [
        param
        for param in EVERY_STEP
        if str(param.id).split()[-1] in ("next_fence", "claim_folder", "advance", "put")
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


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("name", ["collections", "entries", "fetch"])
def test_a_source_that_is_busy_at_any_moment_costs_only_time(name: str, case: Case) -> None:
    for which in range(quiet(case)[0].count(f"before {name}")):
        world = case.world()
        world.act = each(f"before {name}", lambda: SourceBusy("throttled", 30), which)
        world.finish(case.last_pass)
        check(world, case)


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("name", ["ensure_collections", "marks", "remove", "find"])
@pytest.mark.parametrize("lag", [0.0, 2.0])
def test_a_target_that_is_busy_at_any_moment_costs_only_time(
    lag: float, name: str, case: Case
) -> None:
    for moment in ("before", "after"):
        for which in range(max(1, quiet(case)[0].count(f"{moment} {name}"))):
            world = case.world()
            world.target.lag = lag
            world.act = each("within write", Crash, 1)
            with pytest.raises(Crash):
                world.slice(case.last_pass)
            world.act = each(f"{moment} {name}", lambda: TargetBusy("throttled", 30), which)
            world.finish(case.last_pass)
            check(world, case)


# ---- two workers -----------------------------------------------------------------------------


def fenced_steps(case: Case) -> list[int]:
    """Steps at which a worker may be overtaken by one that does not wait: all but those between its
    look at the fence and the answer of the target."""
    sending = ("before write", "within write", "before remove", "within remove")
    return [number for number, name in enumerate(quiet(case)[0]) if name not in sending]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_worker_that_was_overtaken_writes_nothing_more(case: Case) -> None:
    for number in fenced_steps(case):
        world = case.world()
        world.target.lag = LAG

        def overtake(
            step: int, name: str, number: int = number, world: GroupwareWorld = world
        ) -> None:
            if step == number:
                world.act = None
                world.wait(1000)
                world.finish(case.last_pass)

        world.act = overtake
        with suppress(FencedOff):
            world.slice(case.last_pass)
        world.finish(case.last_pass)
        check(world, case)


@pytest.mark.parametrize(("case", "number"), EVERY_STEP)
def test_a_worker_that_is_overtaken_while_it_writes_doubles_nothing(
    case: Case, number: int
) -> None:
    """The old worker goes on for a while, at whatever step it was, and the new one lets its batch
    settle."""
    world = case.world()
    world.target.lag = LAG
    waits: list[int] = []

    def overtake(step: int, name: str) -> None:
        if step == number:
            world.act = None
            waits.append(world.slice(case.last_pass).wait_seconds)

    world.act = overtake
    with suppress(FencedOff):
        world.slice(case.last_pass)
    world.wait(waits[0])
    world.finish(case.last_pass)
    check(world, case)


def test_an_overtaken_worker_is_told_so() -> None:
    world = Case(1, ADD).world()

    def overtake(step: int, name: str) -> None:
        if name == "before put":
            world.act = None
            world.wait(1000)
            world.finish()

    world.act = overtake
    with pytest.raises(FencedOff):
        world.slice()


# ---- random weather --------------------------------------------------------------------------


class Weather:
    """Lets something happen at every step, by chance."""

    def __init__(self, world: GroupwareWorld, chance: random.Random) -> None:
        self._world, self._chance = world, chance
        self._is_overtaking = False
        self.pass_id = 1

    def slice(self) -> None:
        """One worker, whatever becomes of it, and the pause before the next."""
        self._world.act = self.act
        try:
            self._world.wait(self._world.slice(self.pass_id).wait_seconds)
        except (Crash, LedgerDown, MailboxError):
            self._world.wait(self._chance.uniform(1, 2 * PACE.settle))
        self._world.act = None

    def act(self, _step: int, name: str) -> None:
        luck = self._chance.random()
        if luck < 0.02:
            raise Crash
        if luck < 0.03 and name.endswith(("advance", "claim_folder", "next_fence", "put")):
            raise LedgerDown
        if luck < 0.05 and name.endswith(("write", "marks", "find", "remove", "collections")):
            if "ensure" not in name and name.endswith("collections"):
                raise SourceBusy("busy", 20)
            raise TargetBusy("busy", 40, lost=self._chance.random() < 0.5)
        if luck < 0.05 and name.endswith(("entries", "fetch")):
            raise SourceBusy("busy", 20)
        if luck < 0.07 and not self._is_overtaking:
            self._overtake()

    def _overtake(self) -> None:
        """Another worker starts while this one stands still."""
        self._is_overtaking = True
        with suppress(Crash, LedgerDown, MigrationError):
            self._world.wait(self._chance.uniform(0, 100))
            self._world.slice(self.pass_id)
        self._is_overtaking = False


def disturbed(seed: int) -> tuple[Case, GroupwareWorld]:
    """Two passes in which anything happens at any step; the second is that of the case."""
    chance = random.Random(seed)
    case = chance.choice(CASES[1:])
    world = GroupwareWorld(CopyPolicy(delta=case.delta), has_tokens=case.has_tokens)
    world.target.lag = 39
    keys = fill(world)
    weather = Weather(world, chance)
    for weather.pass_id in (1, 2):
        for _ in range(4):
            for _ in range(2):
                weather.slice()
            # Workers that die again and again would make an item suspicious.
            while (result := world.slice(weather.pass_id)).outcome is SliceOutcome.BACKOFF:
                world.wait(result.wait_seconds)
        world.finish(weather.pass_id)
        if weather.pass_id == 1:
            change(world, keys)
    return case, world


@pytest.mark.parametrize("start", range(0, SCHEDULES, _PORTION))
def test_random_weather_loses_and_doubles_nothing(start: int) -> None:
    for seed in range(start, start + _PORTION):
        case, world = disturbed(seed)
        assert picture(world) == quiet(case)[1], f"seed {seed}"
