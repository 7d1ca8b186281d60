"""The decisions of the copy engine, without the acting."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from migration.copy.audit import Audit, Row
from migration.mail import Fate, Folder, Found, ItemRef, Outcome, Page, Rejected
from migration.model import FolderRecord, Intent

TOO_LARGE = "too-large"
"""The reason of a message above the target's limit; it is never sent."""

POISON = "ended-its-worker"
"""The reason of a message that was put aside, because workers died over it."""

_MANY = 10
"""So many messages that differ are not refused for one reason because of what they are."""

_ATTEMPTS = 25
_MORE_ATTEMPTS = 5
CRASHES = 3
"""So many deaths make a batch suspicious, and a message that was tried alone poisonous."""


_LEAST_PAUSE = 0.5
_LONGEST_PAUSE = 600.0


def is_quiet(known: FolderRecord | None, folder: Folder, scope: str) -> bool:
    """True if the list of folders alone says that nothing is to be copied."""
    if known is None or known.intent or known.validity != folder.validity or known.scope != scope:
        return False
    return known.cursor == folder.end and bool(folder.end or not folder.count)


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
    gets a few more attempts: the servers may be well again."""
    return attempts >= _ATTEMPTS and not (attempts - _ATTEMPTS) % _MORE_ATTEMPTS


def patience(attempts: int) -> float:
    """The least pause, in seconds, after a server was busy over a batch that was begun so often.

    It grows, up to ten minutes, so that `_ATTEMPTS` of them take hours: a server that slows its
    clients down for a while must not look like a batch that ends its workers.
    """
    return min(_LONGEST_PAUSE, _LEAST_PAUSE * 2.0 ** min(attempts, _ATTEMPTS))


def narrow_focus(intent: Intent) -> int:
    """How many of an intent's messages to try at once, 0 for all.

    Three workers that died over one intent make it suspicious: half of it is tried, and half of
    that after each further death, down to one message.
    """
    if intent.focus:
        return max(1, intent.focus // 2) if intent.crashes else intent.focus
    if intent.crashes < CRASHES:
        return 0
    return max(1, len(intent.refs) // 2)


def is_poison(intent: Intent) -> bool:
    """Whether the first message of the intent has ended its workers when it was tried alone."""
    return intent.focus == 1 and intent.crashes >= CRASHES


def is_suspicious(intent: Intent | None) -> bool:
    """Whether a message of the intent may have ended its workers. Nothing else is begun beside
    it."""
    return intent is not None and bool(intent.crashes or intent.focus)


def is_given_up(intent: Intent) -> bool:
    """Whether somebody has started the workflow again after it was stuck over this intent."""
    return intent.attempts > _ATTEMPTS


def reason_of_all(sent: Sequence[Row]) -> str:
    """The one reason for which the target refused everything that was sent; "" if there is none,
    or if so few were sent that it may be about them."""
    reasons = {row.reason if row.fate is Fate.REJECTED else "" for row in sent}
    return reasons.pop() if len(sent) >= _MANY and len(reasons) == 1 else ""


@dataclass(frozen=True, slots=True)
class Print:
    """What is known of a message of an intent after it was read once more."""

    fingerprint: str
    received: datetime
    flags: frozenset[str]


def match_found(
    refs: Sequence[ItemRef],
    prints: Mapping[str, Print],
    found: Iterable[Found],
    keys_of: Callable[[ItemRef], Sequence[str]],
    *,
    certain: bool = False,
) -> list[Row]:
    """The rows of those messages that the target has; with `certain`, only where key or content
    says so.

    `prints` holds what could be read once more, by uid. Each thing found stands for one message:
    of two equal ones of which one is there, one is still missing. A server may have altered a
    message; then size and date together tell which it is, for no new mail has an old date. Of a
    message that vanished at the source since, only the size is known.
    """
    there = list(found)
    rows: list[Row] = []
    for fits in (_by_key, _by_fingerprint) if certain else (_by_key, _by_fingerprint, _by_size):
        matched = {row.ref.uid for row in rows}
        for ref in refs:
            if ref.uid in matched:
                continue
            print_ = prints.get(ref.uid)
            hit = next((each for each in there if fits(each, ref, print_, keys_of)), None)
            if hit is not None:
                there.remove(hit)
                rows.append(
                    Row(
                        ref,
                        Fate.FOUND,
                        hit.target_id,
                        fingerprint=print_.fingerprint if print_ else hit.fingerprint,
                        flags=print_.flags if print_ else frozenset(),
                    )
                )
    return rows


KeysOf = Callable[[ItemRef], Sequence[str]]


def _by_key(found: Found, ref: ItemRef, _print: Print | None, keys_of: KeysOf) -> bool:
    return bool(found.key) and found.key in keys_of(ref)


def _by_fingerprint(found: Found, _ref: ItemRef, print_: Print | None, _keys: KeysOf) -> bool:
    return (
        not found.key
        and print_ is not None
        and bool(found.fingerprint)
        and found.fingerprint == print_.fingerprint
    )


def _by_size(found: Found, ref: ItemRef, print_: Print | None, _keys: KeysOf) -> bool:
    if found.key or not found.size or found.size != ref.size:
        return False
    return print_ is None or found.received == print_.received


def row_of_outcome(ref: ItemRef, outcome: Outcome, fingerprint: str, flags: frozenset[str]) -> Row:
    """The row of a message that was sent."""
    if isinstance(outcome, Rejected):
        return Row(ref, Fate.REJECTED, reason=outcome.reason, fingerprint=fingerprint, flags=flags)
    fate = Fate.ADJUSTED if outcome.altered else Fate.STORED
    return Row(ref, fate, outcome.target_id, outcome.altered, fingerprint, flags)


@dataclass(slots=True)
class Rematch:
    """Messages that a folder had before it was recreated, by their content: they must not be copied
    a second time under their new uids."""

    known: Mapping[str, list[Row]]

    @classmethod
    def of(cls, audit: Audit) -> Rematch:
        """Of equal messages, as many are known as were copied, less those that were met again
        already."""
        met = Counter(
            (row.fingerprint, row.target_id)
            for row in audit.rows.values()
            if row.fate is Fate.MATCHED
        )
        known: dict[str, list[Row]] = {}
        for row in audit.earlier:
            place = (row.fingerprint, row.target_id)
            if met[place]:
                met[place] -= 1
            elif row.fingerprint:
                known.setdefault(row.fingerprint, []).append(row)
        return cls(known)

    def match(self, ref: ItemRef, fingerprint: str) -> Row | None:
        """The row of a message that was copied before, with the flags that the copy was made with;
        it is not met a second time."""
        rows = self.known.get(fingerprint)
        if not rows:
            return None
        before = rows.pop(0)
        return Row(
            ref,
            Fate.MATCHED,
            before.target_id,
            fingerprint=fingerprint,
            flags=before.flags,
        )


def changed_flags(held: Mapping[str, Row], flags: Mapping[str, frozenset[str]]) -> list[Row]:
    """The rows, with their new flags, of copied messages whose flags at the source are not those
    that the copy was made with. What users did at the target since does not count. With which flags
    a FOUND copy was made nobody can say: it is STORED once it has got those of the source."""
    return [
        replace(row, flags=flags[uid], fate=Fate.STORED if row.fate is Fate.FOUND else row.fate)
        for uid, row in held.items()
        if uid in flags and row.target_id and (row.fate is Fate.FOUND or row.flags != flags[uid])
    ]


def vanished(held: Mapping[str, Row], present: frozenset[str]) -> list[Row]:
    """The rows of copied messages that are no longer at the source."""
    return [
        replace(row, fate=Fate.REMOVED, reason="")
        for uid, row in held.items()
        if uid not in present and row.target_id
    ]


def rename_candidates(
    records: Sequence[FolderRecord], folders: Sequence[Folder]
) -> list[tuple[FolderRecord, Folder]]:
    """Folders that the ledger does not know, each with the record of a folder that it may have
    been: one that is no longer listed, of the same validity, that reached no further. Its name may
    have been given to another folder since."""
    listed = {(folder.key, folder.validity) for folder in folders}
    known = {record.key for record in records}
    return [
        (record, folder)
        for record in records
        for folder in folders
        if (record.key, record.validity) not in listed
        and folder.key not in known
        and record.validity == folder.validity
        and record.cursor
        and (not folder.end or len(folder.end) >= len(record.cursor))
    ]
