"""What events, tasks and notes have in common, in the terms of RFC 5545 and 7986."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from migration.items.times import Moment, Span, Time


def is_mailbox(address: str) -> bool:
    """Whether it is an e-mail address, and not one of another scheme."""
    return "@" in address and ":" not in address


def write_address(address: str) -> str:
    """CAL-ADDRESS, and a MEMBER of vCard: an e-mail address with its scheme, others as they are."""
    return f"mailto:{address}" if is_mailbox(address) else address


class Privacy(StrEnum):
    """CLASS; Exchange's Sensitivity has these and Personal, which calendars write as an X-value."""

    PUBLIC = "PUBLIC"
    PERSONAL = "X-PERSONAL"
    PRIVATE = "PRIVATE"
    CONFIDENTIAL = "CONFIDENTIAL"


class Role(StrEnum):
    """ROLE: how far an attendee is needed."""

    CHAIR = "CHAIR"
    REQUIRED = "REQ-PARTICIPANT"
    OPTIONAL = "OPT-PARTICIPANT"
    NONE = "NON-PARTICIPANT"


class Answer(StrEnum):
    """PARTSTAT: what an attendee has answered."""

    NEEDS_ACTION = "NEEDS-ACTION"
    ACCEPTED = "ACCEPTED"
    DECLINED = "DECLINED"
    TENTATIVE = "TENTATIVE"
    DELEGATED = "DELEGATED"
    COMPLETED = "COMPLETED"
    IN_PROCESS = "IN-PROCESS"


class Kind(StrEnum):
    """CUTYPE: what an attendee is. Exchange's resources are ROOM and RESOURCE."""

    INDIVIDUAL = "INDIVIDUAL"
    GROUP = "GROUP"
    RESOURCE = "RESOURCE"
    ROOM = "ROOM"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class Person:
    """A calendar user. `address` is an e-mail address where the source gave a mailto: address, else
    the URI it gave."""

    address: str
    name: str = ""
    sent_by: str = ""


@dataclass(frozen=True, slots=True)
class Attendee:
    """Who is invited, and what was answered. `answered` is when, as Exchange keeps it."""

    person: Person
    role: Role = Role.REQUIRED
    answer: Answer = Answer.NEEDS_ACTION
    kind: Kind = Kind.INDIVIDUAL
    wants_reply: bool = False
    delegated_to: tuple[str, ...] = ()
    delegated_from: tuple[str, ...] = ()
    member_of: tuple[str, ...] = ()
    answered: Moment | None = None


class Action(StrEnum):
    """ACTION of an alarm. Exchange knows DISPLAY alone."""

    DISPLAY = "DISPLAY"
    AUDIO = "AUDIO"
    EMAIL = "EMAIL"


@dataclass(frozen=True, slots=True)
class Alarm:
    """A reminder: so long after the start (negative: before it), or the end if `from_end`; or at a
    moment, which is in UTC (RFC 5545 section 3.8.6.3)."""

    trigger: Span | Moment
    action: Action = Action.DISPLAY
    from_end: bool = False
    description: str = ""
    summary: str = ""
    attendees: tuple[Person, ...] = ()
    repeat: int = 0
    every: Span | None = None
    acknowledged: Moment | None = None


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file: `data` where it is inline, else `uri` says where it is."""

    name: str = ""
    media_type: str = ""
    data: bytes | None = None
    uri: str = ""


@dataclass(frozen=True, slots=True)
class Content:
    """What an item says. `html` is the body as HTML, "" if there is only `description`; `priority`
    counts from 1, the highest, to 9, and is 0 where nothing is said. `conferences` are addresses
    of online meetings; `parent` is the uid of the item to which this one belongs."""

    summary: str = ""
    description: str = ""
    html: str = ""
    location: str = ""
    position: tuple[float, float] | None = None
    url: str = ""
    conferences: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    colour: str = ""
    privacy: Privacy = Privacy.PUBLIC
    priority: int = 0
    organizer: Person | None = None
    attendees: tuple[Attendee, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    comments: tuple[str, ...] = ()
    contacts: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    parent: str = ""
    created: Moment | None = None
    modified: Moment | None = None
    stamp: Moment | None = None
    sequence: int = 0


NOTHING = Content()
"""An item that says nothing."""


@dataclass(frozen=True, slots=True)
class Extent:
    """From when to when. The end is said by a time or by a length, or not at all: then a whole day
    lasts that day, and a moment no time."""

    start: Time
    end: Time | None = None
    span: Span | None = None

    def __post_init__(self) -> None:
        if self.end is not None and self.span is not None:
            raise ValueError("an extent has an end or a length, not both")
