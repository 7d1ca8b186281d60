"""How far a run is, and whether it stands still."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from localrun.fakes.ledger import MemoryLedger
from localrun.fakes.metrics import MemoryMetrics
from migration import progress
from migration.dns_model import DnsFinding, DnsRecord, DnsVerdict, DnsWatch
from migration.identity import groupware_id
from migration.mail import Folder, FolderPlan
from migration.measures import Metric
from migration.model import Agreement, Mailbox, MailboxStatus, MailboxVerdict, Tally
from migration.progress import MailboxView, find_work, measure_pass, remember
from migration.progress_model import ProgressHistory, ProgressPoint, ProgressRecord
from migration.question_model import Question, QuestionKind
from migration.runs import cleaner_of

RUN = "friday"
ME = f"arn:aws:states:eu-west-1:123456789012:execution:acme-migrate-tenant:{RUN}"
NOON = "2026-12-04T12:00:00Z"
S = MailboxStatus
WAITING = MailboxView(S.PROVISIONED)
FAILED = MailboxView(S.FAILED)


def running(dealt: int, expected: int, judged: int = 0) -> MailboxView:
    return MailboxView(S.COPYING, judged, dealt, expected)


def done(dealt: int, judged: int = 1) -> MailboxView:
    return MailboxView(S.COPIED, judged, dealt, dealt)


def after(minutes: float) -> str:
    return (datetime.fromisoformat(NOON) + timedelta(minutes=minutes)).isoformat()


def looked(*looks: tuple[float, Sequence[MailboxView]]) -> ProgressRecord:
    """What is remembered after these looks, each so many minutes after noon."""
    record: ProgressRecord | None = None
    for minutes, mailboxes in looks:
        record = remember(RUN, mailboxes, record, after(minutes))
    assert record is not None
    return record


def measured(*looks: tuple[float, Sequence[MailboxView]]) -> dict[Metric, float]:
    """What the last of these looks measures of the pass."""
    minutes, mailboxes = looks[-1]
    found = measure_pass(mailboxes, looked(*looks), after(minutes))
    return {each.metric: each.value for each in found}


# ---- what is done, and what is left


def test_the_first_pass_counts_messages() -> None:
    work = find_work([done(100), running(50, 200)])
    assert work is not None
    assert (work.done, work.left, work.in_messages) == (150, 150, True)


def test_mailboxes_that_were_not_begun_are_taken_for_average_ones() -> None:
    work = find_work([done(100), running(0, 300), WAITING, WAITING])
    assert work is not None
    assert (work.done, work.left) == (100, 300 + 2 * 200)


def test_a_mailbox_that_failed_is_neither_done_nor_left() -> None:
    work = find_work([FAILED, running(1, 4), done(4)])
    assert work is not None
    assert (work.done, work.left) == (5, 3)


def test_a_mailbox_that_shrinks_while_it_is_copied_leaves_nothing() -> None:
    work = find_work([running(10, 7)])
    assert work is not None
    assert (work.done, work.left) == (10, 0)


def test_a_later_pass_counts_mailboxes() -> None:
    work = find_work([done(100, 2), done(5, 2), running(50, 60, 1), done(9, 1), FAILED])
    assert work is not None
    assert (work.done, work.left, work.in_messages) == (2, 2, False)


@pytest.mark.parametrize(
    "mailboxes",
    [
        [],
        [WAITING],
        [done(1), FAILED],
        [running(1, 2), MailboxView(S.PAUSED, 0, 0, 5)],
        [running(5, 5, 1), done(3, 1)],
    ],
    ids=["nobody", "before", "after", "stopping for a pause", "a new pass has only begun"],
)
def test_where_nobody_can_say_nothing_is_said(mailboxes: list[MailboxView]) -> None:
    assert find_work(mailboxes) is None


# ---- speed, and the time that is left


def test_the_time_left_is_told_at_the_speed_of_the_last_hour() -> None:
    found = measured((0, [running(0, 1000)]), (10, [running(300, 1000)]))
    assert found[Metric.MESSAGES_PER_SECOND] == 0.5
    assert found[Metric.SECONDS_LEFT] == 1400
    assert found[Metric.PROGRESS_PERCENT] == 30


def test_what_is_older_than_an_hour_does_not_count() -> None:
    found = measured(
        (0, [running(0, 9000)]), (55, [running(6000, 9000)]), (65, [running(6060, 9000)])
    )
    assert found[Metric.MESSAGES_PER_SECOND] == 0.1


@pytest.mark.parametrize(
    "looks",
    [
        [(0, [running(0, 100)])],
        [(0, [running(0, 100)]), (2, [running(50, 100)])],
        [(0, [running(10, 100)]), (10, [running(10, 100)])],
    ],
    ids=["one look", "two minutes", "nothing moved"],
)
def test_no_time_is_guessed(looks: list[tuple[float, Sequence[MailboxView]]]) -> None:
    found = measured(*looks)
    assert Metric.PROGRESS_PERCENT in found
    assert not {Metric.SECONDS_LEFT, Metric.MESSAGES_PER_SECOND} & set(found)


def test_a_failure_begins_the_measuring_of_the_speed_anew() -> None:
    found = measured(
        (0, [running(500, 900), running(0, 100)]),
        (10, [FAILED, running(20, 100)]),
        (20, [FAILED, running(50, 100)]),
    )
    assert found[Metric.MESSAGES_PER_SECOND] == round(30 / 600, 3)


def test_a_later_pass_has_a_speed_of_its_own() -> None:
    found = measured(
        (0, [running(1, 2), done(9, 1)]),
        (10, [running(2, 2, 1), done(9, 2), done(1, 1)]),
        (20, [done(2, 2), done(9, 2), running(1, 1, 1)]),
    )
    assert Metric.MESSAGES_PER_SECOND not in found
    assert found[Metric.SECONDS_LEFT] == 600
    assert found[Metric.PROGRESS_PERCENT] == 66.7


# ---- standing still


def still(*looks: tuple[float, Sequence[MailboxView]]) -> float | None:
    return measured(*looks).get(Metric.MINUTES_WITHOUT_PROGRESS)


def test_a_mailbox_that_hangs_is_seen() -> None:
    mailboxes = [running(10, 20), done(5)]
    assert still((0, mailboxes), (20, mailboxes), (35, mailboxes)) == 35


@pytest.mark.parametrize(
    "moved",
    [
        [running(11, 20), running(0, 9)],
        [done(20), running(0, 9)],
        [FAILED, running(0, 9)],
    ],
    ids=["a message", "a mailbox", "a failure"],
)
def test_whatever_moves_is_progress(moved: list[MailboxView]) -> None:
    before = [running(10, 20), running(0, 9)]
    assert still((0, before), (20, before), (25, moved), (40, moved)) == 15


def test_one_that_ends_while_another_begins_is_progress() -> None:
    """In a quiet pass, when no message is copied."""
    before = [running(3, 3, 1), done(3, 1), done(3, 2)]
    later = [done(3, 2), running(3, 3, 1), done(3, 2)]
    assert still((0, before), (20, before), (25, later)) == 0


@pytest.mark.parametrize(
    "mailboxes",
    [
        [WAITING, WAITING],
        [MailboxView(S.PAUSED, 0, 0, 9), WAITING],
        [done(4), done(9), FAILED],
    ],
    ids=["users are made", "a pause", "an answer, or the DNS, is waited for"],
)
def test_waits_are_no_standstill(mailboxes: list[MailboxView]) -> None:
    assert measured((0, mailboxes), (600, mailboxes)) == {}


def test_after_a_wait_the_time_begins_anew() -> None:
    work, wait = [running(1, 2)], [done(2)]
    again = [running(2, 2, 1)]
    assert still((0, work), (20, wait), (600, again), (610, again)) == 10


def test_a_standstill_of_another_run_is_forgotten() -> None:
    mailboxes = [running(1, 2)]
    before = ProgressRecord("thursday", after(-90), looked((0, mailboxes)).looks)
    assert remember(RUN, mailboxes, before, NOON).moved == NOON


# ---- the whole, from the ledger


def measure(ledger: MemoryLedger, now: str = NOON) -> dict[Metric, float]:
    metrics = MemoryMetrics()
    progress.measure_progress(ledger, metrics, now)
    return {each.metric: each.value for at, each in metrics.emitted if at == now}


def at_work(*ids: str) -> MemoryLedger:
    ledger = MemoryLedger()
    ledger.acquire_lock(ME, NOON)
    ledger.plan_mailboxes(RUN, [Mailbox(each, "s", "t", "u", "U") for each in ids])
    return ledger


@pytest.mark.parametrize("owner", ["", cleaner_of(ME, NOON)])
def test_without_a_run_nothing_is_read_or_kept(owner: str) -> None:
    ledger = MemoryLedger()
    if owner:
        ledger.acquire_lock(owner, NOON)
    writes = ledger.writes
    assert measure(ledger) == {Metric.RUNS_AT_WORK: 0, Metric.DAYS_TO_END_OF_SUPPORT: 117}
    assert ledger.writes == writes


def test_mailboxes_are_counted_where_they_are() -> None:
    ledger = at_work("a", "b", "c", "d", "e")
    ledger.set_begun("b", 7)
    folder = Folder("f", ("INBOX",), "1", 7)
    record = ledger.claim_folder("b", FolderPlan(folder, folder.path), "t", 1, 1)
    ledger.advance("b", record, replace(record, total=Tally(copied=4, rejected=1)))
    verdict = MailboxVerdict(1, Agreement.AGREE, Tally(copied=3), Tally(copied=3))
    ledger.set_begun("c", 3)
    ledger.set_verdict("c", verdict)
    ledger.set_status("d", S.FAILED)
    ledger.set_status("e", S.PAUSED)
    found = measure(ledger)
    assert found[Metric.RUNS_AT_WORK] == 1
    assert [
        found[each]
        for each in (
            Metric.MAILBOXES_WAITING,
            Metric.MAILBOXES_RUNNING,
            Metric.MAILBOXES_DONE,
            Metric.MAILBOXES_FAILED,
            Metric.MAILBOXES_PAUSED,
        )
    ] == [1, 1, 1, 1, 1]
    assert found[Metric.MESSAGES_EXPECTED] == 10
    assert found[Metric.MESSAGES_DEALT_WITH] == 8


def test_a_hanging_mailbox_is_told_from_the_ledger() -> None:
    ledger = at_work("a")
    ledger.set_begun("a", 7)
    measure(ledger)
    assert measure(ledger, after(31))[Metric.MINUTES_WITHOUT_PROGRESS] == 31


def test_a_mailbox_whose_calendars_are_copied_does_not_hang() -> None:
    """Its mail is done, and a large calendar takes longer than an alarm waits."""
    ledger = at_work("a")
    ledger.set_begun("a", 0)
    items = groupware_id("a")
    plan = FolderPlan(Folder("k", ("calendar", "Work"), "1", 0), ("calendar", ""))
    record = ledger.claim_folder(items, plan, "t", 1, 1)
    measure(ledger)
    copied = replace(record, total=Tally(copied=50), in_pass=Tally(copied=50))
    record = ledger.advance(items, record, copied)
    assert measure(ledger, after(31))[Metric.MINUTES_WITHOUT_PROGRESS] == 0
    # a changed item is written anew: there are no more of them than before
    ledger.advance(items, record, replace(record, in_pass=Tally(copied=51)))
    assert measure(ledger, after(62))[Metric.MINUTES_WITHOUT_PROGRESS] == 0
    assert measure(ledger, after(93))[Metric.MINUTES_WITHOUT_PROGRESS] == 31


def test_while_nothing_is_copied_nothing_is_written() -> None:
    """Not once either: an erasure is at work, too, and counts what the ledger has."""
    ledger = at_work("a")
    writes = ledger.writes
    measure(ledger)
    measure(ledger, after(5))
    assert ledger.writes == writes
    assert ledger.progress() is None


def test_the_oldest_question_that_can_be_answered_counts() -> None:
    ledger = at_work("a")

    def ask(asked: str, until: str, kind: QuestionKind) -> Question:
        return ledger.ask(Question(RUN, kind, asked, asked, "token", until, ("approve",)))

    ask(after(-600), after(-1), QuestionKind.ROLLBACK)
    ask(after(-90), after(60), QuestionKind.CUTOVER)
    answered = ask(after(-300), after(60), QuestionKind.DNS)
    ledger.settle(answered, "approve", "link", NOON)
    assert measure(ledger)[Metric.QUESTION_HOURS] == 1.5
    assert Metric.QUESTION_HOURS not in measure(ledger, after(61))


def test_dns_records_are_counted_once_somebody_has_looked() -> None:
    ledger = at_work("a")
    assert Metric.DNS_PENDING not in measure(ledger)
    findings = [
        DnsFinding(DnsRecord("acme.example", "MX", "10 new.", required), verdict)
        for required, verdict in ((True, DnsVerdict.WRONG), (False, DnsVerdict.MISSING))
    ]
    ledger.write_dns(RUN, NOON, findings, DnsWatch(began=NOON))
    assert measure(ledger)[Metric.DNS_PENDING] == 1


# ---- how far the run was at which time


def copying() -> MemoryLedger:
    """Two mailboxes: of one, four messages are there of seven."""
    ledger = at_work("a", "b")
    ledger.set_begun("a", 7)
    folder = Folder("f", ("INBOX",), "1", 7)
    record = ledger.claim_folder("a", FolderPlan(folder, folder.path), "t", 1, 1)
    ledger.advance("a", record, replace(record, total=Tally(copied=3, size=300, rejected=1)))
    return ledger


def test_each_look_at_a_copy_is_a_point_of_the_runs_history() -> None:
    ledger = copying()
    measure(ledger)
    total = Tally(copied=6, size=600, rejected=1)
    ledger.set_verdict("a", MailboxVerdict(1, Agreement.AGREE, total, total))
    ledger.set_begun("b", 9)
    measure(ledger, after(5))
    assert ledger.progress_history(RUN).points == (
        ProgressPoint(NOON, 0, 4, 300),
        ProgressPoint(after(5), 1, 7, 600),
    )


def test_when_the_copy_is_over_one_look_more_is_kept() -> None:
    ledger = copying()
    measure(ledger)
    total = Tally(copied=7, size=700)
    ledger.set_verdict("a", MailboxVerdict(1, Agreement.AGREE, total, total))
    measure(ledger, after(5))
    writes = ledger.writes
    measure(ledger, after(10))
    assert ledger.writes == writes
    assert ledger.progress_history(RUN).points == (
        ProgressPoint(NOON, 0, 4, 300),
        ProgressPoint(after(5), 1, 7, 700),
    )


def test_a_run_that_copies_nothing_adds_nothing_to_the_history_of_the_one_before() -> None:
    """An erasure comes after the runs."""
    ledger = copying()
    measure(ledger)
    before = ledger.progress_history(RUN)
    ledger.release_lock(ME)
    ledger.acquire_lock(ME.replace(RUN, "erasure"), after(5))
    measure(ledger, after(5))
    assert ledger.progress_history(RUN) == before
    assert ledger.progress_history("erasure") == ProgressHistory("erasure")
