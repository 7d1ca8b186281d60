"""What a CalendarItem of Exchange2010_SP2 says, and how a series is built of several requests.

Plain values: `wire/ews_calendar.py` makes elements of them, and reads them from elements.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from migration.items.content import Answer, Person
from migration.items.ews_terms import Repeats
from migration.items.losses import Loss
from migration.items.times import Moment, Zone

EVER = datetime.min.replace(tzinfo=UTC)
"""Before everything."""


class Sensitivity(StrEnum):
    """SensitivityChoicesType."""

    NORMAL = "Normal"
    PERSONAL = "Personal"
    PRIVATE = "Private"
    CONFIDENTIAL = "Confidential"


class Importance(StrEnum):
    """ImportanceChoicesType."""

    LOW = "Low"
    NORMAL = "Normal"
    HIGH = "High"


class FreeBusy(StrEnum):
    """LegacyFreeBusyType, as far as this version has it: WorkingElsewhere came later."""

    FREE = "Free"
    TENTATIVE = "Tentative"
    BUSY = "Busy"
    OUT_OF_OFFICE = "OOF"


@dataclass(frozen=True, slots=True)
class Guest:
    """An attendee; in which list of the item one stands says how far one is needed."""

    person: Person
    answer: Answer = Answer.NEEDS_ACTION
    answered: Moment | None = None


@dataclass(frozen=True, slots=True)
class FileAttachment:
    """A file for CreateAttachment, which takes the id of an item that is there."""

    name: str
    media_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class CalendarItem:
    """A single event, the master of a series, or one occurrence of it. `start` and `end` are
    instants, a whole day's midnights by the clock of its zone; zones go by their Windows names.
    `reminder` is in minutes before the start. `files` are no part of the element."""

    uid: str
    start: datetime
    end: datetime
    start_zone: str
    end_zone: str
    all_day: bool = False
    subject: str = ""
    body: str = ""
    is_html: bool = False
    location: str = ""
    sensitivity: Sensitivity = Sensitivity.NORMAL
    importance: Importance = Importance.NORMAL
    categories: tuple[str, ...] = ()
    reminder: int | None = None
    busy: FreeBusy = FreeBusy.BUSY
    wants_reply: bool = False
    required: tuple[Guest, ...] = ()
    optional: tuple[Guest, ...] = ()
    resources: tuple[Guest, ...] = ()
    repeats: Repeats | None = None
    allows_new_time: bool = True
    files: tuple[FileAttachment, ...] = ()


@dataclass(frozen=True, slots=True)
class OccurrenceChange:
    """One occurrence that differs. `index` counts the occurrences of the series from 1, those that
    are deleted too, as OccurrenceItemId does. `usual` is what the series says of it: what differs
    is updated, and `item.files` are attached to the occurrence."""

    index: int
    original: datetime
    item: CalendarItem
    usual: CalendarItem


@dataclass(frozen=True, slots=True)
class OccurrenceDeletion:
    """One occurrence that does not take place."""

    index: int
    original: datetime


@dataclass(frozen=True, slots=True)
class SeriesPlan:
    """The items to create, in order; of a series the first one is its master, to which the changes
    and then the deletions are applied. Each created item has a uid of its own."""

    create: tuple[CalendarItem, ...]
    changes: tuple[OccurrenceChange, ...] = ()
    deletions: tuple[OccurrenceDeletion, ...] = ()
    losses: tuple[Loss, ...] = ()


@dataclass(frozen=True, slots=True)
class Destination:
    """Whose calendar it is, and under which other addresses its owner is known: that at the source
    is often another one. `zone` holds for whole days and for times without a zone. Occurrences
    that have to be written one by one are those that begin from `begin` to before `horizon`. Of
    what is over at `now` nobody is reminded; unless it is said nothing is over."""

    owner: str
    zone: Zone
    begin: datetime
    horizon: datetime
    now: datetime = EVER
    others: tuple[str, ...] = ()

    @property
    def own(self) -> frozenset[str]:
        """All addresses of the owner, in lower case."""
        return frozenset(address.lower() for address in (self.owner, *self.others))
