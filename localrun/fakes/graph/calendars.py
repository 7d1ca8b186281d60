"""Calendars of a mailbox, and what tests put into them.

    calendars = server.mailbox("ann@contoso.example").part(Calendars)
    team = calendars.add_calendar("Team", color="lightBlue")
    uid = calendars.put_event(team, {"subject": "Lunch", "start": ..., "end": ...})

An event is put as Graph's JSON; start and end in any zone. What is not put is filled in. It is a
series if it has a recurrence, of any kind that Graph knows; its dates are not reckoned here, so
occurrences are listed nowhere: exceptions and cancelled occurrences are put by themselves.
https://learn.microsoft.com/graph/api/resources/event
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from localrun.fakes.graph.answers import GraphError, Json, moment
from localrun.fakes.graph.event_times import find_zone, instant
from localrun.fakes.graph.ids import change_key
from localrun.fakes.graph.items import File, Item, find_item, new_id, new_item, not_there
from localrun.fakes.graph.mailbox import Mailbox

_NAMES = {"en": "Calendar", "de": "Kalender", "fr": "Calendrier"}


@dataclass(eq=False)
class Event(Item):
    """`original` is set for an exception: when it would have been, in UTC, and on which day."""

    exceptions: list[Event] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    master: Event | None = None
    original: datetime | None = None
    day: str = ""

    @property
    def kind(self) -> str:
        if self.master is not None:
            return "exception"
        return "seriesMaster" if self.told.get("recurrence") else "singleInstance"


@dataclass(eq=False)
class Calendar:
    id: str
    told: Json
    events: list[Event] = field(default_factory=list)
    permissions: list[Json] = field(default_factory=list)
    state: int = 0

    def json(self) -> Json:
        return {**self.told, "id": self.id, "changeKey": change_key(self.id, self.state)}


class Calendars:
    """Calendars are named by their ids, or by what they are called; ids of events are immutable
    ones. KeyError for a calendar, GraphError for an event that there is not."""

    def __init__(self, box: Mailbox) -> None:
        self._box = box
        self.all: list[Calendar] = []
        self.add_calendar(_NAMES[box.language], isDefaultCalendar=True, isRemovable=False)

    # -- what a person does

    def add_calendar(self, name: str, **properties: object) -> str:
        """Its id. `properties` are put over what one's own calendar tells: owner, canEdit and
        canShare make it somebody else's."""
        with self._box.lock:
            told = _calendar_json(name, self._box.address) | properties
            made = Calendar(new_id(self._box, "calendar"), told)
            self.all.append(made)
            return made.id

    def share(self, calendar: str, address: str, role: str = "read", name: str = "") -> None:
        """Somebody may see or change it: `role` is a calendarRoleType."""
        with self._box.lock:
            found = self.find(calendar)
            found.permissions.append(
                {
                    "id": new_id(self._box, "permission"),
                    "isRemovable": True,
                    "isInsideOrganization": True,
                    "role": role,
                    "allowedRoles": ["freeBusyRead", "limitedRead", "read", "write"],
                    "emailAddress": {"name": name or address, "address": address},
                }
            )

    def put_event(self, calendar: str, event: Mapping[str, object]) -> str:
        """A new event, single or a series; its id."""
        with self._box.lock:
            place = self.find(calendar)
            made = Event(**vars(new_item(self._box, "event", event, place.id)))
            place.events.append(made)
            return made.ids.immutable

    def put_exception(self, series: str, day: date, event: Mapping[str, object]) -> str:
        """The occurrence that would have been on `day`, in the zone of the series, is as `event`
        says from now on, and for the rest as the series; its id. The changeKey of the series stays
        as it was: no page of Microsoft's says that it would move."""
        with self._box.lock:
            master = self.event(series)
            made = Event(**vars(new_item(self._box, "event", event, f"{series}/{day}")))
            made.told = {**master.told, **event}
            made.told.pop("recurrence", None)
            made.master, made.day = master, day.isoformat()
            made.original = _original(master, day)
            master.exceptions.append(made)
            return made.ids.immutable

    def cancel(self, series: str, day: date) -> None:
        """The occurrence of that day, in the zone of the series, is no more; nor an exception."""
        with self._box.lock:
            master = self.event(series)
            text = day.isoformat()
            master.exceptions = [one for one in master.exceptions if one.day != text]
            master.cancelled.append(text)

    def change_event(self, uid: str, **changes: object) -> None:
        """An event or exception has these properties from now on."""
        with self._box.lock:
            self.event(uid).change(self._box.moment(), changes)

    def delete_event(self, uid: str) -> None:
        with self._box.lock:
            event = self.event(uid)
            for calendar in self.all:
                if event in calendar.events:
                    calendar.events.remove(event)
            if event.master is not None:
                event.master.exceptions.remove(event)

    def attach(
        self, uid: str, content: bytes | None, *, kind: str = "file", **properties: object
    ) -> str:
        """A file of an event or exception; its id. `kind` is file, item or reference; an item's
        content is its MIME, a reference has none."""
        with self._box.lock:
            event = self.event(uid)
            told = _file_json(kind, content, self._box.moment()) | properties
            made = File(f"{uid[:-4]}-{len(event.files)}AAA=", told, content)
            event.files.append(made)
            event.change(self._box.moment())
            return made.id

    # -- for those who answer, with the lock held

    @property
    def default(self) -> Calendar:
        return next(one for one in self.all if one.told["isDefaultCalendar"])

    def find(self, calendar: str) -> Calendar:
        for one in self.all:
            if calendar in (one.id, one.told["name"]):
                return one
        raise KeyError(calendar)

    def opened(self, id_: str) -> Calendar:
        """By id. GraphError if there is none."""
        for one in self.all:
            if one.id == id_:
                return one
        raise not_there(id_)

    def event(self, uid: str) -> Event:
        """An event or exception by one of its ids."""
        found = find_item(self._events(), uid)
        assert isinstance(found, Event)
        return found

    def calendar_of(self, event: Event) -> Calendar:
        main = event.master or event
        return next(one for one in self.all if main in one.events)

    def _events(self) -> Iterator[Event]:
        for calendar in self.all:
            for event in calendar.events:
                yield event
                yield from event.exceptions


def _original(master: Event, day: date) -> datetime:
    """When the occurrence of that day begins, by the clock of the series' own zone."""
    told: Json = master.told["start"]
    name = str(master.told.get("originalStartTimeZone") or told["timeZone"])
    if master.told.get("isAllDay"):
        return datetime(day.year, day.month, day.day, tzinfo=UTC)
    local = instant(told).astimezone(find_zone(name))
    return datetime.combine(day, local.time(), find_zone(name)).astimezone(UTC)


def _calendar_json(name: str, owner: str) -> Json:
    return {
        "id": "",
        "name": name,
        "color": "auto",
        "hexColor": "",
        "isDefaultCalendar": False,
        "changeKey": "",
        "canShare": True,
        "canViewPrivateItems": True,
        "canEdit": True,
        "allowedOnlineMeetingProviders": ["teamsForBusiness"],
        "defaultOnlineMeetingProvider": "teamsForBusiness",
        "isTallyingResponses": True,
        "isRemovable": True,
        "owner": {"name": owner, "address": owner},
    }


def _file_json(kind: str, content: bytes | None, now: datetime) -> Json:
    """What Graph tells of attachments of this kind."""
    told: Json = {
        "@odata.type": f"#microsoft.graph.{kind}Attachment",
        "lastModifiedDateTime": moment(now),
        "name": "file.bin",
        "contentType": "application/octet-stream" if kind == "file" else None,
        "size": len(content or b""),
        "isInline": False,
    }
    if kind == "file":
        told |= {"contentId": None, "contentLocation": None}
    elif kind not in ("item", "reference"):
        raise GraphError(400, "BadRequest", f"There are no attachments of the kind '{kind}'.")
    return told
