"""VEVENT, read: one component at a time, then all of one UID put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from migration.items.content import Extent
from migration.items.event import Busy, Details, Event, EventStatus, Override
from migration.items.ical_content import read_content
from migration.items.ical_repeats import in_days, local_day, read_recurrence
from migration.items.ical_values import LONGEST, TOO_LONG
from migration.items.ical_zones import Zones
from migration.items.lines import Line
from migration.items.losses import Loss
from migration.items.properties import Properties, find_word, read_span_of, same_kind
from migration.items.times import ONCE, Moment, Recurrence, Time, Zone, wall_of
from migration.items.zones import day_of, instant


@dataclass(frozen=True, slots=True)
class EventPart:
    """A component: the master of a series if `original` is None, else one occurrence. `zone` is
    that of its start, as it was written."""

    number: int
    details: Details
    recurrence: Recurrence
    original: Time | None
    zone: Zone | None


def read_event(properties: Properties, zones: Zones, losses: list[Loss]) -> EventPart | None:
    """A VEVENT; None, with faults in `properties`, if it cannot be read."""
    for line in properties.peek("RECURRENCE-ID"):
        if line.first("RANGE"):
            why = "changes the later occurrences, too; this one alone is changed"
            properties.lose("RECURRENCE-ID;RANGE", line.number, why)
    original = properties.demand("RECURRENCE-ID", properties.read_time, "RANGE")
    start = properties.demand("DTSTART", properties.read_time)
    if start is None:
        if not properties.faults:
            properties.faults.append(f"line {properties.line}: VEVENT has no DTSTART")
        return None
    extent = _read_extent(properties, start)
    zone = start.zone if isinstance(start, Moment) else None
    recurrence = ONCE if original else read_recurrence(properties, start)
    if not same_kind(start, extent.start):
        recurrence = in_days(recurrence, zone)
    details = Details(
        extent,
        read_content(properties, zones, losses),
        properties.word("STATUS", EventStatus, EventStatus.UNSAID),
        _read_busy(properties),
        properties.text("X-MICROSOFT-DISALLOW-COUNTER").strip().upper() != "TRUE",
    )
    return EventPart(properties.line, details, recurrence, original, zone)


def _read_extent(properties: Properties, start: Time) -> Extent:
    line = properties.take("DTEND")
    end = properties.try_demand(line, properties.read_time) if line else None
    span = properties.demand("DURATION", read_span_of)
    if line and span:
        properties.lose("DURATION", line.number, "stands beside DTEND, which is kept")
        span = None
    if line and end is not None and not same_kind(start, end):
        properties.faults.append(f"line {line.number}: DTEND is a day and DTSTART a time, or else")
    elif line and end is not None and instant(end) - instant(start) > timedelta(LONGEST):
        properties.faults.append(f"line {line.number}: DTEND {TOO_LONG}")
    elif line and end is not None and not _is_after(start, end):
        if instant(end) < instant(start):
            properties.lose("DTEND", line.number, "is before the start; the event has no length")
        end = None
    if span and (span.days < 0 or span.seconds < 0):
        properties.lose("DURATION", properties.line, "is negative; the event has no length")
        span = None
    return _as_whole_days(properties, Extent(start, end, span))


def _is_after(start: Time, end: Time) -> bool:
    return instant(end) > instant(start)


def _as_whole_days(properties: Properties, extent: Extent) -> Extent:
    """Outlook writes whole days as midnights, and says so beside them."""
    told = properties.text("X-MICROSOFT-CDO-ALLDAYEVENT").strip().upper() == "TRUE"
    if not told or not isinstance(extent.start, Moment):
        return extent
    ends = [extent.end] if extent.end else []
    if any(wall_of(one).time() != datetime.min.time() for one in (extent.start, *ends)):
        why = "the event is said to be all day, and does not begin and end at midnight"
        properties.lose("X-MICROSOFT-CDO-ALLDAYEVENT", properties.line, why)
        return extent
    days = extent.span.days + extent.span.seconds // 86_400 if extent.span else 0
    end = day_of(extent.end) if extent.end else None
    if days > 1:
        end = day_of(extent.start) + timedelta(days=days)
    return Extent(day_of(extent.start), end)


def _read_busy(properties: Properties) -> Busy:
    transparency = properties.text("TRANSP").strip().upper()

    def read(line: Line) -> Busy:
        return find_word(line.value, Busy)

    told = properties.read("X-MICROSOFT-CDO-BUSYSTATUS", read)
    return told or (Busy.FREE if transparency == "TRANSPARENT" else Busy.BUSY)


# -- series --------------------------------------------------------------------------------------


def assemble(uid: str, parts: Sequence[EventPart], losses: list[Loss]) -> Event:
    """The event of all components with one UID. Of two with the same place in it, the one with the
    higher SEQUENCE is kept, or the later one."""
    latest: dict[datetime | None, EventPart] = {}
    for part in parts:
        place = None if part.original is None else instant(part.original)
        known = latest.get(place)
        if known is not None:
            older = min(known, part, key=_age)
            part = max(part, known, key=_age)  # of equals the one that comes later in the file
            where = f"VEVENT, line {older.number}"
            losses.append(Loss("VEVENT", where, "an older version of the same event", uid))
        latest[place] = part
    master = latest.pop(None, None)
    overrides = [part for part in latest.values() if _is_kept(part, master)]
    return Event(
        uid,
        master.details if master else None,
        master.recurrence if master else ONCE,
        tuple(Override(_place(part, master), part.details) for part in overrides),
        tuple(_place(part, master) for part in latest.values() if part not in overrides),
    )


def _is_kept(part: EventPart, master: EventPart | None) -> bool:
    """A cancelled occurrence is none; without its series it is kept, as an event that says so."""
    return master is None or part.details.status is not EventStatus.CANCELLED


def _place(part: EventPart, master: EventPart | None) -> Time:
    """The original start, in a series of whole days as a day."""
    assert part.original is not None
    if master is None or isinstance(master.details.extent.start, Moment):
        return part.original
    return local_day(part.original, master.zone)


def _age(part: EventPart) -> tuple[int, datetime]:
    content = part.details.content
    stamp = content.modified or content.stamp
    return content.sequence, wall_of(stamp) if stamp else datetime.min
