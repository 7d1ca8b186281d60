"""What Exchange says of tasks and notes, as tasks and notes. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from migration.items.content import Alarm, Attachment, Content
from migration.items.ews_details import PRIORITIES
from migration.items.ews_item import Importance
from migration.items.ews_reading import PRIVACIES
from migration.items.ews_rules import bounded, rule_of
from migration.items.ews_task import NoteItem, TaskItem, TaskState
from migration.items.ews_task_repeats import UNITS
from migration.items.ews_terms import Regeneration, Repeats, TaskRepeats
from migration.items.task import Note, Task, TaskStatus, Work
from migration.items.times import ONCE, Moment, Recurrence, Rule, Time
from migration.items.times import UTC as UTC_ZONE

_STATES = {
    TaskState.NOT_STARTED: TaskStatus.NEEDS_ACTION,
    TaskState.IN_PROGRESS: TaskStatus.IN_PROCESS,
    TaskState.COMPLETED: TaskStatus.COMPLETED,
    TaskState.WAITING: TaskStatus.WAITING,
    TaskState.DEFERRED: TaskStatus.DEFERRED,
}
_FREQUENCIES = {unit: frequency for frequency, (unit, _) in UNITS.items()}


def to_task(uid: str, item: TaskItem) -> Task:
    """The task of an item; Exchange keeps no uid of it."""
    repeats = item.repeats
    start = item.start or item.due
    return Task(
        uid,
        _content(item),
        _STATES[item.status],
        item.start,
        item.due,
        None,
        _midnight(item.completed) if item.completed else None,
        item.percent,
        Recurrence(_rule(repeats, start)) if repeats and start else ONCE,
        None,
        Work(item.total_work, item.actual_work, item.billing, item.mileage, item.companies),
        repeats is not None and isinstance(repeats.pattern, Regeneration),
    )


def to_note(uid: str, item: NoteItem) -> Note:
    """The note of an item. The first line of its text is its title alone."""
    return Note(uid, _content(item))


def _content(item: TaskItem | NoteItem) -> Content:
    text = item.body
    if isinstance(item, NoteItem) and item.subject:
        first, _, rest = text.partition("\n")
        text = rest if first == item.subject else text
    reminder = item.reminder if isinstance(item, TaskItem) else None
    return Content(
        summary=item.subject,
        description="" if item.is_html else text,
        html=item.body if item.is_html else "",
        categories=item.categories,
        privacy=PRIVACIES[item.sensitivity],
        priority=0 if item.importance is Importance.NORMAL else PRIORITIES[item.importance],
        alarms=(Alarm(_moment(reminder)),) if reminder else (),
        attachments=tuple(Attachment(file.name, file.media_type, file.data) for file in item.files),
    )


def _moment(at: datetime) -> Moment:
    return Moment(at.astimezone(UTC).replace(tzinfo=None), UTC_ZONE)


def _midnight(day: date) -> Moment:
    return Moment(datetime.combine(day, time()), UTC_ZONE)


def _rule(repeats: TaskRepeats, start: Time) -> Rule:
    pattern = repeats.pattern
    if not isinstance(pattern, Regeneration):
        return rule_of(Repeats(pattern, repeats.range), start)
    rule = Rule(_FREQUENCIES[pattern.unit], pattern.interval)
    return bounded(rule, repeats.range, start)
