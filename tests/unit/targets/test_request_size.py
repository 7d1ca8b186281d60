"""How many items go into one request."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from migration.targets.request_size import FIRST, MOST, RequestSize


def test_a_quick_server_gets_more_up_to_the_most() -> None:
    size = RequestSize()
    assert size.items == FIRST == 50
    size.answered(50, 0.2)
    assert size.items == MOST == 100
    size.answered(100, 0.2)
    assert size.items == 100


def test_a_slow_server_gets_what_it_stores_in_ten_seconds() -> None:
    size = RequestSize()
    size.answered(50, 50.0)  # one a second
    assert size.items == 10
    size.answered(10, 40.0)
    assert size.items == 2
    size.answered(2, 60.0)
    assert size.items == 1
    size.answered(1, 1.0)
    assert size.items == 2  # no more than twice as many at once


def test_a_request_that_was_far_from_full_says_nothing() -> None:
    size = RequestSize()
    size.answered(24, 30.0)
    size.answered(1, 30.0)
    assert size.items == 50
    size.answered(25, 25.0)
    assert size.items == 10


def test_fewer_are_sent_after_a_lost_answer() -> None:
    size = RequestSize()
    size.lost(50)
    assert size.items == 25
    size.lost(50)  # it was under way beside the first
    assert size.items == 25
    size.lost(3)
    assert size.items == 1
    size.lost(1)
    assert size.items == 1


@given(
    st.lists(
        st.tuples(st.booleans(), st.integers(1, 100), st.floats(0, 1000)), min_size=1, max_size=30
    )
)
def test_there_is_always_room_for_one_and_never_for_more_than_the_most(
    events: list[tuple[bool, int, float]],
) -> None:
    size = RequestSize()
    for is_lost, items, seconds in events:
        before = size.items
        if is_lost:
            size.lost(items)
            assert size.items <= before
        else:
            size.answered(items, seconds)
        assert 1 <= size.items <= MOST
