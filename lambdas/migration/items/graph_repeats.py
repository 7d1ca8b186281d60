"""How an event or a task repeats in Microsoft Graph (patternedRecurrence), as a rule. Pure.

https://learn.microsoft.com/graph/api/resources/recurrencepattern and recurrencerange
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from migration.items.ews_pattern import ENDLESS
from migration.items.ews_rules import bounded, on_day
from migration.items.ews_terms import EndDate, NoEnd, Numbered, Range
from migration.items.graph_fields import Fields
from migration.items.times import Day, Frequency, Rule, Time, wall_of

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_PLACES = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": -1}
_LONGEST_INTERVAL = 100_000
_MOST = 10**9


def read_rule(pattern: Fields, extent: Fields, start: Time) -> Rule:
    """The rule of what begins at `start`, by the clock of its zone. `extent` is the property
    `range`, whose recurrenceTimeZone the caller has taken. A ValueError, whose text holds no value,
    if it cannot be read: what it says would be another series then."""
    rule = _read_pattern(pattern, start)
    ending = _read_range(extent, wall_of(start).date())
    pattern.lose_the_rest()
    extent.lose_the_rest()
    return bounded(rule, ending, start)


def _read_pattern(pattern: Fields, start: Time) -> Rule:
    """Each kind has some of the properties; those of the others stand there with values that say
    nothing."""
    kind, interval = pattern.text("type"), pattern.number("interval")
    days = tuple(map(_read_weekday, pattern.texts("daysOfWeek")))
    first_day = pattern.text("firstDayOfWeek")
    index = pattern.text("index") or "first"
    day, month = pattern.number("dayOfMonth") or 0, pattern.number("month") or 0
    every = 1 if interval is None else interval
    if not 1 <= every <= _LONGEST_INTERVAL:
        raise ValueError("repeats at an interval that is none")
    match kind:
        case "daily":
            return Rule(Frequency.DAILY, every)
        case "weekly":
            week_start = _read_weekday(first_day or "sunday")
            named = tuple(map(Day, days)) or (Day(wall_of(start).weekday()),)
            return Rule(Frequency.WEEKLY, every, by_day=named, week_start=week_start)
        case "absoluteMonthly":
            return _on_day(Rule(Frequency.MONTHLY, every), day)
        case "relativeMonthly":
            return _on_weekday(Rule(Frequency.MONTHLY, every), days, index)
        case "absoluteYearly":
            return _on_day(_in_month(every, month), day)
        case "relativeYearly":
            return _on_weekday(_in_month(every, month), days, index)
    raise ValueError("repeats in a way that nobody knows")


def _read_weekday(name: str) -> int:
    if name.lower() not in _DAYS:
        raise ValueError("repeats on a weekday that is none")
    return _DAYS.index(name.lower())


def _in_month(interval: int, month: int) -> Rule:
    if not 1 <= month <= 12:
        raise ValueError("repeats in a month that is none")
    return Rule(Frequency.YEARLY, interval, by_month=(month,))


def _on_day(rule: Rule, day: int) -> Rule:
    if not 1 <= day <= 31:
        raise ValueError("repeats on a day of the month that is none")
    return on_day(rule, day)


def _on_weekday(rule: Rule, days: tuple[int, ...], index: str) -> Rule:
    """Of several days, the first or last that comes, or the one so many places on: all seven are
    any day, five of them a working day."""
    if not days or index not in _PLACES:
        raise ValueError("repeats on a weekday of the month that is none")
    place = _PLACES[index]
    if len(set(days)) == 1:
        return replace(rule, by_day=(Day(days[0], place),))
    return replace(rule, by_day=tuple(map(Day, sorted(set(days)))), by_position=(place,))


def _read_range(extent: Fields, first: date) -> Range:
    """It begins with the event itself: startDate says the same day again."""
    kind, last = extent.text("type"), extent.text("endDate")
    count = extent.number("numberOfOccurrences")
    extent.ignore("startDate")
    match kind:
        case "noEnd":
            return NoEnd(first)
        case "numbered" if count is not None and 1 <= count <= _MOST:
            return Numbered(first, count)
        case "endDate":
            try:
                end = date.fromisoformat(last[:10])
            except ValueError:
                raise ValueError("repeats until a day that is none") from None
            return NoEnd(first) if end >= ENDLESS else EndDate(first, end)
    raise ValueError("does not say how long it repeats")
