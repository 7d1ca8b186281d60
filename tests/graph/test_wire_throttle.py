"""How fast one mailbox may be asked, with a clock that stands still, and with threads."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration.wire.graph_throttle import BURST, MOST_AT_ONCE, RATE, Bucket, Gate, Width
from tests.graph.graph_answers import Clock

PERIOD = 600.0
ALLOWED = 10_000


# -- so many in a while --------------------------------------------------------------------------


@given(st.lists(st.tuples(st.integers(1, 20), st.floats(0, 30)), max_size=200))
def test_in_any_ten_minutes_there_are_less_than_the_service_allows(
    questions: list[tuple[int, float]],
) -> None:
    now = 0.0
    bucket = Bucket(now)
    went: list[tuple[float, int]] = []
    for count, pause in questions * 10:
        now += pause
        went.append((now + bucket.take(count, now), count))
    for begin, _ in went:
        inside = sum(count for at, count in went if begin <= at < begin + PERIOD)
        assert inside <= ALLOWED - BURST, "the next process begins with a burst of its own"


def test_the_burst_is_free_and_then_the_rate_holds() -> None:
    bucket = Bucket(0.0)
    assert [bucket.take(1, 0.0) for _ in range(int(BURST))] == [0.0] * int(BURST)
    assert bucket.take(1, 0.0) == pytest.approx(1 / RATE)
    assert bucket.take(20, 0.0) == pytest.approx(21 / RATE)
    assert bucket.take(1, 100.0) == 0.0


@given(st.lists(st.integers(1, 20), min_size=2, max_size=60))
def test_who_comes_first_goes_first(counts: list[int]) -> None:
    bucket = Bucket(0.0, burst=5.0)
    waits = [bucket.take(count, 0.0) for count in counts]
    assert all(one <= two for one, two in pairwise(waits))


# -- so many at once -----------------------------------------------------------------------------


def test_refusals_halve_what_goes_at_once_and_patience_widens_it_by_one() -> None:
    width = Width(4, grows_after=10)
    width.refused(asked_at=1, now=2)
    assert width.now == 2
    width.refused(asked_at=3, now=4)
    width.refused(asked_at=5, now=6)
    assert width.now == 1
    width.answered(9)
    assert width.now == 1
    width.answered()
    assert width.now == 2
    width.answered(10)
    width.answered(10)
    width.answered(10)
    assert width.now == 4


def test_questions_that_were_under_way_together_are_one_refusal() -> None:
    width = Width(4)
    for _ in range(4):
        width.refused(asked_at=1, now=2)
    assert width.now == 2


def test_a_refusal_in_between_begins_the_patience_anew() -> None:
    width = Width(4, grows_after=10)
    width.refused(1, 2)
    width.answered(9)
    width.refused(1, 3)
    width.answered(9)
    assert width.now == 2


@given(st.integers(1, 8), st.lists(st.booleans(), max_size=300))
def test_the_width_is_always_between_one_and_the_most(most: int, events: list[bool]) -> None:
    width = Width(most, grows_after=3)
    for at, is_good in enumerate(events):
        if is_good:
            width.answered()
        else:
            width.refused(at, at + 0.5)
        assert 1 <= width.now <= most


# -- the gate ------------------------------------------------------------------------------------


def test_a_pause_of_the_service_holds_for_all_that_come() -> None:
    clock = Clock()
    gate = Gate(4, clock, clock.sleep)
    with gate.turn() as asked_at:
        gate.refused(asked_at, 3.0)
    with gate.turn() as asked_at:
        assert asked_at == 1003.0
    assert clock.slept == [3.0] and gate.width == 2


def test_a_turn_waits_for_the_rate() -> None:
    clock = Clock()
    gate = Gate(4, clock, clock.sleep)
    for _ in range(int(BURST) // 20 + 1):
        with gate.turn(20, alone=True):
            pass
    assert sum(clock.slept) == pytest.approx(20 / RATE)


def test_no_more_than_the_width_are_inside_and_a_batch_is_alone() -> None:
    gate = Gate(MOST_AT_ONCE, lambda: 0.0, lambda _: None)
    inside, most, lock, wrong = set[int](), [0], threading.Lock(), list[str]()

    def ask(number: int) -> None:
        alone = number % 5 == 0
        with gate.turn(alone=alone):
            with lock:
                inside.add(number)
                most[0] = max(most[0], len(inside))
                if len(inside) > 1 and any(one % 5 == 0 for one in inside):
                    wrong.append(f"{inside}")
            threading.Event().wait(0.001)
            with lock:
                inside.discard(number)

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(ask, range(200)))
    assert not wrong
    assert 1 < most[0] <= MOST_AT_ONCE


def test_a_narrow_gate_lets_one_after_the_other_pass() -> None:
    gate = Gate(1, lambda: 0.0, lambda _: None)
    inside, wrong = [0], list[int]()

    def ask(_: int) -> None:
        with gate.turn():
            inside[0] += 1
            if inside[0] > 1:
                wrong.append(inside[0])
            threading.Event().wait(0.0005)
            inside[0] -= 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, range(60)))
    assert not wrong


def test_who_wants_to_be_alone_is_not_passed_by_those_that_come_after() -> None:
    gate = Gate(2, lambda: 0.0, lambda _: None)
    order: list[str] = []
    first, let_go = threading.Event(), threading.Event()

    def hold() -> None:
        with gate.turn():
            first.set()
            let_go.wait(5)

    def batch() -> None:
        with gate.turn(alone=True):
            order.append("batch")

    def single() -> None:
        with gate.turn():
            order.append("single")

    holder = threading.Thread(target=hold)
    holder.start()
    assert first.wait(5)
    waiting = threading.Thread(target=batch)
    waiting.start()
    while not gate.somebody_waits_alone:
        threading.Event().wait(0.001)
    late = threading.Thread(target=single)
    late.start()
    let_go.set()
    for thread in (holder, waiting, late):
        thread.join(5)
    assert order == ["batch", "single"]


def test_a_turn_ends_whatever_happens_in_it() -> None:
    gate = Gate(1, lambda: 0.0, lambda _: None)
    for alone in (False, True):
        with pytest.raises(OSError, match="x"), gate.turn(alone=alone):
            raise OSError("x")
    with gate.turn():
        pass
