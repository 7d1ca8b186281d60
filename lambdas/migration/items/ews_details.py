"""What is said of an event, as Exchange says it. Pure.

Nobody is invited by an element: whether anybody is told is said by the call that carries it, and
every call of this program says SendToNone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from migration.items.content import (
    Action,
    Alarm,
    Attendee,
    Content,
    Extent,
    Kind,
    Person,
    Privacy,
    Role,
)
from migration.items.event import Busy, Details, EventStatus
from migration.items.ews_item import (
    CalendarItem,
    Destination,
    FileAttachment,
    FreeBusy,
    Guest,
    Importance,
    Sensitivity,
)
from migration.items.ews_notes import (
    IN_THE_TEXT,
    add_notes,
    find_notes,
    has_mailbox,
    is_led_by_other,
    long_lines,
    shorten,
)
from migration.items.ews_zones import has_windows_name, name_zone, zone_by_name
from migration.items.losses import Loss
from migration.items.occurrences import end_of
from migration.items.times import Moment, Time, wall_of
from migration.items.zones import add, instant, to_instant

LONGEST_REMINDER = 2_629_800
"""ReminderMinutesBeforeStartType."""

SENSITIVITIES = {
    Privacy.PUBLIC: Sensitivity.NORMAL,
    Privacy.PERSONAL: Sensitivity.PERSONAL,
    Privacy.PRIVATE: Sensitivity.PRIVATE,
    Privacy.CONFIDENTIAL: Sensitivity.CONFIDENTIAL,
}
BUSY = {
    Busy.FREE: FreeBusy.FREE,
    Busy.TENTATIVE: FreeBusy.TENTATIVE,
    Busy.BUSY: FreeBusy.BUSY,
    Busy.OUT_OF_OFFICE: FreeBusy.OUT_OF_OFFICE,
    Busy.ELSEWHERE: FreeBusy.FREE,
}
PRIORITIES = {Importance.HIGH: 1, Importance.NORMAL: 5, Importance.LOW: 9}
_MINUTE = timedelta(minutes=1)
_LATER = "the reminder comes later by less than one"


def make_item(
    uid: str, details: Details, where: Destination, losses: list[Loss], kind: str = "VEVENT"
) -> CalendarItem:
    """The item without its recurrence. What has no place in it is added to `losses`, of the event
    `uid`; `kind` says of what."""
    content, extent = details.content, details.extent
    ending = end_of(extent, where.zone)
    begins, ends = at_instant(extent.start, where), at_instant(ending, where)
    cancelled = details.status is EventStatus.CANCELLED
    title = f"Cancelled: {content.summary}" if cancelled else content.summary
    notes = (*long_lines(title, content.location), *find_notes(details, where.own))
    reminder = _find_reminder(extent, content, begins, where)
    reasons = [(note.what, IN_THE_TEXT) for note in notes]
    reasons += [*_lost(details), *_lost_times(extent), *_lost_alarms(content, reminder)]
    losses += [Loss(what, kind, why, uid) for what, why in dict.fromkeys(reasons)]
    guests = _invite(content, where.own)
    if len({attendee.wants_reply for attendee in guests}) > 1:
        why = "Exchange asks all attendees for an answer, or none; here all"
        losses.append(Loss("ATTENDEE;RSVP", kind, why, uid))
    return CalendarItem(
        uid=uid,
        start=begins,
        end=max(begins, ends),
        start_zone=name_zone(extent.start, where.zone),
        end_zone=name_zone(ending, where.zone),
        all_day=not isinstance(extent.start, Moment),
        subject=shorten(title),
        body=add_notes(content.html or content.description, notes, is_html=bool(content.html)),
        is_html=bool(content.html),
        location=shorten(content.location),
        sensitivity=SENSITIVITIES[content.privacy],
        importance=weigh(content.priority),
        categories=content.categories,
        reminder=reminder.minutes if reminder else None,
        busy=FreeBusy.FREE if cancelled else BUSY[details.busy],
        wants_reply=any(attendee.wants_reply for attendee in guests),
        required=_list(guests, _is_required),
        optional=_list(guests, _is_optional),
        resources=_list(guests, _is_resource),
        allows_new_time=details.allows_new_time,
        files=files_of(content),
    )


def files_of(content: Content) -> tuple[FileAttachment, ...]:
    """The attachments that are files; links go into the text."""
    return tuple(
        FileAttachment(file.name or "attachment", file.media_type, file.data)
        for file in content.attachments
        if file.data is not None
    )


def at_instant(time: Time, where: Destination) -> datetime:
    """The instant of a time; of a whole day the midnight by the zone under which it is written."""
    if isinstance(time, Moment):
        return instant(time, where.zone)
    return to_instant(wall_of(time), zone_by_name(name_zone(time, where.zone)))


def weigh(priority: int) -> Importance:
    """RFC 5545 counts 1 to 4 as high, 5 as usual, 6 to 9 as low."""
    if not priority or priority == PRIORITIES[Importance.NORMAL]:
        return Importance.NORMAL
    return Importance.HIGH if priority < PRIORITIES[Importance.NORMAL] else Importance.LOW


# -- attendees


def _invite(content: Content, own: Set[str]) -> tuple[Attendee, ...]:
    """Those for the lists of the item. The owner is the organizer of it, and no guest."""
    if is_led_by_other(content, own):
        return ()
    return tuple(
        attendee
        for attendee in content.attendees
        if has_mailbox(attendee.person) and attendee.person.address.lower() not in own
    )


def _list(guests: tuple[Attendee, ...], fits: Callable[[Attendee], bool]) -> tuple[Guest, ...]:
    return tuple(
        Guest(Person(one.person.address, one.person.name), one.answer, one.answered)
        for one in guests
        if fits(one)
    )


def _is_resource(attendee: Attendee) -> bool:
    return attendee.kind in (Kind.ROOM, Kind.RESOURCE)


def _is_optional(attendee: Attendee) -> bool:
    return not _is_resource(attendee) and attendee.role in (Role.OPTIONAL, Role.NONE)


def _is_required(attendee: Attendee) -> bool:
    return not _is_resource(attendee) and not _is_optional(attendee)


# -- reminders


@dataclass(frozen=True, slots=True)
class _Reminder:
    """The one alarm that Exchange keeps, and how it keeps it."""

    alarm: Alarm
    minutes: int
    is_exact: bool


def _find_reminder(
    extent: Extent, content: Content, begins: datetime, where: Destination
) -> _Reminder | None:
    """The first alarm before the start, or at it; seconds beyond a whole minute are left out, so
    that it comes later."""
    for alarm in content.alarms:
        if isinstance(alarm.trigger, Moment):
            before = begins - instant(alarm.trigger, where.zone)
        elif alarm.from_end:
            continue
        else:
            before = begins - at_instant(add(extent.start, alarm.trigger, where.zone), where)
            # A whole day has no clock times: the seconds of a span count from its midnight.
            if not isinstance(extent.start, Moment):
                before = -timedelta(days=alarm.trigger.days, seconds=alarm.trigger.seconds)
        minutes = before // _MINUTE
        if 0 <= minutes <= LONGEST_REMINDER:
            return _Reminder(alarm, minutes, not before % _MINUTE)
    return None


def _lost_alarms(content: Content, kept: _Reminder | None) -> Iterator[tuple[str, str]]:
    if len(content.alarms) > (1 if kept else 0):
        yield "VALARM", "Exchange keeps one reminder of an item, at its start or before it"
    if kept is None:
        return
    is_absolute = isinstance(kept.alarm.trigger, Moment)
    if is_absolute and kept.is_exact:
        yield "TRIGGER", "Exchange counts minutes before the start; the reminder is at that moment"
    elif is_absolute:
        yield "TRIGGER", f"Exchange counts whole minutes before the start; {_LATER}"
    elif not kept.is_exact:
        yield "TRIGGER", f"Exchange counts whole minutes; {_LATER}"
    yield from lost_of_alarm(kept.alarm)


def lost_of_alarm(alarm: Alarm) -> Iterator[tuple[str, str]]:
    """What Exchange does not keep of the one reminder that it keeps, but for when it comes."""
    plain = Alarm(alarm.trigger, from_end=alarm.from_end)
    if alarm.action is not Action.DISPLAY:
        yield "ACTION", "Exchange shows reminders, and does nothing else"
    if replace(alarm, action=Action.DISPLAY, description="", summary="") != plain:
        yield "VALARM", "Exchange keeps of a reminder when it is, and nothing else"


# -- the rest


def _lost(details: Details) -> Iterator[tuple[str, str]]:
    content = details.content
    if details.status is EventStatus.CANCELLED:
        yield "STATUS", "Exchange sets it itself; the title says it, and the time is shown as free"
    if details.busy is Busy.ELSEWHERE:
        yield "X-MICROSOFT-CDO-BUSYSTATUS", "this Exchange has no working elsewhere; shown as free"
    yield from lost_of_content(content)
    for attendee in content.attendees:
        if attendee.kind in (Kind.GROUP, Kind.UNKNOWN):
            yield "ATTENDEE;CUTYPE", "Exchange tells persons and resources apart, and no more"
        if attendee.role in (Role.CHAIR, Role.NONE):
            yield "ATTENDEE;ROLE", "Exchange has required and optional attendees, and no others"


def lost_of_content(content: Content) -> Iterator[tuple[str, str]]:
    """What no kind of item has a place for."""
    if content.priority and content.priority != PRIORITIES[weigh(content.priority)]:
        yield "PRIORITY", "Exchange has three degrees; the nearest is kept"
    if content.colour:
        yield "COLOR", "Exchange colours categories, not items"
    if content.parent:
        yield "RELATED-TO", "Exchange has no such relation"
    if content.created or content.modified or content.sequence:
        yield "CREATED", "Exchange counts versions and their times itself"


def _lost_times(extent: Extent) -> Iterator[tuple[str, str]]:
    start = extent.start
    if isinstance(start, Moment) and start.zone is None:
        yield "DTSTART", "Exchange has no time without a zone; it is one of the calendar's zone"
    ends = (extent.end,) if extent.end else ()
    if not all(map(has_windows_name, (start, *ends))):
        yield "TZID", "Windows has no such zone; every time is kept, in the calendar's zone"
