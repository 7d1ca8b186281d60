"""What the server says of itself about a calendar item, a contact, a list, a task or a note."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from localrun.fakes.workmail_ews import properties as p
from localrun.fakes.workmail_ews.groupware_items import CLASSES, GroupwareItem, attendees

Text = Callable[[GroupwareItem], str | None]


def groupware_text(item: GroupwareItem, name: str) -> str | None:
    """A simple element that the server sets; None if it does not set this one."""
    computed = _OF_KIND.get(item.kind, {}).get(name) or _OF_ALL.get(name)
    return None if computed is None else computed(item)


def _class(item: GroupwareItem) -> str:
    return item.text("ItemClass") or CLASSES[item.kind]


def _subject(item: GroupwareItem) -> str | None:
    found = item.fields.get("Subject")
    if found is None and item.kind in ("Contact", "DistributionList"):
        found = item.fields.get("DisplayName")
    return None if found is None else found.text or ""


def _size(item: GroupwareItem) -> str:
    texts = sum(len(str(text)) for found in item.fields.values() for text in found.itertext())
    return str(texts + sum(len(file.content) for file in item.files))


def _item_type(item: GroupwareItem) -> str:
    if item.master is not None:
        return "Exception" if item.index in item.master.exceptions else "Occurrence"
    return "RecurringMaster" if item.is_master else "Single"


def _original_start(item: GroupwareItem) -> str | None:
    return None if item.original_start is None else p.write_time(item.original_start)


def _duration(item: GroupwareItem) -> str:
    length = item.moment("End") - item.moment("Start")
    days, rest = divmod(length, timedelta(days=1))
    return f"P{days}DT{rest.seconds // 3600}H{rest.seconds // 60 % 60}M{rest.seconds % 60}S"


def _due(item: GroupwareItem) -> str | None:
    return item.text("ReminderDueBy") or item.text("Start") or None


def _is(test: Callable[[GroupwareItem], object]) -> Text:
    return lambda item: p.write_boolean(bool(test(item)))


_OF_ALL: dict[str, Text] = {
    "ItemClass": _class,
    "Subject": _subject,
    "Size": _size,
    "HasAttachments": _is(lambda item: any(not file.is_inline for file in item.files)),
    "ReminderDueBy": _due,
    "LastModifiedTime": lambda item: p.write_time(item.modified),
}
_OF_CALENDAR: dict[str, Text] = {
    "RecurrenceId": _original_start,
    "OriginalStart": _original_start,
    "DateTimeStamp": lambda item: p.write_time(item.modified),
    "IsMeeting": _is(attendees),
    "IsCancelled": lambda _: "false",
    "IsRecurring": _is(lambda item: item.is_master or item.master),
    "MeetingRequestWasSent": _is(lambda item: item.was_sent),
    "CalendarItemType": _item_type,
    "MyResponseType": lambda item: "Organizer" if attendees(item) else "Unknown",
    "Duration": _duration,
    "TimeZone": lambda item: item.fields["StartTimeZone"].get("Id"),
    "AppointmentSequenceNumber": lambda _: "0",
    "AppointmentState": lambda item: "1" if attendees(item) else "0",  # asfMeeting
    "IsOnlineMeeting": lambda _: "false",
}
_OF_TASK: dict[str, Text] = {
    "ChangeCount": lambda item: str(item.change),
    "DelegationState": lambda _: "NoMatch",
    "IsComplete": _is(lambda item: item.text("Status") == "Completed"),
    "IsRecurring": _is(lambda item: "Recurrence" in item.fields),
    "IsTeamTask": lambda _: "false",
    "StatusDescription": lambda item: item.text("Status"),
}
_OF_CONTACT: dict[str, Text] = {
    "HasPicture": _is(lambda item: any(file.is_photo for file in item.files)),
    "ContactSource": lambda _: "Store",
}
_OF_KIND: dict[str, dict[str, Text]] = {
    "CalendarItem": _OF_CALENDAR,
    "Task": _OF_TASK,
    "Contact": _OF_CONTACT,
    "DistributionList": {"ContactSource": _OF_CONTACT["ContactSource"]},
    "PostItem": {"PostedTime": lambda item: p.write_time(item.created)},
}
