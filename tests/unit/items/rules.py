"""Rules of recurrence, made at random: what calendars hold, and what nobody should write."""

from __future__ import annotations

from datetime import datetime

from hypothesis import strategies as st

from migration.items.times import Day, Frequency, Rule

WEEKDAYS = st.integers(0, 6)

walls = st.datetimes(datetime(1995, 1, 1), datetime(2030, 12, 31)).map(
    lambda at: at.replace(second=0, microsecond=0, fold=0)
)


def some(numbers: st.SearchStrategy[int], most: int = 3) -> st.SearchStrategy[tuple[int, ...]]:
    """No number, usually; else a few, each once."""
    few = st.lists(numbers, min_size=1, max_size=most, unique=True).map(tuple)
    return st.one_of(st.just(()), few)


def nonzero(most: int) -> st.SearchStrategy[int]:
    return st.integers(1, most).flatmap(lambda number: st.sampled_from((number, -number)))


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    """Any rule that RFC 5545 allows, without UNTIL."""
    frequency = draw(st.sampled_from(Frequency))
    yearly, monthly = frequency is Frequency.YEARLY, frequency is Frequency.MONTHLY
    by_week = draw(some(nonzero(53))) if yearly else ()
    nth = st.integers(-5, 5) if (yearly or monthly) and not by_week else st.just(0)
    days = st.lists(st.builds(Day, WEEKDAYS, nth), min_size=1, max_size=3, unique=True)
    by_day = draw(st.one_of(st.just(()), days.map(tuple)))
    weekly = frequency is Frequency.WEEKLY
    return Rule(
        frequency,
        draw(st.sampled_from((1, 1, 1, 2, 3, 5, 12))),
        draw(st.one_of(st.none(), st.integers(1, 40))),
        None,
        draw(some(st.integers(1, 12))),
        by_week,
        draw(some(nonzero(366))) if yearly else (),
        () if weekly else draw(some(nonzero(31))),
        by_day,
        draw(some(st.integers(0, 23), 2)),
        draw(some(st.integers(0, 59), 2)),
        (),
        draw(some(nonzero(4), 2)),
        draw(WEEKDAYS),
    )
