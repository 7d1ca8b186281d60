"""The page that shows a run while it is at work."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from lxml import html

from localrun.fakes.ledger import MemoryLedger
from migration.dns_model import DnsFinding, DnsRecord, DnsVerdict, DnsWatch
from migration.model import Failure, Mailbox, MailboxRecord, MailboxStatus, Note
from migration.progress import MailboxView, remember
from migration.progress_log import tell_log
from migration.progress_look import LedgerLook, read_look, view_run
from migration.progress_model import HistoryEvent, ProgressPoint
from migration.progress_page import LOGGED, PARTS, tell_title, to_html, to_parts
from migration.progress_states import tell_states
from migration.progress_view import (
    LogKind,
    LogLine,
    ProgressView,
    RunHead,
    RunStatus,
    StateLine,
    StateStatus,
)
from migration.progress_words import MAILBOX_WORDS, STATE_WORDS
from migration.question_model import Question, QuestionKind
from migration.report_lines import Verdict

RUN = "friday"
BEGUN, NOON, LATER = "2026-12-04T11:00:00Z", "2026-12-04T12:00:00Z", "2026-12-04T12:10:00Z"
HEAD = RunHead("acme", "acme.example", RUN, NOON, BEGUN)
ENDED = replace(HEAD, status=RunStatus.SUCCEEDED, report="report.html")
HOSTILE = '<script>alert(1)</script> "&\u202e' + "x" * 300
S = MailboxStatus


def states(*names: str) -> tuple[StateLine, ...]:
    """The states while the last of these is at work, one entered each minute."""
    entered = [
        HistoryEvent("TaskStateEntered", f"2026-12-04T11:{minute:02}:00Z", name)
        for minute, name in enumerate(names)
    ]
    return tell_states(entered, RunStatus.RUNNING)


def mailbox(number: int, status: S, dealt: int = 0, expected: int = 0, name: str = "") -> tuple[
    MailboxRecord, MailboxView
]:  # fmt: skip
    address = f"user{number}@acme.example"
    record = MailboxRecord(Mailbox(f"m{number}", address, address, f"user{number}", name), RUN)
    return replace(record, status=status), MailboxView(
        status, int(status is S.COPIED), dealt, expected, 1000 * dealt
    )


LOOK = LedgerLook(
    (
        mailbox(1, S.COPIED, 10, 10, "Ann"),
        mailbox(2, S.COPYING, 5, 20),
        mailbox(3, S.PROVISIONED),
        mailbox(4, S.FAILED),
    )
)


def view(
    *names: str, head: RunHead = HEAD, look: LedgerLook = LOOK, log: Sequence[LogLine] = ()
) -> ProgressView:
    return view_run(head, look, None, (), states(*names), log)


def question(answer: str = "", until: str = LATER) -> Question:
    answers = ("approve", "reject")
    secret = "a secret id"
    return Question(
        RUN, QuestionKind.CUTOVER, BEGUN, secret, "a token", until, answers, answer=answer
    )


def found(name: str, verdict: DnsVerdict, *, required: bool = True) -> DnsFinding:
    record = DnsRecord(name, "MX", "10 inbound.example", required=required)
    return DnsFinding(record, verdict, server="192.0.2.1", authoritative=True)


# ---- calendars and the like


def test_items_are_told_beside_the_mail_of_which_the_other_figures_are() -> None:
    record, copying = LOOK.mailboxes[1]
    items = LedgerLook(((record, replace(copying, items=1234)), *LOOK.mailboxes[2:]))
    page = to_parts(view("CopyMailboxes", look=items))["tiles"]
    assert "1,234" in page
    assert "those of the mail alone" in page
    assert "mail alone" not in to_parts(view("CopyMailboxes"))["tiles"]


# ---- states


def test_a_state_that_is_entered_again_keeps_its_place() -> None:
    lines = states("CheckDns", "WaitForDns", "CheckDns")
    assert [(each.name, each.times, each.status) for each in lines] == [
        ("CheckDns", 2, StateStatus.CURRENT),
        ("WaitForDns", 1, StateStatus.PASSED),
    ]
    assert lines[0].entered == "2026-12-04T11:02:00Z"


@pytest.mark.parametrize(
    ("status", "last"),
    [
        (RunStatus.SUCCEEDED, StateStatus.PASSED),
        (RunStatus.FAILED, StateStatus.FAILED),
        (RunStatus.ABORTED, StateStatus.FAILED),
    ],
)
def test_no_state_is_the_current_one_of_a_run_that_has_ended(
    status: RunStatus, last: StateStatus
) -> None:
    entered = [HistoryEvent("TaskStateEntered", NOON, name) for name in ("Prepare", "Preflight")]
    assert [each.status for each in tell_states(entered, status)] == [StateStatus.PASSED, last]


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        (("TaskScheduled", "TaskSucceeded"), StateStatus.PASSED),
        (("TaskFailed", "TaskScheduled", "TaskSucceeded"), StateStatus.PASSED),
        (("TaskScheduled", "TaskFailed"), StateStatus.FAILED),
        (("TaskFailed", "TaskScheduled", "TaskTimedOut"), StateStatus.FAILED),
        (("MapRunStarted", "MapRunFailed"), StateStatus.FAILED),
        (("WaitStateExited",), StateStatus.PASSED),
    ],
)
def test_a_state_whose_failure_was_caught_has_failed(
    kinds: tuple[str, ...], expected: StateStatus
) -> None:
    events = [
        HistoryEvent("TaskStateEntered", NOON, "Preflight"),
        *(HistoryEvent(kind, NOON) for kind in kinds),
        HistoryEvent("TaskStateExited", NOON),
        HistoryEvent("TaskStateEntered", LATER, "DisableAdministrator"),
    ]
    lines = tell_states(events, RunStatus.RUNNING)
    assert [each.status for each in lines] == [expected, StateStatus.CURRENT]


def test_every_state_that_takes_time_has_its_words_and_no_other() -> None:
    path = Path(__file__).resolve().parents[2] / "statemachines" / "migrate_tenant.asl.json"
    definition = json.loads(path.read_text("utf-8"))
    slow = {
        name
        for name, state in definition["States"].items()
        if state["Type"] in ("Task", "Map", "Wait")
    }
    assert set(STATE_WORDS) == slow


# ---- the sentence on top


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ((), "The run begins."),
        (("HasLock",), "The run begins."),
        (("Preflight",), "Checks everything outside before anything is changed."),
        (("Preflight", "WantsRoute53"), "Checks everything outside before anything is changed."),
        (("FullPass", "CopyMailboxes"), "Copies the mailboxes: 1 of 4 are done."),
        (("CheckDns", "WaitForDns"), "Waits until the DNS points to WorkMail."),
    ],
)
def test_the_headline_says_what_happens_now(names: tuple[str, ...], said: str) -> None:
    assert view(*names).headline == said


def test_before_the_run_nothing_is_begun() -> None:
    assert view(head=replace(HEAD, run="")).headline == "The run has not begun yet."


def test_the_headline_counts_the_records_that_are_right() -> None:
    findings = (
        found("acme.example", DnsVerdict.WRONG),
        found("acme.test", DnsVerdict.RIGHT),
        found("other.example", DnsVerdict.MISSING, required=False),
    )
    seen = view("CheckDns", "WaitForDns", look=replace(LOOK, findings=findings))
    assert seen.headline == (
        "Waits until the DNS points to WorkMail: 1 of 2 required records are right."
    )
    assert (seen.dns_right, seen.dns_required) == (1, 2)
    assert seen.dns_open == ("MX of acme.example: wrong at 1 of 1 server",)


def test_the_headline_asks_the_question() -> None:
    seen = view("ApproveCutover", look=replace(LOOK, questions=(question(),)))
    assert seen.headline == (
        "Waits for an answer of the operators: Shall the mail of this tenant go to WorkMail now?"
    )


def test_what_was_answered_is_written_down_without_asking_another_question() -> None:
    seen = view("RecordAnswer", look=replace(LOOK, questions=(question(),)))
    assert seen.headline == "Writes down what was answered."


def test_how_a_run_ended_is_said() -> None:
    failure = Failure("PreflightFailed", "this; that")
    assert view("Preflight", head=ENDED).headline == "The run has ended."
    verdict = replace(ENDED, verdict=Verdict.EXCEPTIONS)
    assert view("Preflight", head=verdict).headline == "The run has ended: done with exceptions."
    failed = replace(HEAD, status=RunStatus.FAILED, failure=failure)
    assert view("Preflight", head=failed).headline == "The run has failed: PreflightFailed."
    aborted = replace(HEAD, status=RunStatus.ABORTED)
    assert view("CopyMailboxes", head=aborted).headline == "The run was ended from outside."


# ---- figures


def test_the_figures_are_those_of_the_metrics() -> None:
    views = LOOK.views
    record = remember(
        RUN, views, remember(RUN, (views[0], MailboxView(S.COPYING)), None, NOON), NOON
    )
    seen = view_run(replace(HEAD, at=LATER), LOOK, record)
    assert seen.counts == {"failed": 1, "paused": 0, "running": 1, "waiting": 1, "done": 1}
    assert (seen.dealt, seen.expected, seen.size) == (15, 30, 15_000)
    assert seen.percent == 33.3


def test_a_speed_is_told_as_soon_as_the_looks_allow_it() -> None:
    first = remember(RUN, (LOOK.views[0], MailboxView(S.COPYING, 0, 0, 20)), None, NOON)
    later = "2026-12-04T12:00:10Z"
    record = remember(RUN, LOOK.views[:2], first, later)
    look = LedgerLook(LOOK.mailboxes[:2])
    head = replace(HEAD, at=later)
    assert view_run(head, look, record).per_second is None
    quick = view_run(head, look, record, speed_needs=timedelta(seconds=5))
    assert (quick.per_second, quick.seconds_left) == (0.5, 30)


def test_a_run_that_has_ended_has_no_speed_and_no_questions() -> None:
    record = remember(RUN, LOOK.views, None, NOON)
    look = replace(LOOK, questions=(question(),))
    seen = view_run(ENDED, look, record)
    assert (seen.percent, seen.per_second, seen.seconds_left) == (None, None, None)
    assert seen.questions == ()


@pytest.mark.parametrize(
    "settled",
    [question("approve"), question(until="2026-12-04T11:59:00Z")],
    ids=["answered", "late"],
)
def test_a_question_that_nobody_can_answer_any_more_is_not_shown(settled: Question) -> None:
    assert view(look=replace(LOOK, questions=(settled,))).questions == ()


def test_the_ledger_is_read() -> None:
    ledger = MemoryLedger()
    ledger.plan_mailboxes(RUN, [Mailbox("m1", "ann@old.example", "ann@acme.example", "ann", "Ann")])
    ledger.ask(question())
    ledger.write_dns(RUN, NOON, [found("acme.example", DnsVerdict.RIGHT)], DnsWatch())
    look = read_look(ledger, RUN)
    assert [each.mailbox.target for each, _ in look.mailboxes] == ["ann@acme.example"]
    assert len(look.questions) == len(look.findings) == 1
    assert read_look(ledger, "another") == LedgerLook()


# ---- what has happened


def entered(*names: str) -> list[HistoryEvent]:
    """These states, a second apart from noon on."""
    return [
        HistoryEvent("TaskStateEntered", f"2026-12-04T12:00:{second:02}Z", name)
        for second, name in enumerate(names)
    ]


def test_the_log_is_in_the_order_of_time_whoever_tells_it() -> None:
    notes = [Note("2026-12-04T12:00:01.500Z", "Preflight", "all is well"), Note(NOON, "Plan", "")]
    told = [LogLine("2026-12-04T13:00:00+01:00", LogKind.TOLD, "begun")]
    log = tell_log(entered("Prepare", "Preflight", "PlanWave"), notes, told)
    assert [(each.kind, each.text.rpartition(" (")[2]) for each in log] == [
        (LogKind.STATE, "Prepare)"),
        (LogKind.TOLD, "begun"),
        (LogKind.STATE, "Preflight)"),
        (LogKind.NOTE, "all is well"),
        (LogKind.STATE, "PlanWave)"),
    ]


def test_of_a_loop_the_log_has_the_first_round_and_how_many_follow() -> None:
    loop = ("CheckDns", "IsCutOver", "WaitForDns")
    log = tell_log(entered(*loop, *loop, *loop, "CheckDns", "DrainOldMx"))
    assert [each.text.rpartition("(")[2] for each in log] == [
        "CheckDns)",
        "WaitForDns)",
        "CheckDns, WaitForDns: 3 times more",
        "DrainOldMx)",
    ]
    assert tell_log(entered(*loop, *loop))[-1].text == "CheckDns, WaitForDns: once more"


def test_after_something_else_a_loop_is_told_anew() -> None:
    loop = entered("CheckDns", "WaitForDns", "CheckDns", "WaitForDns")
    log = tell_log(loop, [Note("2026-12-04T12:00:01.500Z", "CheckDns", "MX is right")])
    assert [each.text.rpartition("(")[2] for each in log] == [
        *("CheckDns)", "WaitForDns)", "MX is right", "CheckDns)", "WaitForDns)"),
    ]


# ---- the page


def test_a_page_in_a_file_loads_itself_anew_until_the_run_has_ended() -> None:
    page, ended = to_html(view("CopyMailboxes")), to_html(view("CopyMailboxes", head=ENDED))
    # In `noscript`: with scripts the reader may turn it off.
    assert b'<noscript><meta http-equiv="refresh" content="60"></noscript>' in page
    assert b"location.reload" in page
    assert b'http-equiv="refresh"' not in ended
    assert b"location.reload" not in ended
    assert b'href="report.html"' in ended


def test_only_a_live_page_may_ask_its_server() -> None:
    assert b"connect-src" not in to_html(view("CopyMailboxes"))
    live = to_html(view("CopyMailboxes"), live=True)
    assert b"connect-src &#39;self&#39;" in live
    assert b"location.reload" not in live


def test_names_from_mailboxes_are_text() -> None:
    look = LedgerLook((mailbox(1, S.COPYING, name=HOSTILE),))
    head = replace(HEAD, tenant=HOSTILE, domain=HOSTILE, others=(HOSTILE,))
    seen = view("CopyMailboxes", head=head, look=look, log=(LogLine(NOON, LogKind.NOTE, HOSTILE),))
    page = html.document_fromstring(to_html(seen))
    text = str(page.xpath("string()"))
    assert [each for each in page.iter("script") if "alert" in (each.text or "")] == []
    assert "\u202e" not in text
    assert text.count("<script>alert(1)</script>") >= 5


def test_no_link_to_an_answer_stands_in_the_page() -> None:
    page = to_html(view("ApproveCutover", look=replace(LOOK, questions=(question(),))))
    assert b"Shall the mail of this tenant go to WorkMail now?" in page
    assert b"a secret id" not in page and b"a token" not in page


def test_the_latest_lines_stand_on_top_and_old_ones_are_left_out() -> None:
    log = [LogLine(NOON, LogKind.STATE, f"line {number}.") for number in range(LOGGED + 5)]
    text = to_parts(view("CopyMailboxes", log=log))["log"]
    assert text.index(f"line {LOGGED + 4}.") < text.index("line 5.")
    assert "line 4." not in text


def test_the_page_consists_of_its_parts() -> None:
    seen = view("CopyMailboxes", log=(LogLine(NOON, LogKind.TOLD, "Begun"),))
    points = (ProgressPoint(BEGUN, 0, 0, 0), ProgressPoint(NOON, 0, 9, 9))
    seen = replace(seen, points=points, dns_open=("MX of acme.example: wrong",))
    page, parts = to_html(seen).decode(), to_parts(seen)
    assert list(parts) == list(PARTS)
    assert all(text and text in page for text in parts.values())


def test_the_title_says_how_far_it_is() -> None:
    seen = replace(view("CopyMailboxes"), percent=33.3)
    assert tell_title(seen) == "33 % – Running – WorkMail migration of acme"


def test_all_mailboxes_are_in_a_page_that_is_no_larger_than_it_must_be() -> None:
    look = LedgerLook(tuple(mailbox(each, S.COPYING, each, 20_000) for each in range(10_000)))
    assert len(to_html(view("CopyMailboxes", look=look))) < 1_500_000


def test_every_status_of_a_mailbox_has_a_word() -> None:
    assert set(MAILBOX_WORDS) == set(MailboxStatus)
