"""Clock times and instants: what a zone makes of either."""

from __future__ import annotations

import functools
import zoneinfo
from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC as INSTANT
from datetime import date, datetime, timedelta
from itertools import pairwise

from migration.items import recurrence
from migration.items.times import UTC, Moment, Observance, Span, Time, Zone, like, wall_of

_ZERO = timedelta(0)


def instant(time: Time, floating: Zone = UTC) -> datetime:
    """The instant, in UTC; of a whole day its first. `floating` is the zone of what has none."""
    zone = time.zone if isinstance(time, Moment) else None
    return to_instant(wall_of(time), zone or floating)


def to_instant(wall: datetime, zone: Zone) -> datetime:
    """When the zone's clocks show `wall`; see `Moment` for what they show twice or never."""
    if not zone.observances:
        return wall.replace(tzinfo=load_zone(zone.name)).astimezone(INSTANT)
    changes = find_changes(zone, wall.year)
    offset = changes[0].before
    later = min if wall.fold else max
    for change in changes:
        # Between the two clock times of a change both offsets would do; fold says which.
        if wall < change.at + later(change.before, change.after):
            break
        offset = change.after
    return (wall - offset).replace(tzinfo=INSTANT)


def to_wall(at: datetime, zone: Zone) -> datetime:
    """What the zone's clocks show at an instant."""
    if not zone.observances:
        return at.astimezone(load_zone(zone.name)).replace(tzinfo=None)
    plain = at.astimezone(INSTANT).replace(tzinfo=None)
    wall = plain + offset_at(zone, plain)
    return wall if to_instant(wall, zone) == at else wall.replace(fold=1)


def offset_at(zone: Zone, at: datetime) -> timedelta:
    """The zone's offset at an instant, given without a zone in UTC."""
    if not zone.observances:
        offset = load_zone(zone.name).utcoffset(_in_zone(at, zone.name))
        return offset if offset is not None else _ZERO
    changes = find_changes(zone, at.year)
    place = bisect_right([change.at for change in changes], at)
    return changes[place - 1].after if place else changes[0].before


def _in_zone(at: datetime, name: str) -> datetime:
    return at.replace(tzinfo=INSTANT).astimezone(load_zone(name))


@functools.cache
def load_zone(name: str) -> zoneinfo.ZoneInfo:
    """The IANA zone. Names come from `zone_names`, which knows all that there are."""
    return zoneinfo.ZoneInfo(name)


@dataclass(frozen=True, slots=True)
class Change:
    """A change of offsets, at an instant in UTC that is given without a zone."""

    at: datetime
    before: timedelta
    after: timedelta


@functools.lru_cache(maxsize=4096)
def find_changes(zone: Zone, year: int) -> tuple[Change, ...]:
    """The changes by the zone's own rules that matter in a year, in order: at least one. Those
    before the year are of use for the offset with which it begins."""
    found = [
        Change(onset - one.offset_from, one.offset_from, one.offset_to)
        for one in zone.observances
        for onset in _onsets(one, year)
    ]
    return tuple(sorted(found, key=lambda change: change.at)) or (_earliest(zone),)


def _onsets(one: Observance, year: int) -> list[datetime]:
    """The onsets from the last one before the year to the first days of the next."""
    first, last = datetime(max(1, year - 1), 1, 1), datetime(year + 1, 1, 3)
    onsets = {at for at in (one.onset, *one.extra) if at <= last}
    if one.rule:
        until = one.rule.until
        end = wall_of(until) + (one.offset_from if _is_utc(until) else _ZERO) if until else last
        begun = max(one.onset, min(first, end - timedelta(days=800)))
        if one.rule.count is not None:
            begun = one.onset
        onsets |= set(recurrence.expand(one.rule, one.onset, begun, min(last, end)))
    return sorted(onsets)


def _is_utc(time: Time) -> bool:
    return isinstance(time, Moment) and time.zone == UTC


def _earliest(zone: Zone) -> Change:
    """Before the first onset, the offset that held until then holds."""
    one = min(zone.observances, key=lambda observance: observance.onset)
    return Change(one.onset - one.offset_from, one.offset_from, one.offset_to)


@functools.lru_cache(maxsize=8192)
def iana_changes(name: str, year: int) -> tuple[Change, ...]:
    """The changes of an IANA zone within a year of UTC, to the second."""
    zone, last = Zone(name), datetime(year + 1, 1, 1)
    marks = [datetime(year, 1, 1) + timedelta(days=7 * number) for number in range(53)]
    offsets = [(mark, offset_at(zone, mark)) for mark in (*marks, last)]
    return tuple(
        Change(_bisect(zone, low, high), before, after)
        for (low, before), (high, after) in pairwise(offsets)
        if before != after
    )


def _bisect(zone: Zone, low: datetime, high: datetime) -> datetime:
    before = offset_at(zone, low)
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
        low, high = (middle, high) if offset_at(zone, middle) == before else (low, middle)
    return high


def add(time: Time, span: Span, floating: Zone = UTC) -> Time:
    """The time so much later: first nominal days, by the clock, then exact seconds."""
    moved = wall_of(time) + timedelta(days=span.days)
    if not span.seconds:
        return like(moved, time)
    if not isinstance(time, Moment):
        return like(moved + timedelta(seconds=span.seconds), time)
    zone = time.zone or floating
    later = to_instant(moved, zone) + timedelta(seconds=span.seconds)
    return Moment(to_wall(later, zone), time.zone)


def day_of(time: Time) -> date:
    """The calendar day of a time, by its own clock."""
    return wall_of(time).date()
