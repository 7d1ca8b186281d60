"""Tasks and notes as elements of Exchange2010_SP2, and read from them.

A note is a message of the class of notes: this version has no element for notes. It is told to be
no draft, and read.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from xml.etree.ElementTree import Element

from migration.items.ews_item import Importance, Sensitivity
from migration.items.ews_task import NoteItem, TaskItem, TaskState
from migration.wire.ews_answer import NotEws
from migration.wire.ews_elements import (
    T,
    body_of,
    flag,
    instant_of,
    is_true,
    number_of,
    optional,
    strings,
    strings_of,
    tag,
    text_of,
    utc,
    write_body,
)
from migration.wire.ews_model import Property
from migration.wire.ews_recurrence import read_task_recurrence, write_recurrence
from migration.wire.ews_request import write_extended

NOTE_CLASS = "IPM.StickyNote"
"""PidTagMessageClass of a note, [MS-OXONOTE]."""

MESSAGE_FLAGS = Property("Integer", tag=0x0E07)
"""PidTagMessageFlags: 1 is read, and no draft."""

_ICON = Property("Integer", tag=0x1080)
_YELLOW = "771"  # PidTagIconIndex of a yellow note, [MS-OXONOTE]
_SHOWN_NOTE = ((MESSAGE_FLAGS, "1"), (_ICON, _YELLOW))


# -- written


def write_task(item: TaskItem, properties: Sequence[tuple[Property, str]]) -> str:
    """A t:Task for CreateItem, in the order of the schema. Its files are attached afterwards."""
    parts = (
        _head(item),
        tag("Importance", item.importance),
        optional("ReminderDueBy", utc(item.reminder) if item.reminder else ""),
        # Said also where there is none: else the server might set its own.
        flag("ReminderIsSet", item.reminder is not None),
        *(write_extended(name, value) for name, value in properties),
        *(_number("ActualWork", item.actual_work), optional("BillingInformation", item.billing)),
        *(strings("Companies", item.companies), _day("CompleteDate", item.completed)),
        *(_day("DueDate", item.due), optional("Mileage", item.mileage)),
        _number("PercentComplete", item.percent),
        write_recurrence(item.repeats) if item.repeats else "",
        *(_day("StartDate", item.start), tag("Status", item.status)),
        _number("TotalWork", item.total_work),
    )
    return f"<t:Task>{''.join(parts)}</t:Task>"


def write_note(item: NoteItem, properties: Sequence[tuple[Property, str]]) -> str:
    """A t:Message of the class of notes for CreateItem. Its files are attached afterwards."""
    parts = (
        tag("ItemClass", NOTE_CLASS),
        _head(item),
        tag("Importance", item.importance),
        *(write_extended(name, value) for name, value in (*properties, *_SHOWN_NOTE)),
        flag("IsRead", value=True),
    )
    return f"<t:Message>{''.join(parts)}</t:Message>"


def _head(item: TaskItem | NoteItem) -> str:
    """What all items have."""
    body = write_body(item.body, is_html=item.is_html)
    names = strings("Categories", item.categories)
    return f"{tag('Subject', item.subject)}{tag('Sensitivity', item.sensitivity)}{body}{names}"


def _number(name: str, value: int | None) -> str:
    return "" if value is None else tag(name, str(value))


def _day(name: str, day: date | None) -> str:
    """[MS-OXOTASK] keeps a day as its midnight in UTC, whatever the zone."""
    return tag(name, f"{day.isoformat()}T00:00:00Z") if day else ""


# -- read


def read_task(element: Element) -> TaskItem:
    """A t:Task with what `write_task` writes. NotEws if it says it in words that this version does
    not have."""
    try:
        return _read_task(element)
    except (ValueError, LookupError) as error:
        raise NotEws from error


def read_note(element: Element) -> NoteItem:
    """A t:Message of the class of notes. NotEws if it is another one."""
    if text_of(element, "ItemClass") != NOTE_CLASS:
        raise NotEws
    try:
        body, is_html = body_of(element)
        return NoteItem(
            text_of(element, "Subject"),
            body,
            is_html,
            Sensitivity(text_of(element, "Sensitivity") or Sensitivity.NORMAL),
            Importance(text_of(element, "Importance") or Importance.NORMAL),
            strings_of(element, "Categories"),
        )
    except ValueError as error:
        raise NotEws from error


def _read_task(element: Element) -> TaskItem:
    body, is_html = body_of(element)
    recurrence = element.find(f"{T}Recurrence")
    is_reminded = is_true(element, "ReminderIsSet")
    percent = text_of(element, "PercentComplete")
    return TaskItem(
        subject=text_of(element, "Subject"),
        body=body,
        is_html=is_html,
        sensitivity=Sensitivity(text_of(element, "Sensitivity") or Sensitivity.NORMAL),
        importance=Importance(text_of(element, "Importance") or Importance.NORMAL),
        categories=strings_of(element, "Categories"),
        reminder=instant_of(text_of(element, "ReminderDueBy")) if is_reminded else None,
        actual_work=_read_number(element, "ActualWork"),
        total_work=_read_number(element, "TotalWork"),
        billing=text_of(element, "BillingInformation"),
        mileage=text_of(element, "Mileage"),
        companies=strings_of(element, "Companies"),
        start=_read_day(element, "StartDate"),
        due=_read_day(element, "DueDate"),
        completed=_read_day(element, "CompleteDate"),
        percent=round(float(percent)) if percent else None,
        status=TaskState(text_of(element, "Status") or TaskState.NOT_STARTED),
        repeats=None if recurrence is None else read_task_recurrence(recurrence),
    )


def _read_number(element: Element, name: str) -> int | None:
    return number_of(element, name) if text_of(element, name) else None


def _read_day(element: Element, name: str) -> date | None:
    text = text_of(element, name)
    return date.fromisoformat(text.strip()[:10]) if text else None
