"""Events: VEVENT of RFC 5545, with all of a series in one item."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from migration.items.content import NOTHING, Content, Extent
from migration.items.times import ONCE, Recurrence, Time


class EventStatus(StrEnum):
    """STATUS of an event; UNSAID where the source says nothing."""

    UNSAID = ""
    TENTATIVE = "TENTATIVE"
    CONFIRMED = "CONFIRMED"
    CANCELLED = "CANCELLED"


class Busy(StrEnum):
    """How the time is shown to others, in Exchange's words. iCalendar's TRANSPARENT is FREE."""

    FREE = "FREE"
    TENTATIVE = "TENTATIVE"
    BUSY = "BUSY"
    OUT_OF_OFFICE = "OOF"
    ELSEWHERE = "WORKINGELSEWHERE"


@dataclass(frozen=True, slots=True)
class Details:
    """All that is said of an event, or of one occurrence that differs."""

    extent: Extent
    content: Content = NOTHING
    status: EventStatus = EventStatus.UNSAID
    busy: Busy = Busy.BUSY
    allows_new_time: bool = True


@dataclass(frozen=True, slots=True)
class Override:
    """The occurrence that would begin at `original`, as it really is."""

    original: Time
    details: Details


@dataclass(frozen=True, slots=True)
class Event:
    """An event, or a series as a whole. `master` is None where a calendar holds single occurrences
    of somebody else's series. `cancelled` are occurrences that do not take place, by their
    original starts: beside `recurrence.excluded`, those that the source keeps as cancelled."""

    uid: str
    master: Details | None
    recurrence: Recurrence = ONCE
    overrides: tuple[Override, ...] = ()
    cancelled: tuple[Time, ...] = ()

    def __post_init__(self) -> None:
        if self.master is None and (self.recurrence or not self.overrides):
            raise ValueError("an event without a master is its overrides alone")
