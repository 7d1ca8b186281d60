"""How far the copy of a run is, for whoever must decide about the cut-over: figures and words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from migration.figures import format_bytes, format_duration
from migration.model import Agreement, MailboxRecord, MailboxStatus, MailboxVerdict, Note, Tally
from migration.ports import Ledger

_BIG = 1000
"""So many new messages the estimate is given for."""


@dataclass(frozen=True, slots=True)
class Pace:
    """What the last pass did, and how long it took. `seconds` is 0 if that is not known."""

    copied: int = 0
    size: int = 0
    seconds: float = 0

    @property
    def per_thousand(self) -> float:
        """Seconds for 1,000 messages at this pace; 0 if the pass copied none."""
        return self.seconds / self.copied * _BIG if self.copied else 0


@dataclass(frozen=True, slots=True)
class CopyState:
    """Mailboxes by how their last pass ended, those that no pass of this run has judged in `open`;
    `failures` counts the failed by the error's name. `total` is what WorkMail has by the ledger,
    over all runs."""

    mailboxes: int
    done: int
    exceptions: int
    failed: int
    open: int
    failures: tuple[tuple[str, int], ...]
    total: Tally
    pace: Pace


def look_at_copy(ledger: Ledger, run: str, pass_id: int, passes: int) -> CopyState:
    """`pass_id` and `passes` are those of the last pass; without one (0), what earlier runs have
    copied is counted folder by folder."""
    records = list(ledger.mailboxes(run))
    judged = list(_judged(records))
    failed = [record for record in records if record.status is MailboxStatus.FAILED]
    errors = Counter(record.failure.error for record in failed if record.failure)
    done = sum(verdict.agreement is Agreement.AGREE for verdict in judged)
    total = _sum(verdict.total for verdict in judged)
    if not passes:
        total = _sum(folder.total for each in records for folder in ledger.folders(each.mailbox.id))
    return CopyState(
        mailboxes=len(records),
        done=done,
        exceptions=len(judged) - done,
        failed=len(failed),
        open=len(records) - len(judged) - len(failed),
        failures=tuple(sorted(errors.items())),
        total=total,
        pace=_pace(judged, ledger.notes(run), pass_id) if passes else Pace(),
    )


def describe_copy(state: CopyState) -> tuple[tuple[str, str], ...]:
    """Label and value, line by line."""
    return tuple(_lines(state))


def count_copy(state: CopyState) -> dict[str, str | int | bool]:
    """The same for programs. Durations in seconds."""
    return {
        "mailboxes": state.mailboxes,
        "done": state.done,
        "exceptions": state.exceptions,
        "failed": state.failed,
        "open": state.open,
        "messages": state.total.copied,
        "bytes": state.total.size,
        "refused": state.total.rejected,
        "last_pass_seconds": round(state.pace.seconds),
        "seconds_per_1000_messages": round(state.pace.per_thousand),
    }


def _lines(state: CopyState) -> Iterator[tuple[str, str]]:
    parts = [(state.done, "complete"), (state.exceptions, "with exceptions")]
    parts += [(state.failed, "failed"), (state.open, "not copied in this run")]
    told = ", ".join(f"{number:,} {what}" for number, what in parts if number) or "none"
    yield "Mailboxes", told
    if state.failures:
        yield "Failed by", ", ".join(f"{error} ({number})" for error, number in state.failures)
    yield "Copied", f"{state.total.copied:,} messages, {format_bytes(state.total.size)}"
    if state.total.rejected:
        yield "Refused", f"{state.total.rejected:,} messages; the report will name them"
    pace = state.pace
    if pace.seconds:
        took = format_duration(pace.seconds)
        yield "Last pass", f"{pace.copied:,} messages, {format_bytes(pace.size)} in {took}"
        yield "A delta pass", _expect(pace)


def _expect(pace: Pace) -> str:
    """It looks through the same mailboxes, and copies what came since at the same pace."""
    most = f"takes at most as long ({format_duration(pace.seconds)})"
    if not pace.copied or pace.copied < _BIG:
        return f"{most}, if fewer messages have come since"
    return f"{most}; about {format_duration(pace.per_thousand)} for every 1,000 new messages"


def _judged(records: Sequence[MailboxRecord]) -> Iterator[MailboxVerdict]:
    unjudged = (MailboxStatus.FAILED, MailboxStatus.PAUSED)
    for record in records:
        if record.verdict is not None and record.status not in unjudged:
            yield record.verdict


def _pace(judged: Iterable[MailboxVerdict], notes: Iterable[Note], pass_id: int) -> Pace:
    """The pass began at `pass_id` and ended with the line of its summary."""
    copied = _sum(verdict.in_pass for verdict in judged if verdict.pass_id == pass_id)
    began = datetime.fromtimestamp(pass_id / 1000, UTC)
    ends = [datetime.fromisoformat(note.at) for note in notes if note.state == "SummarisePass"]
    seconds = max(((end - began).total_seconds() for end in ends), default=0.0)
    return Pace(copied.copied, copied.size, max(seconds, 0.0))


def _sum(tallies: Iterable[Tally]) -> Tally:
    return sum(tallies, Tally())
