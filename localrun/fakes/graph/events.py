"""Calendars, events and their attachments, as they are asked for.

A list has masters and single events (https://learn.microsoft.com/graph/api/user-list-events).
Exceptions and cancelled occurrences are told where one series is asked for by its id alone, and
only where $select names them; exceptions need $expand, too, and $select counts for them: so people
have seen it with Graph, https://martin-machacek.com/blogPost/8a742689-11c8-465d-ae65-c9c92ada8c5c.
Codes of refusals, and that a reference has no $value, are assumed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from localrun.fakes.graph.answers import Answer, GraphError, Json, moment
from localrun.fakes.graph.calendars import Calendar, Calendars, Event
from localrun.fakes.graph.event_times import applied, body_as, in_zone
from localrun.fakes.graph.items import File, one, pick
from localrun.fakes.graph.paging import outlook_page
from localrun.fakes.graph.routing import Call, Route

_EXCEPTIONS, _CANCELLED, _ATTACHMENTS = (
    "exceptionOccurrences",
    "cancelledOccurrences",
    "attachments",
)
_OF_SERIES = (_EXCEPTIONS, _CANCELLED, "occurrenceId")
_PREVIEW = 255


def list_calendars(call: Call) -> Json:
    return outlook_page(call, call.mailbox.part(Calendars).all, lambda it: _calendar(call, it))


def get_calendar(call: Call) -> Json:
    return one(call, _calendar(call, _of(call)))


def list_permissions(call: Call) -> Json:
    return outlook_page(call, _of(call).permissions, lambda it: pick(it, call.option("$select")))


def list_events(call: Call) -> Answer:
    """Those of one calendar, the default one without its id. None has occurrences."""
    calendar = _of(call)
    _expanded(call, (_ATTACHMENTS,))
    page = outlook_page(call, calendar.events, lambda it: _shown(call, it))
    return Answer(page, headers=applied(call.ask))


def get_event(call: Call) -> Answer:
    event = _event(call)
    names = _expanded(call, (_EXCEPTIONS, _ATTACHMENTS))
    select = {name.strip() for name in call.option("$select").split(",") if name.strip()}
    told = _shown(call, event)
    if event.kind == "seriesMaster":
        if _CANCELLED in select:
            told[_CANCELLED] = [_occurrence(call, event, day) for day in event.cancelled]
        if _EXCEPTIONS in names and (not select or _EXCEPTIONS in select):
            told[_EXCEPTIONS] = [_shown(call, it) for it in event.exceptions]
    return Answer(one(call, told), headers=applied(call.ask))


def list_files(call: Call) -> Json:
    """With their content, if nothing is selected or the content is."""
    event, select = _event(call), call.option("$select")
    return outlook_page(call, event.files, lambda it: _file(it, select))


def get_file(call: Call) -> Json:
    return one(call, _file(_found_file(call), call.option("$select")))


def get_content(call: Call) -> Answer:
    file = _found_file(call)
    if file.content is None:
        message = "Accessing the raw contents of this attachment is not supported."
        raise GraphError(405, "ErrorInvalidRequest", message)
    kind = str(file.told.get("contentType") or "text/plain")
    return Answer(file.content, headers={"Content-Type": kind})


def event_json(call: Call, event: Event) -> Json:
    """All that a list tells of it. Times, body and ids are as the request prefers them."""
    put, ask = event.told, call.ask
    is_all_day = bool(put.get("isAllDay"))
    told = event.frame(ask.immutable) | _usual(event, call.mailbox.address) | put
    told["body"] = body_as(told["body"], ask)
    told["bodyPreview"] = " ".join(str(put.get("body", {}).get("content", "")).split())[:_PREVIEW]
    for name in ("start", "end"):
        told[name] = in_zone(put[name], ask, is_all_day)
    if event.master is not None:
        told["seriesMasterId"] = event.master.ids.told(ask.immutable)
        told["originalStart"] = moment(event.original) if event.original else None
    return told | {"type": event.kind, "hasAttachments": any(not _inline(it) for it in event.files)}


def _usual(event: Event, owner: str) -> Json:
    start = event.told["start"]["timeZone"]
    place: Json = event.told.get("location") or {"displayName": ""}
    mark = hashlib.sha256((event.master or event).ids.immutable.encode()).hexdigest()[:48].upper()
    return {
        "transactionId": None,
        "originalStartTimeZone": start,
        "originalEndTimeZone": event.told["end"]["timeZone"],
        "iCalUId": f"040000008200E00074C5B7101A82E008{mark}",
        "uid": f"040000008200E00074C5B7101A82E008{mark}",
        "reminderMinutesBeforeStart": 15,
        "isReminderOn": False,
        "subject": "",
        "importance": "normal",
        "sensitivity": "normal",
        "isAllDay": False,
        "isCancelled": False,
        "isOrganizer": True,
        "responseRequested": True,
        "seriesMasterId": None,
        "showAs": "busy",
        "webLink": f"https://outlook.example/owa/?itemid={event.ids.ordinary}&path=/calendar/item",
        "onlineMeetingUrl": None,
        "isOnlineMeeting": False,
        "onlineMeetingProvider": "unknown",
        "allowNewTimeProposals": True,
        "isDraft": False,
        "hideAttendees": False,
        "responseStatus": {"response": "organizer", "time": "0001-01-01T00:00:00Z"},
        "body": {"contentType": "html", "content": ""},
        "location": {"locationType": "default", **place},
        "locations": [place] if place["displayName"] else [],
        "recurrence": None,
        "attendees": [],
        "organizer": {"emailAddress": {"name": owner, "address": owner}},
        "onlineMeeting": None,
        "originalStart": None,
    }


def _shown(call: Call, event: Event) -> Json:
    known = (*_OF_SERIES, _ATTACHMENTS)
    told = event_json(call, event)
    select = call.option("$select")
    if "occurrenceId" in select and event.master is not None:
        told["occurrenceId"] = _occurrence(call, event.master, event.day)
    shown = pick(told, select, known)
    if not select:
        shown.pop("originalStart" if event.master is None else "", None)
    if _ATTACHMENTS in _names(call.option("$expand")):
        shown[_ATTACHMENTS] = [it.json(True) for it in event.files]
    return shown


def _occurrence(call: Call, master: Event, day: str) -> str:
    return f"OID.{master.ids.told(call.ask.immutable)}.{day}"


def _names(expand: str) -> list[str]:
    return [name.strip() for name in expand.split(",") if name.strip()]


def _expanded(call: Call, known: Iterable[str]) -> list[str]:
    """What $expand names. GraphError if it is something else."""
    names = _names(call.option("$expand"))
    for name in names:
        if name not in known:
            raise GraphError(400, "ErrorInvalidUrlQuery", f"'{name}' cannot be expanded here.")
    return names


def _inline(file: File) -> bool:
    return bool(file.told.get("isInline"))


def _file(file: File, select: str) -> Json:
    """Only files tell their content; of an item $expand would have to ask for it."""
    is_file = str(file.told["@odata.type"]).endswith("fileAttachment")
    return pick(file.json(is_file), select, ("contentBytes", "contentId", "contentLocation"))


def _calendar(call: Call, calendar: Calendar) -> Json:
    return pick(calendar.json(), call.option("$select"))


def _of(call: Call) -> Calendar:
    calendars = call.mailbox.part(Calendars)
    return calendars.opened(call.at["calendar"]) if "calendar" in call.at else calendars.default


def _event(call: Call) -> Event:
    """Where the path names a calendar, it has to lie there."""
    calendars = call.mailbox.part(Calendars)
    event = calendars.event(call.at["event"])
    if "calendar" in call.at and calendars.calendar_of(event).id != call.at["calendar"]:
        text = "The specified object was not found in the store."
        raise GraphError(404, "ErrorItemNotFound", text)
    return event


def _found_file(call: Call) -> File:
    for file in _event(call).files:
        if file.id == call.at["file"]:
            return file
    raise GraphError(404, "ErrorItemNotFound", "The specified attachment was not found.")


_READ = "Calendars.Read"
_EXPAND = frozenset({"$expand"})
_CALENDARS = ("/users/{user}/calendar", "/users/{user}/calendars/{calendar}")

ROUTES = (
    Route("/users/{user}/calendars", list_calendars, _READ),
    *(Route(place, get_calendar, _READ) for place in _CALENDARS),
    *(Route(f"{place}/calendarPermissions", list_permissions, _READ) for place in _CALENDARS),
    *(
        Route(f"{place}/events", list_events, _READ, _EXPAND)
        for place in ("/users/{user}", *_CALENDARS)
    ),
    *(
        route
        for place in ("/users/{user}", *_CALENDARS)
        for route in (
            Route(f"{place}/events/{{event}}", get_event, _READ, _EXPAND),
            Route(f"{place}/events/{{event}}/attachments", list_files, _READ),
            Route(f"{place}/events/{{event}}/attachments/{{file}}", get_file, _READ),
            Route(f"{place}/events/{{event}}/attachments/{{file}}/$value", get_content, _READ),
        )
    ),
)
