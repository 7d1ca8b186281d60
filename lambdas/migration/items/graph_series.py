"""Which occurrences of a series Microsoft Graph means. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from datetime import time as clock
from itertools import islice

from migration.items.content import Extent
from migration.items.graph_fields import Fields
from migration.items.graph_times import read_timestamp
from migration.items.recurrence import expand, is_matched
from migration.items.times import UTC, Moment, Rule, Time, Zone, like, wall_of
from migration.items.zones import to_instant, to_wall

_ID = re.compile(r".*\.(\d{4}-\d\d-\d\d)", re.DOTALL)
_DAY = timedelta(days=1)
_LIFETIME = timedelta(days=366 * 100)
_NO_DATE = "a cancelled occurrence that is none of the series"


def start_on_a_date(rule: Rule, extent: Extent) -> Extent | None:
    """The first occurrence, where the start is none: Exchange shows nothing on a day that the
    pattern does not have. None where it is one, or where there is no other."""
    wall = wall_of(extent.start)
    if is_matched(rule, wall):
        return None
    first = next(islice(expand(rule, wall, wall, wall + _LIFETIME), 1, 2), None)
    if first is None:
        return None
    start = like(first, extent.start)
    end = extent.end and like(wall_of(extent.end) + (first - wall), extent.end)
    return Extent(start, end, extent.span)


def find_originals(ids: Sequence[str], rule: Rule, start: Time, told: Fields) -> tuple[Time, ...]:
    """The starts of cancelled occurrences, by their ids ("OID.<id of the master>.2026-01-05").
    The day is that of the series' clock; where nothing falls on it, that of UTC."""
    found = list[Time]()
    for one in ids:
        day = _read_day(one)
        original = _find_on(day, rule, start) if day else None
        if original is None:
            told.lose("cancelledOccurrences", _NO_DATE)
        else:
            found.append(original)
    return tuple(dict.fromkeys(found))


def _read_day(id_: str) -> date | None:
    told = _ID.fullmatch(id_)
    try:
        return date.fromisoformat(told[1]) if told else None
    except ValueError:
        return None


def _find_on(day: date, rule: Rule, start: Time) -> Time | None:
    middle = datetime.combine(day, clock.min)
    around = list(expand(rule, wall_of(start), middle - _DAY, middle + 2 * _DAY))
    for wall in around:
        if wall.date() == day:
            return like(wall, start)
    zone = start.zone if isinstance(start, Moment) else None
    if zone is None:
        return None
    for wall in around:
        if to_instant(wall, zone).date() == day:
            return like(wall, start)
    return None


def place_original(told: Fields, start: Time, zone: Zone) -> Time:
    """Where the series would have an exception: originalStart, which is in UTC, by the clock of the
    series; else the day of its occurrenceId. A ValueError if neither can be read."""
    at, day = read_timestamp(told.text("originalStart")), _read_day(told.text("occurrenceId"))
    if at is not None:
        plain = at.replace(tzinfo=None)
        if not isinstance(start, Moment):
            is_midnight = plain.time() == clock.min
            return plain.date() if is_midnight else to_wall(at, zone).date()
        return Moment(to_wall(at, start.zone or UTC), start.zone)
    if day is not None:
        return like(datetime.combine(day, wall_of(start).time()), start)
    raise ValueError("does not say of which occurrence it is one")
