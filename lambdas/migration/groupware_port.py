"""Calendars, address books, lists of tasks and of notes: what both sides offer. One of the ports
(ports.py).

Words: a *collection* holds items of one kind, as a folder holds messages; an *entry* is an item as
it is listed, with a version by which a change is noticed. Unlike messages, items change: so a
collection is listed whole, and compared with what the ledger knows of it.
"""

from __future__ import annotations

from collections.abc import Collection as Several
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from migration.items.item import AnyItem
from migration.items.losses import Loss
from migration.mail import Rejected


class CollectionKind(StrEnum):
    """What a collection holds."""

    CALENDAR = "calendar"
    CONTACTS = "contacts"
    TASKS = "tasks"
    NOTES = "notes"


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection at the source.

    `key` is `identity.folder_key` of what identifies it there together with its kind: a calendar
    that holds events and tasks is two collections. `name` is what people call it, `is_default`
    whether it is the one that programs use unless told otherwise, `token` a text that changes
    whenever anything in it does, "" where the source cannot say. `losses` are about the collection
    itself (its sharings, its colour), not about its items. `unseen` are kinds that the source could
    not list at all: the first collection tells them, and nothing is known to have vanished of them.
    """

    key: str
    kind: CollectionKind
    name: str
    is_default: bool = False
    token: str = ""
    losses: tuple[Loss, ...] = ()
    unseen: frozenset[CollectionKind] = frozenset()


def find_unseen(collections: Sequence[Collection]) -> frozenset[CollectionKind]:
    """The kinds of which a source has listed nothing because it could not."""
    return frozenset(kind for one in collections for kind in one.unseen)


@dataclass(frozen=True, slots=True)
class CollectionPlan:
    """Where a collection goes: the default folder of its kind (`name` is "" then), or one of that
    name, which the target may mark where something else there has it."""

    collection: Collection
    name: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """An item as the source lists it. `uid` identifies it within its collection, `version` changes
    whenever the item does."""

    uid: str
    version: str


@dataclass(frozen=True, slots=True)
class Read:
    """An item as the source gives it: mostly one, several where a resource holds several (a task
    and its changed occurrences), none where all of it is a loss. `raw` is what the source said, for
    whoever has to look at it by hand."""

    entry: Entry
    items: tuple[AnyItem, ...]
    losses: tuple[Loss, ...] = ()
    raw: bytes = b""


@dataclass(frozen=True, slots=True)
class Vanished:
    """Answered instead of Read when the item vanished since it was listed."""

    entry: Entry


@dataclass(frozen=True, slots=True)
class NotReadable:
    """Answered instead of Read when what the source gives is no item. `reason` is a code, `losses`
    tell what is wrong with it."""

    entry: Entry
    reason: str
    losses: tuple[Loss, ...] = ()
    raw: bytes = b""


class GroupwareSource(Protocol):
    """The collections of one person, read only. Raises SourceBusy, MailboxUnreachable,
    CredentialsRejected from any method."""

    def collections(self) -> Sequence[Collection]:
        """All of them, empty ones too, in the source's order."""

    def entries(self, collection: Collection) -> Sequence[Entry]:
        """All that it holds now, in the source's order; each uid once."""

    def fetch(
        self, collection: Collection, entries: Sequence[Entry]
    ) -> Iterator[Read | Vanished | NotReadable]:
        """An answer for each, in order. The entry of the answer has the version that was read,
        which may be newer than the one that was listed."""

    def close(self) -> None:
        """Ends the connections; may be called twice."""


@dataclass(frozen=True, slots=True)
class Keyed:
    """Items to write, with the migration key that each of their target items carries."""

    key: str
    items: tuple[AnyItem, ...]


@dataclass(frozen=True, slots=True)
class Written:
    """All that `Keyed` asked for is there. `marks` has a mark for each target id, which changes
    whenever that item does; `losses` is what the target has no place for, or has refused of it."""

    key: str
    marks: Mapping[str, str]
    losses: tuple[Loss, ...] = ()


@dataclass(frozen=True, slots=True)
class FoundItem:
    """An item that the target holds, with its migration key."""

    target_id: str
    key: str


class GroupwareTarget(Protocol):
    """The collections of one mailbox to write to. Nobody is ever invited, told of a change or of a
    cancellation by it.

    Raises TargetBusy, AdministratorPending, MailboxUnreachable, CredentialsRejected, QuotaExceeded
    from any method; FolderGone from those that take a folder's id.
    """

    def kinds(self) -> frozenset[CollectionKind]:
        """What it has a place for."""

    def ensure_collections(self, plans: Sequence[CollectionPlan]) -> list[str]:
        """Creates folders where missing; the id of each, in order."""

    def write(self, folder_id: str, batch: Sequence[Keyed]) -> list[Written | Rejected]:
        """Makes the items of each, in order; an outcome for each. Of what is Rejected nothing is
        left. After an error, or if the process dies, any part of it may be there, under its key:
        of a series also its master without its changes. `retry_after` of a TargetBusy is when
        `find` can be trusted."""

    def find(self, folder_id: str, keys: Several[str]) -> list[FoundItem]:
        """What the folder holds under these keys, whether it is whole or not."""

    def marks(self, folder_id: str, ids: Several[str]) -> Mapping[str, str]:
        """The marks now of those that are there."""

    def remove(self, folder_id: str, ids: Several[str]) -> None:
        """Deletes items for good; no error for what is gone."""

    def count(self, folder_id: str) -> int:
        """How many items of the folder carry a migration key."""

    def close(self) -> None:
        """Ends the connections; may be called twice."""
