"""The octets per second that a tenant allows."""

from __future__ import annotations

from migration.copy.pacing import Throttle


class Clock:
    """Time that passes by sleeping."""

    def __init__(self) -> None:
        self.time = 100.0

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


def test_no_limit_costs_no_time() -> None:
    clock = Clock()
    Throttle(0, clock.now, clock.sleep).spend(10**9)
    assert clock.time == 100


def test_what_is_spent_in_the_long_run_is_the_rate() -> None:
    clock = Clock()
    throttle = Throttle(1000, clock.now, clock.sleep)
    for _ in range(100):
        throttle.spend(500)
    assert 49 <= clock.time - 100 <= 50


def test_a_large_message_is_paid_at_once() -> None:
    clock = Clock()
    Throttle(1000, clock.now, clock.sleep).spend(10_000)
    assert 9 <= clock.time - 100 <= 10


def test_a_pause_gives_a_burst_of_one_second_and_no_more() -> None:
    clock = Clock()
    throttle = Throttle(1000, clock.now, clock.sleep)
    throttle.spend(1000)
    clock.time += 3600
    began = clock.time
    for _ in range(10):
        throttle.spend(1000)
    assert clock.time - began >= 9
