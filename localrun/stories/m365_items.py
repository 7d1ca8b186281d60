"""What people of the scenario `m365` have beside their mail, as Graph tells it, and what calendars
must show of it: told twice, so that neither follows from the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.rrule import MO, MONTHLY, WE, WEEKLY, rrule

from localrun.fakes.graph.calendars import Calendars
from localrun.fakes.graph.contacts import Contacts
from localrun.fakes.graph.server import GraphServer
from localrun.fakes.graph.settings import Rules
from localrun.fakes.graph.tasks import Todo
from localrun.stories.groupware_compare import Shown

BEGIN, END = datetime(2024, 1, 1, tzinfo=UTC), datetime(2029, 1, 1, tzinfo=UTC)
ZONE = "Europe/Berlin"
_WINDOWS_ZONE = "W. Europe Standard Time"
PHOTO = b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(range(60)) + b"\xff\xd9"
ADA = "Ada Lovelace"
LUNCH, STAND_UP, ROOF, CLOSING, HOLIDAY = (
    "Mittagessen",
    "Stand-up",
    "Stand-up, auf dem Dach",
    "Close the books",
    "Sommerurlaub",
)
CHOIR, BOARD = "Chor", "Board"
RULE = "Rechnungen ablegen"


@dataclass(frozen=True, slots=True)
class People:
    """Who has what: names of mailboxes at the source."""

    anna: str
    bernd: str
    room: str


def _event(subject: str, day: date, begin: str, end: str, **more: object) -> Mapping[str, object]:
    """Of one day, by the clock of Berlin."""
    return {
        "subject": subject,
        "start": {"dateTime": f"{day}T{begin}:00", "timeZone": _WINDOWS_ZONE},
        "end": {"dateTime": f"{day}T{end}:00", "timeZone": _WINDOWS_ZONE},
        **more,
    }


def _recurrence(begin: date, end: date | None, **pattern: object) -> Mapping[str, object]:
    last = {"type": "endDate", "endDate": str(end)} if end else {"type": "noEnd"}
    return {
        "recurrence": {
            "pattern": {"firstDayOfWeek": "monday", "interval": 1, **pattern},
            "range": {"startDate": str(begin), "recurrenceTimeZone": _WINDOWS_ZONE, **last},
        }
    }


_LUNCH_DAY, _BOARD_DAY = date(2026, 3, 11), date(2026, 9, 17)
_STAND_UP_DAY, _MOVED, _GONE = date(2025, 1, 6), date(2025, 6, 2), date(2025, 12, 24)
_CALLED_OFF = date(2027, 2, 1)
_CLOSING_DAY, _LAST_CLOSING = date(2025, 1, 15), date(2026, 12, 31)
_CHOIR_DAY = date(2025, 3, 31)


def put_groupware(graph: GraphServer, people: People) -> None:
    """Fills calendars, address books and lists of tasks, and makes a rule and an automatic
    reply."""
    _put_annas(graph.mailbox(people.anna).part(Calendars))
    family = graph.mailbox(people.bernd).part(Calendars)
    week = {"type": "weekly", "daysOfWeek": ["monday"], "interval": 2}
    family.put_event(
        family.add_calendar("Familie", color="lightGreen"),
        _event(CHOIR, _CHOIR_DAY, "19:30", "21:00", **_recurrence(_CHOIR_DAY, None, **week)),
    )
    bookings = graph.mailbox(people.room).part(Calendars)
    bookings.put_event(bookings.default.id, _event(BOARD, _BOARD_DAY, "10:00", "12:00"))
    contacts = graph.mailbox(people.anna).part(Contacts)
    uid = contacts.put_contact(_ADA)
    contacts.put_photo(uid, PHOTO)
    contacts.put_contact(_KIM, contacts.add_folder("Freunde"))
    todo = graph.mailbox(people.bernd).part(Todo)
    task = todo.put_task(todo.default, {"title": "Steuererklärung", "importance": "high"})
    todo.add_step(task, "Belege sammeln", done=True)
    box = graph.mailbox(people.bernd)
    box.part(Rules).add(RULE, {"subjectContains": ["Rechnung"]}, {"markAsRead": True})
    replies = box.settings["automaticRepliesSetting"]
    box.settings["automaticRepliesSetting"] = {
        **replies,
        "status": "alwaysEnabled",
        "internalReplyMessage": "<p>Ich bin im Urlaub.</p>",
    }


def _put_annas(calendars: Calendars) -> None:
    place = calendars.default.id
    calendars.put_event(place, _event(LUNCH, _LUNCH_DAY, "12:00", "13:00"))
    week = {"type": "weekly", "daysOfWeek": ["monday", "wednesday"]}
    series = calendars.put_event(
        place,
        _event(
            STAND_UP, _STAND_UP_DAY, "09:15", "09:30", **_recurrence(_STAND_UP_DAY, None, **week)
        ),
    )
    calendars.put_exception(series, _MOVED, _event(ROOF, _MOVED, "11:00", "11:30"))
    calendars.cancel(series, _GONE)
    month = {"type": "absoluteMonthly", "dayOfMonth": 15}
    ends = _recurrence(_CLOSING_DAY, _LAST_CLOSING, **month)
    calendars.put_event(place, _event(CLOSING, _CLOSING_DAY, "17:00", "18:00", **ends))
    calendars.put_event(
        place,
        {
            "subject": HOLIDAY,
            "isAllDay": True,
            "start": {"dateTime": "2026-07-27T00:00:00", "timeZone": _WINDOWS_ZONE},
            "end": {"dateTime": "2026-08-10T00:00:00", "timeZone": _WINDOWS_ZONE},
        },
    )


_ADA = {
    "displayName": ADA,
    "givenName": "Ada",
    "surname": "Lovelace",
    "companyName": "Analytical Engines",
    "emailAddresses": [{"name": "Ada", "address": "ada@partner.example"}],
    "mobilePhone": "+44 20 7946 0001",
}
_KIM = {"displayName": "Kim", "givenName": "Kim", "emailAddresses": []}
_GRACE = {"displayName": "Grace Hopper", "givenName": "Grace", "surname": "Hopper"}


def change_groupware(graph: GraphServer, people: People) -> None:
    """While the DNS is watched: an event moves, an occurrence is called off, a contact comes, a
    task comes."""
    calendars = graph.mailbox(people.anna).part(Calendars)
    named = {one.told["subject"]: one for one in calendars.default.events}
    lunch = named[LUNCH]
    calendars.cancel(named[STAND_UP].ids.immutable, _CALLED_OFF)
    moved: dict[str, Any] = dict(_event(LUNCH, _LUNCH_DAY, "13:00", "14:30"))
    calendars.change_event(lunch.ids.immutable, start=moved["start"], end=moved["end"])
    graph.mailbox(people.anna).part(Contacts).put_contact(_GRACE)
    todo = graph.mailbox(people.bernd).part(Todo)
    todo.put_task(todo.default, {"title": "Koffer packen", "status": "notStarted"})


# ---- what must be there in the end -----------------------------------------------------------


def expected_calendars(people: People) -> Mapping[str, Counter[Shown]]:
    """What each calendar shows between BEGIN and END, by the mailbox at the source."""
    off = (_GONE, _CALLED_OFF)
    stand_ups = [day for day in _days(_STAND_UP_DAY, WEEKLY, byweekday=(MO, WE)) if day not in off]
    annas = [
        _shown(LUNCH, _LUNCH_DAY, time(13), timedelta(minutes=90)),
        *(_stand_up(day) for day in stand_ups),
        *(
            _shown(CLOSING, day, time(17), timedelta(hours=1))
            for day in _days(_CLOSING_DAY, MONTHLY, bymonthday=15)
            if day <= _LAST_CLOSING
        ),
        (HOLIDAY, _utc(date(2026, 7, 27), time()), _utc(date(2026, 8, 10), time())),
    ]
    choir = _days(_CHOIR_DAY, WEEKLY, byweekday=MO, interval=2)
    return {
        people.anna: Counter(annas),
        people.bernd: Counter(
            _shown(CHOIR, day, time(19, 30), timedelta(minutes=90)) for day in choir
        ),
        people.room: Counter([_shown(BOARD, _BOARD_DAY, time(10), timedelta(hours=2))]),
    }


def expected_others(people: People) -> Mapping[str, Counter[tuple[str, str]]]:
    """All that is no event, by its kind in Exchange and its name."""
    return {
        people.anna: Counter([("Contact", ADA), ("Contact", "Kim"), ("Contact", "Grace Hopper")]),
        people.bernd: Counter([("Task", "Steuererklärung"), ("Task", "Koffer packen")]),
    }


def _stand_up(day: date) -> Shown:
    if day == _MOVED:
        return _shown(ROOF, day, time(11), timedelta(minutes=30))
    return _shown(STAND_UP, day, time(9, 15), timedelta(minutes=15))


def _days(first: date, frequency: int, **rule: Any) -> Iterator[date]:
    begin = datetime.combine(first, time())
    found = rrule(frequency, dtstart=begin, until=END.replace(tzinfo=None), **rule)
    return (moment.date() for moment in found if moment.replace(tzinfo=UTC) < END)


def _shown(subject: str, day: date, begin: time, length: timedelta) -> Shown:
    start = _utc(day, begin)
    return subject, start, start + length


def _utc(day: date, begin: time) -> datetime:
    return datetime.combine(day, begin, ZoneInfo(ZONE)).astimezone(UTC)
