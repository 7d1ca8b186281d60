"""Events as Microsoft Graph would show them, written from its documentation alone: what the product
reads is not made by what it reads with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from migration.items.event import Details, Event
from migration.items.ews_terms import (
    AbsoluteMonthly,
    AbsoluteYearly,
    Daily,
    EndDate,
    Month,
    NoEnd,
    Numbered,
    RelativeMonthly,
    RelativeYearly,
    Repeats,
    Weekly,
)
from migration.items.times import Moment, Time, wall_of
from migration.items.zone_names import windows_name
from migration.items.zones import add, instant

MASTER = "AAMkADAwATM0MDAAMS0y.NzQAYi0wMAItMDAKAEYAAA="
_MONTHS = [one.value for one in Month]
_KINDS = {
    "Day": ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"],
    "Weekday": ["monday", "tuesday", "wednesday", "thursday", "friday"],
    "WeekendDay": ["saturday", "sunday"],
}


def plain_event(**properties: Any) -> dict[str, Any]:
    """A single event of an hour, as Graph shows one about which nobody said much."""
    return {
        "@odata.etag": 'W/"1"',
        "id": "AAMk=",
        "changeKey": "1",
        "type": "singleInstance",
        "iCalUId": "u",
        "subject": "",
        "body": {"contentType": "html", "content": "<html><body>\r\n</body></html>"},
        "start": {"dateTime": "2026-01-05T09:00:00.0000000", "timeZone": "UTC"},
        "end": {"dateTime": "2026-01-05T10:00:00.0000000", "timeZone": "UTC"},
        "originalStartTimeZone": "UTC",
        "originalEndTimeZone": "UTC",
        "isAllDay": False,
        "isCancelled": False,
        "isDraft": False,
        "isOrganizer": True,
        "organizer": {"emailAddress": {"name": "Owner", "address": "owner@example.test"}},
        "attendees": [],
        "responseRequested": True,
        "responseStatus": {"response": "organizer", "time": "0001-01-01T00:00:00Z"},
        "hideAttendees": False,
        "allowNewTimeProposals": True,
        "showAs": "busy",
        "sensitivity": "normal",
        "importance": "normal",
        "categories": [],
        "isReminderOn": False,
        "reminderMinutesBeforeStart": 15,
        "location": {
            "displayName": "",
            "locationType": "default",
            "uniqueIdType": "unknown",
            "address": {},
            "coordinates": {},
        },
        "locations": [],
        "onlineMeeting": None,
        "onlineMeetingUrl": None,
        "recurrence": None,
        "hasAttachments": False,
        **properties,
    }


def series_event(pattern: dict[str, Any], extent: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A master that begins on 5 January 2026 at nine in Berlin."""
    zone = "W. Europe Standard Time"
    pattern = {
        "interval": 1,
        "month": 0,
        "dayOfMonth": 0,
        "firstDayOfWeek": "sunday",
        "index": "first",
        **pattern,
    }
    whole = {"startDate": "2026-01-05", "endDate": "0001-01-01", "numberOfOccurrences": 0}
    recurrence = {
        "pattern": pattern,
        "range": {**whole, "recurrenceTimeZone": zone, **extent},
    }
    return plain_event(
        **{
            "type": "seriesMaster",
            "start": {"dateTime": "2026-01-05T08:00:00.0000000", "timeZone": "UTC"},
            "end": {"dateTime": "2026-01-05T09:00:00.0000000", "timeZone": "UTC"},
            "originalStartTimeZone": zone,
            "originalEndTimeZone": zone,
            "recurrence": recurrence,
            **more,
        }
    )


def write_series(event: Event, repeats: Repeats) -> dict[str, Any]:
    """A master with its exceptions and cancelled occurrences. Times have zones of Windows."""
    assert event.master is not None
    gone = (*event.recurrence.excluded, *event.cancelled)
    return {
        **_write_details(event.master),
        "id": MASTER,
        "changeKey": "1",
        "type": "seriesMaster",
        "iCalUId": event.uid,
        "recurrence": {
            "pattern": _write_pattern(repeats),
            "range": _write_range(repeats, _zone_name(event.master.extent.start)),
        },
        "cancelledOccurrences": [_occurrence_id(one) for one in gone],
        "exceptionOccurrences": [
            {
                **_write_details(one.details),
                "id": "AAMkE=",
                "type": "exception",
                "iCalUId": "other",
                "seriesMasterId": MASTER,
                "originalStart": f"{instant(one.original):%Y-%m-%dT%H:%M:%SZ}",
                "occurrenceId": _occurrence_id(one.original),
            }
            for one in event.overrides
        ],
    }


def _occurrence_id(original: Time) -> str:
    return f"OID.{MASTER}.{wall_of(original):%Y-%m-%d}"


def _write_details(details: Details) -> dict[str, Any]:
    extent = details.extent
    end = extent.end
    if end is None and extent.span is not None:
        end = add(extent.start, extent.span)
    if end is None:
        is_day = not isinstance(extent.start, Moment)
        end = wall_of(extent.start).date() + timedelta(days=1) if is_day else extent.start
    return plain_event(
        subject=details.content.summary,
        start=_write_time(instant(extent.start)),
        end=_write_time(instant(end)),
        originalStartTimeZone=_zone_name(extent.start),
        originalEndTimeZone=_zone_name(end),
        isAllDay=not isinstance(extent.start, Moment),
    )


def _write_time(at: datetime) -> dict[str, str]:
    assert at.tzinfo is UTC
    return {"dateTime": f"{at:%Y-%m-%dT%H:%M:%S}.0000000", "timeZone": "UTC"}


def _zone_name(time: Time) -> str:
    zone = time.zone if isinstance(time, Moment) else None
    return (windows_name(zone.name) or zone.name) if zone else "UTC"


def _write_pattern(repeats: Repeats) -> dict[str, Any]:
    pattern: dict[str, Any] = {
        "interval": 1,
        "month": 0,
        "dayOfMonth": 0,
        "daysOfWeek": [],
        "firstDayOfWeek": "sunday",
        "index": "first",
    }
    match repeats.pattern:
        case Daily(interval):
            pattern |= {"type": "daily", "interval": interval}
        case Weekly(interval, days, first):
            pattern |= {"type": "weekly", "interval": interval, "firstDayOfWeek": first.lower()}
            pattern |= {"daysOfWeek": [day.lower() for day in days]}
        case AbsoluteMonthly(interval, day):
            pattern |= {"type": "absoluteMonthly", "interval": interval, "dayOfMonth": day}
        case RelativeMonthly(interval, kind, index):
            pattern |= {"type": "relativeMonthly", "interval": interval}
            pattern |= {"daysOfWeek": _name_days(kind), "index": index.lower()}
        case AbsoluteYearly(day, month):
            pattern |= {"type": "absoluteYearly", "dayOfMonth": day}
            pattern |= {"month": _MONTHS.index(month) + 1}
        case RelativeYearly(kind, index, month):
            pattern |= {"type": "relativeYearly", "daysOfWeek": _name_days(kind)}
            pattern |= {"index": index.lower(), "month": _MONTHS.index(month) + 1}
    return pattern


def _name_days(kind: str) -> list[str]:
    return _KINDS.get(kind, [kind.lower()])


def _write_range(repeats: Repeats, zone: str) -> dict[str, Any]:
    extent = {
        "startDate": repeats.range.start.isoformat(),
        "endDate": "0001-01-01",
        "recurrenceTimeZone": zone,
        "numberOfOccurrences": 0,
    }
    match repeats.range:
        case NoEnd():
            extent |= {"type": "noEnd"}
        case EndDate(_, last):
            extent |= {"type": "endDate", "endDate": last.isoformat()}
        case Numbered(_, count):
            extent |= {"type": "numbered", "numberOfOccurrences": count}
    return extent
