"""The virtual clock."""

import threading
import time
from collections.abc import Callable
from functools import partial

import pytest

from localrun.engine.clock import Clock, parse_clock

HOUR = 3600.0


def member(clock: Clock, work: Callable[[], object]) -> threading.Thread:
    def run() -> None:
        try:
            work()
        finally:
            clock.leave()

    clock.enter()
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def test_jump_leaps_from_timer_to_timer_in_their_order() -> None:
    clock = Clock("jump", start=0)
    seen: list[tuple[int, int]] = []

    def sleep(hours: int) -> None:
        clock.sleep_until(hours * HOUR)
        seen.append((hours, int(clock.now() // HOUR)))

    clock.enter()
    threads = [member(clock, partial(sleep, hours)) for hours in (3, 1, 2)]
    clock.leave()
    for thread in threads:
        thread.join(10)
    assert seen == [(1, 1), (2, 2), (3, 3)]


def test_time_does_not_leap_while_a_member_works() -> None:
    clock = Clock("jump", start=0)
    released = threading.Event()
    worker = member(clock, lambda: assert_released(released))
    sleeper = member(clock, lambda: clock.sleep_until(HOUR))
    sleeper.join(0.2)
    assert sleeper.is_alive()
    assert clock.now() < 60
    released.set()
    sleeper.join(10)
    worker.join(10)
    assert clock.now() >= HOUR


def assert_released(event: threading.Event) -> None:
    assert event.wait(10)


def test_woken_member_counts_as_working_before_it_runs() -> None:
    """Else the leap to the far timer would come between the answer and who waits for it."""
    clock = Clock("jump", start=0)
    latest = 0.0

    def wait_for(ready: threading.Event) -> None:
        nonlocal latest
        before = clock.now()
        clock.wait_for(ready.is_set, until=before + 50 * HOUR)
        latest = max(latest, clock.now() - before)

    for _ in range(50):
        ready = threading.Event()
        clock.enter()
        threads = [member(clock, partial(wait_for, ready)), member(clock, ready.set)]
        clock.leave()
        for thread in threads:
            thread.join(10)
    assert latest < HOUR


def test_without_members_nothing_leaps_and_nothing_scheduled_is_lost() -> None:
    clock = Clock("jump", start=0)
    acted: list[float] = []
    clock.at(3 * HOUR, lambda: acted.append(clock.now()))
    time.sleep(0.1)
    assert acted == []
    member(clock, lambda: clock.sleep_until(5 * HOUR)).join(10)
    assert len(acted) == 1
    assert 3 * HOUR <= acted[0] < 3 * HOUR + 60


def test_timers_are_on_time_after_a_leap_while_others_work() -> None:
    clock = Clock("jump", start=0)
    done = threading.Event()
    woken: list[float] = []

    def sleep_twice() -> None:
        clock.sleep_until(HOUR)
        assert done.wait(10)  # works until the other one has been woken

    def sleep_a_little_longer() -> None:
        clock.sleep_until(HOUR + 0.2)
        woken.append(clock.now())
        done.set()

    clock.enter()
    threads = [member(clock, sleep_twice), member(clock, sleep_a_little_longer)]
    clock.leave()
    for thread in threads:
        thread.join(10)
    assert HOUR + 0.2 <= woken[0] < HOUR + 5


def test_an_owed_answer_keeps_time_from_leaping_beyond_what_is_scheduled() -> None:
    clock = Clock("jump", start=0)
    answered: list[bool] = []
    waiting = member(clock, lambda: clock.wait_for(lambda: bool(answered), 100 * HOUR, owed=True))
    waiting.join(0.1)
    assert waiting.is_alive()
    assert clock.now() < 60
    clock.at(2 * HOUR, lambda: answered.append(True))
    waiting.join(10)
    assert 2 * HOUR <= clock.now() < 3 * HOUR


def test_scale_runs_so_many_times_as_fast() -> None:
    clock = parse_clock("3600")
    start = clock.now()
    member(clock, lambda: clock.sleep_until(start + HOUR / 10)).join(10)
    assert HOUR / 10 <= clock.now() - start < HOUR
    assert clock.leapt == 0


def test_sleep_ends_when_it_is_cancelled() -> None:
    clock = Clock("real")
    cancelled: list[bool] = []
    results: list[bool] = []
    sleeper = member(
        clock,
        lambda: results.append(clock.sleep_until(clock.now() + HOUR, lambda: bool(cancelled))),
    )
    cancelled.append(True)
    clock.poke()
    sleeper.join(10)
    assert results == [False]


def test_iso_is_utc_to_the_millisecond() -> None:
    assert Clock("jump").iso(1_700_000_000.1234) == "2023-11-14T22:13:20.123Z"


@pytest.mark.parametrize(("text", "mode"), [("real", "real"), ("jump", "jump"), ("60", "scale")])
def test_clock_of_a_command_line(text: str, mode: str) -> None:
    assert parse_clock(text).mode == mode


@pytest.mark.parametrize("text", ["", "fast", "0", "-1", "inf", "nan"])
def test_clock_that_cannot_be(text: str) -> None:
    with pytest.raises(ValueError, match="clock"):
        parse_clock(text)


def test_time_does_not_leap_to_an_act_that_answers_nobody_while_an_answer_is_owed() -> None:
    """What comes every few minutes would carry time past the deadline of whoever waits."""
    clock = Clock("jump", start=0)
    seen: list[float] = []
    answered = threading.Event()
    clock.at(HOUR, lambda: seen.append(clock.now()), outside=False)
    waiting = member(clock, lambda: clock.wait_for(answered.is_set, 9 * HOUR, owed=True))
    waiting.join(0.2)
    assert waiting.is_alive()
    assert seen == []
    clock.at(2 * HOUR, answered.set)
    waiting.join(10)
    assert len(seen) == 1
    assert 2 * HOUR <= clock.now() < 3 * HOUR


def test_a_clock_may_leap_and_run_faster_while_there_is_work() -> None:
    clock = parse_clock("jump*1000000", start=0)
    assert (clock.mode, clock.scale) == ("jump", 1_000_000.0)
    begun = clock.now()
    worker = member(clock, lambda: time.sleep(0.001))
    worker.join(10)
    assert clock.now() - begun >= 1000
    sleeper = member(clock, lambda: clock.sleep_until(1e12))
    sleeper.join(10)
    assert clock.now() >= 1e12
