"""The lock of a tenant, what a pass came to, and the judgement at the end."""

from __future__ import annotations

import pytest

from localrun.fakes.ledger import MemoryLedger
from migration.errors import NothingCopied, VerificationFailed
from migration.model import Agreement, Failure, Mailbox, MailboxStatus, MailboxVerdict, Tally
from migration.progress_model import ProgressPoint
from migration.runs import PassSummary, judge_tenant, note_pause, summarise_pass, take_lock

NOW = "2026-12-04T18:00:00Z"
RUN = "run-1"
PASS = 1_796_000_000_000


class Running:
    """A workflow engine in which only these executions run."""

    def __init__(self, *executions: str) -> None:
        self._executions = executions

    def is_running(self, execution: str) -> bool:
        return execution in self._executions

    def maps_at_work(self, execution: str) -> frozenset[str]:
        return frozenset()

    def stop(self, execution: str, error: str, cause: str) -> None:
        raise AssertionError("nobody is stopped here")


def ledger_of(*ids: str) -> MemoryLedger:
    ledger = MemoryLedger()
    ledger.plan_mailboxes(
        RUN, [Mailbox(name, name, f"{name}@acme.example", name, name) for name in ids]
    )
    return ledger


def finish(
    ledger: MemoryLedger, mailbox: str, agreement: Agreement = Agreement.AGREE, copied: int = 0
) -> None:
    ledger.set_verdict(
        mailbox, MailboxVerdict(PASS, agreement, Tally(copied=9), Tally(copied=copied))
    )


def test_a_free_lock_is_taken_and_kept_by_a_repeated_call() -> None:
    ledger = MemoryLedger()
    assert take_lock(ledger, Running(), "me", NOW) == "me"
    assert take_lock(ledger, Running("me"), "me", NOW) == "me"


def test_a_running_owner_keeps_the_lock() -> None:
    ledger = MemoryLedger()
    ledger.acquire_lock("other", NOW)
    assert take_lock(ledger, Running("other"), "me", NOW) == "other"


def test_the_lock_of_an_execution_that_has_ended_is_taken_over() -> None:
    ledger = MemoryLedger()
    ledger.acquire_lock("aborted", NOW)
    assert take_lock(ledger, Running(), "me", NOW) == "me"
    assert ledger.acquire_lock("late", NOW) == "me"


def test_of_two_that_take_over_at_once_one_wins() -> None:
    ledger = MemoryLedger()
    ledger.acquire_lock("aborted", NOW)

    class Quicker(Running):
        def is_running(self, execution: str) -> bool:
            ledger.take_over_lock("rival", "aborted", NOW)
            return False

    assert take_lock(ledger, Quicker(), "me", NOW) != "me"
    assert ledger.acquire_lock("late", NOW) == "rival"


def test_a_pass_is_counted_from_the_ledger() -> None:
    ledger = ledger_of("a", "b", "c")
    finish(ledger, "a", copied=5)
    finish(ledger, "b", Agreement.EXCEPTIONS, copied=2)
    ledger.set_failed("c", Failure("CredentialsRejected", "x"))
    assert summarise_pass(ledger, RUN, PASS, 1, NOW) == PassSummary(1, 1, 1, 0, 0, 7)
    (note,) = ledger.notes(RUN)
    assert note.what == "Full pass: 7 messages copied, 2 mailboxes, 1 failed"


def test_a_pass_that_brought_an_event_alone_has_brought_something() -> None:
    ledger = ledger_of("a")
    verdict = MailboxVerdict(PASS, Agreement.AGREE, Tally(9), Tally(), (), Tally(4), Tally(1))
    ledger.set_verdict("a", verdict)
    summary = summarise_pass(ledger, RUN, PASS, 2, NOW)
    assert (summary.copied, summary.items) == (1, 1)
    (note,) = ledger.notes(RUN)
    assert note.what == (
        "Delta pass 1: 0 messages and 1 items of calendars and the like copied, 1 mailboxes, "
        "0 failed"
    )


def test_a_mailbox_without_an_answer_is_not_forgotten() -> None:
    ledger = ledger_of("a", "b")
    finish(ledger, "a")
    assert summarise_pass(ledger, RUN, PASS, 1, NOW).failed == 1
    failure = ledger.mailbox("b").failure
    assert failure is not None
    assert failure.error == "Unfinished"


def test_an_answer_of_an_earlier_pass_does_not_count() -> None:
    ledger = ledger_of("a", "b")
    finish(ledger, "a", copied=3)
    finish(ledger, "b", copied=3)
    later = PASS + 1
    ledger.set_verdict("a", MailboxVerdict(later, Agreement.AGREE, Tally(), Tally(copied=1)))
    assert summarise_pass(ledger, RUN, later, 2, NOW) == PassSummary(1, 0, 1, 0, 1, 1)
    assert ledger.mailbox("b").status is MailboxStatus.FAILED


def test_a_paused_mailbox_is_unsettled_and_not_failed() -> None:
    ledger = ledger_of("a", "b")
    finish(ledger, "a", copied=2)
    ledger.want_pause(True)
    note_pause(ledger, "b", "paused")
    expected = PassSummary(1, 0, 0, 1, 1, 2, pause_wanted=True)
    assert summarise_pass(ledger, RUN, PASS, 2, NOW) == expected
    assert ledger.mailbox("b").status is MailboxStatus.PAUSED
    assert ledger.mailbox("b").failure is None
    ledger.want_pause(False)
    assert not summarise_pass(ledger, RUN, PASS, 2, NOW).pause_wanted


def test_a_slice_that_ended_otherwise_pauses_nothing() -> None:
    ledger = ledger_of("a")
    for outcome in ("more", "backoff", "done", "failed"):
        note_pause(ledger, "a", outcome)
    assert ledger.mailbox("a").status is MailboxStatus.PLANNED


def test_the_looks_during_a_pause_are_one_line_of_the_timeline() -> None:
    ledger = ledger_of("a")
    note_pause(ledger, "a", "paused")
    for minute in (0, 15, 30):
        summarise_pass(ledger, RUN, PASS, 1, f"2026-12-04T18:{minute:02}:00Z")
    (note,) = ledger.notes(RUN)
    assert note.at == "2026-11-30T00:53:20.000Z"
    assert note.what == "Full pass: 0 messages copied, 0 mailboxes, 0 failed, 1 paused"


def test_a_full_pass_that_was_paused_for_all_is_no_failure() -> None:
    ledger = ledger_of("a", "b")
    note_pause(ledger, "a", "paused")
    ledger.set_failed("b", Failure("CredentialsRejected", "x"))
    assert summarise_pass(ledger, RUN, PASS, 1, NOW).paused == 1


def test_a_mailbox_that_goes_on_after_its_pause_is_judged_like_others() -> None:
    ledger = ledger_of("a")
    note_pause(ledger, "a", "paused")
    finish(ledger, "a", copied=4)
    assert summarise_pass(ledger, RUN, PASS, 1, NOW) == PassSummary(1, 0, 0, 0, 0, 4)


def test_a_mailbox_that_stayed_paused_fails_the_run_whatever_an_earlier_pass_found() -> None:
    ledger = ledger_of("a", "b")
    finish(ledger, "a")
    finish(ledger, "b")
    note_pause(ledger, "b", "paused")
    with pytest.raises(VerificationFailed, match="1 of 2 mailboxes could not be copied"):
        judge_tenant(ledger, RUN, NOW)


def test_a_first_pass_that_failed_for_all_stops_before_the_cut_over() -> None:
    ledger = ledger_of("a")
    ledger.set_failed("a", Failure("QuotaExceeded", "x"))
    with pytest.raises(NothingCopied, match="all 1 mailboxes failed"):
        summarise_pass(ledger, RUN, PASS, 1, NOW)
    assert summarise_pass(ledger, RUN, PASS, 2, NOW).failed == 1


def test_a_target_that_refuses_everything_stops_before_the_cut_over() -> None:
    ledger = ledger_of("a")
    refused = Tally(rejected=4)
    ledger.set_verdict("a", MailboxVerdict(PASS, Agreement.EXCEPTIONS, refused, refused))
    with pytest.raises(NothingCopied, match="all 4 messages were refused"):
        summarise_pass(ledger, RUN, PASS, 1, NOW)


def test_an_empty_tenant_may_go_on() -> None:
    ledger = ledger_of("a")
    ledger.set_verdict("a", MailboxVerdict(PASS, Agreement.AGREE, Tally(), Tally()))
    assert summarise_pass(ledger, RUN, PASS, 1, NOW).done == 1


def test_a_mailbox_that_was_not_reached_in_the_last_pass_fails_the_run() -> None:
    ledger = ledger_of("a", "b")
    finish(ledger, "a")
    ledger.set_failed("b", Failure("MailboxUnreachable", "x"))
    with pytest.raises(VerificationFailed, match="1 of 2 mailboxes could not be copied"):
        judge_tenant(ledger, RUN, NOW)


def test_a_tenant_in_which_all_agree() -> None:
    ledger = ledger_of("a")
    finish(ledger, "a")
    verdict = judge_tenant(ledger, RUN, NOW)
    assert (verdict.agreement, verdict.mailboxes, verdict.failed) == (Agreement.AGREE, 1, 0)


def test_failed_mailboxes_and_refused_messages_are_exceptions() -> None:
    ledger = ledger_of("a", "b")
    finish(ledger, "a")
    ledger.set_failed("b", Failure("CredentialsRejected", "x"))
    assert judge_tenant(ledger, RUN, NOW).agreement is Agreement.EXCEPTIONS
    ledger = ledger_of("a")
    finish(ledger, "a", Agreement.EXCEPTIONS)
    assert judge_tenant(ledger, RUN, NOW).agreement is Agreement.EXCEPTIONS


def test_a_difference_fails_the_run() -> None:
    ledger = ledger_of("a", "b")
    finish(ledger, "a", Agreement.DIFFER)
    finish(ledger, "b")
    with pytest.raises(VerificationFailed, match="1 of 2 mailboxes differ"):
        judge_tenant(ledger, RUN, NOW)


def failing() -> MemoryLedger:
    """One mailbox is copied; the others failed for reasons of three kinds."""
    ledger = ledger_of("fine", "wrong-password", "outage", "refused")
    finish(ledger, "fine")
    for name, error in (
        ("wrong-password", "CredentialsRejected"),
        ("outage", "MailboxUnreachable"),
        ("refused", "UserRefused"),
    ):
        ledger.set_failed(name, Failure(error, "as told"))
    return ledger


@pytest.mark.parametrize(
    ("passes", "left", "again"),
    [
        (1, 1, {"wrong-password", "outage"}),  # who was told may have mended it
        (2, 1, {"outage"}),  # for the others the next pass comes
        (1, 0, set()),
    ],
)
def test_failed_mailboxes_with_a_user_are_tried_again(
    passes: int, left: int, again: set[str]
) -> None:
    summary = summarise_pass(failing(), RUN, PASS, passes, NOW, 0, left)
    assert set(summary.again) == again
    assert summary.failed == 3


def test_while_some_are_paused_nobody_is_tried_again() -> None:
    ledger = failing()
    note_pause(ledger, "fine", "paused")
    assert summarise_pass(ledger, RUN, PASS, 1, NOW, 0, 1).again == ()


def test_the_timeline_says_who_is_tried_again_and_who_was() -> None:
    ledger = failing()
    summarise_pass(ledger, RUN, PASS, 1, NOW, 0, 1)
    assert ledger.notes(RUN)[-1].what.endswith("3 failed, 2 will be tried again alone")
    summarise_pass(ledger, RUN, PASS, 1, NOW.replace("18", "19"), 1, 0)
    assert ledger.notes(RUN)[-1].what == (
        "Full pass, failed mailboxes tried again: 0 messages copied, 1 mailboxes, 3 failed"
    )


def test_the_end_of_each_pass_is_a_point_of_the_runs_history() -> None:
    ledger = ledger_of("a", "b")
    finish(ledger, "a")
    summarise_pass(ledger, RUN, PASS, 1, NOW)
    later = NOW.replace("2026", "2027")
    finish(ledger, "b")
    summarise_pass(ledger, RUN, PASS, 1, later)
    assert ledger.progress_history(RUN).points == (
        ProgressPoint(NOW, 1, 9, 0),
        ProgressPoint(later, 2, 18, 0),
    )


def test_a_pause_is_no_end_of_a_pass() -> None:
    ledger = ledger_of("a")
    ledger.set_status("a", MailboxStatus.PAUSED)
    summarise_pass(ledger, RUN, PASS, 1, NOW)
    assert ledger.progress_history(RUN).points == ()
