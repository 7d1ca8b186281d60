"""Tasks and notes as far as both sides can say the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from migration.items.content import Content
from migration.items.ews_details import weigh
from migration.items.ews_note_item import titled
from migration.items.task import Note, Task, TaskStatus
from migration.items.times import UTC, Day, Frequency, Moment, Recurrence, Rule, Time, Zone, wall_of
from migration.items.zones import add, day_of, instant, to_wall

_DONE = 100


def make_plain_task(task: Task, zone: Zone) -> Task:
    """The task in the form in which Exchange has it: status and percentage go together, times are
    days by the owner's clock, in `zone`, and a rule says what it takes from the start."""
    status, percent = task.status, task.percent or None
    if status is TaskStatus.UNSAID:
        done = percent == _DONE or task.completed
        begun = TaskStatus.IN_PROCESS if percent else TaskStatus.NEEDS_ACTION
        status = TaskStatus.COMPLETED if done else begun
    if status is TaskStatus.COMPLETED:
        percent = _DONE
    start = task.start or task.due
    due = add(task.start, task.span, zone) if task.start and task.span else task.due
    return replace(
        task,
        uid="",
        start=_day(task.start, task, zone),
        due=_day(due, task, zone),
        span=None,
        content=_plain(task.content),
        status=status,
        percent=percent,
        completed=None,  # it is a loss, or not there
        recurrence=_plain_recurrence(task.recurrence, start),
    )


def _day(time: Time | None, task: Task, zone: Zone) -> date | None:
    """A moment in UTC is a time by the owner's clock, unless the days of a rule go by it."""
    if isinstance(time, Moment) and time.zone == UTC and not task.recurrence:
        return to_wall(instant(time), zone).date()
    return day_of(time) if time is not None else None


def make_plain_note(note: Note) -> Note:
    """The note with its title as the first line of its text."""
    content = _plain(note.content)
    text = titled(content.summary, content.description)
    return replace(note, uid="", content=replace(content, description=text))


def _plain(content: Content) -> Content:
    return replace(
        content,
        description="" if content.html else content.description,
        priority={"Normal": 0, "High": 1, "Low": 9}[weigh(content.priority)],
        attachments=tuple(
            replace(file, name=file.name or "attachment") for file in content.attachments
        ),
        stamp=None,
    )


def _plain_recurrence(recurrence: Recurrence, start: Time | None) -> Recurrence:
    rule = recurrence.rule
    if rule is None or start is None:
        return recurrence
    return replace(recurrence, rule=_filled(rule, start))


def _filled(rule: Rule, start: Time) -> Rule:
    """A plain rule with the days that it takes from its start."""
    wall = wall_of(start)
    if rule.by_day or rule.by_month_day:
        return rule
    if rule.frequency is Frequency.WEEKLY:
        return replace(rule, by_day=(Day(wall.weekday()),))
    if rule.frequency is Frequency.MONTHLY:
        return replace(rule, by_month_day=(wall.day,))
    if rule.frequency is Frequency.YEARLY:
        return replace(rule, by_month=(wall.month,), by_month_day=(wall.day,))
    return rule
