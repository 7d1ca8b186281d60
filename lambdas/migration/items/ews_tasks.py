"""Tasks as Exchange says them, with what goes into the text. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from migration.items.content import Alarm, Attendee, Content
from migration.items.ews_details import (
    SENSITIVITIES,
    at_instant,
    files_of,
    lost_of_alarm,
    lost_of_content,
    weigh,
)
from migration.items.ews_item import Destination
from migration.items.ews_notes import (
    IN_THE_TEXT,
    Note,
    add_notes,
    delegation_of,
    describe,
    links_of,
    long_lines,
    name_of,
    remarks_of,
    shorten,
)
from migration.items.ews_past import OVER
from migration.items.ews_task import TaskItem, TaskPlan, TaskState
from migration.items.ews_task_repeats import plan_repeats
from migration.items.losses import Loss
from migration.items.task import Task, TaskStatus
from migration.items.times import UTC, Moment, Time, Zone, wall_of
from migration.items.zones import add, instant, to_wall

_STATES = {
    TaskStatus.UNSAID: TaskState.NOT_STARTED,
    TaskStatus.NEEDS_ACTION: TaskState.NOT_STARTED,
    TaskStatus.IN_PROCESS: TaskState.IN_PROGRESS,
    TaskStatus.COMPLETED: TaskState.COMPLETED,
    TaskStatus.CANCELLED: TaskState.DEFERRED,
    TaskStatus.WAITING: TaskState.WAITING,
    TaskStatus.DEFERRED: TaskState.DEFERRED,
}
_ALL = 100
_SHOWN = "VTODO"

Reasons = Iterator[tuple[str, str]]
"""Of losses: a property, and why it is one."""


def plan_task(task: Task, where: Destination) -> TaskPlan:
    """The item for a task. Nothing of it is left out without a loss."""
    content, state = task.content, _find_state(task)
    days = _find_days(task, where)
    is_open = state is not TaskState.COMPLETED and task.status is not TaskStatus.CANCELLED
    reminder = _find_reminder(task, where) if is_open else None
    is_late = reminder is not None and reminder.at <= where.now
    reminder = None if is_late else reminder
    repeating = plan_repeats(task, where, is_done=not is_open)
    cancelled = task.status is TaskStatus.CANCELLED
    title = f"Cancelled: {content.summary}" if cancelled else content.summary
    notes = (*long_lines(title), *days.notes, *repeating.notes, *_notes(content))
    reasons = [(note.what, IN_THE_TEXT) for note in notes]
    reasons += [*repeating.reasons, *_lost(task, state), *lost_of_content(content)]
    reasons += _lost_alarms(content, reminder, is_open=is_open, is_late=is_late)
    item = TaskItem(
        subject=shorten(title),
        body=add_notes(content.html or content.description, notes, is_html=bool(content.html)),
        is_html=bool(content.html),
        sensitivity=SENSITIVITIES[content.privacy],
        importance=weigh(content.priority),
        categories=content.categories,
        reminder=reminder.at if reminder else None,
        actual_work=task.work.actual_minutes,
        total_work=task.work.total_minutes,
        billing=task.work.billing,
        mileage=task.work.mileage,
        companies=task.work.companies,
        start=days.start,
        due=days.due,
        completed=days.completed if state is TaskState.COMPLETED else None,
        percent=_find_percent(task, state),
        status=state,
        repeats=repeating.repeats,
        files=files_of(content),
    )
    told = tuple(Loss(what, _SHOWN, why, task.uid) for what, why in dict.fromkeys(reasons))
    return TaskPlan(item, told)


# -- how far it is


def _find_state(task: Task) -> TaskState:
    """Exchange counts on both together: what is wholly done is completed, what is begun is in
    progress."""
    if task.status is TaskStatus.UNSAID and (task.percent == _ALL or task.completed):
        return TaskState.COMPLETED
    state = _STATES[task.status]
    if state is TaskState.NOT_STARTED and task.percent:
        return TaskState.IN_PROGRESS
    return state


def _find_percent(task: Task, state: TaskState) -> int | None:
    if state is TaskState.COMPLETED:
        return _ALL
    return min(task.percent, _ALL - 1) if task.percent is not None else None


def _lost(task: Task, state: TaskState) -> Reasons:
    if task.status is TaskStatus.CANCELLED:
        yield "STATUS", "Exchange cancels no tasks; the title says it, and it is deferred"
    if task.status is TaskStatus.NEEDS_ACTION and state is TaskState.IN_PROGRESS:
        yield "STATUS", "what is done in part is in progress in Exchange"
    if task.percent is not None and task.percent != _find_percent(task, state):
        yield "PERCENT-COMPLETE", "in Exchange what is completed, and nothing else, has 100"
    if state is TaskState.COMPLETED and task.completed is None:
        yield "COMPLETED", "the source does not say when; Exchange takes the day of the copy"
    if task.span is not None and task.start is None:
        yield "DURATION", "it has no start, and Exchange keeps no lengths"
    if task.original is not None:
        yield "RECURRENCE-ID", "Exchange changes no task of a series; it is one of its own"


# -- days


@dataclass(frozen=True, slots=True)
class _Days:
    """The days that the item keeps, and what its text says of them."""

    start: date | None
    due: date | None
    completed: date | None
    notes: tuple[Note, ...]


def _find_days(task: Task, where: Destination) -> _Days:
    start, due = (_by_clock(time, task, where) for time in (task.start, _due_of(task, where)))
    done = _by_clock(task.completed, task, where)
    last = min((time.date() for time in map(_wall, (due, done)) if time), default=date.max)
    notes: list[Note] = []
    # Exchange refuses a start after the end.
    begins_late = start is not None and wall_of(start).date() > last
    if start is not None and (begins_late or _has_time(start)):
        notes.append(Note("DTSTART", "Start", write_time_of(start, where.zone)))
    if due is not None and _has_time(due):
        notes.append(Note("DUE", "Due", write_time_of(due, where.zone)))
    if done is not None:
        # The element has a place for it; whether the server keeps it, only the server knows.
        notes.append(Note("COMPLETED", "Completed", write_time_of(done, where.zone)))
    first = None if begins_late else _day(start)
    return _Days(first, _day(due), _day(done), tuple(notes))


def _due_of(task: Task, where: Destination) -> Time | None:
    if task.due is not None or task.start is None or task.span is None:
        return task.due
    return add(task.start, task.span, where.zone)


def _by_clock(time: Time | None, task: Task, where: Destination) -> Time | None:
    """A moment in UTC is a time by the owner's clock, unless the days of a rule go by it."""
    if not isinstance(time, Moment) or time.zone != UTC or task.recurrence:
        return time
    return Moment(to_wall(instant(time), where.zone), where.zone)


def _wall(time: Time | None) -> datetime | None:
    return None if time is None else wall_of(time)


def _day(time: Time | None) -> date | None:
    return None if time is None else wall_of(time).date()


def _has_time(time: Time) -> bool:
    return isinstance(time, Moment) and time.wall.time() != datetime.min.time()


def write_time_of(time: Time, zone: Zone) -> str:
    """A day, or a clock time with its zone: `zone` where it has none."""
    if not isinstance(time, Moment):
        return time.isoformat()
    return f"{time.wall:%Y-%m-%d %H:%M} ({(time.zone or zone).name})"


# -- reminders


@dataclass(frozen=True, slots=True)
class _Reminder:
    """The one alarm that Exchange keeps, and its instant."""

    alarm: Alarm
    at: datetime


def _find_reminder(task: Task, where: Destination) -> _Reminder | None:
    """The first alarm that says when it comes."""
    due = _due_of(task, where)
    for alarm in task.content.alarms:
        trigger = alarm.trigger
        if isinstance(trigger, Moment):
            return _Reminder(alarm, instant(trigger, where.zone))
        anchor = due if alarm.from_end else task.start or due
        if isinstance(anchor, Moment):
            return _Reminder(alarm, at_instant(add(anchor, trigger, where.zone), where))
        if anchor is not None:
            # A whole day has no clock times: the seconds of a span count from its midnight.
            midnight = Moment(wall_of(anchor), where.zone)
            wall = midnight.wall + timedelta(days=trigger.days, seconds=trigger.seconds)
            return _Reminder(alarm, instant(Moment(wall, where.zone)))
    return None


def _lost_alarms(
    content: Content, kept: _Reminder | None, *, is_open: bool, is_late: bool
) -> Reasons:
    if content.alarms and not is_open:
        yield "VALARM", "the task is closed; Exchange would remind of it"
    elif is_late:
        yield "VALARM", OVER
    elif len(content.alarms) > (1 if kept else 0):
        yield "VALARM", "Exchange keeps one reminder of a task, at a moment that is known"
    if kept is None:
        return
    if not isinstance(kept.alarm.trigger, Moment):
        yield "TRIGGER", "Exchange keeps when a reminder of a task comes, not how long before it"
    yield from lost_of_alarm(kept.alarm)


# -- the text


def _notes(content: Content) -> Iterator[Note]:
    if content.location:
        yield Note("LOCATION", "Place", content.location)
    yield from people_of(content)
    yield from links_of(content)
    yield from remarks_of(content)


def people_of(content: Content) -> Iterator[Note]:
    """All of them: only calendar items have lists of people."""
    organizer = content.organizer
    if organizer:
        yield Note("ORGANIZER", "Organizer", name_of(organizer))
        if organizer.sent_by:
            yield Note("ORGANIZER;SENT-BY", "Sent by", organizer.sent_by)
    for attendee in content.attendees:
        yield from _attendee(attendee)


def _attendee(attendee: Attendee) -> Iterator[Note]:
    yield Note("ATTENDEE", "Attendee", describe(attendee))
    yield from delegation_of(attendee)
