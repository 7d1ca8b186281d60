"""Which zone a calendar means: by the name it gives, by the rules it brings, by both."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from migration.items.times import Observance, Zone
from migration.items.zone_names import candidates, find_zone
from migration.items.zones import find_changes, iana_changes, offset_at

_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Resolved:
    """The zone that is meant. `differs`: the zone's name was followed, and the rules that came with
    it say otherwise in the years in which it is used."""

    zone: Zone
    differs: bool = False


def resolve(
    name: str, hint: str, observances: Sequence[Observance], years: range
) -> Resolved | None:
    """The zone of a TZID. A known name is followed, and its own rules are only compared with it:
    programs write the rules of today, whatever the year. Without one, the first IANA zone whose
    clocks show the same in `years`; else the rules themselves. None if nothing is known of it.
    `hint` is the zone that the program names beside it (X-LIC-LOCATION)."""
    own = Zone(name, tuple(observances))
    known = find_zone(name) or (find_zone(hint) if hint else None)
    if known is not None:
        differs = bool(observances) and not means_same(own, known, years)
        return Resolved(known, differs)
    if not observances:
        return None
    return Resolved(_find_same(own, years) or own)


@functools.lru_cache(maxsize=256)
def _find_same(own: Zone, years: range) -> Zone | None:
    """The first zone that shows the same. Winter and summer of each year rule nearly all out."""
    seasons = [datetime(year, month, 1) for year in years for month in (1, 7)]
    told = [(at, offset_at(own, at)) for at in seasons]
    for zone in map(Zone, candidates()):
        if all(offset_at(zone, at) == offset for at, offset in told) and means_same(
            own, zone, years
        ):
            return zone
    return None


def means_same(own: Zone, other: Zone, years: range) -> bool:
    """Whether a zone with its own rules and another show the same in all of the years. Both change
    at known instants only, so it is enough to look there."""
    if other.observances:
        return own.observances == other.observances
    return all(_agree(own, other, _instants(own, other, year)) for year in years)


def _instants(own: Zone, other: Zone, year: int) -> Iterator[datetime]:
    """The beginning of the year and all changes of either zone in it."""
    first, last = datetime(year, 1, 1), datetime(year + 1, 1, 1)
    yield first
    yield from (change.at for change in find_changes(own, year) if first < change.at < last)
    yield from (change.at for change in iana_changes(other.name, year))


def _agree(own: Zone, other: Zone, instants: Iterable[datetime]) -> bool:
    return all(
        offset_at(own, at) == offset_at(other, at)
        and offset_at(own, at - _SECOND) == offset_at(other, at - _SECOND)
        for at in instants
    )
