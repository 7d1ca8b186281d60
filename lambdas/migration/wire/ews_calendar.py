"""Calendar items as elements of Exchange2010_SP2, and the changes to occurrences of a series.

Elements stand in the order of the schema. They invite nobody: that is said by the call, and every
operation of `ews_request` says SendToNone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from migration.items.content import Answer
from migration.items.ews_item import (
    CalendarItem,
    FileAttachment,
    Guest,
    OccurrenceChange,
    OccurrenceDeletion,
)
from migration.items.zones import instant
from migration.mime import Mime
from migration.wire.ews_body import escape
from migration.wire.ews_elements import flag, optional, tag, utc, write_body
from migration.wire.ews_model import Property
from migration.wire.ews_recurrence import write_recurrence
from migration.wire.ews_request import write_categories, write_extended

RESPONSES = {
    Answer.NEEDS_ACTION: "NoResponseReceived",
    Answer.ACCEPTED: "Accept",
    Answer.DECLINED: "Decline",
    Answer.TENTATIVE: "Tentative",
}
"""ResponseTypeType; what an attendee may say beside these has no word in it."""


_LASTING = {"item:ReminderMinutesBeforeStart", "calendar:IsResponseRequested"}
"""What Exchange refuses to delete. Neither says anything where no reminder is set, or nobody is
asked to come."""


@dataclass(frozen=True, slots=True)
class _Field:
    """An element by the name under which an update knows it; "" where the item has none."""

    uri: str
    element: str


def write_item(item: CalendarItem, properties: Sequence[tuple[Property, str]]) -> str:
    """A t:CalendarItem for CreateItem, with MAPI properties. Its files are attached afterwards."""
    extended = "".join(write_extended(name, value) for name, value in properties)
    said = "".join(field.element for field in _said(item))
    times = "".join(field.element for field in _times(item))
    guests = "".join(field.element for field in _guests(item))
    uid = tag("UID", item.uid) if item.uid else ""
    repeats = write_recurrence(item.repeats) if item.repeats else ""
    zones = "".join(field.element for field in _zones(item))
    content = f"{said}{extended}{uid}{times}{guests}{repeats}{zones}"
    return f"<t:CalendarItem>{content}</t:CalendarItem>"


def write_change(master_id: str, change: OccurrenceChange) -> str:
    """A t:ItemChange for UpdateItem; "" where only files are added. One element each update: an
    update that names several is refused."""
    usual = {field.uri: field.element for field in _fields(change.usual)}
    updates = [
        _update(field)
        for field in _fields(change.item)
        if usual[field.uri] != field.element and (field.element or field.uri not in _LASTING)
    ]
    if not updates:
        return ""
    where = write_occurrence_id(master_id, change)
    return f"<t:ItemChange>{where}<t:Updates>{''.join(updates)}</t:Updates></t:ItemChange>"


def write_occurrence_id(master_id: str, place: OccurrenceChange | OccurrenceDeletion) -> str:
    """A t:OccurrenceItemId, for UpdateItem, DeleteItem and GetItem."""
    return (
        f'<t:OccurrenceItemId RecurringMasterId="{escape(master_id)}"'
        f' InstanceIndex="{place.index}"/>'
    )


def write_file(file: FileAttachment, *, is_photo: bool = False) -> Iterator[str | Mime]:
    """A t:FileAttachment for CreateAttachment, as parts of a request: its data is not copied.
    `is_photo`: it is the picture of a contact."""
    kind = optional("ContentType", file.media_type)
    photo = flag("IsContactPhoto", value=True) if is_photo else ""
    yield f"<t:FileAttachment>{tag('Name', file.name)}{kind}{photo}<t:Content>"
    yield file.data
    yield "</t:Content></t:FileAttachment>"


def _update(field: _Field) -> str:
    path = f'<t:FieldURI FieldURI="{field.uri}"/>'
    if not field.element:
        return f"<t:DeleteItemField>{path}</t:DeleteItemField>"
    item = f"<t:CalendarItem>{field.element}</t:CalendarItem>"
    return f"<t:SetItemField>{path}{item}</t:SetItemField>"


# -- elements, in the order of the schema


def _fields(item: CalendarItem) -> tuple[_Field, ...]:
    """All that an update may change of an occurrence."""
    return (*_said(item), *_times(item), *_guests(item), *_zones(item))


def _said(item: CalendarItem) -> Iterator[_Field]:
    body = write_body(item.body, is_html=item.is_html)
    categories = write_categories(item.categories) if item.categories else ""
    minutes = "" if item.reminder is None else str(item.reminder)
    yield _Field("item:Subject", tag("Subject", item.subject))
    yield _Field("item:Sensitivity", tag("Sensitivity", item.sensitivity))
    yield _Field("item:Body", body)
    yield _Field("item:Categories", categories)
    yield _Field("item:Importance", tag("Importance", item.importance))
    # Said also where there is none: Exchange would set its own, of 15 minutes.
    yield _Field("item:ReminderIsSet", flag("ReminderIsSet", item.reminder is not None))
    yield _Field("item:ReminderMinutesBeforeStart", optional("ReminderMinutesBeforeStart", minutes))


def _times(item: CalendarItem) -> Iterator[_Field]:
    yield _Field("calendar:Start", tag("Start", utc(item.start)))
    yield _Field("calendar:End", tag("End", utc(item.end)))
    yield _Field("calendar:IsAllDayEvent", flag("IsAllDayEvent", item.all_day))
    yield _Field("calendar:LegacyFreeBusyStatus", tag("LegacyFreeBusyStatus", item.busy))
    yield _Field("calendar:Location", optional("Location", item.location))


def _guests(item: CalendarItem) -> Iterator[_Field]:
    asked = bool(item.required or item.optional or item.resources)
    reply = flag("IsResponseRequested", item.wants_reply) if asked else ""
    yield _Field("calendar:IsResponseRequested", reply)
    yield _Field("calendar:RequiredAttendees", _attendees("RequiredAttendees", item.required))
    yield _Field("calendar:OptionalAttendees", _attendees("OptionalAttendees", item.optional))
    yield _Field("calendar:Resources", _attendees("Resources", item.resources))


def _zones(item: CalendarItem) -> Iterator[_Field]:
    yield _Field("calendar:StartTimeZone", f'<t:StartTimeZone Id="{escape(item.start_zone)}"/>')
    yield _Field("calendar:EndTimeZone", f'<t:EndTimeZone Id="{escape(item.end_zone)}"/>')
    proposal = flag("AllowNewTimeProposal", item.allows_new_time)
    yield _Field("calendar:AllowNewTimeProposal", proposal)


def _attendees(name: str, guests: Sequence[Guest]) -> str:
    return f"<t:{name}>{''.join(map(_attendee, guests))}</t:{name}>" if guests else ""


def _attendee(guest: Guest) -> str:
    mailbox = (
        f"{optional('Name', guest.person.name)}{tag('EmailAddress', guest.person.address)}"
        f"{tag('RoutingType', 'SMTP')}"
    )
    response = RESPONSES.get(guest.answer, "Unknown")
    answered = tag("LastResponseTime", utc(instant(guest.answered))) if guest.answered else ""
    said = f"{tag('ResponseType', response)}{answered}"
    return f"<t:Attendee><t:Mailbox>{mailbox}</t:Mailbox>{said}</t:Attendee>"
