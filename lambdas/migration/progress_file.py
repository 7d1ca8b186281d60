"""The progress page as a file beside the report, if the tenant wants it (`report.live`).

MeasureProgress writes it while the run is at work, WriteReport at the end, and CleanUp after a run
that could not end by itself. Pages come in the order of what they show, because whoever writes one
reads the history last: once WriteReport has been entered, only WriteReport begins a page.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from migration.control import run_of
from migration.model import Failure
from migration.ports import BlobStore, Histories, Ledger
from migration.progress_log import tell_log
from migration.progress_look import LedgerLook, read_look, view_run
from migration.progress_model import HistoryEvent
from migration.progress_states import tell_states
from migration.progress_view import RunHead, RunStatus, StateStatus
from migration.report_lines import Verdict
from migration.runs import cleaned_by
from migration.settings import Settings

_REPORT = "WriteReport"
"""The state that writes the last page."""
_WITHOUT = frozenset({"NotStarted", "ControlRun", "PlanErasure"})
"""States of executions that have no page: they are no run of the tenant, or erase all pages."""
_STATUSES = {"FAILED": RunStatus.FAILED}
"""Of executions, by what Step Functions calls them; all others were ended from outside."""


@dataclass(frozen=True, slots=True)
class ProgressFile:
    """The page of the tenant's run. Without `report.live` nothing is read and nothing written."""

    settings: Settings
    ledger: Ledger
    blobs: BlobStore
    histories: Histories

    def show_progress(self, now: str) -> None:
        """Shows the run at work; nothing if none is, or if its report is being written."""
        owner = self._find_owner()
        if not owner:
            return
        look, events = self._read(owner)
        if not _has_entered(events, _REPORT, *_WITHOUT):
            self._write(look, events, self._make_head(owner, events, now))

    def show_end(
        self, run: str, now: str, verdict: str, failure: Failure | None, report: str
    ) -> None:
        """Shows how `run` has ended, whose report stands at the address `report`; nothing if the
        lock is not its own any more: a function goes on for minutes after an abort."""
        owner = self._find_owner()
        if run_of(owner) != run:
            return
        look, events = self._read(owner)
        head = replace(
            self._make_head(owner, events, now),
            status=RunStatus.FAILED if failure else RunStatus.SUCCEEDED,
            failure=failure,
            verdict=Verdict(verdict),
            # a link to the file beside it would not open: a signed address is that of one file
            report=report,
        )
        self._write(look, events, head)

    def show_abort(self, execution: str, now: str, status: str) -> None:
        """Shows that an execution ended as `status`, unless it has shown its end itself."""
        if not self.settings.report_live:
            return
        look, events = self._read(execution)
        ended = _STATUSES.get(status, RunStatus.ABORTED)
        states = tell_states(events, ended)
        shown = any(each.name == _REPORT and each.status is StateStatus.PASSED for each in states)
        if not shown and not _has_entered(events, *_WITHOUT):
            head = replace(self._make_head(execution, events, now), status=ended)
            self._write(look, events, head)

    def _find_owner(self) -> str:
        """The execution that works for the tenant, if its page is wanted; else ""."""
        owner = self.ledger.lock_owner() if self.settings.report_live else ""
        return "" if cleaned_by(owner) else owner

    def _read(self, execution: str) -> tuple[LedgerLook, tuple[HistoryEvent, ...]]:
        """The history last: see above."""
        look = read_look(self.ledger, run_of(execution))
        return look, tuple(self.histories.events(execution))

    def _make_head(self, execution: str, events: Sequence[HistoryEvent], now: str) -> RunHead:
        settings = self.settings
        begun = events[0].at if events else now
        domains = ", ".join(settings.domains)
        return RunHead(settings.tenant, domains, run_of(execution), now, begun)

    def _write(self, look: LedgerLook, events: Sequence[HistoryEvent], head: RunHead) -> None:
        # Whoever shows no page loads no templates.
        from migration.progress_page import to_html

        ledger = self.ledger
        # What has failed says so itself; WriteReport, which writes the last page, has not.
        ended = RunStatus.SUCCEEDED if head.verdict else head.status
        view = view_run(
            head,
            look,
            ledger.progress(),
            ledger.progress_history(head.run).points,
            tell_states(events, ended),
            tell_log(events, ledger.notes(head.run)),
        )
        key = f"reports/{head.run}/progress.html"
        self.blobs.put(key, to_html(view), "text/html; charset=utf-8")


def _has_entered(events: Iterable[HistoryEvent], *names: str) -> bool:
    return any(each.state in names for each in events)
