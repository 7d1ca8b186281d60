"""Which zone a calendar means: by the name it gives, by the rules it brings, by both."""

from __future__ import annotations

from collections.abc import Sequence
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
    found = next((Zone(one) for one in candidates() if means_same(own, Zone(one), years)), own)
    return Resolved(found)


def means_same(own: Zone, other: Zone, years: range) -> bool:
    """Whether a zone with its own rules and another show the same in all of the years. Both change
    at known instants only, so it is enough to look there."""
    if other.observances:
        return own.observances == other.observances
    first, last = datetime(years.start, 1, 1), datetime(years.stop, 1, 1)
    changes = [change.at for year in years for change in find_changes(own, year)]
    looked_at = {first, *(at for at in changes if first < at < last)}
    if not _agree(own, other, looked_at):
        return False
    return _agree(own, other, {change.at for change in iana_changes(other.name, first, last)})


def _agree(own: Zone, other: Zone, instants: set[datetime]) -> bool:
    return all(
        offset_at(own, at) == offset_at(other, at)
        and offset_at(own, at - _SECOND) == offset_at(other, at - _SECOND)
        for at in sorted(instants)
    )
