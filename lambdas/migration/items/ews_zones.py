"""Zones as Windows has them, for Exchange. Pure."""

from __future__ import annotations

from migration.items.times import UTC, Moment, Time, Zone
from migration.items.zone_names import find_zone, windows_name


def name_zone(time: Time, home: Zone) -> str:
    """The Windows name of the zone in which a time is shown: its own, else that of `home`."""
    zone = (time.zone if isinstance(time, Moment) else None) or home
    own = "" if zone.observances else windows_name(zone.name)
    return own or windows_name(home.name) or UTC.name


def has_windows_name(time: Time) -> bool:
    """Whether a time's zone is one of Windows. A whole day has none, and needs none."""
    if not isinstance(time, Moment) or time.zone is None:
        return True
    return not time.zone.observances and bool(windows_name(time.zone.name))


def zone_by_name(name: str) -> Zone:
    """What Windows' zone is elsewhere: the one of IANA that stands for it. A LookupError if the
    name is none."""
    zone = find_zone(name)
    if zone is None:
        raise LookupError(name)
    return zone
