"""What Exchange says of events, as events. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from migration.items.content import (
    Alarm,
    Attachment,
    Attendee,
    Content,
    Extent,
    Kind,
    Role,
)
from migration.items.event import Busy, Details, Event, Override
from migration.items.ews_details import BUSY, PRIORITIES, SENSITIVITIES
from migration.items.ews_item import (
    CalendarItem,
    Guest,
    Importance,
)
from migration.items.ews_rules import rule_of
from migration.items.ews_zones import zone_by_name
from migration.items.times import ONCE, Moment, Recurrence, Span, Time
from migration.items.zones import instant, to_instant, to_wall

PRIVACIES = {word: privacy for privacy, word in SENSITIVITIES.items()}
_BUSY = {word: busy for busy, word in BUSY.items() if busy is not Busy.ELSEWHERE}


@dataclass(frozen=True, slots=True)
class ShownException:
    """An occurrence that the server shows as changed, where the series would have it."""

    original: datetime
    item: CalendarItem


def to_event(
    master: CalendarItem,
    changed: Sequence[ShownException] = (),
    deleted: Sequence[datetime] = (),
) -> Event:
    """The event of an item, with the exceptions of its series. The organizer is not said: it is
    the owner of the calendar. A LookupError if a zone is none of Windows'."""
    details = to_details(master)
    if master.repeats:
        details = replace(details, extent=by_the_clock(details.extent))
    rule = rule_of(master.repeats, details.extent.start) if master.repeats else None
    gone = tuple(_place(at, master) for at in deleted)
    return Event(
        master.uid,
        details,
        Recurrence(rule, excluded=gone) if rule else ONCE,
        tuple(Override(_place(one.original, master), to_details(one.item)) for one in changed),
    )


def by_the_clock(extent: Extent) -> Extent:
    """Exchange keeps of a series the clock times of its end: its days are nominal."""
    start, end = extent.start, extent.end
    if not isinstance(start, Moment) or not isinstance(end, Moment) or start.zone is None:
        return extent
    days = (to_wall(instant(end), start.zone) - start.wall).days
    rest = instant(end) - to_instant(start.wall + timedelta(days=days), start.zone)
    if days < 1 or rest < timedelta(0):
        return extent
    return Extent(start, span=Span(days, int(rest.total_seconds())))


def _place(at: datetime, master: CalendarItem) -> Time:
    return _time(at, master.start_zone, all_day=master.all_day)


def _time(at: datetime, zone_name: str, *, all_day: bool) -> Time:
    zone = zone_by_name(zone_name)
    wall = to_wall(at, zone)
    return wall.date() if all_day else Moment(wall, zone)


def to_details(item: CalendarItem) -> Details:
    """What an item says, without its recurrence."""
    start = _time(item.start, item.start_zone, all_day=item.all_day)
    end: Time | None = _time(item.end, item.end_zone, all_day=item.all_day)
    if item.end == item.start:
        end = None
    content = Content(
        summary=item.subject,
        description="" if item.is_html else item.body,
        html=item.body if item.is_html else "",
        location=item.location,
        categories=item.categories,
        privacy=PRIVACIES[item.sensitivity],
        priority=0 if item.importance is Importance.NORMAL else PRIORITIES[item.importance],
        attendees=_attendees(item),
        alarms=() if item.reminder is None else (alarm_before(item.reminder),),
        attachments=tuple(Attachment(file.name, file.media_type, file.data) for file in item.files),
    )
    return Details(
        Extent(start, end), content, busy=_BUSY[item.busy], allows_new_time=item.allows_new_time
    )


def alarm_before(minutes: int) -> Alarm:
    """A reminder so many minutes before the start."""
    days, rest = divmod(minutes, 1440)
    return Alarm(Span(-days, -60 * rest))


def _attendees(item: CalendarItem) -> tuple[Attendee, ...]:
    lists = (
        (item.required, Role.REQUIRED, Kind.INDIVIDUAL),
        (item.optional, Role.OPTIONAL, Kind.INDIVIDUAL),
        (item.resources, Role.REQUIRED, Kind.RESOURCE),
    )
    return tuple(
        _attendee(guest, role, kind, wants_reply=item.wants_reply)
        for guests, role, kind in lists
        for guest in guests
    )


def _attendee(guest: Guest, role: Role, kind: Kind, *, wants_reply: bool) -> Attendee:
    return Attendee(
        guest.person, role, guest.answer, kind, wants_reply=wants_reply, answered=guest.answered
    )
