"""The judgement of one folder, from what both servers and the ledger say of it. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from migration.copy.audit import Row
from migration.copy.contents import DAMAGE, MILD
from migration.mail import Folder
from migration.model import Agreement, FolderCheck, FolderRecord

_MOVED = (
    "copied messages are no longer in their folder: "
    "moved or deleted in WorkMail after they were verified"
)


@dataclass(frozen=True, slots=True)
class Looked:
    """What the look at a folder's messages has found. `compared` counts those whose content was
    compared; `gone` are those that the target should have and does not show; `differing` holds the
    others with codes of what differs; `doubled` counts copies that the target's own count, where it
    keeps no keys, cannot contain."""

    compared: int = 0
    gone: tuple[Row, ...] = ()
    differing: tuple[tuple[Row, tuple[str, ...]], ...] = ()
    doubled: int = 0

    def number(self, *, damaged: bool = False, mild: bool = False) -> int:
        """How many messages differ: those that are damaged, those with nothing but mild
        differences, or those in between."""
        return sum(
            bool(DAMAGE & {*codes}) == damaged and ({*codes} <= MILD) == mild
            for _, codes in self.differing
        )


@dataclass(frozen=True, slots=True)
class Balance:
    """What the counts of a folder leave to be explained.

    `missing` in the target; `moved`: missing too, but seen there by an earlier check; `more` in the
    target than the ledger and people's moves explain; `untouched` at the source by the copy,
    negative if they have left it; `hidden`: missing although the counts are right, because as many
    others are there.
    """

    missing: int
    moved: int
    more: int
    untouched: int
    hidden: int


def weigh(
    source: int,
    record: FolderRecord,
    target: int,
    arrived: int = 0,
    came: int = 0,
    looked: Looked | None = None,
) -> Balance:
    """The balance of a folder; the words are those of `judge`."""
    looked = looked or Looked()
    total = record.total
    short = max(0, total.copied - target)
    moved = count_moved(record, target)
    hidden = 0 if was_verified(record) else len(looked.gone) - short
    return Balance(
        missing=short - moved,
        moved=moved,
        more=max(0, target - total.copied) - came + looked.doubled,
        untouched=source - arrived - total.copied - total.rejected - total.skipped,
        hidden=max(0, hidden),
    )


def judge(
    source: int,
    record: FolderRecord,
    target: int,
    arrived: int = 0,
    came: int = 0,
    looked: Looked | None = None,
) -> FolderCheck:
    """Judges one folder from its counts, and from the messages that were looked at.

    `source` is what it holds now, `arrived` how many of those came after the record's cursor,
    `target` how many migrated messages the target folder holds, `came` how many of these people
    have moved here from other folders.

    AGREE: every message up to the cursor is in the target. EXCEPTIONS: some were refused, and the
    ledger knows which; or people have moved or deleted some since an earlier check accounted for
    them, because they work in WorkMail between two passes; or the target shows some with other
    dates, or rebuilt so that they say something else. DIFFER: the target lacks messages that no
    check has seen there, or has more than the ledger and people's moves explain, or has some that
    are damaged, a batch is open, or the source holds messages that nobody dealt with. A reason and
    no difference: mail that arrived or was deleted at the source since, what the tenant's filters
    leave out, and flags, which people change by reading.
    """
    looked = looked or Looked()
    total = record.total
    balance = weigh(source, record, target, arrived, came, looked)
    faults = ["a batch is not finished"] if record.intent else []
    faults += phrase(
        (balance.missing, "missing in the target"),
        (balance.hidden, "missing in the target, and as many others in their place"),
        (balance.more, "more in the target than were copied"),
        (balance.untouched, "at the source that were never copied"),
        (looked.number(damaged=True), "damaged in the target"),
    )
    altered = looked.number()
    notes = phrase(
        (balance.moved, _MOVED),
        (came, "copied messages of other folders are in this one: moved in WorkMail"),
        (altered, "shown otherwise by the target"),
        (total.rejected, "refused"),
        (looked.number(mild=True), "with other flags in the target"),
        (total.skipped, "left out by the tenant's filters"),
        (arrived, "arrived at the source since"),
        (-balance.untouched, "gone from the source since"),
    )
    is_exception = total.rejected or balance.moved or came or altered
    agreement = Agreement.EXCEPTIONS if is_exception else Agreement.AGREE
    if faults:
        agreement = Agreement.DIFFER
    return FolderCheck(source, total.copied, target, agreement, "; ".join(faults + notes))


def phrase(*counted: tuple[int, str]) -> list[str]:
    """What there is any of, with its number."""
    return [f"{number} {what}" for number, what in counted if number > 0]


def count_moved(record: FolderRecord, target: int) -> int:
    """How many of the messages that the target folder lacks an earlier check accounted for."""
    check = record.check
    verified = check.ledger if check is not None and was_verified(record) else 0
    return min(max(0, record.total.copied - target), verified)


def was_verified(record: FolderRecord) -> bool:
    """Whether the last check of the folder could account for all of it."""
    return record.check is not None and record.check.agreement is not Agreement.DIFFER


def judge_unknown(folder: Folder) -> FolderCheck:
    """Judges a source folder that the ledger does not know: right only if it is empty."""
    if not folder.count:
        return FolderCheck(0, 0, 0, Agreement.AGREE)
    reason = f"{folder.count} in a folder that was never copied"
    return FolderCheck(folder.count, 0, 0, Agreement.DIFFER, reason)
