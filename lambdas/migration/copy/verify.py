"""Asks both servers and the ledger what a mailbox holds, and judges whether they agree.

The copy is never believed: the counts come from the source and from the target now, and the ledger
must explain both.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from migration.errors import SourceChanged
from migration.model import (
    Agreement,
    BatchLimit,
    Folder,
    FolderCheck,
    FolderRecord,
    MailboxVerdict,
    Tally,
)
from migration.ports import Ledger, Source, Target

_SEVERITY = (Agreement.AGREE, Agreement.EXCEPTIONS, Agreement.DIFFER)

_MOVED = (
    "copied messages are no longer in their folder: "
    "moved or deleted in WorkMail after they were verified"
)


def judge(
    source: int, record: FolderRecord, target: int, arrived: int = 0, came: int = 0
) -> FolderCheck:
    """Judges one folder from its counts.

    `source` is what it holds now, `arrived` how many of those came after the record's cursor,
    `target` how many migrated messages the target folder holds, `came` how many of these people
    have moved here from other folders.

    AGREE: every message up to the cursor is in the target. EXCEPTIONS: some were refused, and the
    ledger knows which; or people have moved or deleted some since an earlier check accounted for
    them, because they work in WorkMail between two passes. DIFFER: the target lacks messages that
    no check has seen there, or has more than the ledger and people's moves explain, a batch is
    open, or the source holds messages that nobody dealt with. Mail that arrived or was deleted at
    the source since is a reason, not a difference.
    """
    total = record.total
    moved = count_moved(record, target)
    missing = max(0, total.copied - target) - moved
    more = max(0, target - total.copied) - came
    untouched = source - arrived - total.copied - total.rejected
    faults = ["a batch is not finished"] if record.intent else []
    faults += _phrase(
        (missing, "missing in the target"),
        (more, "more in the target than were copied"),
        (untouched, "at the source that were never copied"),
    )
    notes = _phrase(
        (moved, _MOVED),
        (came, "copied messages of other folders are in this one: moved in WorkMail"),
        (total.rejected, "refused"),
        (arrived, "arrived at the source since"),
        (-untouched, "gone from the source since"),
    )
    agreement = Agreement.EXCEPTIONS if total.rejected or moved or came else Agreement.AGREE
    if faults:
        agreement = Agreement.DIFFER
    return FolderCheck(source, total.copied, target, agreement, "; ".join(faults + notes))


def _phrase(*counted: tuple[int, str]) -> list[str]:
    return [f"{number} {what}" for number, what in counted if number > 0]


def count_moved(record: FolderRecord, target: int) -> int:
    """How many of the messages that the target folder lacks an earlier check accounted for."""
    check = record.check
    verified = 0 if check is None or check.agreement is Agreement.DIFFER else check.ledger
    return min(max(0, record.total.copied - target), verified)


def judge_unknown(folder: Folder) -> FolderCheck:
    """Judges a source folder that the ledger does not know: right only if it is empty."""
    if not folder.count:
        return FolderCheck(0, 0, 0, Agreement.AGREE)
    reason = f"{folder.count} in a folder that was never copied"
    return FolderCheck(folder.count, 0, 0, Agreement.DIFFER, reason)


def verify_mailbox(
    source: Source, target: Target, ledger: Ledger, mailbox_id: str, pass_id: int
) -> MailboxVerdict:
    """Checks every folder, keeps the checks and the verdict in the ledger, and returns the verdict.

    Reasons name folders by their keys. Raises what Source and Target raise, Busy leaves included.
    """
    folders = {folder.key: folder for folder in source.folders()}
    records = ledger.folders(mailbox_id)
    counts = [_count(source, target, record, folders.get(record.key)) for record in records]
    moves_explain = _moves_explain_surplus(counts)
    checks: dict[str, FolderCheck] = {}
    for each in counts:
        record = each.record
        came = each.surplus if moves_explain else 0
        check = judge(each.source, record, each.target, each.arrived, came)
        if check != record.check:
            ledger.set_check(mailbox_id, record.key, check)
        checks[record.key] = check
    known = {record.key for record in records}
    checks |= {key: judge_unknown(folder) for key, folder in folders.items() if key not in known}
    verdict = _add_up(records, checks, pass_id)
    ledger.set_verdict(mailbox_id, verdict)
    return verdict


@dataclass(frozen=True, slots=True)
class _Counts:
    """What the servers say of one folder; see `judge`."""

    record: FolderRecord
    source: int
    target: int
    arrived: int = 0

    @property
    def surplus(self) -> int:
        return max(0, self.target - self.record.total.copied)


def _moves_explain_surplus(counts: Sequence[_Counts]) -> bool:
    """Whether folders have no more than what others lack that were verified there.

    Whoever moves or deletes a message in WorkMail puts it, with its key, into another folder
    (Deleted Items) that mostly was migrated too.
    """
    moved = sum(count_moved(each.record, each.target) for each in counts)
    return sum(each.surplus for each in counts) <= moved


def _count(source: Source, target: Target, record: FolderRecord, folder: Folder | None) -> _Counts:
    in_target = target.count(record.target_id)
    if folder is None:
        return _Counts(record, 0, in_target)
    if folder.validity != record.validity:
        raise SourceChanged(f"folder {record.key} was recreated at the source")
    arrived = 0
    if folder.count != record.total.copied + record.total.rejected:
        arrived = _count_after(source, folder, record.cursor)
    return _Counts(record, folder.count, in_target, arrived)


def _count_after(source: Source, folder: Folder, cursor: str) -> int:
    arrived = 0
    more = True
    while more:
        page = source.page(folder, cursor, BatchLimit())
        arrived += len(page.refs)
        cursor, more = page.cursor, page.more
    return arrived


def _add_up(
    records: Iterable[FolderRecord], checks: dict[str, FolderCheck], pass_id: int
) -> MailboxVerdict:
    total, in_pass = Tally(), Tally()
    for record in records:
        total += record.total
        if record.pass_id == pass_id:  # an untouched folder keeps an older pass's counts
            in_pass += record.in_pass
    worst = max((check.agreement for check in checks.values()), key=_SEVERITY.index, default=None)
    reasons = tuple(
        f"folder {key}: {check.reason}" for key, check in sorted(checks.items()) if check.reason
    )
    return MailboxVerdict(pass_id, worst or Agreement.AGREE, total, in_pass, reasons)
