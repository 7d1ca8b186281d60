"""Reading ahead is bounded, keeps order, raises what breaks where it belongs, and always ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from migration.copy.read_ahead import read_ahead


def stop_nothing() -> None:
    """What is read ends by itself."""


def drop_nothing(_thing: object) -> None:
    """Nothing waits for its reader."""


def test_everything_comes_in_order() -> None:
    with read_ahead(iter(range(1000)), lambda _: 1, 10, stop_nothing, drop_nothing) as things:
        assert list(things) == list(range(1000))


def test_no_more_than_the_limit_and_one_thing_is_ahead() -> None:
    made: list[int] = []

    def make() -> Iterator[int]:
        for number in range(50):
            made.append(number)
            yield number

    taken = 0
    with read_ahead(make(), lambda _: 10, 40, stop_nothing, drop_nothing) as things:
        for _ in things:
            taken += 1
            time.sleep(0.001)
            # Four in the queue, one that waits for room, and the one that was just taken.
            assert len(made) - taken <= 5
    assert taken == 50


def test_a_thing_larger_than_the_limit_has_room_alone() -> None:
    with read_ahead(iter([100, 200]), lambda size: size, 10, stop_nothing, drop_nothing) as things:
        assert list(things) == [100, 200]


class Ended(BaseException):
    """What no handler expects."""


@pytest.mark.parametrize("error", [ValueError, Ended])
def test_what_breaks_is_raised_after_all_that_came_before(error: type[BaseException]) -> None:
    def make() -> Iterator[int]:
        yield from range(5)
        raise error

    seen: list[int] = []
    with (
        pytest.raises(error),
        read_ahead(make(), lambda _: 1, 100, stop_nothing, drop_nothing) as things,
    ):
        seen.extend(things)
    assert seen == list(range(5))


@pytest.mark.parametrize("error", [ValueError, Ended])
def test_a_reader_that_leaves_stops_what_waits_and_lets_go_of_the_rest(
    error: type[BaseException],
) -> None:
    released = threading.Event()
    dropped: list[int] = []

    def make() -> Iterator[int]:
        yield from range(5)
        assert released.wait(10)
        yield 5

    before = threading.active_count()
    with (
        pytest.raises(error),
        read_ahead(make(), lambda _: 1, 100, released.set, dropped.append) as things,
    ):
        assert next(things) == 0
        time.sleep(0.05)
        raise error
    assert dropped == [1, 2, 3, 4, 5]
    assert threading.active_count() == before
