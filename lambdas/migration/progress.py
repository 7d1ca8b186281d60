"""How far the run at work is: read from the ledger, measured purely, told to the metrics.

Looks while mailboxes are copied are remembered for an hour: the speed is what was done between the
oldest and the newest of them, and a stall is a time in which nothing has moved. How far the run was
at each of them is kept for its report (progress_history.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from migration.control import run_of
from migration.dns_verdicts import find_open
from migration.end_of_support import days_left
from migration.identity import groupware_id
from migration.measures import Measure, Metric
from migration.model import MailboxRecord, MailboxStatus, Tally
from migration.ports import Ledger, Metrics
from migration.progress_history import add_point
from migration.progress_model import Look, ProgressPoint, ProgressRecord
from migration.question_model import Question
from migration.runs import cleaned_by

_REMEMBERED = timedelta(hours=1)
SPEED_NEEDS = timedelta(minutes=4)
"""Of looks some minutes apart, a speed from a shorter time would be a guess."""


@dataclass(frozen=True, slots=True)
class MailboxView:
    """A mailbox, as far as the progress of a run is concerned. `judged` is the pass of its verdict
    in this run, 0 before the first; `dealt` counts messages that were copied, refused, left out or
    gone; `expected` is 0 until the mailbox was begun; `size` is in bytes. `items` of calendars and
    the like were copied or refused, over all runs; `written` were so in their latest pass, changed
    ones among them."""

    status: MailboxStatus
    judged: int = 0
    dealt: int = 0
    expected: int = 0
    size: int = 0
    items: int = 0
    written: int = 0


@dataclass(frozen=True, slots=True)
class Work:
    """What a pass has `done` and has `left`, in messages if it is the first over the mailboxes, in
    mailboxes if it is a later one: that looks through all of them and copies little."""

    part: str
    done: int
    left: float
    in_messages: bool


def measure_progress(ledger: Ledger, metrics: Metrics, now: str) -> bool:
    """Measures the tenant's run and remembers the look; False if none is at work: then nothing was
    read but the lock."""
    owner = ledger.lock_owner()
    at_work = owner != "" and not cleaned_by(owner)
    found = [
        Measure(Metric.RUNS_AT_WORK, int(at_work)),
        Measure(Metric.DAYS_TO_END_OF_SUPPORT, days_left(now)),
    ]
    if at_work:
        run = run_of(owner)
        mailboxes = [view_mailbox(ledger, record) for record in ledger.mailboxes(run)]
        before = ledger.progress()
        after = remember(run, mailboxes, before, now)
        _keep_point(ledger, mailboxes, before, after, now)
        # With nothing to remember nothing is begun: an erasure counts what the ledger has.
        if after != before and (before or after.looks):
            ledger.set_progress(after)
        found += measure_mailboxes(mailboxes)
        found += measure_pass(mailboxes, after, now)
        found += _measure_dns(ledger, run)
        found += measure_questions(ledger.questions(run), now)
    metrics.emit(now, found)
    return at_work


def view_mailbox(ledger: Ledger, record: MailboxRecord) -> MailboxView:
    """Only mailboxes that are copied now have their folders read: few, however many there are."""
    verdict = record.verdict
    total, items, written = Tally(), Tally(), Tally()
    if verdict:
        total, items, written = verdict.total, verdict.items, verdict.items_in_pass
    if record.status is MailboxStatus.COPYING:
        total = sum((each.total for each in ledger.folders(record.mailbox.id)), Tally())
        collections = ledger.folders(groupware_id(record.mailbox.id))
        items = sum((each.total for each in collections), Tally())
        written = sum((each.in_pass for each in collections), Tally())
    judged = verdict.pass_id if verdict else 0
    return MailboxView(
        *(record.status, judged, total.seen, record.expected, total.size),
        *(items.seen, written.seen),
    )


def _keep_point(
    ledger: Ledger,
    mailboxes: Sequence[MailboxView],
    before: ProgressRecord | None,
    after: ProgressRecord,
    now: str,
) -> None:
    if is_of_the_course(before, after):
        history = ledger.progress_history(after.run)
        ledger.set_progress_history(add_point(history, find_point(mailboxes, now)))


def is_of_the_course(before: ProgressRecord | None, after: ProgressRecord) -> bool:
    """Whether a look belongs into the run's history: while mailboxes are copied, and once when
    that is over."""
    was_copying = before is not None and before.run == after.run and bool(before.looks)
    return bool(after.looks) or was_copying


def find_point(mailboxes: Sequence[MailboxView], now: str) -> ProgressPoint:
    """How far the run is."""
    return ProgressPoint(
        now,
        sum(each.judged > 0 for each in mailboxes),
        sum(each.dealt for each in mailboxes),
        sum(each.size for each in mailboxes),
    )


def remember(
    run: str, mailboxes: Sequence[MailboxView], before: ProgressRecord | None, now: str
) -> ProgressRecord:
    """What is remembered after a look. While no mailbox is copied there is nothing to remember: in
    a pause, before an answer, and while the DNS is waited for, nothing has to move."""
    if not _is_copying(mailboxes):
        return ProgressRecord(run, "", ())
    work, state = find_work(mailboxes), _state(mailboxes)
    known = before.looks if before and before.run == run else ()
    moved = before.moved if before and known and known[-1].state == state else now
    if work is None:
        # no speed can be told, but a stall can
        return ProgressRecord(run, moved, (Look(now, "", 0, state),))
    look = Look(now, work.part, work.done, state)
    return ProgressRecord(run, moved, (*_comparable(known, look), look))


def _comparable(known: Iterable[Look], look: Look) -> list[Look]:
    """Those of the same pass and of the last hour. One that had more done belongs to another
    world: a mailbox has failed since, and its messages do not count any more."""
    oldest = datetime.fromisoformat(look.at) - _REMEMBERED
    return [
        each
        for each in known
        if each.part == look.part
        and each.done <= look.done
        and datetime.fromisoformat(each.at) >= oldest
    ]


def find_work(mailboxes: Sequence[MailboxView]) -> Work | None:
    """What is done and what is left of the pass at work; None if nobody can say: none is, it has
    only just begun, or it stops for a pause.

    Mailboxes that were not begun are taken to be as large as those that were, on an average.
    """
    paused = any(each.status is MailboxStatus.PAUSED for each in mailboxes)
    if paused or not _is_copying(mailboxes):
        return None
    living = [each for each in mailboxes if each.status is not MailboxStatus.FAILED]
    if any(not each.judged for each in living):
        return _find_first_work(living)
    latest = max(each.judged for each in living)
    ended = sum(each.judged == latest for each in living)
    if ended == len(living):
        return None  # a new pass, of which no mailbox has come to its end
    return Work(f"pass {latest}", ended, len(living) - ended, in_messages=False)


def _find_first_work(living: Sequence[MailboxView]) -> Work | None:
    begun = [each for each in living if each.judged or each.status is MailboxStatus.COPYING]
    sizes = [max(each.expected, each.dealt) for each in begun]
    waiting = len(living) - len(begun)
    running = sum(
        max(0, each.expected - each.dealt)
        for each in begun
        if each.status is MailboxStatus.COPYING and not each.judged
    )
    left = running + waiting * sum(sizes) / len(sizes)
    return Work("first pass", sum(each.dealt for each in begun), left, in_messages=True)


def _is_copying(mailboxes: Iterable[MailboxView]) -> bool:
    return any(each.status is MailboxStatus.COPYING for each in mailboxes)


def _state(mailboxes: Sequence[MailboxView]) -> str:
    """Another one whenever a mailbox has begun or ended, or a message or an item was dealt with."""
    statuses = Counter(each.status for each in mailboxes)
    latest = max((each.judged for each in mailboxes), default=0)
    ended = sum(each.judged == latest for each in mailboxes)
    dealt = sum(each.dealt for each in mailboxes)
    items = sum(each.items + each.written for each in mailboxes)
    counts = *(statuses[one] for one in MailboxStatus), latest, ended, dealt, items
    return " ".join(map(str, counts))


# ---- measures ----------------------------------------------------------------------------------


def measure_mailboxes(mailboxes: Sequence[MailboxView]) -> Iterator[Measure]:
    """How many mailboxes are where, and what is known of their messages."""
    counts = Counter(each.status for each in mailboxes)
    waiting = counts[MailboxStatus.PLANNED] + counts[MailboxStatus.PROVISIONED]
    yield Measure(Metric.MAILBOXES_WAITING, waiting)
    yield Measure(Metric.MAILBOXES_RUNNING, counts[MailboxStatus.COPYING])
    yield Measure(Metric.MAILBOXES_PAUSED, counts[MailboxStatus.PAUSED])
    yield Measure(Metric.MAILBOXES_DONE, counts[MailboxStatus.COPIED])
    yield Measure(Metric.MAILBOXES_FAILED, counts[MailboxStatus.FAILED])
    yield Measure(Metric.MESSAGES_EXPECTED, sum(each.expected for each in mailboxes))
    yield Measure(Metric.MESSAGES_DEALT_WITH, sum(each.dealt for each in mailboxes))


def measure_pass(
    mailboxes: Sequence[MailboxView],
    record: ProgressRecord,
    now: str,
    speed_needs: timedelta = SPEED_NEEDS,
) -> Iterator[Measure]:
    """How far the pass at work is, how fast, and how long nothing has moved; nothing unless
    mailboxes are copied. There is no speed from looks over less time than it needs."""
    if not record.looks:
        return
    still = datetime.fromisoformat(now) - datetime.fromisoformat(record.moved)
    yield Measure(Metric.MINUTES_WITHOUT_PROGRESS, round(still.total_seconds() / 60, 1))
    work = find_work(mailboxes)
    if work is None:
        return
    if whole := work.done + work.left:
        yield Measure(Metric.PROGRESS_PERCENT, round(100 * work.done / whole, 1))
    speed = _speed(record.looks, speed_needs)
    if speed and work.in_messages:
        yield Measure(Metric.MESSAGES_PER_SECOND, round(speed, 3))
    if speed:
        yield Measure(Metric.SECONDS_LEFT, round(work.left / speed))


def _speed(looks: Sequence[Look], needs: timedelta) -> float:
    """What was done in a second; 0 if that is not known, or if nothing was done."""
    span = datetime.fromisoformat(looks[-1].at) - datetime.fromisoformat(looks[0].at)
    if span < needs:
        return 0.0
    return (looks[-1].done - looks[0].done) / span.total_seconds()


def _measure_dns(ledger: Ledger, run: str) -> Iterator[Measure]:
    at, findings = ledger.dns(run)
    if at:
        yield Measure(Metric.DNS_PENDING, len(find_open(findings)))


def measure_questions(questions: Iterable[Question], now: str) -> Iterator[Measure]:
    """How long the oldest question waits that can still be answered; nothing if none does."""
    open_ = [each.asked for each in questions if each.is_open(now)]
    if open_:
        waited = datetime.fromisoformat(now) - datetime.fromisoformat(min(open_))
        yield Measure(Metric.QUESTION_HOURS, round(waited.total_seconds() / 3600, 1))
