"""Calendar items, read from elements as Exchange2010_SP2 answers them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from xml.etree.ElementTree import Element

from migration.items.content import Answer, Person
from migration.items.ews_item import CalendarItem, FreeBusy, Guest, Importance, Sensitivity
from migration.items.times import UTC as UTC_ZONE
from migration.items.times import Moment
from migration.wire.ews_answer import NotEws
from migration.wire.ews_calendar import RESPONSES
from migration.wire.ews_elements import (
    T,
    body_of,
    instant_of,
    is_true,
    number_of,
    strings_of,
    text_of,
)
from migration.wire.ews_recurrence import read_recurrence

_ANSWERS = {word: answer for answer, word in RESPONSES.items()}


def read_item(element: Element) -> CalendarItem:
    """A t:CalendarItem with the properties that `ews_calendar` writes, without its files. NotEws if
    it does not say when it is, or says it in words that this version does not have."""
    try:
        return _read(element)
    except (ValueError, LookupError) as error:
        raise NotEws from error


def read_deleted(element: Element) -> Iterator[datetime]:
    """The original starts of a master's deleted occurrences. NotEws if one is no time."""
    for found in element.iterfind(f"{T}DeletedOccurrences/{T}DeletedOccurrence/{T}Start"):
        yield _original(found.text or "")


def read_modified(element: Element) -> Iterator[tuple[str, datetime]]:
    """The ids of a master's changed occurrences, with their original starts. NotEws if one has no
    id or no time."""
    for found in element.iterfind(f"{T}ModifiedOccurrences/{T}Occurrence"):
        item_id = found.find(f"{T}ItemId")
        if item_id is None:
            raise NotEws
        yield item_id.get("Id", ""), _original(text_of(found, "OriginalStart"))


def _original(text: str) -> datetime:
    try:
        return instant_of(text)
    except ValueError as error:
        raise NotEws from error


def _read(element: Element) -> CalendarItem:
    body, is_html = body_of(element)
    recurrence = element.find(f"{T}Recurrence")
    is_reminded = is_true(element, "ReminderIsSet")
    start_zone = _zone(element, "StartTimeZone")
    return CalendarItem(
        uid=text_of(element, "UID"),
        start=instant_of(text_of(element, "Start")),
        end=instant_of(text_of(element, "End")),
        start_zone=start_zone,
        end_zone=_zone(element, "EndTimeZone") or start_zone,
        all_day=is_true(element, "IsAllDayEvent"),
        subject=text_of(element, "Subject"),
        body=body,
        is_html=is_html,
        location=text_of(element, "Location"),
        sensitivity=Sensitivity(text_of(element, "Sensitivity") or Sensitivity.NORMAL),
        importance=Importance(text_of(element, "Importance") or Importance.NORMAL),
        categories=strings_of(element, "Categories"),
        reminder=number_of(element, "ReminderMinutesBeforeStart") if is_reminded else None,
        busy=FreeBusy(text_of(element, "LegacyFreeBusyStatus") or FreeBusy.BUSY),
        wants_reply=is_true(element, "IsResponseRequested"),
        required=_guests(element, "RequiredAttendees"),
        optional=_guests(element, "OptionalAttendees"),
        resources=_guests(element, "Resources"),
        repeats=None if recurrence is None else read_recurrence(recurrence),
        allows_new_time=text_of(element, "AllowNewTimeProposal") not in ("false", "0"),
    )


def _zone(element: Element, name: str) -> str:
    found = element.find(f"{T}{name}")
    return "" if found is None else found.get("Id", "")


def _guests(element: Element, name: str) -> tuple[Guest, ...]:
    return tuple(map(_guest, element.iterfind(f"{T}{name}/{T}Attendee")))


def _guest(element: Element) -> Guest:
    mailbox = element.find(f"{T}Mailbox")
    if mailbox is None:
        raise NotEws
    answered = text_of(element, "LastResponseTime")
    return Guest(
        Person(text_of(mailbox, "EmailAddress"), text_of(mailbox, "Name")),
        _ANSWERS.get(text_of(element, "ResponseType"), Answer.NEEDS_ACTION),
        Moment(instant_of(answered).replace(tzinfo=None), UTC_ZONE) if answered else None,
    )
