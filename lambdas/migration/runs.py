"""The life of a run: the tenant's lock, what a pass came to, and the judgement at the end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from migration.errors import NothingCopied, VerificationFailed
from migration.model import Agreement, Failure, MailboxRecord, MailboxStatus, Note
from migration.ports import Executions, Ledger


@dataclass(frozen=True, slots=True)
class PassSummary:
    """Mailboxes by how a pass ended for them, and the messages that it copied."""

    done: int
    exceptions: int
    failed: int
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
    execution ended without an answer. NothingCopied if the first pass failed for all.
    """
    done = exceptions = failed = copied = 0
    for record in _settle(ledger, run, pass_id):
        verdict = record.verdict
        if record.status is MailboxStatus.FAILED or verdict is None:
            failed += 1
            continue
        copied += verdict.in_pass.copied
        if verdict.agreement is Agreement.AGREE:
            done += 1
        else:
            exceptions += 1
    kind = "Full pass" if passes == 1 else f"Delta pass {passes - 1}"
    what = f"{kind}: {copied} messages copied, {done + exceptions} mailboxes, {failed} failed"
    ledger.add_note(run, Note(now, "SummarisePass", what))
    if passes == 1 and done + exceptions == 0:
        raise NothingCopied([f"all {failed} mailboxes failed; the report has the reason of each"])
    return PassSummary(done, exceptions, failed, copied)


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
    """VerificationFailed if a mailbox differs; failed mailboxes and refused messages are
    exceptions, which the report lists."""
    records = list(ledger.mailboxes(run))
    failed = sum(record.status is MailboxStatus.FAILED for record in records)
    verdicts = [
        record.verdict
        for record in records
        if record.verdict is not None and record.status is not MailboxStatus.FAILED
    ]
    differing = sum(verdict.agreement is Agreement.DIFFER for verdict in verdicts)
    if differing:
        what = f"{differing} of {len(records)} mailboxes differ between source and target"
        ledger.add_note(run, Note(now, "VerifyTenant", what))
        raise VerificationFailed([f"{what}; the report names folder and reason"])
    clean = not failed and all(verdict.agreement is Agreement.AGREE for verdict in verdicts)
    agreement = Agreement.AGREE if clean else Agreement.EXCEPTIONS
    what = f"{len(records)} mailboxes verified: {agreement}, {failed} failed"
    ledger.add_note(run, Note(now, "VerifyTenant", what))
    return TenantVerdict(agreement, len(records), failed)
