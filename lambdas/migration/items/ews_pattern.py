"""Whether Exchange can say exactly how an event repeats, and how. Pure.

Exchange has six patterns, one start zone and three ways to end. What fits is written as a series;
of all else the occurrences are written one by one up to a horizon, and the report says why.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

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
    Range,
    Reason,
    RelativeMonthly,
    RelativeYearly,
    Repeats,
    Weekly,
)
from migration.items.occurrences import is_past, until_wall
from migration.items.recurrence import is_matched
from migration.items.times import (
    UTC,
    Day,
    Frequency,
    Moment,
    Recurrence,
    Rule,
    Time,
    Zone,
    like,
    wall_of,
)

MAX_DAYS, MAX_WEEKS, MAX_MONTHS, MAX_COUNT = 999, 99, 99, 999
"""What Exchange takes as intervals and as a number of occurrences."""

_DAYS = tuple(DayOfWeek)
_MONTHS = tuple(Month)
INDEXES = {1: Index.FIRST, 2: Index.SECOND, 3: Index.THIRD, 4: Index.FOURTH, -1: Index.LAST}
_SETS = {
    frozenset(range(7)): DayOfWeek.DAY,
    frozenset(range(5)): DayOfWeek.WEEKDAY,
    frozenset((5, 6)): DayOfWeek.WEEKEND_DAY,
    **{frozenset((number,)): _DAYS[number] for number in range(7)},
}
_ALWAYS_THERE = 28
ENDLESS = date(4500, 8, 31)
"""How Exchange itself writes that a series never ends ([MS-OXOCAL] 2.2.1.44.1): it knows no later
day, and programs write the last one of all for "never"."""


def classify(start: Time, recurrence: Recurrence, floating: Zone = UTC) -> Repeats | Inexact:
    """How Exchange says it, or why it cannot. Excluded dates do not matter: they are deleted from
    the series. `floating` is the zone in which a start without one is written."""
    rule = recurrence.rule
    if rule is None:
        return Inexact(Reason.NO_RULE)
    if recurrence.extra:
        return Inexact(Reason.EXTRA_DATES)
    wall = wall_of(start)
    if not _is_at(rule, wall):
        return Inexact(Reason.TIMES)
    if not is_matched(rule, wall):
        return Inexact(Reason.START)
    pattern = _find_pattern(_plain(rule, wall), wall)
    if isinstance(pattern, Reason):
        return Inexact(pattern)
    if rule.count is not None and rule.count > MAX_COUNT:
        return Inexact(Reason.COUNT)
    return Repeats(pattern, _find_range(rule, start, floating))


def _is_at(rule: Rule, wall: datetime) -> bool:
    """Whether it happens once a day, when it starts."""
    return (
        set(rule.by_hour) <= {wall.hour}
        and set(rule.by_minute) <= {wall.minute}
        and set(rule.by_second) <= {wall.second}
    )


def _plain(rule: Rule, wall: datetime) -> Rule:
    """The same rule by a frequency that has a pattern for it, with what the start says."""
    every_day_of_some = rule.frequency is Frequency.DAILY and rule.interval == 1 and rule.by_day
    if every_day_of_some and not (rule.by_month or rule.by_month_day or rule.by_position):
        return replace(rule, frequency=Frequency.WEEKLY)
    yearly = rule.frequency is Frequency.YEARLY
    if rule.by_day or rule.by_month_day or rule.by_week or rule.by_year_day:
        one_month = rule.frequency is Frequency.MONTHLY and len(rule.by_month) == 1
        if one_month and rule.interval == 1:
            return replace(rule, frequency=Frequency.YEARLY)
        each_month = yearly and rule.by_month_day and not (rule.by_month or rule.by_position)
        if each_month and rule.interval == 1:
            return replace(rule, frequency=Frequency.MONTHLY)
        return rule
    if yearly:
        return replace(rule, by_month=rule.by_month or (wall.month,), by_month_day=(wall.day,))
    if rule.frequency is Frequency.MONTHLY:
        return _plain(replace(rule, by_month_day=(wall.day,)), wall)
    return rule


def _find_pattern(rule: Rule, wall: datetime) -> Pattern | Reason:
    if rule.by_week or rule.by_year_day:
        return Reason.PARTS
    if rule.frequency is Frequency.DAILY:
        parts = rule.by_month or rule.by_month_day or rule.by_day or rule.by_position
        return Reason.PARTS if parts else _within(rule.interval, MAX_DAYS, Daily(rule.interval))
    if rule.frequency is Frequency.WEEKLY:
        return _find_weekly(rule, wall)
    if rule.frequency is Frequency.MONTHLY:
        if rule.by_month:
            return Reason.PARTS
        found = _find_in_month(rule, 31, _ALWAYS_THERE)
        return _as_monthly(found, rule.interval)
    if len(rule.by_month) != 1:
        return Reason.PARTS
    return _find_yearly(rule, rule.by_month[0])


def _within(interval: int, most: int, pattern: Pattern) -> Pattern | Reason:
    return pattern if interval <= most else Reason.INTERVAL


def _find_weekly(rule: Rule, wall: datetime) -> Pattern | Reason:
    if rule.by_month or rule.by_position:
        return Reason.PARTS
    numbers = sorted({day.weekday for day in rule.by_day}) or [wall.weekday()]
    days = tuple(_DAYS[number] for number in numbers)
    pattern = Weekly(rule.interval, days, _DAYS[rule.week_start])
    return _within(rule.interval, MAX_WEEKS, pattern)


def _find_yearly(rule: Rule, month: int) -> Pattern | Reason:
    """Exchange's yearly patterns have no interval; every other year is every 24 months."""
    longest = (date(2024 + month // 12, month % 12 + 1, 1) - timedelta(days=1)).day
    always = _ALWAYS_THERE if month == 2 else longest
    found = _find_in_month(rule, longest, always)
    if isinstance(found, Reason) or rule.interval > 1:
        return _as_monthly(found, rule.interval * 12)
    name = _MONTHS[month - 1]
    if isinstance(found, int):
        return AbsoluteYearly(found, name)
    return RelativeYearly(*found, name)


Place = int | tuple[DayOfWeek, Index]
"""A place in a month: the number of a day, or a weekday and which of them."""


def _as_monthly(found: Place | Reason, interval: int) -> Pattern | Reason:
    if isinstance(found, Reason):
        return found
    if isinstance(found, int):
        return _within(interval, MAX_MONTHS, AbsoluteMonthly(interval, found))
    return _within(interval, MAX_MONTHS, RelativeMonthly(interval, *found))


def _find_in_month(rule: Rule, longest: int, always: int) -> Place | Reason:
    """The one day of the month. `always`: so many days the month has in every year, `longest` in
    some."""
    if rule.by_day:
        return Reason.PARTS if rule.by_month_day else _find_weekday(rule)
    numbers = set(rule.by_month_day)
    first, last = min(numbers), max(numbers)
    # "The 31st, or the last day": programs say it as the last one of 28, 29, 30 and 31.
    clamped = rule.by_position == (-1,) and numbers == set(range(first, last + 1))
    if clamped and 0 < first <= always:
        return min(last, longest)
    if len(numbers) > 1 or rule.by_position:
        return Reason.PARTS
    (number,) = numbers
    if number == -1:
        return DayOfWeek.DAY, Index.LAST
    if number < 0:
        return Reason.PARTS
    return number if number <= always else Reason.SHORT_MONTHS


def _find_weekday(rule: Rule) -> Place | Reason:
    days = frozenset(rule.by_day)
    if not rule.by_position and len(days) == 1:
        (day,) = days
        return (_DAYS[day.weekday], INDEXES[day.nth]) if day.nth in INDEXES else Reason.PARTS
    kind = _SETS.get(frozenset(day.weekday for day in days))
    plain = all(day == Day(day.weekday) for day in days)
    if kind is None or not plain or len(rule.by_position) != 1:
        return Reason.PARTS
    index = INDEXES.get(rule.by_position[0])
    return (kind, index) if index else Reason.PARTS


def _find_range(rule: Rule, start: Time, floating: Zone) -> Range:
    first = wall_of(start).date()
    if rule.count is not None:
        return Numbered(first, rule.count)
    if rule.until is None:
        return NoEnd(first)
    zone = (start.zone if isinstance(start, Moment) else None) or floating
    last = until_wall(rule.until, zone).date()
    at_last = like(datetime.combine(last, wall_of(start).time()), start)
    if is_past(rule.until, at_last, zone):
        last -= timedelta(days=1)
    if last >= ENDLESS:
        return NoEnd(first)
    return EndDate(first, last) if last >= first else Numbered(first, 1)
