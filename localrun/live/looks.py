"""Looks at a run that is at work on the laptop's cloud."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from localrun.engine.execution import Execution
from localrun.runner import Run
from migration.aws.ledger import DynamoLedger
from migration.control import run_of
from migration.model import Failure
from migration.progress import MailboxView, find_point, is_of_the_course, remember
from migration.progress_history import add_point, whole_run
from migration.progress_log import tell_log
from migration.progress_look import read_look, view_run
from migration.progress_model import HistoryEvent, ProgressHistory, ProgressPoint, ProgressRecord
from migration.progress_states import tell_states
from migration.progress_view import LogKind, LogLine, ProgressView, RunHead, RunStatus
from migration.report_lines import Verdict

REPORTS = "report/"
"""Below this the page's server has the files of the report."""
_SPEED_NEEDS = timedelta(seconds=3)
"""Looks are a second apart."""
_STATUSES: Mapping[str, RunStatus] = {
    "RUNNING": RunStatus.RUNNING,
    "SUCCEEDED": RunStatus.SUCCEEDED,
    "FAILED": RunStatus.FAILED,
    "TIMED_OUT": RunStatus.ABORTED,
    "ABORTED": RunStatus.ABORTED,
}


@dataclass(frozen=True, slots=True)
class _Course:
    """What is remembered of the looks at one run."""

    record: ProgressRecord | None
    history: ProgressHistory


class Looker:
    """Looks at the execution that works for the tenant, as `choose` has it. `outside` is what
    somebody else does. Only one thread may look."""

    def __init__(self, run: Run, outside: deque[LogLine]) -> None:
        self._run = run
        self._outside = outside
        # of its own: boto3's resources are not to be used by two threads at once
        table = run.cloud.table(run.cloud.output("LedgerTable"))
        self._ledger = DynamoLedger(table, run.tenant)
        self._courses: dict[str, _Course] = {}

    def look(self) -> ProgressView | None:
        """None while nothing has been started."""
        executions = self._list()
        if not executions:
            return None
        shown = choose(executions, run_of(self._ledger.lock_owner()))
        others = tuple(
            each.name for each in executions if each.status == "RUNNING" and each is not shown
        )
        return self._view(shown, others)

    def _list(self) -> list[Execution]:
        """Without the children of Maps, in the order of their begins."""
        known = list(self._run.cloud.engine.executions.values())
        own = [each for each in known if each.map_run is None]
        return sorted(own, key=lambda each: each.started)

    def _view(self, execution: Execution, others: tuple[str, ...]) -> ProgressView:
        # The status first: what is read after it belongs to it, or is newer.
        head = self._head(execution, others)
        look = read_look(self._ledger, execution.name)
        course = self._go_on(execution.name, head.at, look.views)
        events = list(_read_events(execution, self._run.world.clock.iso))
        log = tell_log(events, self._ledger.notes(execution.name), self._tell_more(execution.name))
        return view_run(
            head,
            look,
            course.record,
            _tell_points(course.history, head.begun),
            tell_states(events, head.status),
            log,
            _SPEED_NEEDS,
        )

    def _head(self, execution: Execution, others: tuple[str, ...]) -> RunHead:
        clock, ended = self._run.world.clock, execution.stopped
        status = _STATUSES[execution.status]
        has_report = self._run.reported == execution.name and self._run.report is not None
        failed = status is RunStatus.FAILED
        return RunHead(
            tenant=self._run.tenant,
            domain=self._run.scenario.domain,
            run=execution.name,
            at=clock.iso(None if status is RunStatus.RUNNING else ended),
            begun=clock.iso(execution.started),
            status=status,
            failure=Failure(execution.error or "", execution.cause or "") if failed else None,
            verdict=_find_verdict(execution.output),
            report=f"{REPORTS}report.html" if has_report else "",
            others=others,
            played=clock.mode != "real",
        )

    def _go_on(self, run: str, at: str, views: Iterable[MailboxView]) -> _Course:
        """Remembers the look."""
        mailboxes = list(views)
        course = self._courses.get(run, _Course(None, ProgressHistory(run, interval=1)))
        after = remember(run, mailboxes, course.record, at)
        history = course.history
        if is_of_the_course(course.record, after):
            history = add_point(history, find_point(mailboxes, at))
        self._courses[run] = _Course(after, history)
        return self._courses[run]

    def _tell_more(self, run: str) -> list[LogLine]:
        told = [
            LogLine(each["at"], LogKind.TOLD, each["subject"])
            for each in list(self._run.notices.told)
            if each["run"] == run
        ]
        return [*told, *self._outside.copy()]


def choose(executions: list[Execution], working: str) -> Execution:
    """Of executions in the order of their begins: the one that is named `working`, else the last
    that is running, else the one that ended last."""
    running = [each for each in executions if each.status == "RUNNING"]
    named = [each for each in running if each.name == working]
    if named or running:
        return (named or running)[-1]
    return max(executions, key=lambda each: each.stopped or each.started)


def _find_verdict(output: object) -> Verdict | None:
    """None of a run that has written no report."""
    found = output.get("verdict") if isinstance(output, dict) else None
    return next((each for each in Verdict if each == found), None)


def _tell_points(history: ProgressHistory, begun: str) -> tuple[ProgressPoint, ...]:
    """From the begin of the run, where nothing was done."""
    points = history.points
    return whole_run(history, begun, points[-1]).points if points else ()


def _read_events(execution: Execution, write: Callable[[float], str]) -> Iterator[HistoryEvent]:
    for event in execution.history.events():
        entered = event.get("stateEnteredEventDetails", {}).get("name", "")
        yield HistoryEvent(event["type"], write(event["timestamp"]), entered)
