"""Which requests make an event in Exchange: items, changed occurrences, deleted ones. Pure.

A rule that Exchange can say becomes a series. Of all else each occurrence is an item of its own,
between two instants, and the report says why.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

from migration.items.content import Extent
from migration.items.event import Details, Event, Override
from migration.items.ews_details import at_instant, make_item
from migration.items.ews_item import (
    CalendarItem,
    Destination,
    OccurrenceChange,
    OccurrenceDeletion,
    SeriesPlan,
)
from migration.items.ews_past import silence_one, silence_past
from migration.items.ews_pattern import classify
from migration.items.ews_places import LIFETIME, Place, Places
from migration.items.ews_terms import Inexact, Repeats
from migration.items.ews_zones import name_zone, zone_by_name
from migration.items.losses import Loss
from migration.items.occurrences import end_of, extent_at, occurrences, originals
from migration.items.times import ExtraDate, Moment, Time, wall_of
from migration.items.zones import to_instant, to_wall

_DAY = timedelta(days=1)
ONE_BY_ONE = "its occurrences are events of their own"
"""How the reason of a loss ends that is none of times: there is no series, and all of its dates."""
_NO_ZONE = "Windows has no zone whose clocks show the same"
_TOO_LONG = "Exchange has no series whose occurrences last beyond the start of the next one"
_NEVER = "none of its occurrences takes place; there is no item"
_OUTSIDE = "occurrences that are written one by one end somewhere; there are more"
_NO_DATE = "is no date of its series; it is an event of its own"
CROSSING = "Exchange moves no occurrence beyond the one before or after it; an event of its own"
"""The reason of another that is none of times."""
_TOO_LATE = "is more than a hundred years after the start; the occurrence is there"
ANOTHER_END = "where the clock changes while it lasts, Exchange ends it by the clock"
"""The reason of a loss: some occurrences end earlier or later, by as much as the clock changes."""
_FILES = "a file that this occurrence does not have stays with it"


def plan_series(event: Event, where: Destination) -> SeriesPlan:
    """How the event is made. Nothing of it is left out without a loss."""
    losses: list[Loss] = []
    event = silence_past(event, where, losses)
    if event.master is None:
        items = [_alone(event, one.original, one.details, where, losses) for one in event.overrides]
        return _finish(event, items, losses)
    if not event.recurrence and not event.overrides and not event.cancelled:
        return _finish(event, [make_item(event.uid, event.master, where, losses)], losses)
    found = classify(event.master.extent.start, event.recurrence, where.zone)
    if isinstance(found, Inexact):
        return _expand(event, found.reason, where, losses)
    dates = _dates(event, event.master, where)
    if not _is_same_clock(event.master.extent.start, dates, where):
        return _expand(event, _NO_ZONE, where, losses)
    if _overlaps(event.master.extent, dates, where):
        return _expand(event, _TOO_LONG, where, losses)
    if not _ends_by_the_clock(event.master.extent, dates, where):
        losses.append(Loss("DTEND", "VEVENT", ANOTHER_END, event.uid))
    return _plan_pattern(event, event.master, found, where, losses)


def _finish(event: Event, items: list[CalendarItem], losses: list[Loss]) -> SeriesPlan:
    return SeriesPlan(tuple(items), losses=tuple(dict.fromkeys(losses)))


# -- one by one


def _expand(event: Event, reason: str, where: Destination, losses: list[Loss]) -> SeriesPlan:
    why = f"{reason}; {ONE_BY_ONE}"
    losses.append(Loss("RRULE", "VEVENT", why, event.uid))
    items = [
        _alone(event, one.original, one.details, where, losses)
        for one in occurrences(event, where.begin, where.horizon, where.zone)
        if one.begins >= where.begin
    ]
    if _goes_beyond(event, where):
        losses.append(Loss("RRULE", "VEVENT", _OUTSIDE, event.uid))
    elif not items:
        losses.append(Loss("RRULE", "VEVENT", _NEVER, event.uid))
    return _finish(event, items, losses)


def _goes_beyond(event: Event, where: Destination) -> bool:
    """Whether any occurrence begins outside of what is written one by one."""
    begin, end = _life(event, where)
    before = occurrences(event, begin, where.begin, where.zone)
    after = occurrences(event, where.horizon, max(end, where.horizon + LIFETIME), where.zone)
    return any(one.begins < where.begin for one in before) or any(
        one.begins >= where.horizon for one in after
    )


def _life(event: Event, where: Destination) -> tuple[datetime, datetime]:
    """From before the first occurrence to where nobody looks any more."""
    starts = [override.details.extent.start for override in event.overrides]
    if event.master is not None:
        starts.append(event.master.extent.start)
    first = min(at_instant(start, where) for start in starts)
    return first - _DAY, first + LIFETIME


def _alone(
    event: Event, original: Time, details: Details, where: Destination, losses: list[Loss]
) -> CalendarItem:
    """An occurrence as an item, whose uid is that of the event and its original start."""
    uid = f"{event.uid}/{at_instant(original, where):%Y%m%dT%H%M%SZ}"
    found: list[Loss] = []
    details = silence_one(details, where, found, event.uid)
    item = make_item(uid, details, where, found, "occurrence")
    losses += [replace(loss, uid=event.uid) for loss in found]
    return item


# -- a series


def _dates(event: Event, master: Details, where: Destination) -> tuple[ExtraDate, ...]:
    """The occurrences that are looked at before a series is made of them."""
    begin, _ = _life(event, where)
    end = max(where.horizon, begin + timedelta(days=366))
    return tuple(originals(event, master, begin, end, where.zone))


def _is_same_clock(start: Time, dates: Sequence[ExtraDate], where: Destination) -> bool:
    """Whether the occurrences are at the same instants by the clocks of Windows' zone. Whole days
    have no clock."""
    if not isinstance(start, Moment):
        return True
    zone = start.zone or where.zone
    windows = zone_by_name(name_zone(start, where.zone))
    return zone == windows or all(
        to_instant(wall_of(one.start), zone) == to_instant(wall_of(one.start), windows)
        for one in dates
    )


def _ends_by_the_clock(extent: Extent, dates: Sequence[ExtraDate], where: Destination) -> bool:
    """Whether all occurrences end so long after their start by the clock as the first one does.
    Exchange ends them so; RFC 5545 says how long they are in exact time."""
    if not isinstance(extent.start, Moment):
        return True
    zone = zone_by_name(name_zone(extent.start, where.zone))
    length = _length(extent, where)

    def ends_so(one: ExtraDate) -> bool:
        ending = end_of(extent_at(extent, one, where.zone), where.zone)
        return at_instant(ending, where) == to_instant(wall_of(one.start) + length, zone)

    return all(map(ends_so, dates))


def _overlaps(extent: Extent, dates: Sequence[ExtraDate], where: Destination) -> bool:
    """Whether an occurrence lasts, by the clock, beyond the start of the next one."""
    length = _length(extent, where)
    return any(wall_of(one.start) + length > wall_of(after.start) for one, after in pairwise(dates))


def _length(extent: Extent, where: Destination) -> timedelta:
    """How long the first occurrence is by the clock."""
    zone = zone_by_name(name_zone(extent.start, where.zone))
    ending = at_instant(end_of(extent, where.zone), where)
    return to_wall(ending, zone) - to_wall(at_instant(extent.start, where), zone)


def _plan_pattern(
    event: Event, master: Details, repeats: Repeats, where: Destination, losses: list[Loss]
) -> SeriesPlan:
    if next(occurrences(event, *_life(event, where), where.zone), None) is None:
        return _finish(event, [], [Loss("RRULE", "VEVENT", _NEVER, event.uid)])
    places = Places(event, master, where)
    items = [replace(make_item(event.uid, master, where, losses), repeats=repeats)]
    changes: list[OccurrenceChange] = []
    kept: set[int] = set()
    gone: set[int] = set()
    for override in event.overrides:
        place = places.find(override)
        if place is None or places.crosses(place, override):
            why = _NO_DATE if place is None else CROSSING
            losses.append(Loss("RECURRENCE-ID", "occurrence", why, event.uid))
            items.append(_alone(event, override.original, override.details, where, losses))
            gone |= {place.index} if place else set()
        else:
            changes += _change(event.uid, master, place, override, where, losses)
            kept.add(place.index)
    gone |= places.excluded(event) - kept
    if places.is_cut:
        losses.append(Loss("EXDATE", "VEVENT", _TOO_LATE, event.uid))
    deletions = [OccurrenceDeletion(one.index, one.at) for one in places.all if one.index in gone]
    return SeriesPlan(tuple(items), tuple(changes), tuple(deletions), tuple(dict.fromkeys(losses)))


def _change(
    uid: str,
    master: Details,
    place: Place,
    override: Override,
    where: Destination,
    losses: list[Loss],
) -> list[OccurrenceChange]:
    """The change that makes the occurrence what it is; none where it is as the series says."""
    extent = extent_at(master.extent, ExtraDate(place.start), where.zone)
    usual = make_item(uid, replace(master, extent=extent), where, [])
    item = make_item(uid, override.details, where, losses, "occurrence")
    if set(usual.files) - set(item.files):
        losses.append(Loss("ATTACH", "occurrence", _FILES, uid))
    added = tuple(file for file in item.files if file not in usual.files)
    item, usual = replace(item, files=added), replace(usual, files=())
    return [] if item == usual else [OccurrenceChange(place.index, place.at, item, usual)]
