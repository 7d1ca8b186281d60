"""How an item repeats: RRULE, RDATE and EXDATE, read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta

from migration.items.ical_values import (
    CannotRepeat,
    is_date,
    read_date,
    read_datetime,
    read_rule,
    read_span,
)
from migration.items.lines import Line
from migration.items.properties import Properties, same_kind
from migration.items.times import (
    UTC,
    ExtraDate,
    Moment,
    Recurrence,
    Rule,
    Span,
    Time,
    Zone,
    wall_of,
)
from migration.items.zones import day_of, instant, to_instant, to_wall

_TO_ITS_END = timedelta(hours=23, minutes=59, seconds=59)


def read_recurrence(properties: Properties, start: Time | None) -> Recurrence:
    """Takes what says how an item repeats. A rule that cannot be read is a fault."""
    rule = None
    for line in properties.take_all("RRULE"):
        if rule is not None:
            properties.lose("RRULE", line.number, "a second rule; the first one is kept")
            continue
        try:
            rule = _read_rule(line, start)
        except CannotRepeat as problem:
            why = f"{problem}; the first occurrence is kept"
            properties.lose("RRULE", line.number, why)
        except ValueError as problem:
            properties.faults.append(f"line {line.number}: RRULE {problem}")
    for line in properties.take_all("EXRULE"):
        why = "a rule for exclusions, which RFC 5545 has given up; what it leaves out is there"
        properties.lose("EXRULE", line.number, why)
    extra = [one for line in properties.take_all("RDATE") for one in _read_extra(line, properties)]
    excluded = [
        time
        for line in properties.take_all("EXDATE")
        for value in line.value.split(",")
        if value.strip()
        and (time := properties.try_demand(line, _reader(properties, value))) is not None
    ]
    kept = [one for one in extra if start is None or same_kind(one.start, start)]
    if len(kept) < len(extra):
        why = "an extra date that is a day where the event has a time, or else"
        properties.lose("RDATE", properties.line, why)
    return Recurrence(rule, tuple(kept), tuple(excluded))


def _read_rule(line: Line, start: Time | None) -> Rule:
    rule = read_rule(line.value, _read_until)
    if rule.until is None or start is None:
        return rule
    return replace(rule, until=fit_until(rule.until, start))


def _read_until(value: str) -> Time | None:
    """UNTIL; programs that have to say a date for "never" say one of the last years."""
    if value.startswith("9") and len(value) >= 8:
        return None
    if is_date(value):
        return read_date(value)
    wall, is_utc = read_datetime(value)
    return Moment(wall, UTC if is_utc else None)


def fit_until(until: Time, start: Time) -> Time:
    """UNTIL in the form that RFC 5545 asks for: a day in a series of whole days, else a moment, in
    UTC if the start has a zone. A day then is meant to its end."""
    if not isinstance(start, Moment):
        return day_of(until)
    wall = until.wall if isinstance(until, Moment) else wall_of(until) + _TO_ITS_END
    if isinstance(until, Moment) and until.zone is not None:
        return until
    if start.zone is None:
        return Moment(wall)
    return Moment(to_instant(wall, start.zone).replace(tzinfo=None), UTC)


def in_days(recurrence: Recurrence, zone: Zone | None) -> Recurrence:
    """The recurrence of whole days that were written as midnights of a zone."""
    rule = recurrence.rule
    if rule is not None and rule.until is not None:
        rule = replace(rule, until=local_day(rule.until, zone))
    extra = tuple(
        ExtraDate(local_day(one.start, zone), one.end and local_day(one.end, zone), one.span)
        for one in recurrence.extra
    )
    return Recurrence(rule, extra, tuple(local_day(one, zone) for one in recurrence.excluded))


def local_day(time: Time, zone: Zone | None) -> date:
    """The day that it is then in a zone; by the time's own clock where one of both is floating."""
    if not isinstance(time, Moment) or time.zone is None or zone is None:
        return day_of(time)
    return to_wall(instant(time), zone).date()


def _reader(properties: Properties, value: str) -> Callable[[Line], Time]:
    return lambda line: properties.time_of(line, value)


def _span_reader(value: str) -> Callable[[Line], Span]:
    return lambda line: read_span(value)


def _read_extra(line: Line, properties: Properties) -> Iterator[ExtraDate]:
    for value in line.value.split(","):
        if not value.strip():
            continue
        first, _, second = value.partition("/")
        start = properties.try_demand(line, _reader(properties, first))
        if start is None:
            continue
        if not second:
            yield ExtraDate(start)
        elif second.strip().upper().startswith(("P", "+")):
            yield ExtraDate(start, span=properties.try_demand(line, _span_reader(second)))
        else:
            yield ExtraDate(start, properties.try_demand(line, _reader(properties, second)))
