"""Random weather over several passes: crashes, busy servers, lost answers, overtaking workers.

They come in any order, with work step by step and with overlapping work.

Each seed is one schedule. SCHEDULES in the environment runs more of them. Overlapping threads make
a seed's run differ from time to time: what must hold afterwards does not.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache

import pytest

from migration.copy.engine import SliceOutcome
from migration.errors import MigrationError, SourceBusy, TargetBusy
from migration.model import CopyPolicy, DeltaPolicy
from tests.crash.worker import PACE, Crash, LedgerDown, Picture, World, change, fill, picture

SCHEDULES = int(os.environ.get("SCHEDULES", "150"))
_PORTION = 50
PASSES = (1, 2, 3)


class Weather:
    """Lets something happen at every step, by chance."""

    def __init__(self, world: World, chance: random.Random) -> None:
        self._world = world
        self._chance = chance
        self._depth = 0
        self._patience = 0.0
        self.pass_id = PASSES[0]
        self.met: Counter[str] = Counter()

    def slice(self) -> None:
        """One worker, whatever becomes of it, and the pause before the next."""
        # A worker may stand still for so long altogether: its requests are given up by then.
        self._patience = PACE.settle * 0.9
        try:
            self._world.wait(self._world.slice(self.pass_id).wait_seconds)
        except (Crash, LedgerDown, MigrationError):
            self._world.wait(self._chance.uniform(1, 2 * PACE.settle))

    def calm(self) -> None:
        """Nothing happens until a worker has got on."""
        world, world.act = self._world, None
        while (result := world.slice(self.pass_id)).outcome is SliceOutcome.BACKOFF:
            world.wait(result.wait_seconds)
        world.act = self.act

    def act(self, _number: int, name: str) -> None:
        chance = self._chance.random()
        if chance < 0.02:
            self._meet("crash", Crash(name))
        elif chance < 0.03 and name.endswith(("advance", "claim_folder", "next_fence", "put")):
            self._meet("ledger down", LedgerDown(name))
        elif chance < 0.04 and name.endswith(("append", "mark", "since", "set_flags", "remove")):
            self._meet("target busy", TargetBusy("busy", 40, lost=self._chance.random() < 0.5))
        elif chance < 0.04 and name.endswith(("page", "fetch", "folders", "piece", "uids")):
            self._meet("source busy", SourceBusy("busy", 20))
        elif chance < 0.06 and self._depth == 0 and not self._world.pace.overlap:
            self._overtake()

    def _meet(self, what: str, fault: BaseException) -> None:
        self.met[what] += 1
        raise fault

    def _overtake(self) -> None:
        """Another worker starts while this one stands still."""
        self.met["overtaken"] += 1
        self._depth += 1
        pause = self._chance.uniform(0, self._patience)
        self._patience -= pause
        try:
            self._world.wait(pause)
            self._world.slice(self.pass_id)
        except (Crash, LedgerDown, MigrationError):
            pass
        finally:
            self._depth -= 1


@dataclass(frozen=True)
class Setting:
    """A mailbox, its target, its policy, and how it is worked on."""

    keeps_key: bool
    delta: DeltaPolicy
    overlap: bool = False

    def world(self) -> World:
        policy = CopyPolicy(delta=self.delta)
        world = World(policy, keeps_key=self.keeps_key, pace=replace(PACE, overlap=self.overlap))
        fill(world.source)
        return world


def run(seed: int) -> tuple[Setting, World, Counter[str]]:
    """Three passes with changes between them; whatever dies is started again later."""
    chance = random.Random(seed)
    setting = Setting(
        chance.random() < 0.5, chance.choice(list(DeltaPolicy)), chance.random() < 0.3
    )
    world = setting.world()
    world.target.lag = 39
    weather = Weather(world, chance)
    for pass_id in PASSES:
        weather.pass_id = pass_id
        world.act = weather.act
        for _ in range(5):
            for _ in range(2):
                weather.slice()
            # Workers that die again and again would make a message suspicious.
            weather.calm()
        world.act = None
        world.finish(pass_id)
        if pass_id == PASSES[0]:
            change(world)
    return setting, world, weather.met


@cache
def quiet(setting: Setting) -> Picture:
    """How it ends without any weather."""
    world = setting.world()
    for pass_id in PASSES:
        world.finish(pass_id)
        if pass_id == PASSES[0]:
            change(world)
    return picture(world)


@pytest.mark.parametrize("start", range(0, SCHEDULES, _PORTION))
@pytest.mark.timeout(600)
def test_every_schedule_ends_like_the_quiet_run(start: int) -> None:
    met: Counter[str] = Counter()
    for seed in range(start, start + _PORTION):
        setting, world, faults = run(seed)
        met += faults
        expected = quiet(replace(setting, overlap=False))
        seen = picture(world)
        assert seen.messages == expected.messages, f"seed {seed}"
        assert seen.remarks == expected.remarks, f"seed {seed}"
        assert seen.audit == expected.audit, f"seed {seed}"
        assert [record[:5] for record in seen.records] == [
            record[:5] for record in expected.records
        ], f"seed {seed}"
    kinds = ("crash", "ledger down", "target busy", "source busy", "overtaken")
    assert all(met[what] for what in kinds)


def test_whatever_thread_dies_the_others_end_with_it() -> None:
    """Every step of overlapping work, the threads of the reader and the recorder included."""
    world = Setting(True, DeltaPolicy.ADD, overlap=True).world()
    world.finish()
    for number in range(len(world.steps) + 10):
        again = Setting(True, DeltaPolicy.ADD, overlap=True).world()

        def crash(step: int, name: str, number: int = number) -> None:
            if step == number:
                raise Crash(name)

        again.act = crash
        with suppress(Crash):
            again.slice()
        again.act = None
        again.wait(1)
        again.finish()
        assert picture(again).messages == picture(world).messages
