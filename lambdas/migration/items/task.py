"""Tasks and notes: VTODO and VJOURNAL of RFC 5545, and what Exchange says of tasks beside them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from migration.items.content import NOTHING, Content
from migration.items.times import ONCE, Moment, Recurrence, Span, Time


class TaskStatus(StrEnum):
    """STATUS of a task; WAITING and DEFERRED are Exchange's, written as X-values."""

    UNSAID = ""
    NEEDS_ACTION = "NEEDS-ACTION"
    IN_PROCESS = "IN-PROCESS"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"
    WAITING = "X-WAITING"
    DEFERRED = "X-DEFERRED"


@dataclass(frozen=True, slots=True)
class Work:
    """What Exchange keeps of the work on a task; minutes are None where nothing is said."""

    total_minutes: int | None = None
    actual_minutes: int | None = None
    billing: str = ""
    mileage: str = ""
    companies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Task:
    """A task. `original` is None but for one occurrence of a series that was changed: it is a task
    of its own, since only one of a series is open at a time. `after_completion`: the rule counts
    from when the last one was done, which only Exchange can say."""

    uid: str
    content: Content = NOTHING
    status: TaskStatus = TaskStatus.UNSAID
    start: Time | None = None
    due: Time | None = None
    span: Span | None = None
    completed: Moment | None = None
    percent: int | None = None
    recurrence: Recurrence = ONCE
    original: Time | None = None
    work: Work = Work()
    after_completion: bool = False


class NoteStatus(StrEnum):
    """STATUS of a note."""

    UNSAID = ""
    DRAFT = "DRAFT"
    FINAL = "FINAL"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True)
class Note:
    """A note or a journal entry; `start` is the day to which it belongs, if to one."""

    uid: str
    content: Content = NOTHING
    status: NoteStatus = NoteStatus.UNSAID
    start: Time | None = None
    recurrence: Recurrence = ONCE
    original: Time | None = None
