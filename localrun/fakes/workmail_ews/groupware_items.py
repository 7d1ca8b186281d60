"""Calendar items, contacts, lists, tasks and notes as the store keeps them, and the server's rules.

Elements are kept as they were sent; what the server adds or sets itself is added here. Kinder than
the real thing: texts come back as they were sent, and so do attendees with their answers.
"""

from __future__ import annotations

import uuid
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from lxml import etree

from localrun.fakes.workmail_ews import properties as p
from localrun.fakes.workmail_ews.groupware_schema import KINDS
from localrun.fakes.workmail_ews.items import StoredItem, set_extended
from localrun.fakes.workmail_ews.properties import Property
from localrun.fakes.workmail_ews.recurrences import Series, read_series, read_zone
from localrun.fakes.workmail_ews.soap import (
    TYPES,
    ItemRefused,
    add,
    children,
    element,
    find,
    local_name,
)

CLASSES = {
    "CalendarItem": "IPM.Appointment",
    "Contact": "IPM.Contact",
    "DistributionList": "IPM.DistList",
    "Task": "IPM.Task",
    "PostItem": "IPM.Post",
    "Message": "IPM.StickyNote",
}
STICKY_NOTE = "IPM.StickyNote"
ATTENDEES = ("RequiredAttendees", "OptionalAttendees", "Resources")
_LONGEST = timedelta(days=5 * 365)
_MOST_MINUTES = 2_629_800
_ZONES = ("StartTimeZone", "EndTimeZone")
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that is attached to an item."""

    id: str
    name: str
    content_type: str
    content_id: str
    location: str
    is_inline: bool
    is_photo: bool
    content: bytes
    modified: datetime


@dataclass(slots=True)
class Difference:
    """What an exception has otherwise than its series, and since when; None is what it does not
    have."""

    modified: datetime
    fields: dict[str, etree._Element | None] = field(default_factory=dict)
    properties: dict[Property, tuple[str, ...] | None] = field(default_factory=dict)
    categories: tuple[str, ...] | None = None
    added: tuple[StoredFile, ...] = ()
    removed: frozenset[str] = frozenset()


@dataclass(slots=True)
class GroupwareItem(StoredItem):
    """One item that is no mail. An occurrence is one, too, made when it is asked for: `master` is
    its series then, `index` its number. `exceptions` and `deleted` are those of a master, by
    their numbers."""

    files: tuple[StoredFile, ...] = ()
    exceptions: dict[int, Difference] = field(default_factory=dict)
    deleted: set[int] = field(default_factory=set)
    master: GroupwareItem | None = None
    index: int = 0
    original_start: datetime | None = None
    was_sent: bool = False

    @property
    def is_mail(self) -> bool:
        """No."""
        return False

    @property
    def is_master(self) -> bool:
        """Whether it is a recurring calendar item."""
        return self.kind == "CalendarItem" and "Recurrence" in self.fields

    def text(self, name: str) -> str:
        """The text of an element that was set, "" without one."""
        found = self.fields.get(name)
        return "" if found is None else (found.text or "").strip()

    def set_text(self, name: str, text: str) -> None:
        """Sets an element that holds nothing but text."""
        self.fields[name] = element(TYPES, name, text)

    def moment(self, name: str) -> datetime:
        """An element that holds a time; one without an offset is by the clock of the start's
        zone. ItemRefused ErrorRequiredPropertyMissing when it is not there."""
        text = self.text(name)
        if not text:
            raise ItemRefused("ErrorRequiredPropertyMissing")
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=self.zone())).astimezone(UTC)

    def zone(self, name: str = "StartTimeZone") -> ZoneInfo:
        """The zone of the start or the end. ItemRefused ErrorTimeZone for one that is none."""
        return read_zone(self.fields[name].get("Id", ""))

    def series(self) -> Series:
        """When a master takes place. ItemRefused where its recurrence is none."""
        start, end = self.moment("Start"), self.moment("End")
        return read_series(self.fields["Recurrence"], start, end, self.zone())

    def copy(self) -> GroupwareItem:
        """One that can be changed without changing this one."""
        made = GroupwareItem(**{name: getattr(self, name) for name in self.__dataclass_fields__})
        made.fields = {name: deepcopy(found) for name, found in self.fields.items()}
        made.properties = dict(self.properties)
        made.exceptions, made.deleted = dict(self.exceptions), set(self.deleted)
        return made

    def take(self, other: GroupwareItem) -> None:
        """Becomes what `other` is."""
        for name in self.__dataclass_fields__:
            setattr(self, name, getattr(other, name))


def set_part(item: GroupwareItem, part: etree._Element) -> None:
    """Sets one element, which the schema knows. ItemRefused for what a client cannot set."""
    name = local_name(part)
    if name == "ExtendedProperty":
        set_extended(item, part)
    elif KINDS[item.kind][name].read_only or (item.master and name in ("Recurrence", "UID")):
        raise ItemRefused("ErrorInvalidPropertySet")
    elif name == "MimeContent":
        raise ItemRefused("ErrorUnsupportedMimeConversion", "Here such items have no MIME.")
    elif name == "ItemClass" and not (part.text or "").startswith(CLASSES[item.kind]):
        raise ItemRefused("ErrorObjectTypeChanged")
    elif name == "Categories":
        item.categories = tuple(child.text or "" for child in children(part))
    else:
        item.fields[name] = _spelled(part, KINDS[item.kind][name].type)


def _spelled(part: etree._Element, kind: str) -> etree._Element:
    """As the server spells it: a truth value as a word, a time of known offset in UTC."""
    made, text = deepcopy(part), (part.text or "").strip()
    if kind == "bool":
        made.text = p.write_boolean(text in ("true", "1"))
    elif kind == "time" and datetime.fromisoformat(text).tzinfo:
        made.text = p.write_time(datetime.fromisoformat(text))
    return made


def settle(item: GroupwareItem, changed: frozenset[str], address: str, now: datetime) -> None:
    """Applies the server's rules after elements (their names are `changed`) have been set.
    `address` is whose mailbox it is. ItemRefused for what does not go together."""
    if item.kind == "CalendarItem":
        _settle_calendar(item, address)
    elif item.kind == "Task":
        _settle_task(item, changed, address, now)
    elif item.kind == "Contact" and "DisplayName" not in item.fields:
        names = (item.text(name) for name in ("GivenName", "MiddleName", "Surname"))
        item.set_text("DisplayName", " ".join(filter(None, names)))


# -- calendar items


def _settle_calendar(item: GroupwareItem, address: str) -> None:
    if "UID" not in item.fields:
        item.set_text("UID", f"040000008200E00074C5B7101A82E008{uuid.uuid4().hex.upper()}")
    if "StartTimeZone" not in item.fields:
        item.fields["StartTimeZone"] = element(TYPES, "StartTimeZone", Id="UTC")
    if "EndTimeZone" not in item.fields:
        zone = item.fields["StartTimeZone"].get("Id", "")
        item.fields["EndTimeZone"] = element(TYPES, "EndTimeZone", Id=zone)
    if "Organizer" not in item.fields:
        item.fields["Organizer"] = _organizer(address)
    for name, text in _UNLESS_SAID.items():
        if name not in item.fields:
            item.set_text(name, text)
    if not 0 <= int(item.text("ReminderMinutesBeforeStart")) <= _MOST_MINUTES:
        raise ItemRefused("ErrorInvalidValueForProperty")
    _settle_times(item)


_UNLESS_SAID = {
    "ReminderIsSet": "true",
    "ReminderMinutesBeforeStart": "15",
    "IsAllDayEvent": "false",
    "LegacyFreeBusyStatus": "Busy",
    "IsResponseRequested": "true",
    "AllowNewTimeProposal": "true",
}


def _organizer(address: str) -> etree._Element:
    made = element(TYPES, "Organizer")
    mailbox = add(made, TYPES, "Mailbox")
    for name, text in (("Name", address), ("EmailAddress", address), ("RoutingType", "SMTP")):
        add(mailbox, TYPES, name, text)
    return made


def _settle_times(item: GroupwareItem) -> None:
    start, end = item.moment("Start"), item.moment("End")
    if item.text("IsAllDayEvent") in ("true", "1"):
        start = _midnight(start, item.zone())
        end = _midnight(end, item.zone("EndTimeZone"), after=True)
        end = max(end, _midnight(start + timedelta(hours=1), item.zone(), after=True))
    if end < start:
        raise ItemRefused("ErrorCalendarEndDateIsEarlierThanStartDate")
    if end - start > _LONGEST:
        raise ItemRefused("ErrorCalendarDurationIsTooLong")
    for name in _ZONES:
        item.zone(name)
    item.set_text("Start", p.write_time(start))
    item.set_text("End", p.write_time(end))
    if item.is_master:
        _settle_series(item)


def _settle_series(item: GroupwareItem) -> None:
    """A series begins on the first day that its pattern has. No occurrence may last until the next
    one ("the duration must be shorter than how frequently it occurs")."""
    series = item.series()
    first = series.place(1)
    assert first is not None
    item.set_text("Start", p.write_time(first.start))
    item.set_text("End", p.write_time(first.end))
    if any(one.end > other.start for one, other in series.neighbours(_LOOKED_AT)):
        raise ItemRefused("ErrorOccurrenceTimeSpanTooBig")


_LOOKED_AT = 60  # five years of months, and each weekday of a week


def _midnight(moment: datetime, zone: ZoneInfo, *, after: bool = False) -> datetime:
    """The midnight at or before a moment, or at or after it, by the clock of the zone."""
    wall = moment.astimezone(zone).replace(tzinfo=None)
    found = datetime.combine(wall.date(), datetime.min.time())
    if after and found != wall:
        found += _DAY
    return found.replace(tzinfo=zone).astimezone(UTC)


# -- tasks


def _settle_task(item: GroupwareItem, changed: frozenset[str], address: str, now: datetime) -> None:
    said = {name for name in ("Status", "PercentComplete", "CompleteDate") if name in changed}
    status, percent = item.text("Status") or "NotStarted", float(item.text("PercentComplete") or 0)
    if not 0 <= percent <= 100:
        raise ItemRefused("ErrorInvalidValueForProperty")
    completes = "CompleteDate" in said & item.fields.keys()
    if (
        completes
        or (status if "Status" in said else "") == "Completed"
        or (percent == 100 and "PercentComplete" in said)
    ):
        status, percent = "Completed", 100
        if "CompleteDate" not in item.fields:
            item.set_text("CompleteDate", p.write_time(now))
    elif said:
        item.fields.pop("CompleteDate", None)
        if "PercentComplete" in said and "Status" not in said:
            status = "InProgress" if percent else "NotStarted"
        elif percent == 100 or status == "NotStarted":
            percent = 0
    item.set_text("Status", status)
    item.set_text("PercentComplete", f"{percent:g}")
    if "Owner" not in item.fields:
        item.set_text("Owner", address)
    if "ReminderIsSet" not in item.fields:
        item.set_text("ReminderIsSet", "false")
    for name in ("StartDate", "DueDate", "CompleteDate"):  # days: the time says nothing
        if name in item.fields:
            day = datetime.fromisoformat(item.text(name)).replace(tzinfo=UTC)
            item.set_text(name, p.write_time(day.replace(hour=0, minute=0, second=0)))


def attendees(item: GroupwareItem) -> list[str]:
    """The addresses of all who are asked to come."""
    holders = [item.fields[name] for name in ATTENDEES if name in item.fields]
    found = [find(one, "Mailbox", "EmailAddress") for holder in holders for one in children(holder)]
    return [one.text or "" for one in found if one is not None]
