"""What the progress page shows, made of what the ledger has and of the states that the workflow has
entered. Pure but for what reads the ledger.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from migration.dns_model import DnsFinding, DnsVerdict
from migration.dns_verdicts import describe_open, settle_all
from migration.measures import Metric
from migration.model import MailboxRecord
from migration.ports import Ledger
from migration.progress import (
    SPEED_NEEDS,
    MailboxView,
    measure_mailboxes,
    measure_pass,
    view_mailbox,
)
from migration.progress_model import ProgressPoint, ProgressRecord
from migration.progress_view import (
    AskedLine,
    LogLine,
    MailboxLine,
    ProgressView,
    RunHead,
    RunStatus,
    StateLine,
)
from migration.progress_words import MAILBOX_WORDS, tell_headline
from migration.question_model import Question
from migration.question_words import WORDS


@dataclass(frozen=True, slots=True)
class LedgerLook:
    """What the ledger has of a run, as far as its progress is concerned."""

    mailboxes: tuple[tuple[MailboxRecord, MailboxView], ...] = ()
    findings: tuple[DnsFinding, ...] = ()
    questions: tuple[Question, ...] = ()

    @property
    def views(self) -> tuple[MailboxView, ...]:
        return tuple(view for _, view in self.mailboxes)


def read_look(ledger: Ledger, run: str) -> LedgerLook:
    """Reads what there is of the run; folders only of mailboxes that are copied now."""
    mailboxes = tuple((each, view_mailbox(ledger, each)) for each in ledger.mailboxes(run))
    _, findings = ledger.dns(run)
    return LedgerLook(mailboxes, tuple(findings), tuple(ledger.questions(run)))


def view_run(
    head: RunHead,
    look: LedgerLook,
    record: ProgressRecord | None,
    points: Sequence[ProgressPoint] = (),
    states: Sequence[StateLine] = (),
    log: Sequence[LogLine] = (),
    speed_needs: timedelta = SPEED_NEEDS,
) -> ProgressView:
    """The view. `record` is what is remembered of the looks up to this one; `speed_needs` is the
    least time between its first and its last of which a speed is told."""
    figures = _measure(look.views, record, head, speed_needs)
    verdicts = settle_all(each for each in look.findings if each.record.required)
    right = sum(verdict is DnsVerdict.RIGHT for verdict in verdicts.values())
    questions = _find_open_questions(look.questions, head)
    counts = _count(look.views)
    return ProgressView(
        head=head,
        headline=tell_headline(head, states, counts, (right, len(verdicts)), questions),
        states=tuple(states),
        mailboxes=tuple(_tell_mailbox(each, view) for each, view in look.mailboxes),
        counts=counts,
        dealt=round(figures[Metric.MESSAGES_DEALT_WITH]),
        expected=round(figures[Metric.MESSAGES_EXPECTED]),
        size=sum(each.size for each in look.views),
        items=sum(each.items for each in look.views),
        percent=figures.get(Metric.PROGRESS_PERCENT),
        per_second=figures.get(Metric.MESSAGES_PER_SECOND),
        seconds_left=figures.get(Metric.SECONDS_LEFT),
        dns_right=right,
        dns_required=len(verdicts),
        dns_open=describe_open(look.findings),
        questions=questions,
        points=tuple(points),
        log=tuple(log),
    )


# ---- parts -----------------------------------------------------------------------------------


def _measure(
    views: Sequence[MailboxView],
    record: ProgressRecord | None,
    head: RunHead,
    speed_needs: timedelta,
) -> Mapping[Metric, float]:
    """The same figures as the metrics. A run that has ended has no speed."""
    found = list(measure_mailboxes(views))
    if record is not None and record.run == head.run and head.status is RunStatus.RUNNING:
        found += measure_pass(views, record, head.at, speed_needs)
    return {each.metric: each.value for each in found}


def _count(views: Iterable[MailboxView]) -> Mapping[str, int]:
    counts = dict.fromkeys(MAILBOX_WORDS.values(), 0)
    for each in views:
        counts[MAILBOX_WORDS[each.status]] += 1
    return counts


def _tell_mailbox(record: MailboxRecord, view: MailboxView) -> MailboxLine:
    mailbox = record.at_present
    status = MAILBOX_WORDS[view.status]
    name = mailbox.display_name
    return MailboxLine(name, mailbox.target, status, view.dealt, view.expected, view.size)


def _find_open_questions(questions: Iterable[Question], head: RunHead) -> tuple[AskedLine, ...]:
    """None of a run that has ended: its answer would come too late."""
    if head.status is not RunStatus.RUNNING:
        return ()
    return tuple(
        AskedLine(WORDS[each.kind].title, each.asked, each.until)
        for each in questions
        if each.is_open(head.at)
    )
