"""The life of a run: the tenant's lock, what a pass came to, and the judgement at the end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from migration.errors import (
    BatchStuck,
    CredentialsRejected,
    NothingCopied,
    QuotaExceeded,
    SourceChanged,
    UserRefused,
    VerificationFailed,
)
from migration.model import (
    Agreement,
    Failure,
    MailboxRecord,
    MailboxStatus,
    MailboxVerdict,
    Note,
)
from migration.ports import Executions, Ledger

# Failures that the next pass would meet again: the operator acts, and the report says how.
_SETTLED = {
    error.__name__
    for error in (BatchStuck, CredentialsRejected, QuotaExceeded, SourceChanged, UserRefused)
}


@dataclass(frozen=True, slots=True)
class PassSummary:
    """Mailboxes by how a pass ended for them, and the messages that it copied. `unsettled` counts
    those of the failed ones that the next pass may copy."""

    done: int
    exceptions: int
    failed: int
    unsettled: int
    copied: int


def take_lock(ledger: Ledger, executions: Executions, execution: str, now: str) -> str:
    """The execution that owns the tenant afterwards: `execution`, or another that still runs.

    A lock whose owner has ended (aborted, timed out) is taken over."""
    owner = ledger.acquire_lock(execution, now)
    if owner == execution or executions.is_running(owner):
        return owner
    return execution if ledger.take_over_lock(execution, owner, now) else owner


def summarise_pass(ledger: Ledger, run: str, pass_id: int, passes: int, now: str) -> PassSummary:
    """Counts the mailboxes after pass number `passes` of the run, and notes it in the timeline.

    A mailbox that has neither a verdict of this pass nor a failure is marked as failed: its child
    execution ended without an answer. NothingCopied if the first pass failed for all, or if the
    target refused every message.
    """
    records = list(_settle(ledger, run, pass_id))
    failures = [record for record in records if record.status is MailboxStatus.FAILED]
    verdicts = _verdicts(records)
    done = sum(verdict.agreement is Agreement.AGREE for verdict in verdicts)
    exceptions = len(verdicts) - done
    failed, unsettled = len(failures), sum(map(_is_unsettled, failures))
    copied = sum(verdict.in_pass.copied for verdict in verdicts)
    kind = "Full pass" if passes == 1 else f"Delta pass {passes - 1}"
    what = f"{kind}: {copied} messages copied, {done + exceptions} mailboxes, {failed} failed"
    ledger.add_note(run, Note(now, "SummarisePass", what))
    if passes == 1 and not verdicts:
        raise NothingCopied([f"all {failed} mailboxes failed; the report has the reason of each"])
    rejected = sum(verdict.total.rejected for verdict in verdicts)
    if passes == 1 and rejected and not any(verdict.total.copied for verdict in verdicts):
        raise NothingCopied([f"all {rejected} messages were refused; the report has the reasons"])
    return PassSummary(done, exceptions, failed, unsettled, copied)


def _verdicts(records: Iterable[MailboxRecord]) -> list[MailboxVerdict]:
    return [
        record.verdict
        for record in records
        if record.verdict is not None and record.status is not MailboxStatus.FAILED
    ]


def _is_unsettled(record: MailboxRecord) -> bool:
    return record.failure is None or record.failure.error not in _SETTLED


def _settle(ledger: Ledger, run: str, pass_id: int) -> Iterator[MailboxRecord]:
    for record in ledger.mailboxes(run):
        answered = record.verdict is not None and record.verdict.pass_id == pass_id
        if record.status is not MailboxStatus.FAILED and not answered:
            reason = "its child execution ended without an answer; start the run again to go on"
            ledger.set_failed(record.mailbox.id, Failure("Unfinished", reason))
            record = ledger.mailbox(record.mailbox.id)
        yield record


@dataclass(frozen=True, slots=True)
class TenantVerdict:
    """What the last pass found in all mailboxes together."""

    agreement: Agreement
    mailboxes: int
    failed: int


def judge_tenant(ledger: Ledger, run: str, now: str) -> TenantVerdict:
    """VerificationFailed if a mailbox differs, or could not be looked at in the last pass. Failures
    that the operator must mend and refused messages are exceptions, which the report lists."""
    records = list(ledger.mailboxes(run))
    failures = [record for record in records if record.status is MailboxStatus.FAILED]
    failed, unsettled = len(failures), sum(map(_is_unsettled, failures))
    verdicts = _verdicts(records)
    differing = sum(verdict.agreement is Agreement.DIFFER for verdict in verdicts)
    problems = [
        f"{number} of {len(records)} mailboxes {what}"
        for number, what in (
            (differing, "differ between source and target"),
            (unsettled, "could not be copied to their end in the last pass"),
        )
        if number
    ]
    if problems:
        ledger.add_note(run, Note(now, "VerifyTenant", "; ".join(problems)))
        raise VerificationFailed([f"{problem} (see the report)" for problem in problems])
    clean = not failed and all(verdict.agreement is Agreement.AGREE for verdict in verdicts)
    agreement = Agreement.AGREE if clean else Agreement.EXCEPTIONS
    what = f"{len(records)} mailboxes verified: {agreement}, {failed} failed"
    ledger.add_note(run, Note(now, "VerifyTenant", what))
    return TenantVerdict(agreement, len(records), failed)
