"""Random weather over several passes: crashes, busy servers and overtaking workers, in any order.

Each seed is one schedule. SCHEDULES in the environment runs more of them.
"""

from __future__ import annotations

import os
import random
from collections import Counter

import pytest

from migration.errors import FencedOff, SourceBusy, TargetBusy
from tests.crash.worker import PACE, Crash, World, arrive, fill, picture

SCHEDULES = int(os.environ.get("SCHEDULES", "150"))
PASSES = (1, 2, 3)


class Weather:
    """Lets something happen at every step, by chance."""

    def __init__(self, world: World, seed: int) -> None:
        self._world = world
        self._chance = random.Random(seed)
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
        except (Crash, FencedOff):
            self._world.wait(self._chance.uniform(1, 2 * PACE.settle))

    def act(self, _number: int, name: str) -> None:
        chance = self._chance.random()
        if chance < 0.03:
            self._meet("crash", Crash(name))
        elif chance < 0.05 and "append" in name:
            self._meet("target busy", TargetBusy("busy", 40))
        elif chance < 0.05 and name.endswith(("page", "fetch", "folders")):
            self._meet("source busy", SourceBusy("busy", 40))
        elif chance < 0.08 and self._depth == 0:
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
        except (Crash, FencedOff):
            pass
        finally:
            self._depth -= 1


def run(seed: int) -> tuple[World, Counter[str]]:
    """Three passes with mail arriving between them; whatever dies is started again later."""
    world = World()
    fill(world.source)
    weather = Weather(world, seed)
    for pass_id in PASSES:
        weather.pass_id = pass_id
        world.act = weather.act
        for _ in range(12):
            weather.slice()
        world.act = None
        world.finish(pass_id)
        if pass_id == PASSES[0]:
            arrive(world.source)
    return world, weather.met


def quiet() -> World:
    world = World()
    fill(world.source)
    for pass_id in PASSES:
        world.finish(pass_id)
        if pass_id == PASSES[0]:
            arrive(world.source)
    return world


@pytest.mark.parametrize("start", range(0, SCHEDULES, 50))
def test_every_schedule_ends_like_the_quiet_run(start: int) -> None:
    expected = picture(quiet())
    met: Counter[str] = Counter()
    for seed in range(start, start + 50):
        world, faults = run(seed)
        met += faults
        seen = picture(world)
        assert seen.messages == expected.messages, f"seed {seed}"
        assert seen.rejections == expected.rejections, f"seed {seed}"
        assert seen.audit == expected.audit, f"seed {seed}"
        assert [record[:4] for record in seen.records] == [
            record[:4] for record in expected.records
        ], f"seed {seed}"
    assert all(met[what] for what in ("crash", "target busy", "source busy", "overtaken"))
