"""What a mailbox holds, as values: folders and messages, and what becomes of them. Standard library
only; ids and times as in model.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from migration.mime import Mime


class SpecialUse(StrEnum):
    """The folders that every WorkMail mailbox has. RFC 6154 knows more, such as \\Archive; those
    keep their own names."""

    INBOX = "inbox"
    SENT = "sent"
    DRAFTS = "drafts"
    TRASH = "trash"
    JUNK = "junk"


@dataclass(frozen=True, slots=True)
class Folder:
    """A source folder.

    `path` holds decoded names, outermost first. `validity` changes when positions in it lose
    their meaning (IMAP UIDVALIDITY). `count` is the number of messages when it was listed, `end`
    the cursor behind the last of them, `changes` a token that changes whenever anything in the
    folder does; both are empty where the source cannot say.
    """

    key: str
    path: tuple[str, ...]
    validity: str
    count: int
    special: SpecialUse | None = None
    end: str = ""
    changes: str = ""
    subscribed: bool = True


@dataclass(frozen=True, slots=True)
class FolderPlan:
    """Where a source folder goes. `reason` says why the path differs from the source's, if so.
    `scope` is a digest of the filters that apply to its messages, empty without any."""

    folder: Folder
    path: tuple[str, ...]
    special: SpecialUse | None = None
    reason: str = ""
    scope: str = ""


@dataclass(frozen=True, slots=True)
class ItemRef:
    """A message at the source: `uid` identifies it within folder and validity. Size in bytes.
    `received` is an ISO 8601 date where the source was asked for it."""

    uid: str
    size: int
    received: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """A message as the source gives it.

    `mime` is RFC 5322 bytes, unaltered; a stream where there are many. `received` is INTERNALDATE.
    `flags` holds IMAP system flags (`\\Seen`) and keywords as they are spelled at the source.
    """

    ref: ItemRef
    mime: Mime
    received: datetime
    flags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Outline:
    """What a source tells of a message that is not fetched: INTERNALDATE, None where that makes no
    sense, and its header, RFC 5322 bytes."""

    received: datetime | None
    header: bytes


@dataclass(frozen=True, slots=True)
class Gone:
    """Answered instead of an Item when the message vanished since it was listed."""

    ref: ItemRef


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Answered instead of an Item when the source lists the message and cannot give it."""

    ref: ItemRef
    reason: str


@dataclass(frozen=True, slots=True)
class Page:
    """Messages after a cursor, oldest first where the source has an order, and the cursor after the
    last of them.

    `more` is False when the folder holds nothing beyond `cursor` at this moment; the cursor stays
    good for a later delta pass.
    """

    refs: tuple[ItemRef, ...]
    cursor: str
    more: bool


@dataclass(frozen=True, slots=True)
class BatchLimit:
    """What one batch may hold; a single message larger than `size` bytes makes a batch alone."""

    items: int = 200
    size: int = 20_000_000


@dataclass(frozen=True, slots=True)
class Stamped:
    """An item with its migration key, by which the target can tell that it has it already."""

    key: str
    item: Item


@dataclass(frozen=True, slots=True)
class Stored:
    """The target has the item. `target_id` is its id there, empty when the target gives none.
    `altered` names, by codes joined with `+`, what had to be changed for the target to take it."""

    key: str
    target_id: str = ""
    altered: str = ""


@dataclass(frozen=True, slots=True)
class Rejected:
    """The target refuses the item for good; `reason` is a code without personal data."""

    key: str
    reason: str


Outcome = Stored | Rejected


@dataclass(frozen=True, slots=True)
class Found:
    """What a target folder holds of a batch in doubt. `key` is the migration key where the target
    keeps keys; elsewhere `fingerprint` (see mime.py), or `size` and the moment it was `received`
    tell which message it is."""

    target_id: str
    key: str = ""
    fingerprint: str = ""
    size: int = 0
    received: datetime | None = None


@dataclass(frozen=True, slots=True)
class FlagReading:
    """Flags at the source now. `state` is what to ask with the next time. `flags` (by uid) holds
    those that changed since the last time, or all if `complete`. `more`: it is a part of them, and
    the next one may be read at once with `state`."""

    state: str
    flags: Mapping[str, frozenset[str]]
    complete: bool
    more: bool = False


class Fate(StrEnum):
    """What became of a message. FOUND: an earlier worker had stored it and could not say so.
    MATCHED: it had been copied under another uid, before its folder was recreated. ADJUSTED: it
    was stored, but not exactly as it was. REMOVED: it was deleted at the source, and then at the
    target. QUARANTINED: it ended its workers again and again, and
    its raw form was put aside. SKIPPED: the tenant's filters leave it out."""

    STORED = "stored"
    FOUND = "found"
    MATCHED = "matched"
    ADJUSTED = "adjusted"
    REJECTED = "rejected"
    UNREADABLE = "unreadable"
    QUARANTINED = "quarantined"
    GONE = "gone"
    SKIPPED = "skipped"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Remark:
    """A message of which the report tells: it was not copied, or not exactly. `reason` is a code,
    `received` the date that the source has for it, "" where it did not tell. `subject` is decoded,
    and "" unless the tenant wants subjects in the report."""

    folder_key: str
    uid: str
    size: int
    reason: str
    fate: Fate = Fate.REJECTED
    received: str = ""
    subject: str = ""
