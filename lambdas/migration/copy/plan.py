"""The decisions of the copy engine, without the acting.

A *row* is what became of one message; the rows of a batch are its audit file, its counts and its
rejections, so that the three cannot disagree.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from migration.model import (
    Folder,
    FolderRecord,
    Gone,
    Intent,
    Item,
    ItemRef,
    Outcome,
    Page,
    Rejected,
    Rejection,
    Stamped,
    Tally,
    Unreadable,
)

TOO_LARGE = "too-large"
"""The reason of a message above the target's limit; it is never sent."""

_MANY = 10
"""So many messages that differ are not refused for one reason because of what they are."""

_ATTEMPTS = 25
_MORE_ATTEMPTS = 5

_LEAST_PAUSE = 0.5
_LONGEST_PAUSE = 600.0


class Fate(StrEnum):
    """What became of a message. FOUND: an earlier worker had stored it and could not say so."""

    STORED = "stored"
    FOUND = "found"
    REJECTED = "rejected"
    UNREADABLE = "unreadable"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Row:
    """A message and its fate. `reason` is a code, set for REJECTED and UNREADABLE."""

    ref: ItemRef
    fate: Fate
    target_id: str = ""
    reason: str = ""


def is_untouched(known: FolderRecord | None, folder: Folder) -> bool:
    """True if the folder may be read on from its cursor without claiming it first."""
    return known is not None and known.intent is None and known.validity == folder.validity


def has_news(page: Page, cursor: str) -> bool:
    """False if a folder's next page says that everything in it is dealt with."""
    return bool(page.refs) or page.more or page.cursor != cursor


def settle_wait(seen_at: str, now: str, settle_seconds: float) -> float:
    """Seconds until the target may be asked what it has of an open intent.

    A target can finish a request after its sender has died, and the sender may not be dead. So the
    intent must have been seen open for a while before the answer to `since` can be trusted. Times
    are ISO 8601.
    """
    age = (datetime.fromisoformat(now) - datetime.fromisoformat(seen_at)).total_seconds()
    return max(0.0, settle_seconds - age)


def settled_in(now: str, wait: float, settle_seconds: float) -> str:
    """The `seen_at` of an intent whose only sender knows that `wait` seconds are enough."""
    seen = datetime.fromisoformat(now) + timedelta(seconds=wait - settle_seconds)
    return seen.isoformat().replace("+00:00", "Z")


def is_stuck(attempts: int) -> bool:
    """Whether an intent has been met open too often. After that, whoever starts the workflow again
    gets a few more attempts: the message that was to blame may be gone."""
    return attempts >= _ATTEMPTS and not (attempts - _ATTEMPTS) % _MORE_ATTEMPTS


def patience(attempts: int) -> float:
    """The least pause, in seconds, after a server was busy over a batch that was begun so often.

    It grows, up to ten minutes, so that `_ATTEMPTS` of them take hours: a server that slows its
    clients down for a while must not look like a batch that ends its workers.
    """
    return min(_LONGEST_PAUSE, _LEAST_PAUSE * 2.0 ** min(attempts, _ATTEMPTS))


def reason_of_all(sent: Sequence[Row]) -> str:
    """The one reason for which the target refused everything that was sent; "" if there is none,
    or if so few were sent that it may be about them."""
    reasons = {row.reason if row.fate is Fate.REJECTED else "" for row in sent}
    return reasons.pop() if len(sent) >= _MANY and len(reasons) == 1 else ""


def split_found(
    refs: Sequence[ItemRef], found: frozenset[str], key_of: Callable[[ItemRef], str]
) -> tuple[list[Row], list[ItemRef]]:
    """Of an intent: the rows of messages that the target has, and the refs still to be copied."""
    there = [Row(ref, Fate.FOUND) for ref in refs if key_of(ref) in found]
    return there, [ref for ref in refs if key_of(ref) not in found]


def split_sendable(refs: Sequence[ItemRef], max_bytes: int) -> tuple[list[Row], list[ItemRef]]:
    """Rows of messages that are too large by their listed size, and the refs worth reading.
    `max_bytes` 0 means that no limit is known."""
    if not max_bytes:
        return [], list(refs)
    rows = [Row(ref, Fate.REJECTED, reason=TOO_LARGE) for ref in refs if ref.size > max_bytes]
    return rows, [ref for ref in refs if ref.size <= max_bytes]


def row_of_unsent(answer: Item | Gone | Unreadable, max_bytes: int) -> Row | None:
    """The row of a message that cannot be sent after all; None if it can."""
    match answer:
        case Gone():
            return Row(answer.ref, Fate.GONE)
        case Unreadable():
            return Row(answer.ref, Fate.UNREADABLE, reason=answer.reason)
        case Item() if max_bytes and len(answer.mime) > max_bytes:
            return Row(answer.ref, Fate.REJECTED, reason=TOO_LARGE)
    return None


def row_of_outcome(stamped: Stamped, outcome: Outcome) -> Row:
    """The row of a message that was sent. ValueError if the outcome is not that message's."""
    if outcome.key != stamped.key:
        raise ValueError("the target's outcomes are not in the order of the batch")
    if isinstance(outcome, Rejected):
        return Row(stamped.item.ref, Fate.REJECTED, reason=outcome.reason)
    return Row(stamped.item.ref, Fate.STORED, outcome.target_id)


def count_rows(rows: Iterable[Row]) -> Tally:
    """The counts of a batch. Sizes are those the source listed, whoever stored the message."""
    total = Tally()
    for row in rows:
        match row.fate:
            case Fate.STORED | Fate.FOUND:
                total += Tally(copied=1, size=row.ref.size)
            case Fate.REJECTED | Fate.UNREADABLE:
                total += Tally(rejected=1)
            case Fate.GONE:
                total += Tally(gone=1)
    return total


def rejections(rows: Iterable[Row], folder_key: str) -> list[Rejection]:
    """What the report must show of a batch."""
    return [
        Rejection(folder_key, row.ref.uid, row.ref.size, row.reason)
        for row in rows
        if row.fate in (Fate.REJECTED, Fate.UNREADABLE)
    ]


def audit_key(mailbox_id: str, folder_key: str, messages: Sequence[str]) -> str:
    """Where the audit of these messages (their migration keys) is kept.

    Whoever replays the very same messages overwrites it. Others do not: a worker that was overtaken
    writes down less than its successor, and learns only then that it was. So a message may stand
    in two files, with the same outcome.
    """
    digest = hashlib.sha256(" ".join(messages).encode()).hexdigest()[:8]
    return f"audit/{mailbox_id}/{folder_key}/{messages[0]}-{digest}.jsonl"


def audit_lines(rows: Iterable[Row]) -> bytes:
    """One JSON object a line; no subject and no address, so that the file may be kept for long."""
    lines = [
        json.dumps(
            {
                "uid": row.ref.uid,
                "size": row.ref.size,
                "outcome": f"{row.fate}:{row.reason}" if row.reason else str(row.fate),
                "target_id": row.target_id,
            }
        )
        for row in rows
    ]
    return "".join(f"{line}\n" for line in lines).encode()


def in_order(rows: Iterable[Row], intent: Intent) -> list[Row]:
    """The rows in the order of the intent's messages."""
    position = {ref.uid: number for number, ref in enumerate(intent.refs)}
    return sorted(rows, key=lambda row: position[row.ref.uid])
