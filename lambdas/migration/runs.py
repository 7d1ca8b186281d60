"""The life of a run: the tenant's lock, what a pass came to, and the judgement at the end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from migration.errors import (
    BatchStuck,
    CredentialsRejected,
    NothingCopied,
    ProvisioningPending,
    QuotaExceeded,
    SourceChanged,
    TenantMisconfigured,
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
    Tally,
)
from migration.ports import Executions, Ledger
from migration.progress_history import add_point
from migration.progress_model import ProgressPoint

# Failures that the next pass would meet again: the operator acts, and the report says how.
_SETTLED = {
    error.__name__
    for error in (BatchStuck, CredentialsRejected, QuotaExceeded, SourceChanged, UserRefused)
}


_CLEANER = "clean-up "
# As long as an attempt of the function at most; a repetition counts anew.
CLEANING_TAKES = timedelta(minutes=15)

_PAUSED = "paused"
"""How a slice says that it has stopped because the operator wants a pause."""


@dataclass(frozen=True, slots=True)
class PassSummary:
    """Mailboxes by how a pass ended for them, and the messages that it copied, with the `items` of
    calendars and the like. `unsettled` counts those of the failed and paused ones that the next
    pass may copy. `pause_wanted`: the operator has not taken the pause back yet. `again` has the
    ids of those that are to be tried again before the run goes on."""

    done: int
    exceptions: int
    failed: int
    paused: int
    unsettled: int
    copied: int
    pause_wanted: bool = False
    again: tuple[str, ...] = ()
    items: int = 0

    @property
    def figures(self) -> tuple[int, int, int, int, int, int, bool]:
        """All but `again` and `items`, in their order."""
        counts = (self.done, self.exceptions, self.failed, self.paused, self.unsettled)
        return (*counts, self.copied, self.pause_wanted)


def let_in(ledger: Ledger, executions: Executions, execution: str, now: str, control: str) -> str:
    """As `take_lock`; but what only has something to say to another execution (`control`) is let
    in without the lock, whoever has it."""
    return execution if control else take_lock(ledger, executions, execution, now)


def take_lock(ledger: Ledger, executions: Executions, execution: str, now: str) -> str:
    """The execution that owns the tenant afterwards: `execution`, or another that still runs.

    A lock whose owner has ended (aborted, timed out) is taken over. ProvisioningPending while what
    an ended one left behind is cleaned up: it takes the rights away that a new one would use."""
    owner = ledger.acquire_lock(execution, now)
    if owner == execution:
        return owner
    if is_cleaning(owner, now):
        raise ProvisioningPending("what an ended execution left behind is being cleaned up", 10)
    if not cleaned_by(owner) and executions.is_running(owner):
        return owner
    return execution if ledger.take_over_lock(execution, owner, now) else owner


def cleaner_of(execution: str, now: str) -> str:
    """Who holds the lock while what that execution left behind is cleaned up, from `now` on."""
    return f"{_CLEANER}{now} {execution}"


def cleaned_by(owner: str) -> str:
    """The execution after which the owner of a lock cleans up; "" if it is no cleaner."""
    return owner.removeprefix(_CLEANER).partition(" ")[2] if owner.startswith(_CLEANER) else ""


def is_cleaning(owner: str, now: str) -> bool:
    """Whether the owner of a lock is a cleaner who may be at work still."""
    if not cleaned_by(owner):
        return False
    since = owner.removeprefix(_CLEANER).partition(" ")[0]
    return datetime.fromisoformat(now) - datetime.fromisoformat(since) < CLEANING_TAKES


def refuse_before_promotion(ledger: Ledger) -> None:
    """TenantMisconfigured if mailboxes of any run, whatever wave they were in, still have addresses
    in the test domain, so that no MX may lead to WorkMail: it is that of all of them."""
    waiting = sum(record.address != "" for record in ledger.mailboxes())
    if waiting:
        problem = (
            f"{waiting} mailboxes have addresses in the test domain still, so that mail to their "
            "own would be lost: start again with the phase `provision` and their manifest; "
            "the report says what WorkMail has refused to whom"
        )
        raise TenantMisconfigured([problem])


def note_pause(ledger: Ledger, mailbox_id: str, outcome: str) -> None:
    """Marks the mailbox if its slice ended as paused, so that its pass is not taken for failed."""
    if outcome == _PAUSED:
        ledger.set_status(mailbox_id, MailboxStatus.PAUSED)


def summarise_pass(
    ledger: Ledger,
    run: str,
    pass_id: int,
    passes: int,
    now: str,
    retries: int = 0,
    retries_left: int = 0,
) -> PassSummary:
    """Counts the mailboxes after pass number `passes` of the run, and notes it in the timeline.
    `retries` counts how often those that had failed were tried again in this pass.

    A mailbox that has neither a verdict of this pass nor a failure, and that was not paused, is
    marked as failed: its child execution ended without an answer. NothingCopied if the first pass
    failed for all, or if the target refused every message; not while mailboxes are paused, because
    the same pass goes on then. It may be called again and again during a pause.
    """
    records = list(_settle(ledger, run, pass_id))
    failures, verdicts = _with_status(records, MailboxStatus.FAILED), _verdicts(records)
    paused = len(_with_status(records, MailboxStatus.PAUSED))
    done = sum(verdict.agreement is Agreement.AGREE for verdict in verdicts)
    summary = PassSummary(
        done=done,
        exceptions=len(verdicts) - done,
        failed=len(failures),
        paused=paused,
        unsettled=paused + sum(map(_is_unsettled, failures)),
        copied=sum(verdict.copied_in_pass for verdict in verdicts),
        pause_wanted=ledger.pause_wanted(run),
        again=_to_retry(failures, passes) if retries_left > 0 and not paused else (),
        items=sum(verdict.items_in_pass.copied for verdict in verdicts),
    )
    # A pause is looked at every few minutes: its line stands at the beginning of the pass, where
    # each look overwrites it.
    at = moment_of_pass(pass_id) if paused else now
    ledger.add_note(run, Note(at, "SummarisePass", _describe(summary, passes, retries)))
    if not paused:
        _keep_point(ledger, run, records, now)
    if passes == 1 and not paused:
        _check_first_pass(verdicts, summary.failed)
    return summary


def _keep_point(ledger: Ledger, run: str, records: Iterable[MailboxRecord], now: str) -> None:
    """Into the run's history: a pass may end long after the last look of MeasureProgress, and begin
    and end between two."""
    verdicts = [record.verdict for record in records if record.verdict is not None]
    total = sum((verdict.total for verdict in verdicts), Tally())
    point = ProgressPoint(now, len(verdicts), total.seen, total.size)
    ledger.set_progress_history(add_point(ledger.progress_history(run), point))


def _check_first_pass(verdicts: Iterable[MailboxVerdict], failed: int) -> None:
    """NothingCopied if going on would cut over to a target that holds nothing."""
    verdicts = list(verdicts)
    if not verdicts:
        raise NothingCopied([f"all {failed} mailboxes failed; the report has the reason of each"])
    rejected = sum(verdict.total.rejected for verdict in verdicts)
    if rejected and not any(verdict.total.copied for verdict in verdicts):
        raise NothingCopied([f"all {rejected} messages were refused; the report has the reasons"])


def _to_retry(failures: Iterable[MailboxRecord], passes: int) -> tuple[str, ...]:
    """After the first pass all that have a user: whoever was told of a failure may mend it. Later
    ones only if nobody has to act; for the others the next pass comes, or another run."""
    return tuple(
        record.mailbox.id
        for record in failures
        if not record.refused and (passes == 1 or _is_unsettled(record))
    )


def _describe(summary: PassSummary, passes: int, retries: int) -> str:
    kind = "Full pass" if passes == 1 else f"Delta pass {passes - 1}"
    if retries:
        kind += ", failed mailboxes tried again" + (f" ({retries} times)" if retries > 1 else "")
    judged = summary.done + summary.exceptions
    items = f" and {summary.items} items of calendars and the like" if summary.items else ""
    messages = f"{summary.copied - summary.items} messages{items}"
    text = f"{kind}: {messages} copied, {judged} mailboxes, {summary.failed} failed"
    if summary.again:
        text += f", {len(summary.again)} will be tried again alone"
    return f"{text}, {summary.paused} paused" if summary.paused else text


def moment_of_pass(pass_id: int) -> str:
    """When the pass began, ISO 8601."""
    began = datetime.fromtimestamp(pass_id / 1000, UTC)
    return began.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _with_status(records: Iterable[MailboxRecord], status: MailboxStatus) -> list[MailboxRecord]:
    return [record for record in records if record.status is status]


def _verdicts(records: Iterable[MailboxRecord]) -> list[MailboxVerdict]:
    """Of the mailboxes that their last pass has judged."""
    unjudged = (MailboxStatus.FAILED, MailboxStatus.PAUSED)
    return [
        record.verdict
        for record in records
        if record.verdict is not None and record.status not in unjudged
    ]


def _is_unsettled(record: MailboxRecord) -> bool:
    return record.failure is None or record.failure.error not in _SETTLED


def _settle(ledger: Ledger, run: str, pass_id: int) -> Iterator[MailboxRecord]:
    for record in ledger.mailboxes(run):
        answered = record.verdict is not None and record.verdict.pass_id == pass_id
        told = record.status in (MailboxStatus.FAILED, MailboxStatus.PAUSED)
        if not told and not answered:
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
    failures, verdicts = _with_status(records, MailboxStatus.FAILED), _verdicts(records)
    failed = len(failures)
    unsettled = sum(map(_is_unsettled, failures)) + len(_with_status(records, MailboxStatus.PAUSED))
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
