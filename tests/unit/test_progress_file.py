"""When the progress page is written beside the report, and what it shows then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from localrun.fakes.blobs import MemoryBlobs
from localrun.fakes.histories import MemoryHistories
from localrun.fakes.ledger import MemoryLedger
from migration.model import Failure, Mailbox, Note
from migration.progress_file import ProgressFile
from migration.progress_model import HistoryEvent
from migration.report_lines import Verdict
from migration.runs import cleaner_of
from migration.settings import Settings
from tests.unit.test_settings import environment

RUN = "friday"
EXECUTION = f"arn:aws:states:eu-west-1:123456789012:execution:migrate-tenant:{RUN}"
REPORT = "https://console.example/report"
KEY = f"reports/{RUN}/progress.html"
AT, NOW = "2026-12-04T18:00:00Z", "2026-12-04T18:30:00Z"
SETTINGS = replace(Settings.from_env(environment()), tenant="acme", report_live=True)


def history(*names: str, ended: str = "") -> list[HistoryEvent]:
    """These states were entered, the last one is at work, unless the execution has ended."""
    told = [HistoryEvent("ExecutionStarted", AT)]
    for name in names:
        if len(told) > 1:
            told.append(HistoryEvent("TaskStateExited", AT))
        told.append(HistoryEvent("TaskStateEntered", AT, name))
    return [*told, HistoryEvent(ended, NOW)] if ended else told


class Story:
    """A run with a mailbox, and what has been written for it."""

    def __init__(self, events: Sequence[HistoryEvent], *, live: bool = True) -> None:
        self.ledger, self.blobs = MemoryLedger(), MemoryBlobs()
        self.ledger.acquire_lock(EXECUTION, AT)
        mailbox = Mailbox("m", "ann@old.example", "ann@acme.example", "ann", "Ann")
        self.ledger.plan_mailboxes(RUN, [mailbox])
        self.ledger.add_note(RUN, Note(AT, "PlanWave", "1 mailbox is planned"))
        histories = MemoryHistories({EXECUTION: events})
        settings = replace(SETTINGS, report_live=live)
        self.file = ProgressFile(settings, self.ledger, self.blobs, histories)

    def show_end(self, verdict: Verdict, failure: Failure | None = None) -> None:
        self.file.show_end(RUN, NOW, verdict, failure, REPORT)

    def page(self) -> str:
        return self.blobs.get(KEY).decode("utf-8")

    def has_page(self) -> bool:
        return self.blobs.exists(KEY)


def test_a_run_at_work_is_shown_with_its_states_its_mailboxes_and_its_timeline() -> None:
    story = Story(history("Prepare", "Preflight", "CopyMailboxes"))
    story.file.show_progress(NOW)
    page = story.page()
    assert '<meta http-equiv="refresh" content="60">' in page
    assert '<g class="group current" data-state="CopyMailboxes">' in page
    assert '<g class="passed" data-state="Preflight">' in page
    assert "ann@acme.example" in page
    assert "1 mailbox is planned" in page
    assert SETTINGS.domains[0] in page


def test_nothing_is_read_and_nothing_written_unless_the_tenant_wants_it() -> None:
    story = Story(history("Prepare"), live=False)
    story.file.show_progress(NOW)
    story.show_end(Verdict.DONE)
    story.file.show_abort(EXECUTION, NOW, "ABORTED")
    assert not story.has_page()


def test_there_is_no_page_while_nobody_works_or_somebody_cleans_up() -> None:
    story = Story(history("Prepare"))
    story.ledger.release_lock(EXECUTION)
    story.file.show_progress(NOW)
    story.show_end(Verdict.DONE)
    story.ledger.acquire_lock(cleaner_of(EXECUTION, NOW), NOW)
    story.file.show_progress(NOW)
    story.show_end(Verdict.DONE)
    assert not story.has_page()


def test_the_end_of_a_run_is_not_shown_as_that_of_the_next() -> None:
    """A function of an aborted execution works on, and the lock has been given to another."""
    story = Story(history("Prepare", "WriteReport"))
    story.ledger.release_lock(EXECUTION)
    story.ledger.acquire_lock(EXECUTION.replace(RUN, "saturday"), NOW)
    story.show_end(Verdict.FAILED, Failure("PreflightFailed", "the domain is not there"))
    assert not story.blobs.files()


@pytest.mark.parametrize("state", ["WriteReport", "PlanErasure", "ControlRun", "NotStarted"])
def test_a_page_is_not_written_over_the_last_one_nor_where_none_belongs(state: str) -> None:
    story = Story(history("Prepare", state))
    story.file.show_progress(NOW)
    assert not story.has_page()


def test_the_last_page_says_how_it_ended_and_leads_to_the_report() -> None:
    story = Story(history("Prepare", "WriteReport"))
    story.show_end(Verdict.DONE)
    page = story.page()
    assert "refresh" not in page
    assert '<h1 id="now">Ended</h1>' in page
    assert f'href="{REPORT}"' in page
    assert '<g class="passed" data-state="WriteReport">' in page


def test_the_last_page_of_a_failed_run_tells_why_and_where() -> None:
    events = history("Prepare", "Preflight")
    events += [
        HistoryEvent("TaskFailed", AT),
        HistoryEvent("TaskStateExited", AT),
        HistoryEvent("TaskStateEntered", AT, "WriteReport"),
    ]
    story = Story(events)
    story.show_end(Verdict.FAILED, Failure("PreflightFailed", "the domain is not there"))
    page = story.page()
    assert '<h1 id="now">Failed</h1>' in page
    assert "the domain is not there" in page
    assert '<g class="failed" data-state="Preflight">' in page
    assert '<g class="passed" data-state="WriteReport">' in page


@pytest.mark.parametrize(
    ("status", "word"), [("ABORTED", "Aborted"), ("TIMED_OUT", "Aborted"), ("FAILED", "Failed")]
)
def test_a_run_that_could_not_end_by_itself_gets_its_last_page(status: str, word: str) -> None:
    story = Story(history("Prepare", "CopyMailboxes", ended="ExecutionAborted"))
    story.ledger.release_lock(EXECUTION)
    story.file.show_abort(EXECUTION, NOW, status)
    page = story.page()
    assert "refresh" not in page
    assert f'<h1 id="now">{word}</h1>' in page
    assert '<g class="group failed" data-state="CopyMailboxes">' in page


def test_the_page_of_a_run_that_has_shown_its_end_stays() -> None:
    story = Story(history("Prepare", "WriteReport", "ReleaseLock", ended="ExecutionFailed"))
    story.file.show_abort(EXECUTION, NOW, "FAILED")
    assert not story.has_page()


def test_a_page_of_ten_thousand_mailboxes_is_small_enough_to_be_opened() -> None:
    story = Story(history("Prepare", "CopyMailboxes"))
    mailboxes = [
        Mailbox(f"m{n}", f"user{n}@old.example", f"user{n}@acme.example", f"user{n}", f"User {n}")
        for n in range(10_000)
    ]
    story.ledger.plan_mailboxes(RUN, mailboxes)
    story.file.show_progress(NOW)
    assert len(story.page()) < 1_000_000
