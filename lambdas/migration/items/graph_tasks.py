"""Tasks of Microsoft To Do (Graph v1.0, resource type todoTask), read into the model. Pure.

To Do keeps when a task begins and when it is due as days, and Graph says a day as the instant at
which it begins where its owner is. When a task that repeats is done, To Do makes the next one on
the next day of the rule, whenever the last one was done: so nothing is counted from a completion.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from migration.items.content import Alarm, Attachment, Content
from migration.items.ews_notes import IN_THE_TEXT, Note, add_notes
from migration.items.graph_fields import Fields
from migration.items.graph_repeats import read_rule
from migration.items.graph_times import read_moment, to_day
from migration.items.losses import Loss
from migration.items.task import Task, TaskStatus
from migration.items.times import ONCE, UTC, Moment, Recurrence, Zone

KIND = "task"
"""Where the losses are."""

COMPLETED = "completed"
"""Graph's status of a task that is done."""

_STATUSES = {
    "notStarted": TaskStatus.NEEDS_ACTION,
    "inProgress": TaskStatus.IN_PROCESS,
    COMPLETED: TaskStatus.COMPLETED,
    "waitingOnOthers": TaskStatus.WAITING,
    "deferred": TaskStatus.DEFERRED,
}
_PRIORITIES = {"low": 9, "normal": 0, "high": 1}
_OF_THE_SERVER = (
    *("id", "createdDateTime", "lastModifiedDateTime", "bodyLastModifiedDateTime"),
    *("hasAttachments", "checklistItems", "linkedResources", "attachments", "extensions"),
)


@dataclass(frozen=True, slots=True)
class TaskParts:
    """What is asked for beside a task: its steps (checklistItem), what it came from or belongs to
    (linkedResource), and its files."""

    steps: Sequence[Mapping[str, object]] = ()
    links: Sequence[Mapping[str, object]] = ()
    files: Sequence[Attachment] = ()


@dataclass(frozen=True, slots=True)
class GraphTask:
    """A task, and what of it has no place in the model."""

    task: Task
    losses: tuple[Loss, ...] = ()


def read_task(
    resource: Mapping[str, object], parts: TaskParts, zone: Zone | None = None
) -> GraphTask:
    """Reads a task. `zone` is that of its owner, if known: it tells which days are meant. What
    cannot be read of it is a loss."""
    losses: list[Loss] = []
    uid = str(resource.get("id") or "")
    fields = Fields(resource, KIND, losses, uid)
    days = _Days(fields, zone)
    start, due = days.take("startDateTime"), days.take("dueDateTime")
    status = fields.word("status", _STATUSES, TaskStatus.UNSAID)
    links = _take_links(parts.links, fields)
    task = Task(
        uid,
        _take_content(fields, parts, links),
        status,
        start=start,
        due=due,
        completed=days.take_completed(),
        recurrence=_take_recurrence(fields, start or due, is_done=status is TaskStatus.COMPLETED),
    )
    fields.ignore(*_OF_THE_SERVER)
    fields.lose_the_rest()
    return GraphTask(task, tuple(losses))


@dataclass(frozen=True, slots=True)
class _Days:
    """Reads days that are said as instants."""

    fields: Fields
    zone: Zone | None

    def take(self, name: str) -> date | None:
        moment = _take_moment(self.fields, name)
        return None if moment is None else self._day_of(moment)

    def take_completed(self) -> Moment | None:
        """To Do keeps the day alone; it stands by nobody's clock."""
        day = self.take("completedDateTime")
        return None if day is None else Moment(datetime(day.year, day.month, day.day))

    def _day_of(self, moment: Moment) -> date:
        if moment.zone != UTC:
            return moment.wall.date()
        return to_day(moment.wall, self.zone)


def _take_moment(fields: Fields, name: str) -> Moment | None:
    told = fields.part(name)
    date_time, zone = told.text("dateTime"), told.text("timeZone")
    if not date_time:
        return None
    moment = read_moment(date_time, zone)
    if moment is None:
        fields.lose(name, "is no time")
    elif moment.zone is None and zone:
        fields.lose(name, "has a zone that nobody knows; its clock time is kept")
    return moment


def _take_content(fields: Fields, parts: TaskParts, links: Sequence[Attachment]) -> Content:
    body = fields.part("body")
    text, is_html = body.text("content"), body.text("contentType").lower() == "html"
    notes = _take_steps(parts.steps, fields)
    written = add_notes(text, notes, is_html=is_html)
    return Content(
        summary=fields.text("title"),
        description="" if is_html else written,
        html=written if is_html else "",
        categories=fields.texts("categories"),
        priority=_PRIORITIES.get(fields.text("importance"), 0),
        alarms=_take_alarms(fields),
        attachments=(*parts.files, *links),
    )


def _take_steps(steps: Sequence[Mapping[str, object]], fields: Fields) -> list[Note]:
    """The steps as lines for the text."""
    notes = []
    for one in steps:
        done = one.get("isChecked") is True
        label = "Done" if done else "To do"
        notes.append(Note("checklistItems", label, str(one.get("displayName") or "")))
    if notes:
        fields.lose("checklistItems", IN_THE_TEXT)
    return notes


def _take_links(links: Sequence[Mapping[str, object]], fields: Fields) -> list[Attachment]:
    """What the task belongs to, as links."""
    found = []
    for one in links:
        name = str(one.get("displayName") or one.get("applicationName") or "")
        address = str(one.get("webUrl") or "")
        if address:
            found.append(Attachment(name, uri=address))
        else:
            fields.lose("linkedResources", "it has no address; only its program knows it")
    return found


def _take_alarms(fields: Fields) -> tuple[Alarm, ...]:
    """A reminder that is off may still have a time, which says nothing."""
    is_on = fields.flag("isReminderOn")
    at = _take_moment(fields, "reminderDateTime")
    return (Alarm(at),) if is_on and at is not None else ()


def _take_recurrence(fields: Fields, start: date | None, *, is_done: bool) -> Recurrence:
    """What is done does not repeat any more: its rule is that of the next one."""
    told = fields.part("recurrence")
    pattern, extent = told.part("pattern"), told.part("range")
    if not pattern or is_done:
        return ONCE
    extent.ignore("recurrenceTimeZone")
    if start is None:
        fields.lose("recurrence", "it has no start, and is not due")
        return ONCE
    try:
        return Recurrence(read_rule(pattern, extent, start))
    except ValueError as problem:
        fields.lose("recurrence", f"it {problem}; it is one task")
        return ONCE
