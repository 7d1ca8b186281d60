"""What a Task and a note of Exchange2010_SP2 say. Plain values: `wire/ews_tasks.py` makes elements
of them, and reads them from elements."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from migration.items.ews_item import FileAttachment, Importance, Sensitivity
from migration.items.ews_terms import TaskRepeats
from migration.items.losses import Loss


class TaskState(StrEnum):
    """TaskStatusType."""

    NOT_STARTED = "NotStarted"
    IN_PROGRESS = "InProgress"
    COMPLETED = "Completed"
    WAITING = "WaitingOnOthers"
    DEFERRED = "Deferred"


@dataclass(frozen=True, slots=True)
class TaskItem:
    """A task; Exchange keeps days of it, no times. `reminder` is the instant at which it comes,
    work is in minutes, `percent` is 100 if and only if it is completed. `files` are no part of the
    element."""

    subject: str = ""
    body: str = ""
    is_html: bool = False
    sensitivity: Sensitivity = Sensitivity.NORMAL
    importance: Importance = Importance.NORMAL
    categories: tuple[str, ...] = ()
    reminder: datetime | None = None
    actual_work: int | None = None
    total_work: int | None = None
    billing: str = ""
    mileage: str = ""
    companies: tuple[str, ...] = ()
    start: date | None = None
    due: date | None = None
    completed: date | None = None
    percent: int | None = None
    status: TaskState = TaskState.NOT_STARTED
    repeats: TaskRepeats | None = None
    files: tuple[FileAttachment, ...] = ()


@dataclass(frozen=True, slots=True)
class NoteItem:
    """A note. Programs show the first line of its text as its title, and so `body` begins with
    `subject`. `files` are no part of the element."""

    subject: str = ""
    body: str = ""
    is_html: bool = False
    sensitivity: Sensitivity = Sensitivity.NORMAL
    importance: Importance = Importance.NORMAL
    categories: tuple[str, ...] = ()
    files: tuple[FileAttachment, ...] = ()


@dataclass(frozen=True, slots=True)
class TaskPlan:
    """The item to create, and what it does not keep in its own place."""

    item: TaskItem
    losses: tuple[Loss, ...] = ()


@dataclass(frozen=True, slots=True)
class NotePlan:
    """The item to create, and what it does not keep in its own place."""

    item: NoteItem
    losses: tuple[Loss, ...] = ()
