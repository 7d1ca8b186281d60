"""Tasks and notes as elements: by Microsoft's schema, as exchangelib reads them, and read back."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import pytest
from exchangelib.items import Message
from exchangelib.items import Task as ExchangelibTask
from hypothesis import HealthCheck, assume, given, settings
from lxml import etree

from migration.items.ews_note_item import plan_note
from migration.items.ews_task import NoteItem, TaskItem
from migration.items.ews_tasks import plan_task
from migration.items.ical_read import read_calendar
from migration.items.task import Note, Task
from migration.items.times import Frequency, Recurrence, Rule
from migration.wire.ews_answer import NotEws
from migration.wire.ews_tasks import read_note, read_task, write_note, write_task
from tests.ews.harness import Schema
from tests.ews.test_ews_calendar import CREATE, KEY, TYPES, element, envelope
from tests.unit.items import files
from tests.unit.items.destinations import BERLIN, HERE
from tests.unit.items.tasks import notes, tasks

FULL = files.calendar(
    "BEGIN:VTODO", "UID:u", "SUMMARY:Title & more", "DESCRIPTION:line 1\\nline 2", "CATEGORIES:a,b",
    "DTSTART;VALUE=DATE:20260105", "DUE;VALUE=DATE:20260107", "STATUS:IN-PROCESS",
    "PERCENT-COMPLETE:30", "PRIORITY:1", "CLASS:PRIVATE", "X-TOTAL-WORK:60", "X-ACTUAL-WORK:30",
    "X-BILLING:b", "X-MILEAGE:m", "X-COMPANIES:c,d", "RRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=5",
    "BEGIN:VALARM", "ACTION:DISPLAY", "TRIGGER;VALUE=DATE-TIME:20260106T080000Z", "END:VALARM",
    "END:VTODO",
)  # fmt: skip


def write(item: TaskItem | NoteItem) -> str:
    made = write_task if isinstance(item, TaskItem) else write_note
    return made(item, [(KEY, "key & more")])  # type: ignore[arg-type]


def full_task() -> TaskItem:
    (task,) = read_calendar(FULL).tasks
    return plan_task(task, HERE).item


def is_xml(item: object) -> bool:
    return not re.search(r"\\uff(fe|ff)", repr(item))  # XML does not have these two


@settings(max_examples=100, deadline=None)
@given(tasks(), notes())
def test_what_is_written_is_read(task: Task, note: Note) -> None:
    assume(is_xml(task) and is_xml(note))
    item, other = plan_task(task, HERE).item, plan_note(note, BERLIN).item
    assert read_task(element(write(item))) == replace(item, files=())
    assert read_note(element(write(other))) == replace(other, files=())


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(tasks(), notes())
def test_what_is_written_is_valid_by_the_schema(schema: Schema, task: Task, note: Note) -> None:
    elements = write(plan_task(task, HERE).item) + write(plan_note(note, BERLIN).item)
    schema.check(envelope(CREATE % elements))


@pytest.mark.parametrize("frequency", Frequency)
def test_a_regeneration_is_valid_by_the_schema(schema: Schema, frequency: Frequency) -> None:
    rule = Recurrence(Rule(frequency, 2, count=4))
    task = Task("u", due=date(2026, 1, 7), recurrence=rule, after_completion=True)
    written = write(plan_task(task, HERE).item)
    assert "Regeneration><t:Interval>2<" in written
    schema.check(envelope(CREATE % written))


def test_exchangelib_reads_a_task() -> None:
    seen = ExchangelibTask.from_xml(parsed(full_task()), account=None)
    assert (seen.subject, seen.sensitivity, seen.importance) == ("Title & more", "Private", "High")
    assert (seen.start_date, seen.due_date) == (date(2026, 1, 5), date(2026, 1, 7))
    assert (seen.status, int(seen.percent_complete)) == ("InProgress", 30)
    assert (seen.actual_work, seen.total_work) == (30, 60)
    assert (seen.billing_information, seen.mileage, seen.companies) == ("b", "m", ["c", "d"])
    assert (seen.reminder_is_set, seen.reminder_due_by.isoformat()) == (
        True,
        "2026-01-06T08:00:00+00:00",
    )
    assert type(seen.recurrence.pattern).__name__ == "WeeklyPattern"
    assert seen.recurrence.boundary.number == 5
    assert seen.body == "line 1\nline 2"


def test_exchangelib_reads_a_regeneration() -> None:
    rule = Recurrence(Rule(Frequency.MONTHLY, 2))
    task = Task("u", due=date(2026, 1, 7), recurrence=rule, after_completion=True)
    seen = ExchangelibTask.from_xml(parsed(plan_task(task, HERE).item), account=None)
    assert type(seen.recurrence.pattern).__name__ == "MonthlyRegeneration"
    assert seen.recurrence.pattern.interval == 2


def test_exchangelib_reads_a_note() -> None:
    item = NoteItem("Title", "Title\nText", categories=("a",))
    seen = Message.from_xml(parsed(item), account=None)
    assert (seen.subject, seen.body, seen.categories) == ("Title", "Title\nText", ["a"])
    assert (seen.item_class, seen.is_read) == ("IPM.StickyNote", True)


def parsed(item: TaskItem | NoteItem) -> etree._Element:
    return etree.fromstring(f'<r xmlns:t="{TYPES}">{write(item)}</r>')[0]


@pytest.mark.parametrize(
    ("found", "put"),
    [
        ("InProgress", "Begun"),
        ("<t:Status>", "<t:Status>Not"),
        ("2026-01-05T", "soonT"),
        ("WeeklyRecurrence", "HourlyRecurrence"),
        ("<t:ActualWork>30", "<t:ActualWork>x"),
        ("2026-01-06T08:00:00Z", ""),
        ("Private", "Secret"),
    ],
)
def test_what_is_no_task_of_this_version_is_refused(found: str, put: str) -> None:
    written = write(full_task())
    broken = written.replace(found, put)
    assert broken != written
    with pytest.raises(NotEws):
        read_task(element(broken))


def test_another_message_is_no_note() -> None:
    written = write(NoteItem("a", "a"))
    for broken in (written.replace("StickyNote", "Note"), written.replace("Normal", "Odd")):
        with pytest.raises(NotEws):
            read_note(element(broken))
