"""What copying collections does at every step, and in random weather; what happens at each step to
mail and collections alike is in test_every_step.py."""

from __future__ import annotations

import os
import random
from contextlib import suppress

import pytest

from migration.copy.slices import SliceOutcome
from migration.errors import MailboxError, MigrationError, SourceBusy, TargetBusy
from migration.model import CopyPolicy
from tests.crash.cases import GROUPWARE_CASES, GroupwareCase, check, quiet
from tests.crash.groupware_world import PACE, GroupwareWorld, change, fill, picture
from tests.crash.worker import Crash, LedgerDown

SCHEDULES = int(os.environ.get("SCHEDULES", "150"))
_PORTION = 50


# ---- the quiet run ---------------------------------------------------------------------------


def test_the_steps_cover_every_effect() -> None:
    names = {name for case in GROUPWARE_CASES for name in quiet(case)[0]}
    for effect in ("next_fence", "claim_folder", "advance", "put", "write", "remove"):
        assert {f"before {effect}", f"after {effect}"} <= names
    assert {"within write", "before ensure_collections", "before marks", "before fetch"} <= names


@pytest.mark.parametrize("case", GROUPWARE_CASES, ids=str)
def test_a_pass_in_which_nothing_changed_does_nothing(case: GroupwareCase) -> None:
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


# ---- slices ----------------------------------------------------------------------------------


@pytest.mark.parametrize("case", GROUPWARE_CASES, ids=str)
def test_slices_without_time_go_on_where_they_were(case: GroupwareCase) -> None:
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


def disturbed(seed: int) -> tuple[GroupwareCase, GroupwareWorld]:
    """Two passes in which anything happens at any step; the second is that of the case."""
    chance = random.Random(seed)
    case = chance.choice(GROUPWARE_CASES[1:])
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
