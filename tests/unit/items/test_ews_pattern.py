"""Exchange's patterns: what they say is what the rule says, day by day over five years."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migration.items.content import Extent
from migration.items.event import Details, Event
from migration.items.ews_pattern import classify
from migration.items.ews_terms import (
    AbsoluteMonthly,
    AbsoluteYearly,
    Daily,
    DayOfWeek,
    EndDate,
    Index,
    Inexact,
    Month,
    NoEnd,
    Numbered,
    Pattern,
    Reason,
    RelativeMonthly,
    RelativeYearly,
    Repeats,
    Weekly,
)
from migration.items.ical_read import read_calendar
from migration.items.occurrences import occurrences
from migration.items.times import (
    Day,
    ExtraDate,
    Frequency,
    Moment,
    Recurrence,
    Rule,
    Time,
    Zone,
    like,
    wall_of,
)
from migration.items.zones import instant
from tests.unit.items import files
from tests.unit.items.events import FIVE_YEARS, first_match, starts, until_of, without_times
from tests.unit.items.rules import WEEKDAYS, rules

DAYS = list(DayOfWeek)
MONTHS = list(Month)
ORDER = list(Index)


def says(pattern: Pattern, start: date, day: date) -> bool:
    """Whether the pattern comes to a day, as Microsoft describes it."""
    months = (day.year - start.year) * 12 + day.month - start.month
    match pattern:
        case Daily(interval):
            return (day - start).days % interval == 0
        case Weekly(interval, days, first_day):
            weeks = (week_of(day, first_day) - week_of(start, first_day)).days // 7
            return DAYS[day.weekday()] in days and weeks % interval == 0
        case AbsoluteMonthly(interval, number):
            return months % interval == 0 and day.day == min(number, length(day))
        case RelativeMonthly(interval, kind, index):
            return months % interval == 0 and is_place(day, kind, index)
        case AbsoluteYearly(number, month):
            return MONTHS[day.month - 1] == month and day.day == min(number, length(day))
        case RelativeYearly(kind, index, month):
            return MONTHS[day.month - 1] == month and is_place(day, kind, index)


def week_of(day: date, first_day: DayOfWeek) -> date:
    return day - timedelta(days=(day.weekday() - DAYS.index(first_day)) % 7)


def length(day: date) -> int:
    return monthrange(day.year, day.month)[1]


def is_place(day: date, kind: DayOfWeek, index: Index) -> bool:
    kinds = {DayOfWeek.DAY: range(7), DayOfWeek.WEEKDAY: range(5), DayOfWeek.WEEKEND_DAY: (5, 6)}
    wanted = kinds.get(kind, (DAYS.index(kind),))
    days = [day.replace(day=number) for number in range(1, length(day) + 1)]
    fitting = [one for one in days if one.weekday() in wanted]
    place = -1 if index is Index.LAST else ORDER.index(index)
    return fitting[place] == day


def days_of(repeats: Repeats, last: date) -> Iterator[date]:
    """The days on which Exchange has an occurrence, up to the last one."""
    start, counted = repeats.range.start, 0
    for number in range((last - start).days + 1):
        day = start + timedelta(days=number)
        if isinstance(repeats.range, EndDate) and day > repeats.range.end:
            return
        if not says(repeats.pattern, start, day):
            continue
        counted += 1
        if isinstance(repeats.range, Numbered) and counted > repeats.range.count:
            return
        yield day


@st.composite
def usual_rules(draw: st.DrawFn) -> Rule:
    """Rules as people make them, most of which Exchange can say."""
    frequency = draw(st.sampled_from(Frequency))
    monthly = frequency in (Frequency.MONTHLY, Frequency.YEARLY)
    by_day = draw(st.lists(st.builds(Day, WEEKDAYS), max_size=3, unique=True).map(tuple))
    position: tuple[int, ...] = ()
    by_month_day: tuple[int, ...] = ()
    if monthly:
        kind = draw(st.sampled_from(("start", "number", "counted", "set", "clamped")))
        nth = draw(st.sampled_from((1, 2, 3, 4, -1, 1, -1, 5, -2)))
        by_day = {
            "counted": (Day(draw(WEEKDAYS), nth),),
            "set": tuple(Day(one) for one in draw(st.sampled_from((range(7), range(5), (5, 6))))),
        }.get(kind, ())
        if kind == "number":
            by_month_day = (draw(st.sampled_from((1, 15, 28, 29, 30, 31, -1, -2))),)
        if kind == "clamped":
            by_month_day = tuple(range(28, draw(st.integers(29, 31)) + 1))
        position = (nth,) if kind == "set" else (-1,) if kind == "clamped" else ()
    months = draw(st.lists(st.integers(1, 12), max_size=1)) if monthly else []
    return Rule(
        frequency,
        draw(st.sampled_from((1, 1, 2, 3))),
        draw(st.one_of(st.none(), st.integers(1, 30))),
        by_month=tuple(months),
        by_month_day=by_month_day,
        by_day=by_day,
        by_position=position,
        week_start=draw(WEEKDAYS),
    )


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(usual_rules(), usual_rules(), rules()),
    starts(),
    st.one_of(st.none(), st.integers(0, 900)),
)
def test_a_pattern_says_exactly_what_the_rule_says(
    rule: Rule, start: Time, until: int | None
) -> None:
    if not isinstance(start, Moment):
        rule = without_times(rule)
    start = first_match(rule, start)
    if rule.count is None and until is not None:
        wall = wall_of(start) + timedelta(days=until)
        rule = replace(rule, until=until_of(start, wall))
    found = classify(start, Recurrence(rule))
    if isinstance(found, Inexact):
        return
    begin = instant(start)
    event = Event("u", Details(Extent(start)), Recurrence(rule))
    ruled = [one.begins for one in occurrences(event, begin, begin + FIVE_YEARS)]
    at = wall_of(start).time()
    walls = [
        datetime.combine(day, at) for day in days_of(found, wall_of(start).date() + FIVE_YEARS)
    ]
    patterned = [instant(like(wall, start)) for wall in walls]
    # Once each: of the day that Samoa skipped in 2011 both make the day after it.
    assert sorted({one for one in patterned if one < begin + FIVE_YEARS}) == ruled


MONDAY = datetime(2026, 1, 5, 9)


@pytest.mark.parametrize(
    ("rule", "start", "expected"),
    [
        ("FREQ=DAILY;INTERVAL=3", "20260105", Daily(3)),
        ("FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR", "20260105",
         Weekly(1, tuple(DAYS[:5]), DayOfWeek.MONDAY)),
        ("FREQ=WEEKLY", "20260105", Weekly(1, (DayOfWeek.MONDAY,), DayOfWeek.MONDAY)),
        ("FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=SU,MO", "20260105",
         Weekly(2, (DayOfWeek.MONDAY, DayOfWeek.SUNDAY), DayOfWeek.SUNDAY)),
        ("FREQ=MONTHLY", "20260105", AbsoluteMonthly(1, 5)),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", "20260131",
         RelativeMonthly(1, DayOfWeek.DAY, Index.LAST)),
        ("FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1", "20260131", AbsoluteMonthly(1, 31)),
        ("FREQ=MONTHLY;INTERVAL=2;BYDAY=-1FR", "20260130",
         RelativeMonthly(2, DayOfWeek.FRIDAY, Index.LAST)),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "20260130",
         RelativeMonthly(1, DayOfWeek.WEEKDAY, Index.LAST)),
        ("FREQ=MONTHLY;BYDAY=SA,SU;BYSETPOS=1", "20260103",
         RelativeMonthly(1, DayOfWeek.WEEKEND_DAY, Index.FIRST)),
        ("FREQ=MONTHLY;BYMONTH=1;BYMONTHDAY=5", "20260105", AbsoluteYearly(5, Month.JANUARY)),
        ("FREQ=YEARLY", "20260105", AbsoluteYearly(5, Month.JANUARY)),
        ("FREQ=YEARLY;INTERVAL=2", "20260105", AbsoluteMonthly(24, 5)),
        ("FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU", "20260329",
         RelativeYearly(DayOfWeek.SUNDAY, Index.LAST, Month.MARCH)),
        ("FREQ=YEARLY;BYMONTHDAY=5", "20260105", AbsoluteMonthly(1, 5)),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=-1", "20260228",
         RelativeYearly(DayOfWeek.DAY, Index.LAST, Month.FEBRUARY)),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=28,29;BYSETPOS=-1", "20240229",
         AbsoluteYearly(29, Month.FEBRUARY)),
        # What Exchange cannot say.
        ("FREQ=YEARLY;BYMONTHDAY=28,29;BYSETPOS=-1", "20261229", Reason.PARTS),
        ("FREQ=YEARLY", "20240229", Reason.SHORT_MONTHS),
        ("FREQ=MONTHLY", "20260131", Reason.SHORT_MONTHS),
        ("FREQ=MONTHLY;BYMONTHDAY=1,15", "20260101", Reason.PARTS),
        ("FREQ=MONTHLY;BYMONTHDAY=-2", "20260130", Reason.PARTS),
        ("FREQ=MONTHLY;BYDAY=5MO", "20260330", Reason.PARTS),
        ("FREQ=MONTHLY;BYDAY=-2FR", "20260123", Reason.PARTS),
        ("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", "20260213", Reason.PARTS),
        ("FREQ=MONTHLY;BYDAY=MO,WE;BYSETPOS=1", "20260105", Reason.PARTS),
        ("FREQ=MONTHLY;BYMONTH=1,3", "20260105", Reason.PARTS),
        ("FREQ=YEARLY;BYMONTH=1,3", "20260105", Reason.PARTS),
        ("FREQ=YEARLY;BYDAY=1MO", "20260105", Reason.PARTS),
        ("FREQ=YEARLY;BYWEEKNO=2;BYDAY=MO", "20260105", Reason.PARTS),
        ("FREQ=YEARLY;BYYEARDAY=5", "20260105", Reason.PARTS),
        ("FREQ=WEEKLY;BYMONTH=1", "20260105", Reason.PARTS),
        ("FREQ=DAILY;BYMONTH=1", "20260105", Reason.PARTS),
        ("FREQ=DAILY;BYHOUR=9,15", "20260105", Reason.TIMES),
        ("FREQ=DAILY;BYHOUR=10", "20260105", Reason.TIMES),
        ("FREQ=WEEKLY;BYDAY=TU", "20260105", Reason.START),
        ("FREQ=DAILY;INTERVAL=1000", "20260105", Reason.INTERVAL),
        ("FREQ=YEARLY;INTERVAL=9", "20260105", Reason.INTERVAL),
        ("FREQ=DAILY;COUNT=1000", "20260105", Reason.COUNT),
    ],
)  # fmt: skip
def test_patterns_of_rules(rule: str, start: str, expected: Pattern | Reason) -> None:
    lines = ("BEGIN:VEVENT", "UID:u", f"DTSTART:{start}T090000Z", f"RRULE:{rule}", "END:VEVENT")
    (event,) = read_calendar(files.calendar(*lines)).events
    assert event.master is not None
    found = classify(event.master.extent.start, event.recurrence)
    assert (found.reason if isinstance(found, Inexact) else found.pattern) == expected


def test_ranges_of_rules() -> None:
    tokyo = Zone("Asia/Tokyo")
    start, first = Moment(MONDAY, tokyo), MONDAY.date()
    daily = Rule(Frequency.DAILY)
    midnight = Moment(datetime(2026, 1, 10), Zone("UTC"))  # nine in Tokyo
    before = Moment(datetime(2026, 1, 9, 23, 59), Zone("UTC"))
    for rule, expected in (
        (daily, NoEnd(first)),
        (replace(daily, count=3), Numbered(first, 3)),
        (replace(daily, until=midnight), EndDate(first, date(2026, 1, 10))),
        (replace(daily, until=before), EndDate(first, date(2026, 1, 9))),
        (replace(daily, until=Moment(datetime(2025, 1, 1), Zone("UTC"))), Numbered(first, 1)),
        (replace(daily, until=date(4500, 8, 30)), EndDate(first, date(4500, 8, 30))),
        (replace(daily, until=date(4500, 8, 31)), NoEnd(first)),
        (replace(daily, until=date(9999, 12, 31)), NoEnd(first)),
    ):
        found = classify(start, Recurrence(rule))
        assert isinstance(found, Repeats)
        assert found.range == expected


def test_dates_without_a_rule_or_beside_it() -> None:
    start, more = Moment(MONDAY), (ExtraDate(Moment(MONDAY + timedelta(days=1))),)
    assert classify(start, Recurrence(extra=more)) == Inexact(Reason.NO_RULE)
    rule = Rule(Frequency.DAILY)
    assert classify(start, Recurrence(rule, more)) == Inexact(Reason.EXTRA_DATES)
    excluded = Recurrence(rule, excluded=(start,))
    assert classify(start, excluded) == Repeats(Daily(1), NoEnd(MONDAY.date()))
