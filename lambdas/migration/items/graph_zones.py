"""The zone in which Microsoft Graph means the times of an event. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from migration.items.graph_fields import Fields
from migration.items.graph_times import read_moment
from migration.items.times import UTC, Zone
from migration.items.zone_names import candidates, find_zone
from migration.items.zones import instant, to_wall

INSTANCES = "instances"
"""The property that holds occurrences of a series whose zone has no name: whoever reads the event
puts them there. They are to go over a year or more, so that clocks change in it."""

_ORIGINAL = "originalStartTimeZone"
_OWN = "a zone of somebody's own, which Graph does not explain"


def needs_instances(event: Mapping[str, object]) -> bool:
    """Whether the master of a series is in a zone that only its occurrences tell."""
    repeats = event.get("recurrence")
    extent = repeats.get("range") if isinstance(repeats, dict) else None
    if not isinstance(extent, dict) or event.get("isAllDay") is True:
        return False
    names = [str(one) for one in (extent.get("recurrenceTimeZone"), event.get(_ORIGINAL)) if one]
    return bool(names) and not any(map(find_zone, names))


def read_zone(event: Fields, extent: Fields, told: Mapping[str, object]) -> Zone:
    """The zone whose clock counts: that of a series, whose range is `extent`, is the one by which
    it recurs. Of a series in a zone without a name it is the first one by whose clock it begins
    on its startDate, and the INSTANCES are all at the same time; else UTC."""
    original, recurring = event.text(_ORIGINAL), extent.text("recurrenceTimeZone")
    for name in (recurring, original):
        zone = find_zone(name) if name else None
        if zone is not None:
            return zone
    if not (original or recurring) or told.get("isAllDay") is True:
        return UTC
    first = _read_start(told)
    found = _find_by_clock(first, _read_instances(told), extent.text("startDate"))
    if found is not None:
        event.lose(_ORIGINAL, f"{_OWN}; one by whose clock the occurrences are the same is taken")
        return found
    later = "; later occurrences may be off where its clock changes" if extent else ""
    event.lose(_ORIGINAL, f"{_OWN}; its time is kept, in UTC{later}")
    return UTC


def _read_instances(told: Mapping[str, object]) -> list[datetime]:
    """The starts of the occurrences that are as the series has them."""
    shown = told.get(INSTANCES)
    parts = [one for one in shown if isinstance(one, dict)] if isinstance(shown, list) else []
    starts = [_read_start(one) for one in parts if one.get("type") == "occurrence"]
    return [at for at in starts if at is not None]


def _read_start(event: Mapping[str, object]) -> datetime | None:
    start = event.get("start")
    if not isinstance(start, dict):
        return None
    clock, zone = start.get("dateTime"), start.get("timeZone")
    moment = read_moment(str(clock), str(zone or UTC.name))
    return None if moment is None else instant(moment)


def _find_by_clock(
    first: datetime | None, others: Sequence[datetime], first_day: str
) -> Zone | None:
    """`first_day` is the day on which the series begins, by its own clock."""
    if first is None or not others:
        return None
    for zone in (UTC, *map(Zone, candidates())):
        wall = to_wall(first, zone)
        if wall.date().isoformat() == first_day and all(
            to_wall(at, zone).time() == wall.time() for at in others
        ):
            return zone
    return None
