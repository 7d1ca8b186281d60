"""Asks both servers and the ledger what a mailbox holds, and judges whether they agree.

The copy is never believed: the counts come from the source and from the target now, and the ledger
must explain both.
"""

from __future__ import annotations

from collections.abc import Iterable

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


def judge(source: int, record: FolderRecord, target: int, arrived: int = 0) -> FolderCheck:
    """Judges one folder from three counts.

    `source` is what it holds now, `arrived` how many of those came after the record's cursor,
    `target` how many migrated messages the target folder holds.

    AGREE: every message up to the cursor is in the target. EXCEPTIONS: some were refused, and the
    ledger knows which; or some that an earlier check had accounted for are no longer in the folder,
    because people work in WorkMail between two passes. DIFFER: the target lacks messages that no
    check has seen there, or has more than the ledger says, a batch is open, or the source holds
    messages that nobody dealt with. Mail that arrived or was deleted at the source since is a
    reason, not a difference.
    """
    total = record.total
    missing = max(0, total.copied - target)
    moved = min(missing, _count_verified(record))
    faults = []
    if record.intent:
        faults.append("a batch is not finished")
    if missing > moved:
        faults.append(f"{missing - moved} missing in the target")
    if target > total.copied:
        faults.append(f"{target - total.copied} more in the target than were copied")
    untouched = source - arrived - total.copied - total.rejected
    if untouched > 0:
        faults.append(f"{untouched} at the source that were never copied")
    reasons = list(faults)
    if moved:
        reasons.append(
            f"{moved} copied messages are no longer in their folder: "
            "moved or deleted in WorkMail after they were verified"
        )
    if total.rejected:
        reasons.append(f"{total.rejected} refused")
    if arrived:
        reasons.append(f"{arrived} arrived at the source since")
    if untouched < 0:
        reasons.append(f"{-untouched} gone from the source since")
    agreement = Agreement.EXCEPTIONS if total.rejected or moved else Agreement.AGREE
    if faults:
        agreement = Agreement.DIFFER
    return FolderCheck(source, total.copied, target, agreement, "; ".join(reasons))


def _count_verified(record: FolderRecord) -> int:
    """How many messages of the folder the last check accounted for."""
    check = record.check
    return 0 if check is None or check.agreement is Agreement.DIFFER else check.ledger


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
    checks: dict[str, FolderCheck] = {}
    for record in records:
        check = _check(source, target, record, folders.get(record.key))
        if check != record.check:
            ledger.set_check(mailbox_id, record.key, check)
        checks[record.key] = check
    known = {record.key for record in records}
    checks |= {key: judge_unknown(folder) for key, folder in folders.items() if key not in known}
    verdict = _add_up(records, checks, pass_id)
    ledger.set_verdict(mailbox_id, verdict)
    return verdict


def _check(
    source: Source, target: Target, record: FolderRecord, folder: Folder | None
) -> FolderCheck:
    in_target = target.count(record.target_id)
    if folder is None:
        return judge(0, record, in_target)
    if folder.validity != record.validity:
        raise SourceChanged(f"folder {record.key} was recreated at the source")
    arrived = 0
    if folder.count != record.total.copied + record.total.rejected:
        arrived = _count_after(source, folder, record.cursor)
    return judge(folder.count, record, in_target, arrived)


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
