"""One example of each feature that events have in Microsoft Graph, as Graph shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Json = Mapping[str, Any]

_NEVER = "0001-01-01T00:00:00Z"
_ZONE = "W. Europe Standard Time"


def at(clock: str) -> Json:
    """A dateTimeTimeZone in UTC."""
    return {"dateTime": f"{clock}:00.0000000", "timeZone": "UTC"}


BARE: Json = {
    "id": "AAMk=",
    "changeKey": "1",
    "type": "singleInstance",
    "iCalUId": "u",
    "start": at("2026-01-05T09:00"),
    "end": at("2026-01-05T10:00"),
    "originalStartTimeZone": "UTC",
    "originalEndTimeZone": "UTC",
    "isAllDay": False,
    "isOrganizer": True,
    "responseStatus": {"response": "organizer", "time": _NEVER},
    "allowNewTimeProposals": True,
    "showAs": "busy",
    "sensitivity": "normal",
    "importance": "normal",
    "isReminderOn": False,
    "reminderMinutesBeforeStart": 15,
}
"""An event of an hour, about which nothing else is said."""


@dataclass(frozen=True, slots=True)
class GraphSample:
    """`properties` are those by which it differs from BARE. `place` says where the feature is kept
    if not as itself."""

    feature: str
    properties: Json
    place: str = ""


def _series(pattern: Json, extent: Json | None = None, **more: Any) -> Json:
    recurrence = {
        "pattern": {"interval": 1, "firstDayOfWeek": "monday", **pattern},
        "range": {
            "startDate": "2026-01-05",
            "recurrenceTimeZone": _ZONE,
            **(extent or {"type": "numbered", "numberOfOccurrences": 5}),
        },
    }
    zones = {"originalStartTimeZone": _ZONE, "originalEndTimeZone": _ZONE}
    return {"type": "seriesMaster", **zones, "recurrence": recurrence, **more}


def _exception(**properties: Any) -> Json:
    """Of the second day."""
    when = {"start": at("2026-01-06T09:00"), "end": at("2026-01-06T10:00")}
    original = {"type": "exception", "originalStart": "2026-01-06T09:00:00Z"}
    return {**BARE, **when, **original, **properties}


def _person(address: str, kind: str = "required", response: str = "none", **more: Any) -> Json:
    status = {"response": response, "time": _NEVER}
    return {"type": kind, "status": status, "emailAddress": {"address": address}, **more}


def _file(kind: str, **properties: Any) -> Json:
    return {"@odata.type": f"#microsoft.graph.{kind}Attachment", "name": "a.txt", **properties}


_DAILY: Json = {"type": "daily"}
_OTHER: Json = {"isOrganizer": False, "organizer": {"emailAddress": {"address": "a@x.example"}}}
_LINK = "https://meet.example/a"

EVENTS = (
    GraphSample("Title, text, place", {
        "subject": "a", "body": {"contentType": "text", "content": "b"},
        "location": {"displayName": "c"}}),
    GraphSample("Text in HTML", {"body": {"contentType": "html", "content": "<b>a</b>"}}),
    GraphSample("Whole days", {
        "isAllDay": True, "start": at("2026-01-05T00:00"), "end": at("2026-01-07T00:00")}),
    GraphSample("Time zones of the start and of the end", {
        "originalStartTimeZone": _ZONE, "originalEndTimeZone": "GMT Standard Time"}),
    GraphSample("Zone of somebody's own",
                {"originalStartTimeZone": "tzone://Microsoft/Custom"}),
    GraphSample("Recurrence that ends after some occurrences", _series(_DAILY)),
    GraphSample("Recurrence that ends on a day",
                _series(_DAILY, {"type": "endDate", "endDate": "2026-02-01"})),
    GraphSample("Recurrence that never ends", _series(_DAILY, {"type": "noEnd"})),
    GraphSample("On the first Monday, every other month", _series(
        {"type": "relativeMonthly", "interval": 2, "daysOfWeek": ["monday"], "index": "first"})),
    GraphSample("On the first Monday or Tuesday of a month", _series(
        {"type": "relativeMonthly", "daysOfWeek": ["monday", "tuesday"], "index": "first"})),
    GraphSample("Every other year", _series(
        {"type": "absoluteYearly", "interval": 2, "dayOfMonth": 5, "month": 1})),
    GraphSample("Pattern that is none", _series({"type": "hourly"})),
    GraphSample("Cancelled occurrence",
                _series(_DAILY, cancelledOccurrences=["OID.AAMk=.2026-01-06"])),
    GraphSample("Occurrence that its organizer has called off",
                _series(_DAILY, exceptionOccurrences=[_exception(isCancelled=True)])),
    GraphSample("Occurrence with another time, title, text and file",
                _series(_DAILY, exceptionOccurrences=[_exception(
                    subject="a", body={"contentType": "text", "content": "b"},
                    start=at("2026-01-06T11:00"), end=at("2026-01-06T13:00"),
                    attachments=[_file("file", contentBytes="YQ==")])])),
    GraphSample("Occurrence moved beyond the next one",
                _series(_DAILY, exceptionOccurrences=[_exception(
                    start=at("2026-01-08T11:00"), end=at("2026-01-08T12:00"))])),
    GraphSample("Exception that does not say of which occurrence",
                _series(_DAILY, exceptionOccurrences=[_exception(originalStart=None)])),
    GraphSample("Attendees of an own meeting", {
        "responseRequested": True,
        "attendees": [_person("a@x.example"), _person("b@x.example", "optional"),
                      _person("r@x.example", "resource")]}),
    GraphSample("Answers of attendees", {
        "attendees": [_person("a@x.example", response="tentativelyAccepted")]}),
    GraphSample("Meeting that somebody else leads",
                {**_OTHER, "attendees": [_person("b@x.example")]}),
    GraphSample("The owner's answer to it", {
        **_OTHER, "attendees": [_person("owner@example.test")],
        "responseStatus": {"response": "accepted", "time": "2026-01-01T00:00:00Z"}}),
    GraphSample("Hidden list of attendees",
                {"hideAttendees": True, "attendees": [_person("a@x.example")]}),
    GraphSample("Other time that an attendee proposes", {
        "attendees": [_person("a@x.example", proposedNewTime={"start": at("2026-01-06T09:00")})]}),
    GraphSample("No other time may be proposed", {"allowNewTimeProposals": False}),
    GraphSample("Invitation that was not sent yet", {"isDraft": True}),
    GraphSample("Cancelled meeting", {"isCancelled": True}),
    GraphSample("Reminder", {"isReminderOn": True}),
    GraphSample("Private, personal or confidential", {"sensitivity": "personal"}),
    GraphSample("Importance", {"importance": "high"}),
    GraphSample("Categories", {"categories": ["a", "b"]}),
    GraphSample("Shown as free, tentative or out of office", {"showAs": "oof"}),
    GraphSample("Shown as working elsewhere", {"showAs": "workingElsewhere"}),
    GraphSample("Link of an online meeting", {"onlineMeeting": {"joinUrl": _LINK}}),
    GraphSample("Link of an online meeting that the text has, too", {
        "onlineMeeting": {"joinUrl": _LINK},
        "body": {"contentType": "html", "content": f'<a href="{_LINK}">a</a>'}}),
    GraphSample("How to dial into a meeting",
                {"onlineMeeting": {"joinUrl": _LINK, "tollNumber": "1", "conferenceId": "2"}}),
    GraphSample("Several places", {
        "location": {"displayName": "a; b"},
        "locations": [{"displayName": "a"}, {"displayName": "b"}]}),
    GraphSample("Address of a place",
                {"location": {"displayName": "a", "address": {"street": "b", "city": "c"}}},
                "the line of the place"),
    GraphSample("Position on the map",
                {"location": {"coordinates": {"latitude": 52.5, "longitude": 13.4}}}),
    GraphSample("Page of a place",
                {"location": {"displayName": "a", "locationUri": "https://x.example"}}),
    GraphSample("Attached file", {
        "attachments": [_file("file", contentType="text/plain", contentBytes="YQ==")]}),
    GraphSample("Picture within the text", {
        "attachments": [_file("file", contentBytes="YQ==", isInline=True)]}),
    GraphSample("Attached message, event or contact",
                {"attachments": [_file("item", contentBytes="YQ==")]}),
    GraphSample("Attached link to a file in a cloud", {"attachments": [_file("reference")]}),
    GraphSample("Attached file of more than 32 MB", {"attachments": [_file("file")]}),
    GraphSample("Created, changed", {"createdDateTime": "2026-01-01T00:00:00Z",
                                     "lastModifiedDateTime": "2026-01-02T00:00:00Z"}),
)  # fmt: skip
