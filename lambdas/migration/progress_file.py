"""The progress page as a file beside the report, if the tenant wants it (`report.live`).

MeasureProgress writes it while the run is at work, WriteReport at the end, and CleanUp after a run
that could not end by itself. Pages come in the order of what they show, because whoever writes one
reads the history last: from the moment when WriteReport is entered, only WriteReport writes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from migration.control import run_of
from migration.execution_states import find_states
from migration.model import Failure, Note
from migration.notices import console_page
from migration.ports import BlobStore, Histories, Ledger
from migration.progress_look import LedgerLook, read_look, view_run
from migration.progress_model import ExecutionEvent
from migration.progress_view import (
    LogKind,
    LogLine,
    RunHead,
    RunStatus,
    StateLine,
    StateStatus,
    end_states,
)
from migration.runs import cleaned_by
from migration.settings import Settings

_REPORT = "WriteReport"
_WITHOUT = frozenset({"NotStarted", "ControlRun", "PlanErasure"})
"""States of executions that have no page: they are no run of the tenant, or erase all pages."""
_STATUSES = {"FAILED": RunStatus.FAILED}
"""Of executions, by what Step Functions calls them; all others were ended from outside."""


@dataclass(frozen=True, slots=True)
class _Course:
    """What an execution has done: its events, and the states that they tell of."""

    run: str
    events: tuple[ExecutionEvent, ...]
    states: tuple[StateLine, ...]

    def has_entered(self, *names: str) -> bool:
        return any(each.name in names for each in self.states)

    @property
    def has_written_report(self) -> bool:
        return any(
            each.name == _REPORT and each.status is StateStatus.PASSED for each in self.states
        )


@dataclass(frozen=True, slots=True)
class ProgressFile:
    """The page of the tenant's run. Without `report.live` nothing is read and nothing written."""

    settings: Settings
    region: str
    ledger: Ledger
    blobs: BlobStore
    histories: Histories

    def show_progress(self, now: str) -> None:
        """Shows the run at work; nothing if none is, or if its report is being written."""
        owner = self.ledger.lock_owner() if self.settings.report_live else ""
        if not owner or cleaned_by(owner):
            return
        look, course = self._read(owner)
        if not course.has_entered(_REPORT, *_WITHOUT):
            self._write(look, course, self._make_head(course, now))

    def show_end(self, now: str, failure: Failure | None) -> None:
        """Shows how the run at work has ended, whose report has just been written."""
        owner = self.ledger.lock_owner() if self.settings.report_live else ""
        if not owner:
            return
        look, course = self._read(owner)
        # What has failed says so itself; the state that writes this has not.
        course = replace(course, states=end_states(course.states, RunStatus.SUCCEEDED))
        bucket, key = self.settings.bucket_name, f"reports/{course.run}/report.html"
        head = replace(
            self._make_head(course, now),
            status=RunStatus.FAILED if failure else RunStatus.SUCCEEDED,
            failure=failure,
            # a link to the file beside it would not open: who may read one file by a signed
            # address may not read another
            report=console_page(self.region, bucket, key),
        )
        self._write(look, course, head)

    def show_abort(self, execution: str, now: str, status: str) -> None:
        """Shows that an execution ended as `status`, unless it has shown its end itself."""
        if not self.settings.report_live:
            return
        look, course = self._read(execution)
        if course.has_written_report or course.has_entered(*_WITHOUT):
            return
        ended = _STATUSES.get(status, RunStatus.ABORTED)
        course = replace(course, states=end_states(course.states, ended))
        self._write(look, course, replace(self._make_head(course, now), status=ended))

    def _read(self, execution: str) -> tuple[LedgerLook, _Course]:
        """The history last: see above."""
        run = run_of(execution)
        look = read_look(self.ledger, run)
        events = tuple(self.histories.events(execution))
        return look, _Course(run, events, find_states(events))

    def _make_head(self, course: _Course, now: str) -> RunHead:
        settings = self.settings
        begun = course.events[0].at if course.events else now
        return RunHead(settings.tenant, ", ".join(settings.domains), course.run, now, begun)

    def _write(self, look: LedgerLook, course: _Course, head: RunHead) -> None:
        # Whoever shows no page loads no templates.
        from migration.progress_page import to_html

        ledger, run = self.ledger, course.run
        points = ledger.progress_history(run).points
        log = sorted(_tell_log(course.events, ledger.notes(run)), key=lambda line: line.at)
        view = view_run(head, look, ledger.progress(), points, course.states, log)
        self.blobs.put(f"reports/{run}/progress.html", to_html(view), "text/html; charset=utf-8")


def _tell_log(events: Iterable[ExecutionEvent], notes: Iterable[Note]) -> Iterator[LogLine]:
    for event in events:
        if event.kind.endswith("StateEntered"):
            yield LogLine(event.at, LogKind.STATE, event.state)
    for note in notes:
        yield LogLine(note.at, LogKind.NOTE, note.what)
