"""Times of Microsoft Graph: timestamps, and clock times with a zone (dateTimeTimeZone). Pure."""

from __future__ import annotations

import re
from datetime import UTC as INSTANT
from datetime import date, datetime, timedelta

from migration.items.ical_values import FIRST_YEAR, LAST_YEAR
from migration.items.times import UTC, Moment, Zone
from migration.items.zone_names import find_zone
from migration.items.zones import instant, to_wall

_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:\d\d)?", re.ASCII)
_NOON = 12


def read_timestamp(told: str) -> datetime | None:
    """Edm.DateTimeOffset, in UTC, to the second; None if it is none."""
    found = _TIME.fullmatch(told)
    if found is None or not found[2]:
        return None
    try:
        return datetime.fromisoformat(found[1] + found[2]).astimezone(INSTANT)
    except (ValueError, OverflowError):
        return None


def read_moment(date_time: str, zone: str) -> Moment | None:
    """The parts of a dateTimeTimeZone, to the second. A zone that nobody knows is left out: the
    clock time stays. None if it is no time, or of a year that programs mean none by."""
    found = _TIME.fullmatch(date_time)
    if found is None or found[2] not in (None, "Z"):
        return None
    try:
        wall = datetime.fromisoformat(found[1])
    except ValueError:
        return None
    if not FIRST_YEAR <= wall.year <= LAST_YEAR:
        return None
    return Moment(wall, UTC if found[2] else find_zone(zone) if zone else None)


def to_day(wall: datetime, zone: Zone | None = None) -> date:
    """The day that was meant, where Exchange keeps a day as the instant of its first moment where
    the user was. `wall` is in UTC and has no zone of its own, `zone` is the user's, if known.

    Where it is no midnight there, the user was elsewhere, or it is kept as noon: an hour up to noon
    is a midnight west of Greenwich, or there, a later one is one to the east. Thirteen and fourteen
    hours ahead of UTC, without a zone, it is the day before."""
    if zone is not None:
        there = to_wall(instant(Moment(wall, UTC)), zone)
        if not (there.hour or there.minute):
            return there.date()
    is_next = (wall.hour, wall.minute) > (_NOON, 0)
    return wall.date() + timedelta(days=1 if is_next else 0)
