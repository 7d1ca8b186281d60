"""The arithmetic of rules, beside python-dateutil as an independent witness."""

from __future__ import annotations

import datetime as datetime_module
import time
from datetime import datetime, timedelta
from itertools import islice, takewhile
from types import SimpleNamespace
from unittest import mock

import pytest
from dateutil import rrule
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from migration.items.ical_values import read_rule
from migration.items.recurrence import expand, is_matched
from migration.items.times import Day, Frequency, Rule
from tests.unit.items.rules import rules, walls

YEARS = timedelta(days=5 * 366)
FREQUENCIES = {
    Frequency.DAILY: rrule.DAILY,
    Frequency.WEEKLY: rrule.WEEKLY,
    Frequency.MONTHLY: rrule.MONTHLY,
    Frequency.YEARLY: rrule.YEARLY,
}

SOON = SimpleNamespace(**{**vars(datetime_module), "MAXYEAR": 2037})


def witness(rule: Rule, start: datetime, last: datetime) -> list[datetime]:
    """What python-dateutil makes of the rule. It does not count a start that the rule misses, and
    looks for a rule that never comes true up to its last year, which is an early one here."""
    found = rrule.rrule(
        FREQUENCIES[rule.frequency],
        start,
        interval=rule.interval,
        wkst=rule.week_start,
        bymonth=rule.by_month or None,
        byweekno=rule.by_week or None,
        byyearday=rule.by_year_day or None,
        bymonthday=rule.by_month_day or None,
        byweekday=[rrule.weekday(day.weekday, day.nth or None) for day in rule.by_day] or None,
        byhour=rule.by_hour or None,
        byminute=rule.by_minute or None,
        bysetpos=rule.by_position or None,
        until=last,
    )
    with mock.patch.object(rrule, "datetime", SOON):
        times = list(takewhile(lambda at: at <= last, found))
    times = times if times[:1] == [start] else [start, *times]
    return times[: rule.count]


@settings(max_examples=150, deadline=None)
@given(rules(), walls)
@example(Rule(Frequency.YEARLY, by_month=(2,), by_month_day=(29,)), datetime(2024, 2, 29, 9))
@example(
    Rule(Frequency.WEEKLY, interval=2, by_day=(Day(1), Day(6)), week_start=0, count=4),
    datetime(1997, 8, 5, 9),
)
@example(
    Rule(Frequency.WEEKLY, interval=2, by_day=(Day(1), Day(6)), week_start=6, count=4),
    datetime(1997, 8, 5, 9),
)
@example(
    Rule(Frequency.MONTHLY, by_day=tuple(Day(weekday) for weekday in range(5)), by_position=(-1,)),
    datetime(2026, 1, 30, 9),
)
def test_a_rule_happens_when_dateutil_says(rule: Rule, start: datetime) -> None:
    assume(not rule.by_week or rule.by_day or rule.by_month_day or rule.by_year_day)
    # Week 1 of the next year may begin in this one, and may be its week -52 or -53 as well.
    assume(min(rule.by_week, default=0) > -52)
    # In the first week dateutil counts from the start, where the RFC counts the whole week.
    assume(not (rule.by_position and rule.frequency is Frequency.WEEKLY))
    # Of "each Monday and the first Tuesday" dateutil makes the days that are both.
    assume(len({bool(day.nth) for day in rule.by_day}) < 2)
    last = start + YEARS
    assert list(expand(rule, start, start, last)) == witness(rule, start, last)


@settings(max_examples=150, deadline=None)
@given(rules(), walls, st.integers(0, 3000), st.integers(0, 900))
def test_a_window_shows_its_part_of_the_whole(
    rule: Rule, start: datetime, after: int, days: int
) -> None:
    first = start + timedelta(days=after)
    last = first + timedelta(days=days)
    whole = [at for at in expand(rule, start, start, last) if at >= first]
    assert list(expand(rule, start, first, last)) == whole


@pytest.mark.parametrize(
    ("rule", "start", "expected"),
    [
        # RFC 5545 section 3.8.5.3, where dateutil and others read the RFC in their own way.
        ("FREQ=YEARLY;BYWEEKNO=20", "19970512", ["19970512", "19980511", "19990517"]),
        ("FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8", "19961105",
         ["19961105", "20001107", "20041102"]),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2", "19970929",
         ["19970929", "19971030", "19971127"]),
        ("FREQ=MONTHLY;BYMONTHDAY=15,30", "20070115", ["20070115", "20070130", "20070215"]),
        ("FREQ=YEARLY;BYWEEKNO=-53;BYDAY=MO", "19971229", ["19971229", "20031229", "20081229"]),
        ("FREQ=WEEKLY;BYDAY=MO,WE;BYSETPOS=1", "20260106", ["20260106", "20260112", "20260119"]),
        ("FREQ=MONTHLY;BYDAY=2MO,SU", "20260104", ["20260104", "20260111", "20260112"]),
        ("FREQ=YEARLY", "20240229", ["20240229", "20280229", "20320229"]),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", "20260131", ["20260131", "20260228", "20260331"]),
    ],
)  # fmt: skip
def test_examples_of_the_rfc(rule: str, start: str, expected: list[str]) -> None:
    begin = datetime.strptime(start, "%Y%m%d")
    found = islice(expand(read_rule(rule, _never), begin, begin, datetime(2100, 1, 1)), 3)
    assert [f"{at:%Y%m%d}" for at in found] == expected


def _never(value: str) -> None:
    raise AssertionError(value)


def test_a_start_that_the_rule_misses_is_counted() -> None:
    rule = Rule(Frequency.WEEKLY, count=2, by_day=(Day(0),))
    wednesday = datetime(2026, 1, 7, 9)
    assert not is_matched(rule, wednesday)
    assert is_matched(rule, datetime(2026, 1, 5, 9))
    found = list(expand(rule, wednesday, wednesday, datetime(2100, 1, 1)))
    assert found == [wednesday, datetime(2026, 1, 12, 9)]


def test_a_rule_that_never_comes_true_costs_no_more_than_its_window() -> None:
    rule = Rule(Frequency.DAILY, by_month=(2,), by_month_day=(30,))
    begun = time.process_time()
    last = datetime(2031, 1, 1)
    assert list(expand(rule, datetime(1970, 1, 1), datetime(2026, 1, 1), last)) == []
    assert time.process_time() - begun < 1


def test_a_series_of_decades_is_asked_for_its_end_alone() -> None:
    rule, start = Rule(Frequency.DAILY), datetime(1602, 1, 1, 9)
    begun = time.process_time()
    for _ in range(100):
        found = list(expand(rule, start, datetime(2026, 1, 1), datetime(2026, 1, 3)))
        assert len(found) == 2
    assert time.process_time() - begun < 1
