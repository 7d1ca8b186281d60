"""The clock times of a rule (RFC 5545 section 3.3.10), between two bounds.

Works on clock times without a zone, as the RFC does: a meeting at nine stays at nine when the
clocks change. It goes no further than the upper bound, and begins near the lower one where nothing
has to be counted, so that a rule that never comes true costs no more than its window.
"""

from __future__ import annotations

import calendar
import itertools
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta

from migration.items.times import Day, Frequency, Rule

_DAY = timedelta(days=1)
_LAST_YEAR = 9000  # what comes later overflows in arithmetic with zones

Matches = Callable[[date], bool]


def expand(rule: Rule, start: datetime, first: datetime, last: datetime) -> Iterator[datetime]:
    """The times from `first` to `last` (inclusive) at which the rule happens, in order. `start`
    always happens and is counted, whether the rule matches it or not. UNTIL is left to the caller,
    who knows the zone."""
    whole = itertools.chain([start], _matching_after(rule, start, first, last))
    for counted, at in enumerate(whole, 1):
        if at > last or (rule.count is not None and counted > rule.count):
            return
        if at >= first:
            yield at


def is_matched(rule: Rule, at: datetime) -> bool:
    """Whether the rule itself comes to `at`, when it starts there."""
    return any(one == at for one in _times_of(rule, at, _anchor(rule, at), at))


def _matching_after(
    rule: Rule, start: datetime, first: datetime, last: datetime
) -> Iterator[datetime]:
    matches = make_filter(rule, start.date())
    step = 0 if rule.count is not None else _steps_until(rule, start.date(), first.date())
    while True:
        anchor = _period(rule, start.date(), step)
        if anchor is None or anchor > last.date():
            return
        for at in _times_of(rule, start, anchor, last, matches):
            if at > start:
                yield at
        step += 1


def _times_of(
    rule: Rule, start: datetime, anchor: date, last: datetime, matches: Matches | None = None
) -> list[datetime]:
    """The times of one period, before COUNT and the start are looked at."""
    wanted = matches or make_filter(rule, start.date())
    times = [
        time(hour, minute, second)
        for hour in sorted(set(rule.by_hour)) or (start.hour,)
        for minute in sorted(set(rule.by_minute)) or (start.minute,)
        for second in sorted(set(rule.by_second)) or (start.second,)
    ]
    days = (anchor + _DAY * number for number in range(_length(rule, anchor)))
    found = [datetime.combine(day, at) for day in days if wanted(day) for at in times]
    if rule.by_position:
        size = len(found)
        places = {place - 1 if place > 0 else size + place for place in rule.by_position}
        return [found[place] for place in sorted(places) if 0 <= place < size]
    return found


# -- periods -------------------------------------------------------------------------------------


def _anchor(rule: Rule, at: datetime) -> date:
    """The first day of the period in which `at` is."""
    day = at.date()
    if rule.frequency is Frequency.YEARLY:
        return day.replace(month=1, day=1)
    if rule.frequency is Frequency.MONTHLY:
        return day.replace(day=1)
    if rule.frequency is Frequency.WEEKLY:
        return day - _DAY * ((day.weekday() - rule.week_start) % 7)
    return day


def _period(rule: Rule, start: date, step: int) -> date | None:
    """The first day of the period after so many steps; None after the last year."""
    anchor = _anchor(rule, datetime(start.year, start.month, start.day))
    moved = step * rule.interval
    if rule.frequency in (Frequency.YEARLY, Frequency.MONTHLY):
        months = moved * (12 if rule.frequency is Frequency.YEARLY else 1) + anchor.month - 1
        year = anchor.year + months // 12
        return date(year, months % 12 + 1, 1) if year <= _LAST_YEAR else None
    days = moved * (7 if rule.frequency is Frequency.WEEKLY else 1)
    if days > (date(_LAST_YEAR, 12, 31) - anchor).days:
        return None
    return anchor + _DAY * days


def _steps_until(rule: Rule, start: date, first: date) -> int:
    """So many periods end before `first`."""
    if first <= start:
        return 0
    if rule.frequency is Frequency.YEARLY:
        units = first.year - start.year
    elif rule.frequency is Frequency.MONTHLY:
        units = (first.year - start.year) * 12 + first.month - start.month
    else:
        units = (first - start).days // (7 if rule.frequency is Frequency.WEEKLY else 1)
    return max(0, units // rule.interval - 1)


def _length(rule: Rule, anchor: date) -> int:
    if rule.frequency is Frequency.YEARLY:
        return _days_in_year(anchor.year)
    if rule.frequency is Frequency.MONTHLY:
        return days_in_month(anchor)
    return 7 if rule.frequency is Frequency.WEEKLY else 1


def days_in_month(day: date) -> int:
    """So many days the month of `day` has."""
    return calendar.monthrange(day.year, day.month)[1]


def _days_in_year(year: int) -> int:
    return 365 + calendar.isleap(year)


# -- days ----------------------------------------------------------------------------------------


def make_filter(rule: Rule, start: date) -> Matches:
    """Tells the days that the rule's parts and, where they do not say, the start allow."""
    tests: list[Matches] = []
    by_month, by_month_day, by_day = _filled_in(rule, start)
    if by_month:
        months = frozenset(by_month)
        tests.append(lambda day: day.month in months)
    if rule.by_week:
        weeks = frozenset(rule.by_week)
        tests.append(lambda day: not weeks.isdisjoint(_week_numbers(day, rule.week_start)))
    if rule.by_year_day:
        numbers = frozenset(rule.by_year_day)
        tests.append(lambda day: not numbers.isdisjoint(_year_numbers(day)))
    if by_month_day:
        days = frozenset(by_month_day)
        tests.append(lambda day: not days.isdisjoint((day.day, day.day - days_in_month(day) - 1)))
    if by_day:
        tests.append(_weekday_filter(rule, by_day))
    return lambda day: all(test(day) for test in tests)


def _filled_in(rule: Rule, start: date) -> tuple[tuple[int, ...], tuple[int, ...], tuple[Day, ...]]:
    """BYMONTH, BYMONTHDAY and BYDAY, with what is taken from the start."""
    by_month, by_month_day, by_day = rule.by_month, rule.by_month_day, rule.by_day
    if rule.by_year_day or by_month_day or by_day or rule.frequency is Frequency.DAILY:
        return by_month, by_month_day, by_day
    if rule.by_week or rule.frequency is Frequency.WEEKLY:
        return by_month, by_month_day, (Day(start.weekday()),)
    if rule.frequency is Frequency.YEARLY and not by_month:
        by_month = (start.month,)
    return by_month, (start.day,), by_day


def _weekday_filter(rule: Rule, by_day: tuple[Day, ...]) -> Matches:
    every = frozenset(day.weekday for day in by_day if not day.nth)
    counted = frozenset(day for day in by_day if day.nth)
    in_month = rule.frequency is Frequency.MONTHLY or bool(rule.by_month)

    def matches(day: date) -> bool:
        weekday = day.weekday()
        if weekday in every:
            return True
        if not counted:
            return False
        before, after = (
            (day.day - 1, days_in_month(day) - day.day)
            if in_month
            else (_year_numbers(day)[0] - 1, -_year_numbers(day)[1] - 1)
        )
        places = (Day(weekday, before // 7 + 1), Day(weekday, -(after // 7) - 1))
        return not counted.isdisjoint(places)

    return matches


def _year_numbers(day: date) -> tuple[int, int]:
    """The day's number in its year, from the beginning and from the end."""
    number = (day - date(day.year, 1, 1)).days + 1
    return number, number - _days_in_year(day.year) - 1


def _week_numbers(day: date, week_start: int) -> tuple[int, int]:
    """The number of the day's week in the year that has most of it, from both ends."""
    middle = day - _DAY * ((day.weekday() - week_start) % 7) + _DAY * 3
    from_start, from_end = _year_numbers(middle)
    return (from_start - 1) // 7 + 1, -((-from_end - 1) // 7) - 1
