"""Tasks and notes for Exchange: everything has a place in the item or in its text, or is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import assume, given, settings

from localrun.fidelity.plain_tasks import make_plain_note, make_plain_task
from migration.items.content import Alarm, Attendee, Content, Person
from migration.items.ews_note_item import plan_note
from migration.items.ews_notes import IN_THE_TEXT
from migration.items.ews_past import OVER
from migration.items.ews_task import TaskPlan, TaskState
from migration.items.ews_task_repeats import STANDS_ALONE
from migration.items.ews_tasks import plan_task
from migration.items.ews_tasks_reading import to_note, to_task
from migration.items.ews_terms import (
    AbsoluteMonthly,
    NoEnd,
    Numbered,
    Regeneration,
    TaskRepeats,
    Unit,
    Weekly,
)
from migration.items.ical_read import read_calendar
from migration.items.task import Note, Task, TaskStatus
from migration.items.times import UTC as UTC_ZONE
from migration.items.times import (
    Frequency,
    Moment,
    Recurrence,
    Rule,
    Span,
    Zone,
    wall_of,
)
from migration.items.zones import instant
from tests.unit.items import files
from tests.unit.items.destinations import BERLIN, HERE
from tests.unit.items.tasks import notes, tasks

DUE = date(2026, 1, 7)


def plan(*lines: str) -> TaskPlan:
    (task,) = read_calendar(files.calendar("BEGIN:VTODO", "UID:u", *lines, "END:VTODO")).tasks
    return plan_task(task, HERE)


def reasons(made: TaskPlan) -> dict[str, str]:
    return {loss.what: loss.why for loss in made.losses}


def plain(task: Task) -> Task:
    return make_plain_task(task, BERLIN)


# -- nothing is left out in silence


@settings(max_examples=100, deadline=None)
@given(tasks())
def test_without_a_loss_it_is_the_same_task(task: Task) -> None:
    made = plan_task(task, HERE)
    if not made.losses:
        shown, wanted = plain(to_task("u", made.item)), plain(task)
        assert replace(shown, recurrence=wanted.recurrence) == wanted
        assert bool(shown.recurrence) == bool(wanted.recurrence)


@settings(max_examples=100, deadline=None)
@given(tasks())
def test_a_task_with_losses_says_in_its_text_what_is_said_to_be_there(task: Task) -> None:
    made, content = plan_task(task, HERE), task.content
    assume(not content.html)
    wanted = [*content.comments, *content.contacts, *content.conferences, content.url]
    wanted += [one.person.address for one in content.attendees]
    wanted += [content.location, content.organizer.address if content.organizer else ""]
    assert [one for one in wanted if one not in made.item.body] == []
    whys = {why.split("; ")[-1] for why in reasons(made).values()}
    assert (STANDS_ALONE in whys) == bool(task.recurrence and not made.item.repeats)


@settings(max_examples=100, deadline=None)
@given(tasks())
def test_exchange_can_hold_what_is_planned(task: Task) -> None:
    """What is wholly done is completed, nothing begins after its end, no closed task reminds."""
    item = plan_task(task, HERE).item
    assert (item.status is TaskState.COMPLETED) == (item.percent == 100)
    assert item.status is not TaskState.NOT_STARTED or not item.percent
    ends = [day for day in (item.due, item.completed) if day]
    assert all(item.start <= day for day in ends if item.start)
    if item.status is TaskState.COMPLETED:
        assert (item.reminder, item.repeats) == (None, None)
    else:
        assert item.completed is None
    if item.repeats:
        begins = task.start or task.due
        assert begins is not None
        assert item.repeats.range.start == wall_of(begins).date()


@settings(max_examples=100, deadline=None)
@given(notes())
def test_without_a_loss_it_is_the_same_note(note: Note) -> None:
    made = plan_note(note, BERLIN)
    if not made.losses:
        assert make_plain_note(to_note("u", made.item)) == make_plain_note(note)
    assert note.content.summary in made.item.body or made.item.is_html


# -- the days and how far it is


def test_a_plain_task_is_kept_whole() -> None:
    made = plan(
        "SUMMARY:Title", "DESCRIPTION:Text", "CATEGORIES:a,b", "DTSTART;VALUE=DATE:20260105",
        "DUE;VALUE=DATE:20260107", "STATUS:IN-PROCESS", "PERCENT-COMPLETE:30", "PRIORITY:1",
        "CLASS:PRIVATE", "X-TOTAL-WORK:60", "X-ACTUAL-WORK:30", "X-BILLING:b", "X-MILEAGE:m",
        "X-COMPANIES:c,d",
    )  # fmt: skip
    item = made.item
    assert made.losses == ()
    assert (item.subject, item.body, item.categories) == ("Title", "Text", ("a", "b"))
    assert (item.start, item.due) == (date(2026, 1, 5), DUE)
    assert (item.status, item.percent) == (TaskState.IN_PROGRESS, 30)
    assert (item.importance, item.sensitivity) == ("High", "Private")
    assert (item.total_work, item.actual_work) == (60, 30)
    assert (item.billing, item.mileage, item.companies) == ("b", "m", ("c", "d"))


def test_a_moment_is_a_day_by_the_owners_clock_and_its_time_stands_in_the_text() -> None:
    made = plan("DUE:20260106T233000Z")
    assert made.item.due == DUE
    assert made.item.body == "Due: 2026-01-07 00:30 (Europe/Berlin)"
    assert reasons(made) == {"DUE": IN_THE_TEXT}
    assert plan("DUE:20260106T230000Z").losses == ()


def test_a_length_says_when_it_is_due() -> None:
    assert plan("DTSTART;VALUE=DATE:20260105", "DURATION:P2D").item.due == DUE
    assert "DURATION" in reasons(plan("DURATION:P2D"))


def test_a_start_after_the_end_stands_in_the_text() -> None:
    made = plan("DTSTART;VALUE=DATE:20260108", "DUE;VALUE=DATE:20260107")
    assert (made.item.start, made.item.due) == (None, DUE)
    assert made.item.body == "Start: 2026-01-08"


@pytest.mark.parametrize(
    ("lines", "state", "percent", "lost"),
    [
        (("STATUS:NEEDS-ACTION",), "NotStarted", None, set()),
        (("STATUS:X-WAITING", "PERCENT-COMPLETE:20"), "WaitingOnOthers", 20, set()),
        (("STATUS:X-DEFERRED",), "Deferred", None, set()),
        (("PERCENT-COMPLETE:20",), "InProgress", 20, set()),
        (("STATUS:NEEDS-ACTION", "PERCENT-COMPLETE:20"), "InProgress", 20, {"STATUS"}),
        (("STATUS:IN-PROCESS", "PERCENT-COMPLETE:100"), "InProgress", 99, {"PERCENT-COMPLETE"}),
        (("PERCENT-COMPLETE:100",), "Completed", 100, {"COMPLETED"}),
        (("STATUS:COMPLETED", "PERCENT-COMPLETE:20"), "Completed", 100,
         {"COMPLETED", "PERCENT-COMPLETE"}),
        (("COMPLETED:20260107T120000Z",), "Completed", 100, {"COMPLETED"}),
        (("STATUS:CANCELLED",), "Deferred", None, {"STATUS"}),
    ],
)  # fmt: skip
def test_how_far_it_is(lines: tuple[str, ...], state: str, percent: int, lost: set[str]) -> None:
    made = plan(*lines)
    assert (made.item.status, made.item.percent) == (state, percent)
    assert set(reasons(made)) == lost


def test_when_it_was_completed_stands_in_the_text_too() -> None:
    made = plan("STATUS:COMPLETED", "COMPLETED:20260107T120000Z")
    assert made.item.completed == DUE
    assert made.item.body == "Completed: 2026-01-07 13:00 (Europe/Berlin)"


def test_a_cancelled_task_says_so_in_its_title() -> None:
    assert plan("SUMMARY:a", "STATUS:CANCELLED").item.subject == "Cancelled: a"


# -- reminders


@pytest.mark.parametrize(
    ("alarm", "expected"),
    [
        (Alarm(Moment(datetime(2026, 1, 6, 8), UTC_ZONE)), datetime(2026, 1, 6, 8)),
        (Alarm(Span(-1)), datetime(2026, 1, 3, 23)),  # a whole day begins at midnight in Berlin
        (Alarm(Span(seconds=9 * 3600)), datetime(2026, 1, 5, 8)),
        (Alarm(Span(seconds=-3600), from_end=True), datetime(2026, 1, 7, 10)),
    ],
)
def test_a_reminder_comes_at_a_moment(alarm: Alarm, expected: datetime) -> None:
    due = Moment(datetime(2026, 1, 7, 12), BERLIN)
    task = Task("u", Content(alarms=(alarm,)), start=date(2026, 1, 5), due=due)
    made = plan_task(task, HERE)
    assert made.item.reminder == expected.replace(tzinfo=UTC)
    assert ("TRIGGER" in reasons(made)) == isinstance(alarm.trigger, Span)


def test_what_is_closed_does_not_remind() -> None:
    alarm = Alarm(Moment(datetime(2026, 1, 6, 8), UTC_ZONE))
    for status in (TaskStatus.COMPLETED, TaskStatus.CANCELLED):
        made = plan_task(Task("u", Content(alarms=(alarm,)), status), HERE)
        assert made.item.reminder is None
        assert "VALARM" in reasons(made)


def test_a_title_that_is_too_long_for_exchange_stands_in_the_text() -> None:
    title = "a" * 300
    made = plan_task(Task("u", Content(summary=title)), HERE)
    assert made.item.subject == "a" * 254 + "\u2026"
    assert (made.item.body, reasons(made)) == (f"Title: {title}", {"SUMMARY": IN_THE_TEXT})
    note = plan_note(Note("u", Content(summary=title)), HERE.zone)
    assert note.item.subject == "a" * 254 + "\u2026"
    assert title in note.item.body
    assert [loss.what for loss in note.losses] == ["SUMMARY"]


def test_nobody_is_reminded_of_a_task_whose_reminder_is_over() -> None:
    at = datetime(2026, 1, 6, 8, tzinfo=UTC)
    alarm = Alarm(Moment(at.replace(tzinfo=None), UTC_ZONE))
    task = Task("u", Content(alarms=(alarm,)))
    over = plan_task(task, replace(HERE, now=at))
    assert (over.item.reminder, reasons(over)["VALARM"]) == (None, OVER)
    to_come = plan_task(task, replace(HERE, now=at - timedelta(seconds=1)))
    assert (to_come.item.reminder, to_come.losses) == (at, ())


def test_a_reminder_without_a_day_is_told() -> None:
    made = plan_task(Task("u", Content(alarms=(Alarm(Span(-1)),))), HERE)
    assert (made.item.reminder, set(reasons(made))) == (None, {"VALARM"})


# -- recurrences


def repeating(rule: Rule, **more: object) -> TaskPlan:
    task = Task("u", due=DUE, recurrence=Recurrence(rule))
    return plan_task(replace(task, **more), HERE)  # type: ignore[arg-type]


def test_a_rule_that_exchange_has_is_a_series() -> None:
    made = repeating(Rule(Frequency.MONTHLY, 2, count=3))
    assert made.item.repeats == TaskRepeats(AbsoluteMonthly(2, 7), Numbered(DUE, 3))
    assert made.losses == ()
    assert to_task("u", made.item).recurrence.rule == Rule(
        Frequency.MONTHLY, 2, count=3, by_month_day=(7,)
    )


@pytest.mark.parametrize(
    ("frequency", "unit"),
    [
        (Frequency.DAILY, Unit.DAILY),
        (Frequency.WEEKLY, Unit.WEEKLY),
        (Frequency.MONTHLY, Unit.MONTHLY),
        (Frequency.YEARLY, Unit.YEARLY),
    ],
)
def test_what_counts_from_its_completion_is_regenerated(frequency: Frequency, unit: Unit) -> None:
    made = repeating(Rule(frequency, 3), after_completion=True)
    assert made.item.repeats == TaskRepeats(Regeneration(unit, 3), NoEnd(DUE))
    again = to_task("u", made.item)
    assert (again.recurrence.rule, again.after_completion) == (Rule(frequency, 3), True)


def test_days_of_their_own_are_not_counted_from_a_completion() -> None:
    rule = Rule(Frequency.WEEKLY, by_month=(), by_day=read_days("MO,WE"))
    made = repeating(rule, after_completion=True)
    assert made.item.repeats is not None
    assert isinstance(made.item.repeats.pattern, Weekly)
    assert set(reasons(made)) == {"X-AFTER-COMPLETION"}


def read_days(days: str):  # type: ignore[no-untyped-def]
    line = f"RRULE:FREQ=WEEKLY;BYDAY={days}"
    (event,) = read_calendar(files.event(line)).events
    assert event.recurrence.rule is not None
    return event.recurrence.rule.by_day


def test_a_rule_that_exchange_has_not_stands_in_the_text_of_one_task() -> None:
    made = repeating(Rule(Frequency.MONTHLY, by_month_day=(7, 20)))
    assert made.item.repeats is None
    assert made.item.body == "Repeats: FREQ=MONTHLY;BYMONTHDAY=7,20"
    assert reasons(made)["RRULE"].endswith(STANDS_ALONE)


def test_a_closed_task_begins_no_next_one() -> None:
    made = repeating(Rule(Frequency.DAILY), status=TaskStatus.COMPLETED)
    assert made.item.repeats is None
    assert "Repeats: FREQ=DAILY" in made.item.body


def test_excluded_days_stand_in_the_text() -> None:
    recurrence = Recurrence(Rule(Frequency.DAILY), excluded=(date(2026, 1, 8),))
    made = plan_task(Task("u", due=DUE, recurrence=recurrence), HERE)
    assert made.item.repeats is not None
    assert (made.item.body, reasons(made)) == ("Not on: 20260108", {"EXDATE": IN_THE_TEXT})


def test_a_changed_occurrence_is_a_task_of_its_own() -> None:
    made = plan_task(Task("u", due=DUE, original=date(2026, 1, 6)), HERE)
    assert (made.item.due, set(reasons(made))) == (DUE, {"RECURRENCE-ID"})


# -- people, notes


def test_people_stand_in_the_text() -> None:
    content = Content(
        organizer=Person("a@x.example", "A"), attendees=(Attendee(Person("b@x.example")),)
    )
    for body, losses in (
        (plan_task(Task("u", content), HERE).item.body, plan_task(Task("u", content), HERE).losses),
        (
            plan_note(Note("u", content), BERLIN).item.body,
            plan_note(Note("u", content), BERLIN).losses,
        ),
    ):
        assert body == "Organizer: A <a@x.example>\nAttendee: b@x.example (no answer)"
        assert {loss.why for loss in losses} == {IN_THE_TEXT}


def test_the_title_of_a_note_is_its_first_line_once() -> None:
    for text in ("Title", "Title\nText"):
        item = plan_note(Note("u", Content("Title", text)), BERLIN).item
        assert (item.subject, item.body) == ("Title", text)
    item = plan_note(Note("u", Content("Title", "Text")), BERLIN).item
    assert item.body == "Title\nText"
    assert to_note("u", item).content.description == "Text"


def test_the_day_of_a_note_stands_in_its_text() -> None:
    at = Moment(datetime(2026, 1, 5, 9), Zone("America/New_York"))
    made = plan_note(Note("u", Content("a"), start=at), BERLIN)
    assert made.item.body == "a\n\nDay: 2026-01-05 09:00 (America/New_York)"
    assert instant(at) == datetime(2026, 1, 5, 14, tzinfo=UTC)
    assert [(loss.what, loss.why) for loss in made.losses] == [("DTSTART", IN_THE_TEXT)]
