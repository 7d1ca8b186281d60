"""The occurrences of a series by their numbers, as Exchange counts them. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from migration.items.content import Extent
from migration.items.event import Details, Event, Override
from migration.items.ews_details import at_instant
from migration.items.ews_item import Destination
from migration.items.ews_zones import name_zone, zone_by_name
from migration.items.occurrences import Exceptions, end_of, extent_at, originals
from migration.items.times import ExtraDate, Moment, Time
from migration.items.zones import day_of, instant, to_wall

LIFETIME = timedelta(days=36_525)
"""A hundred years: nobody asks for later occurrences of an event."""

_TWO_DAYS = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Place:
    """An occurrence of the rule, counted from 1, those that do not take place too."""

    index: int
    start: Time
    at: datetime


class Places:
    """Those of a series, as far as its exceptions reach. `is_cut`: an exception is so far away that
    it was not looked for."""

    def __init__(self, event: Event, master: Details, where: Destination) -> None:
        self._where = where
        self._start = master.extent.start
        self._zone = zone_by_name(name_zone(self._start, where.zone))
        begin = at_instant(self._start, where)
        reach = [at_instant(time, where) + _TWO_DAYS for time in _exceptions(event)]
        latest, most = max(reach, default=begin), begin + LIFETIME
        self.is_cut = latest > most
        found = originals(event, master, begin - _TWO_DAYS, min(latest, most), where.zone)
        self.all = tuple(
            Place(index, one.start, at_instant(one.start, where))
            for index, one in enumerate(found, 1)
        )
        self._by_instant = {instant(one.start, where.zone): one for one in self.all}
        self._by_day = {day_of(one.start): one for one in self.all}
        self._days = {one.index: {self._day(one.start)} for one in self.all}
        self._spans = {
            one.index: [self._span(extent_at(master.extent, ExtraDate(one.start), where.zone))]
            for one in self.all
        }
        self._taken: dict[int, Override] = {}
        for override in event.overrides:
            self._take(override)

    def find(self, override: Override) -> Place | None:
        """Which occurrence it changes; None if none, or one that another override changes."""
        place = self._at(override.original)
        return place if place and self._taken[place.index] is override else None

    def crosses(self, place: Place, override: Override) -> bool:
        """Whether it is moved to the day of the occurrence before or after it, or beyond, or
        overlaps with it, which Exchange refuses. Where a neighbour is moved, too, both of its times
        are heeded: that is right in whatever order the changes are made."""
        day = self._day(override.details.extent.start)
        before = self._days.get(place.index - 1, set())
        after = self._days.get(place.index + 1, set())
        if any(day <= other for other in before) or any(day >= other for other in after):
            return True
        begins, ends = self._span(override.details.extent)
        earlier, later = (self._spans.get(place.index + by, ()) for by in (-1, 1))
        return any(begins < end for _, end in earlier) or any(ends > start for start, _ in later)

    def excluded(self, event: Event) -> set[int]:
        """The numbers of those that are excluded or cancelled."""
        gone = Exceptions(self._start, self._where.zone)
        for time in (*event.recurrence.excluded, *event.cancelled):
            gone.add(time)
        return {place.index for place in self.all if place.start in gone}

    def _take(self, override: Override) -> None:
        place = self._at(override.original)
        if place and place.index not in self._taken:
            self._taken[place.index] = override
            self._days[place.index].add(self._day(override.details.extent.start))
            self._spans[place.index].append(self._span(override.details.extent))

    def _at(self, original: Time) -> Place | None:
        if not isinstance(original, Moment) or not isinstance(self._start, Moment):
            return self._by_day.get(day_of(original))
        return self._by_instant.get(instant(original, self._where.zone))

    def _span(self, extent: Extent) -> tuple[datetime, datetime]:
        ending = end_of(extent, self._where.zone)
        return at_instant(extent.start, self._where), at_instant(ending, self._where)

    def _day(self, time: Time) -> date:
        return to_wall(at_instant(time, self._where), self._zone).date()


def _exceptions(event: Event) -> tuple[Time, ...]:
    changed = [
        time
        for override in event.overrides
        for time in (override.original, override.details.extent.start)
    ]
    return (*event.recurrence.excluded, *event.cancelled, *changed)
