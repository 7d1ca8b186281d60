"""What is found in a source's directory: its mailboxes and groups, as the manifest will need them.
Standard library only, and the same for every kind of source that has a directory."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from migration.model import Profile


class MailboxKind(StrEnum):
    """What a mailbox is for. Those of rooms and equipment become resources of WorkMail."""

    USER = "user"
    SHARED = "shared"
    ROOM = "room"
    EQUIPMENT = "equipment"


@dataclass(frozen=True, slots=True)
class FoundMailbox:
    """A mailbox of the source.

    `source` is what opens it there (in Microsoft 365 the user principal name), `address` its
    primary address, `aliases` the others, as they are written there and whatever their domain.
    `description` tells where a room is and how many it holds. `enabled`: somebody can sign in.
    `licensed` is a hint and None where it is not known; `archived`: it has a second mailbox, an
    archive, which cannot be read. `messages` and `size` (bytes) are None where nothing tells them.
    """

    source: str
    address: str
    kind: MailboxKind = MailboxKind.USER
    display_name: str = ""
    first_name: str = ""
    last_name: str = ""
    aliases: tuple[str, ...] = ()
    profile: Profile = field(default_factory=Profile)
    description: str = ""
    enabled: bool = True
    licensed: bool | None = None
    archived: bool = False
    messages: int | None = None
    size: int | None = None


class GroupKind(StrEnum):
    """What a group is at the source. UNIFIED: a Microsoft 365 group, which has a mailbox of its
    own. SECURITY: it gives rights as well as mail."""

    UNIFIED = "unified"
    DISTRIBUTION = "distribution"
    SECURITY = "security"


@dataclass(frozen=True, slots=True)
class FoundGroup:
    """A group of the source that gets mail.

    `members` and `owners` are primary addresses of mailboxes and groups of the source, nested ones
    as they are. `outside` are addresses of members whom the source knows and who have no mailbox
    there: guests and contacts. `unaddressed` counts members without any address. `dynamic`: a rule
    chooses the members, and they are those of today.
    """

    address: str
    name: str = ""
    kind: GroupKind = GroupKind.DISTRIBUTION
    members: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    unaddressed: int = 0
    aliases: tuple[str, ...] = ()
    hidden: bool | None = None
    dynamic: bool = False


@dataclass(frozen=True, slots=True)
class Observation:
    """Something that the administrator should know. `text` is a sentence without addresses, and
    `subjects` are the addresses or names it is about: they are for the administrator's own files,
    and never for logs, events or findings."""

    text: str
    subjects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Discovery:
    """Everything that a directory shows; `notes` tell what is not among the mailboxes and groups,
    and why."""

    mailboxes: tuple[FoundMailbox, ...]
    groups: tuple[FoundGroup, ...] = ()
    notes: tuple[Observation, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """A user or group of the directory by its addresses, the primary one first. `name` is what
    opens a user's mailbox (as FoundMailbox.source), "" for a group."""

    name: str
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outline:
    """What the lists of users and groups alone show: whoever has an address. Some of these users
    may have no mailbox, which only the mailboxes tell. `complete` is False if time ended before the
    lists did."""

    users: tuple[Entry, ...] = ()
    groups: tuple[Entry, ...] = ()
    complete: bool = True
