"""The events, contacts, tasks and notes that the probe writes into the pilot mailbox.

All addresses are in the domain `invalid` (RFC 2606): nobody can ever get mail there.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from localrun.probe.letters import MARK, SUBJECT
from migration.items.contact import Contact, ContactKind, Mail, Name, Phone, Place, Use
from migration.items.content import (
    Alarm,
    Answer,
    Attachment,
    Attendee,
    Content,
    Extent,
    Kind,
    Person,
    Role,
)
from migration.items.event import Details, Event, Override
from migration.items.ews_item import Destination
from migration.items.task import Note, Task, TaskStatus
from migration.items.times import UTC as UTC_ZONE
from migration.items.times import Day, Frequency, Moment, Recurrence, Rule, Span, Zone

ZONE = Zone("Europe/Berlin")
BEGIN, END = datetime(2029, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC)
"""Within are all series; the clocks of their zone change twice."""

EACH_WEEK, EACH_MONTH, CHANGED = (
    f"{SUBJECT} ({word})" for word in ("each week", "each month", "changed")
)
_TITLES = (SUBJECT, EACH_WEEK, EACH_MONTH, CHANGED)
SENT_TITLES = (*_TITLES, *(f"Canceled: {title}" for title in _TITLES))
"""How everything would be called that a server sent in spite of SendToNone."""

ADDRESSES = tuple(f"{name}@migration-probe.invalid" for name in ("first", "second", "third"))
_HOUR = timedelta(hours=1)
_ANSWERED = Moment(datetime(2028, 12, 1, 8, 30), UTC_ZONE)
_FILE = Attachment("probe.txt", "text/plain", b"This file is removed at once.\r\n")


def destination(owner: str) -> Destination:
    """The pilot's mailbox, as the migration would write into it."""
    return Destination(owner, ZONE, BEGIN, END)


def _uid(name: str) -> str:
    return f"migration-probe-{MARK}-{name}"


# -- events


def _event(name: str, start: datetime, content: Content, rule: Rule | None = None) -> Event:
    extent = Extent(Moment(start, ZONE), Moment(start + _HOUR, ZONE))
    return Event(_uid(name), Details(extent, content), Recurrence(rule))


_GUESTS = (
    Attendee(Person(ADDRESSES[0]), answer=Answer.ACCEPTED, answered=_ANSWERED),
    Attendee(Person(ADDRESSES[1]), Role.OPTIONAL, Answer.DECLINED, answered=_ANSWERED),
    Attendee(Person(ADDRESSES[2]), kind=Kind.ROOM),
)

MEETING = _event(
    "meeting",
    datetime(2029, 2, 7, 10),
    Content(SUBJECT, "Some text.", location="Room", categories=("Probe",), attendees=_GUESTS),
)
"""The owner leads it; one has accepted, one has declined, a room has not answered."""

PAST = _event(
    "past", datetime(2024, 2, 7, 10), Content(SUBJECT, alarms=(Alarm(Span(seconds=-1200)),))
)
"""Long ago, with a reminder."""

DAY = Event(_uid("day"), Details(Extent(date(2029, 2, 8), date(2029, 2, 9)), Content(SUBJECT)))
"""A whole day."""


def _except(event: Event, changed: datetime, gone: datetime) -> Event:
    """The series with an occurrence that is later, longer, has another title and a file, and
    without another one."""
    extent = Extent(Moment(changed + 5 * _HOUR, ZONE), Moment(changed + 7 * _HOUR, ZONE))
    details = Details(extent, Content(CHANGED, attachments=(_FILE,)))
    return replace(
        event,
        recurrence=replace(event.recurrence, excluded=(Moment(gone, ZONE),)),
        overrides=(Override(Moment(changed, ZONE), details),),
    )


_MONDAYS_AND_WEDNESDAYS = Rule(Frequency.WEEKLY, count=12, by_day=(Day(0), Day(2)))
_LAST_FRIDAYS = Rule(Frequency.MONTHLY, until=date(2029, 12, 31), by_day=(Day(4, -1),))

WEEKLY = _except(
    _event("weekly", datetime(2029, 3, 5, 9), Content(EACH_WEEK), _MONDAYS_AND_WEDNESDAYS),
    datetime(2029, 3, 12, 9),
    datetime(2029, 3, 21, 9),
)
"""Twelve times: the third is changed, the sixth deleted; before the seventh the clock changes."""

MONTHLY = _event("monthly", datetime(2029, 1, 26, 16), Content(EACH_MONTH), _LAST_FRIDAYS)
"""Each last Friday of a year."""

MONTHLY_CHANGED = _except(MONTHLY, datetime(2029, 2, 23, 16), datetime(2029, 4, 27, 16))
"""The same; the second is changed, the fourth deleted."""


# -- contacts

_PICTURE = bytes.fromhex(
    "ffd8 ffe00010 4a46494600010100000100010000"
    f"ffdb0043 00{'01' * 64}"
    "ffc0000b 0800010001 01011100"
    f"ffc40014 0001{'00' * 16}"
    f"ffc40014 1001{'00' * 16}"
    "ffda0008 010100003f00 3f ffd9"
)
"""A JPEG of one grey point."""

CONTACT = Contact(
    _uid("contact"),
    display=SUBJECT,
    name=Name("Probe", "Migration"),
    file_as=SUBJECT,
    organization="Migration",
    mails=tuple(map(Mail, ADDRESSES)),
    phones=(Phone("+49 30 000000", Place.WORK, (Use.VOICE,)),),
    note="Some text.",
    categories=("Probe",),
    photo=Attachment("probe.jpg", "image/jpeg", _PICTURE),
)
"""Somebody with three addresses and a photo."""

LIST = Contact(
    _uid("list"), ContactKind.GROUP, SUBJECT, file_as=SUBJECT, members=ADDRESSES, note="Some text."
)
"""A distribution list of three."""


# -- tasks and notes

SERIES_TASK = Task(
    _uid("series"),
    Content(SUBJECT, "Some text.", categories=("Probe",)),
    TaskStatus.NEEDS_ACTION,
    date(2029, 3, 5),
    date(2029, 3, 5),
    percent=0,
    recurrence=Recurrence(Rule(Frequency.WEEKLY, count=4, by_day=(Day(0),))),
)
"""Due each Monday, four times."""

DONE_TASK = Task(
    _uid("done"),
    Content(SUBJECT),
    TaskStatus.COMPLETED,
    date(2024, 2, 5),
    date(2024, 2, 7),
    completed=Moment(datetime(2024, 2, 6, 12), UTC_ZONE),
    percent=100,
)
"""Completed long ago, and not on the day on which it was due."""

NOTE = Note(_uid("note"), Content(SUBJECT, "Some text.", categories=("Probe",)))
