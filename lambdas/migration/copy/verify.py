"""Asks both servers and the ledger what a mailbox holds, and judges whether they agree.

The copy is never believed: the counts come from the source and from the target now, and the ledger
must explain both. Then messages are compared, a sample of every folder or all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from migration.copy.audit import read_audit
from migration.copy.contents import given
from migration.copy.findings import (
    FolderFindings,
    findings_key,
    read_suspects,
    to_json,
)
from migration.copy.inspection import Inspection, strangers, without_place
from migration.copy.judge import Looked, count_moved, judge, judge_unknown, weigh
from migration.copy.selection import selects
from migration.errors import FolderGone, SourceChanged
from migration.mail import BatchLimit, Folder
from migration.model import (
    Agreement,
    CopyPolicy,
    FolderCheck,
    FolderRecord,
    ItemsVerdict,
    MailboxVerdict,
    Tally,
)
from migration.ports import BlobStore, Ledger, Source, Target

__all__ = ["judge", "verify_mailbox"]

_SEVERITY = (Agreement.AGREE, Agreement.EXCEPTIONS, Agreement.DIFFER)


def verify_mailbox(
    source: Source,
    target: Target,
    ledger: Ledger,
    blobs: BlobStore,
    mailbox_id: str,
    pass_id: int,
    policy: CopyPolicy,
    seconds_left: Callable[[], float],
    tenant: str = "",
    now: Callable[[], str] = lambda: "",
    items: ItemsVerdict | None = None,
) -> MailboxVerdict:
    """Checks every folder, keeps the lists of what was found (see findings.py), the checks and the
    verdict, and returns the verdict.

    All folders are counted, whatever time that takes; messages are compared while there is time. A
    repetition looks at the same messages, another pass at others. With `tenant`, messages that a
    target that keeps keys holds twice are named, without it only counted. `now` tells when the pass
    has ended. `items` is what was found of the mailbox's calendars and the like, which the verdict
    takes up.

    Reasons name folders by their keys. Raises what Source and Target raise, Busy leaves included
    while it counts.
    """
    folders = {folder.key: folder for folder in source.folders()}
    inspection = Inspection(
        source, target, blobs, mailbox_id, pass_id, policy, seconds_left, tenant
    )
    counter = _Counter(source, target, blobs, mailbox_id)
    counts = [counter.count(each, folders.get(each.key)) for each in ledger.folders(mailbox_id)]
    found = _inspect(inspection, counts, folders)
    body = to_json(
        pass_id,
        found,
        ledger.remarks(mailbox_id),
        by_bytes=inspection.by_bytes,
        stopped=inspection.stopped,
    )
    blobs.put(findings_key(mailbox_id, pass_id), body, "application/json")
    for each, findings in zip(counts, found, strict=True):
        if findings.check != each.record.check:
            ledger.set_check(mailbox_id, findings.key, findings.check)
    checks = {findings.key: findings.check for findings in found}
    strangers = [folder for key, folder in folders.items() if key not in checks]
    checks |= {each.key: judge_unknown(each) for each in strangers if selects(policy, each)}
    reasons = [*_left_out(strangers, policy), *_stopped(inspection, found)]
    verdict = _add_up([each.record for each in counts], checks, reasons, pass_id)
    verdict = _take_up(verdict, items) if items else verdict
    ledger.set_verdict(mailbox_id, verdict, now())
    return verdict


# ---- counts ----------------------------------------------------------------------------------


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


@dataclass(frozen=True, slots=True)
class _Counter:
    source: Source
    target: Target
    blobs: BlobStore
    mailbox_id: str

    def count(self, record: FolderRecord, folder: Folder | None) -> _Counts:
        in_target = self._count_target(record)
        if folder is None:
            return _Counts(record, 0, in_target)
        if folder.validity != record.validity:
            raise SourceChanged(f"folder {record.key} was recreated at the source")
        total = record.total
        arrived = 0
        if folder.count != total.copied + total.rejected + total.skipped:
            arrived = self._count_arrived(folder, record)
        return _Counts(record, folder.count, in_target, arrived)

    def _count_arrived(self, folder: Folder, record: FolderRecord) -> int:
        """What the source has beyond what was dealt with, each message once."""
        dealt: set[str] = set()
        if self.source.capabilities.repeats:
            dealt = read_audit(self.blobs, self.mailbox_id, record).dealt(record.scope)
        arrived: set[str] = set()
        cursor, more = record.cursor, True
        while more:
            page = self.source.page(folder, cursor, BatchLimit())
            arrived.update(ref.uid for ref in page.refs)
            cursor, more = page.cursor, page.more
        return len(arrived - dealt)

    def _count_target(self, record: FolderRecord) -> int:
        """A folder that somebody has deleted holds nothing."""
        try:
            return self._ask_target(record)
        except FolderGone:
            return 0

    def _ask_target(self, record: FolderRecord) -> int:
        """Where the target gave no ids, messages are known again by their content alone."""
        if self.target.capabilities.keeps_key:
            return self.target.count(record.target_id)
        rows = given(read_audit(self.blobs, self.mailbox_id, record))
        ids = frozenset(row.target_id for row in rows if row.target_id)
        there = self.target.count(record.target_id, ids) if ids else 0
        if lacking := without_place(rows):
            there += (lacking & strangers(self.target, record, rows)).total()
        return there


def _moves_explain_surplus(counts: Sequence[_Counts]) -> bool:
    """Whether folders have no more than what others lack that were verified there.

    Whoever moves or deletes a message in WorkMail puts it, with its key, into another folder
    (Deleted Items) that mostly was migrated too.
    """
    moved = sum(count_moved(each.record, each.target) for each in counts)
    return sum(each.surplus for each in counts) <= moved


# ---- messages --------------------------------------------------------------------------------


def _inspect(
    inspection: Inspection, counts: Sequence[_Counts], folders: Mapping[str, Folder]
) -> list[FolderFindings]:
    """The findings of every folder, in order. The samples of all folders come first, then what is
    wrong is searched for: that may take all the time there is."""
    suspects = read_suspects(inspection.blobs, inspection.mailbox_id, inspection.pass_id)
    looks = [
        inspection.look(
            each.record, folders.get(each.record.key), suspects.get(each.record.key, ())
        )
        for each in counts
    ]
    moves_explain = _moves_explain_surplus(counts)
    return [
        _findings(inspection, each, looked, each.surplus if moves_explain else 0)
        for each, looked in zip(counts, looks, strict=True)
    ]


def _findings(inspection: Inspection, counts: _Counts, looked: Looked, came: int) -> FolderFindings:
    record = counts.record
    copies = inspection.find_copies(record)
    looked = replace(looked, doubled=sum(each.count for each in copies))
    numbers = (counts.source, record, counts.target, counts.arrived, came, looked)
    balance = weigh(*numbers)
    missing = []
    if balance.missing or balance.hidden:
        short = record.total.copied - counts.target
        missing = inspection.find_missing(record, looked, short)
    more = balance.more - looked.doubled
    extra = [*copies, *(inspection.find_extra(record, more) if more > 0 else ())]
    return FolderFindings(record.key, judge(*numbers), looked, tuple(missing), tuple(extra))


# ---- the mailbox -----------------------------------------------------------------------------


def _left_out(strangers: Iterable[Folder], policy: CopyPolicy) -> list[str]:
    """What the tenant's filters leave out, said once for all folders."""
    full = [each for each in strangers if each.count and not selects(policy, each)]
    if not full:
        return []
    messages = sum(each.count for each in full)
    return [f"{messages} in {len(full)} folders that the tenant's filters leave out"]


def _stopped(inspection: Inspection, found: Iterable[FolderFindings]) -> list[str]:
    if not inspection.stopped:
        return []
    compared = sum(each.looked.compared for each in found)
    why = {"time": "there was no more time", "busy": "a server was busy"}[inspection.stopped]
    return [f"only {compared} messages were compared by content, because {why}"]


def _add_up(
    records: Iterable[FolderRecord],
    checks: Mapping[str, FolderCheck],
    others: Iterable[str],
    pass_id: int,
) -> MailboxVerdict:
    total, in_pass = Tally(), Tally()
    for record in records:
        total += record.total
        if record.pass_id == pass_id:  # an untouched folder keeps an older pass's counts
            in_pass += record.in_pass
    worst = max((check.agreement for check in checks.values()), key=_SEVERITY.index, default=None)
    reasons = [
        f"folder {key}: {check.reason}" for key, check in sorted(checks.items()) if check.reason
    ]
    agreement = worst or Agreement.AGREE
    return MailboxVerdict(pass_id, agreement, total, in_pass, (*reasons, *others))


def _take_up(verdict: MailboxVerdict, items: ItemsVerdict) -> MailboxVerdict:
    return replace(
        verdict,
        agreement=max(verdict.agreement, items.agreement, key=_SEVERITY.index),
        reasons=(*verdict.reasons, *items.reasons),
        items=items.total,
        items_in_pass=items.in_pass,
    )
