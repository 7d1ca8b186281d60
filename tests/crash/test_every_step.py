"""Whatever step the worker dies at, mail and collections end as if it had not.

Every step of a first and of a later pass: workers die, answers are lost, servers are busy, workers
are overtaken. What the target stored is not shown for nearly as long as the engine waits.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from migration.copy.slices import SliceOutcome
from migration.errors import FencedOff, SourceBusy, TargetBusy
from tests.crash.cases import (
    ADD,
    GROUPWARE_CASES,
    LAG,
    MAIL_CASES,
    Case,
    GroupwareCase,
    MailCase,
    check,
    quiet,
)
from tests.crash.worker import Crash, LedgerDown, Slices, at, each

CASES: list[Case] = [*MAIL_CASES, *GROUPWARE_CASES]

every_case = pytest.mark.parametrize("case", CASES, ids=str)
EVERY_STEP = [
    pytest.param(case, number, id=f"{case} {number} {name}")
    for case in CASES
    for number, name in enumerate(quiet(case)[0])
]
every_step = pytest.mark.parametrize(("case", "number"), EVERY_STEP)


# ---- death -----------------------------------------------------------------------------------


@every_step
def test_a_crash_at_any_step_loses_and_doubles_nothing(case: Case, number: int) -> None:
    world = case.world()
    world.target.lag = LAG
    world.break_off(at(number, Crash), case.last_pass)
    world.wait(1)
    world.finish(case.last_pass)
    check(world, case)


@pytest.mark.parametrize(
    ("first", "which", "case"),
    [
        pytest.param(first, which, case, id=f"{first}-{which}-{case}")
        for case in CASES
        for first, which in case.moments.first_crashes
    ],
)
def test_a_crash_while_recovering_loses_and_doubles_nothing(
    first: str, which: int, case: Case
) -> None:
    second = 0
    while True:
        world = case.world()
        world.target.lag = LAG
        world.break_off(each(first, Crash, which), case.last_pass)
        world.wait(world.slice(case.last_pass).wait_seconds)
        world.act = at(second, Crash)
        died = world.survive(case.last_pass) is not None
        world.act = None
        world.finish(case.last_pass)
        check(world, case)
        if not died:
            return
        second += case.moments.stride


# ---- lost answers ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "case"),
    [
        pytest.param(moment, case, id=f"{moment}-{case}")
        for case in CASES
        for moment in case.moments.write
    ],
)
def test_a_lost_answer_of_a_write_is_asked_for(moment: str, case: Case) -> None:
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
        pytest.param(case, number, id=f"{case} {number} {name}")
        for case in CASES
        for number, name in enumerate(quiet(case)[0])
        if name.split()[-1] in case.moments.record
    ],
)
def test_a_lost_answer_of_the_ledger_loses_and_doubles_nothing(case: Case, number: int) -> None:
    world = case.world()
    world.target.lag = LAG
    world.break_off(at(number, LedgerDown), case.last_pass, LedgerDown)
    world.finish(case.last_pass)
    check(world, case)


# ---- busy servers ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "case"),
    [
        pytest.param(name, case, id=f"{name}-{case}")
        for case in CASES
        for name in case.moments.source
    ],
)
def test_a_source_that_is_busy_at_any_moment_costs_only_time(name: str, case: Case) -> None:
    for which in range(quiet(case)[0].count(f"before {name}")):
        world = case.world()
        world.target.lag = case.moments.source_lag
        world.act = each(f"before {name}", lambda: SourceBusy("throttled", 30), which)
        world.finish(case.last_pass)
        check(world, case)


@pytest.mark.parametrize(
    ("lag", "moment", "case"),
    [
        pytest.param(lag, moment, case, id=f"{lag}-{moment}-{case}")
        for case in CASES
        for lag in case.moments.target_lags
        for moment in case.moments.target
    ],
)
def test_a_target_that_is_busy_at_any_moment_costs_only_time(
    lag: float, moment: str, case: Case
) -> None:
    first, earlier = case.moments.crash
    for which in range(max(1, quiet(case)[0].count(moment))):
        world = case.world()
        world.target.lag = lag
        world.break_off(each(first, Crash, earlier), case.last_pass)
        world.act = each(moment, lambda: TargetBusy("throttled", 30), which)
        world.finish(case.last_pass)
        check(world, case)


# ---- two workers -----------------------------------------------------------------------------


@every_case
def test_a_worker_that_was_overtaken_writes_nothing_more(case: Case) -> None:
    for number in case.fenced(quiet(case)[0]):
        world = case.world()
        world.target.lag = LAG

        def overtake(
            step: int, _name: str, number: int = number, world: Slices[Any, Any] = world
        ) -> None:
            if step == number:
                world.act = None
                world.wait(1000)
                world.finish(case.last_pass)

        world.act = overtake
        with suppress(FencedOff):
            world.slice(case.last_pass)
        check(world, case)
        world.finish(case.last_pass)
        check(world, case)


@every_step
def test_a_worker_that_is_overtaken_while_it_writes_doubles_nothing(
    case: Case, number: int
) -> None:
    """An execution is aborted and another started: the old worker goes on for a while, at whatever
    step it was, and the new one lets its batch settle."""
    world = case.world()
    world.target.lag = LAG
    waits: list[int] = []

    def overtake(step: int, _name: str) -> None:
        if step == number:
            world.act = None
            waits.append(world.slice(case.last_pass).wait_seconds)

    world.act = overtake
    with suppress(FencedOff):
        world.slice(case.last_pass)
    world.wait(waits[0])
    world.finish(case.last_pass)
    check(world, case)


@pytest.mark.parametrize("case", [MailCase(1, True), GroupwareCase(1, ADD)], ids=str)
def test_an_overtaken_worker_is_told_so(case: Case) -> None:
    world = case.world()

    def overtake(_step: int, name: str) -> None:
        if name == "before put":
            world.act = None
            world.wait(1000)
            world.finish()

    world.break_off(overtake, fault=FencedOff)
