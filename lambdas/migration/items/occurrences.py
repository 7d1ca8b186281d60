"""When an event happens, between two instants."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC as INSTANT
from datetime import datetime, timedelta

from migration.items import recurrence
from migration.items.content import Extent
from migration.items.event import Details, Event
from migration.items.times import UTC, ExtraDate, Moment, Rule, Time, Zone, like, wall_of
from migration.items.zones import add, day_of, instant, to_instant, to_wall

_DAY = timedelta(days=1)
_FLOOR = datetime(1600, 1, 1, tzinfo=INSTANT)  # no item begins earlier


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One time that an event happens. `original` is where the series has it, which differs from the
    start where it was moved; `details` are those that hold for it."""

    original: Time
    details: Details
    begins: datetime
    ends: datetime


def occurrences(
    event: Event, begin: datetime, end: datetime, floating: Zone = UTC
) -> Iterator[Occurrence]:
    """All occurrences that overlap [begin, end), in the order of their starts; one without a length
    counts where it is. Whole days and floating times are those of the zone `floating`. Excluded and
    cancelled ones are left out; the event's own STATUS is not looked at."""
    changed = [
        _occurrence(override.original, override.details, floating) for override in event.overrides
    ]
    inside = sorted(
        (one for one in changed if _overlaps(one, begin, end)), key=lambda one: one.begins
    )
    plain: Iterator[Occurrence] = iter(())
    if event.master is not None:
        plain = _plain(event, event.master, begin, end, floating)
    yield from heapq.merge(plain, inside, key=lambda one: one.begins)


def originals(
    event: Event, master: Details, begin: datetime, end: datetime, floating: Zone = UTC
) -> Iterator[ExtraDate]:
    """Where the series has its occurrences between two instants, before exceptions: by the rule,
    the start itself, and the extra dates, in order and none twice. Those of the rule have no end
    of their own."""
    start, rule = master.extent.start, event.recurrence.rule
    ruled: Iterator[Time] = iter([start])
    if rule:
        ruled = _in_order(_ruled(start, rule, begin, end, floating), floating)
    extra = sorted(event.recurrence.extra, key=lambda one: instant(one.start, floating))
    merged = heapq.merge(map(ExtraDate, ruled), extra, key=lambda one: instant(one.start, floating))
    last: datetime | None = None
    for one in merged:
        at = instant(one.start, floating)
        if at != last and begin <= at < end:
            last = at
            yield one


def _ruled(
    start: Time, rule: Rule, begin: datetime, end: datetime, floating: Zone
) -> Iterator[Time]:
    """A day more on both sides than the window, since clock times are compared; the caller cuts."""
    zone = _zone_of(start, floating)
    first, last = to_wall(begin, zone) - _DAY, to_wall(end, zone) + _DAY
    if rule.until is not None:
        # The start counts even where UNTIL is before it.
        last = min(last, max(until_wall(rule.until, zone) + _DAY, wall_of(start)))
    for wall in recurrence.expand(rule, wall_of(start), first, last):
        at = like(wall, start)
        if wall == wall_of(start) or rule.until is None or not is_past(rule.until, at, zone):
            yield at


def _in_order(times: Iterator[Time], floating: Zone) -> Iterator[Time]:
    """Clock times by their instants: what falls into an hour that the clock skips, or into a day as
    in Samoa, comes after what is later by the clock."""
    waiting: list[tuple[datetime, int, Time]] = []
    for number, time in enumerate(times):
        at = instant(time, floating)
        heapq.heappush(waiting, (at, number, time))
        while waiting[0][0] < at - 2 * _DAY:
            yield heapq.heappop(waiting)[2]
    while waiting:
        yield heapq.heappop(waiting)[2]


def _zone_of(time: Time, floating: Zone) -> Zone:
    return (time.zone if isinstance(time, Moment) else None) or floating


def until_wall(until: Time, zone: Zone) -> datetime:
    """UNTIL by the clocks of a zone."""
    if isinstance(until, Moment) and until.zone is not None:
        return to_wall(instant(until), zone)
    return wall_of(until)


def is_past(until: Time, at: Time, zone: Zone) -> bool:
    """Whether `at`, in `zone`, is after UNTIL, which is inclusive. A day is meant whole; a clock
    time in the zone of the start."""
    if not isinstance(until, Moment) or not isinstance(at, Moment):
        return wall_of(at).date() > until_wall(until, zone).date()
    return to_instant(at.wall, zone) > instant(until, zone)


def _plain(
    event: Event, master: Details, begin: datetime, end: datetime, floating: Zone
) -> Iterator[Occurrence]:
    """The occurrences of the series that are neither excluded, cancelled nor changed."""
    gone = Exceptions(master.extent.start, floating)
    for time in (
        *event.recurrence.excluded,
        *event.cancelled,
        *(override.original for override in event.overrides),
    ):
        gone.add(time)
    reach = min(_longest(event, master, floating), max(begin - _FLOOR, timedelta(0)))
    for one in originals(event, master, begin - reach, end, floating):
        if one.start in gone:
            continue
        details = replace(master, extent=extent_at(master.extent, one, floating))
        found = _occurrence(one.start, details, floating)
        if _overlaps(found, begin, end):
            yield found


class Exceptions:
    """Starts of occurrences that do not come. A whole day stands for any time on it; a time for
    the same instant, and in a series of whole days for its day."""

    def __init__(self, start: Time, floating: Zone) -> None:
        self._zone = _zone_of(start, floating)
        self._days_only = not isinstance(start, Moment)
        self._days: set[datetime] = set()
        self._instants: set[datetime] = set()

    def add(self, time: Time) -> None:
        """One more."""
        if not isinstance(time, Moment) or self._days_only:
            self._days.add(wall_of(day_of(time)))
        else:
            self._instants.add(instant(time, self._zone))

    def __contains__(self, time: Time) -> bool:
        return wall_of(day_of(time)) in self._days or instant(time, self._zone) in self._instants


def extent_at(extent: Extent, one: ExtraDate, floating: Zone = UTC) -> Extent:
    """The master's extent moved to where an occurrence begins: as long as the master, in exact
    time where an end was said, in nominal days where a length was (RFC 5545 section 3.8.5.3)."""
    if one.end is not None or one.span is not None:
        return Extent(one.start, one.end, one.span)
    if extent.end is None:
        return Extent(one.start, span=extent.span)
    if not isinstance(extent.end, Moment):
        return Extent(one.start, wall_of(one.start).date() + _days(extent))
    zone = _zone_of(extent.end, floating)
    length = instant(extent.end, floating) - instant(extent.start, floating)
    ending = to_wall(instant(one.start, floating) + length, zone)
    return Extent(one.start, Moment(ending, extent.end.zone))


def _days(extent: Extent) -> timedelta:
    assert extent.end is not None
    return wall_of(extent.end) - wall_of(extent.start)


def end_of(extent: Extent, floating: Zone = UTC) -> Time:
    """When it ends: for whole days the day after the last."""
    if extent.end is not None:
        return extent.end
    if extent.span is not None:
        return add(extent.start, extent.span, floating)
    return extent.start if isinstance(extent.start, Moment) else extent.start + _DAY


def _longest(event: Event, master: Details, floating: Zone) -> timedelta:
    """No occurrence of the series is longer; with a day to spare, for nominal days."""
    lengths = [master.extent, *(extent_at(master.extent, one) for one in event.recurrence.extra)]
    return _DAY + max(
        instant(end_of(one, floating), floating) - instant(one.start, floating) for one in lengths
    )


def _occurrence(original: Time, details: Details, floating: Zone) -> Occurrence:
    begins = instant(details.extent.start, floating)
    ends = instant(end_of(details.extent, floating), floating)
    return Occurrence(original, details, begins, max(begins, ends))


def _overlaps(one: Occurrence, begin: datetime, end: datetime) -> bool:
    return one.begins < end and (one.ends > begin or one.begins >= begin)
