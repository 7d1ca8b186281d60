"""The rules that say what Exchange's patterns say: `ews_pattern`, the other way. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from migration.items.ews_pattern import INDEXES
from migration.items.ews_terms import (
    AbsoluteMonthly,
    AbsoluteYearly,
    Daily,
    DayOfWeek,
    EndDate,
    Index,
    Month,
    NoEnd,
    Numbered,
    Pattern,
    Range,
    RelativeMonthly,
    RelativeYearly,
    Repeats,
    Weekly,
)
from migration.items.times import UTC, Day, Frequency, Moment, Rule, Time, like, wall_of
from migration.items.zones import instant

_DAYS = list(DayOfWeek)
_MONTHS = list(Month)
_PLACES = {index: place for place, index in INDEXES.items()}
_KINDS = {
    DayOfWeek.DAY: range(7),
    DayOfWeek.WEEKDAY: range(5),
    DayOfWeek.WEEKEND_DAY: range(5, 7),
}
_IN_EVERY_MONTH = 28


def rule_of(repeats: Repeats, start: Time) -> Rule:
    """The rule of an event that begins at `start`."""
    return bounded(_plain(repeats.pattern), repeats.range, start)


def bounded(rule: Rule, extent: Range, start: Time) -> Rule:
    """The rule with its end."""
    match extent:
        case Numbered(_, count):
            return replace(rule, count=count)
        case EndDate(_, last):
            at_last = like(datetime.combine(last, wall_of(start).time()), start)
            return replace(rule, until=_until(at_last))
        case NoEnd():
            return rule


def _until(last: Time) -> Time:
    """RFC 5545 wants it in UTC where the start has a zone."""
    if not isinstance(last, Moment) or last.zone is None:
        return last
    return Moment(instant(last).replace(tzinfo=None), UTC)


def _plain(pattern: Pattern) -> Rule:
    match pattern:
        case Daily(interval):
            return Rule(Frequency.DAILY, interval)
        case Weekly(interval, days, first):
            named = tuple(Day(_DAYS.index(day)) for day in days)
            return Rule(Frequency.WEEKLY, interval, by_day=named, week_start=_DAYS.index(first))
        case AbsoluteMonthly(interval, day):
            return on_day(Rule(Frequency.MONTHLY, interval), day)
        case RelativeMonthly(interval, kind, index):
            return _on_kind(Rule(Frequency.MONTHLY, interval), kind, index)
        case AbsoluteYearly(day, month):
            return on_day(_yearly(month), day)
        case RelativeYearly(kind, index, month):
            return _on_kind(_yearly(month), kind, index)


def _yearly(month: Month) -> Rule:
    return Rule(Frequency.YEARLY, by_month=(_MONTHS.index(month) + 1,))


def on_day(rule: Rule, day: int) -> Rule:
    """Exchange takes the last day of a month that is too short; the rule has to say so."""
    if day <= _IN_EVERY_MONTH:
        return replace(rule, by_month_day=(day,))
    numbers = tuple(range(_IN_EVERY_MONTH, day + 1))
    return replace(rule, by_month_day=numbers, by_position=(-1,))


def _on_kind(rule: Rule, kind: DayOfWeek, index: Index) -> Rule:
    place = _PLACES[index]
    if kind not in _KINDS:
        return replace(rule, by_day=(Day(_DAYS.index(kind), place),))
    return replace(rule, by_day=tuple(map(Day, _KINDS[kind])), by_position=(place,))
