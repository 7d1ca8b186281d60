"""The states that an execution has entered, told from its history."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from migration.progress_model import ExecutionEvent
from migration.progress_view import StateLine, StateStatus

_FAILURES = ("Failed", "TimedOut", "Aborted")


def find_states(events: Iterable[ExecutionEvent]) -> tuple[StateLine, ...]:
    """In the order in which they were entered first. A state has failed if the last thing that
    happened in it was a failure, which nothing tried again, or if it is one that is a failure
    itself; wherever the workflow went then. None is current of an execution that has ended."""
    lines: dict[str, StateLine] = {}
    current, failing = "", False
    for event in events:
        if event.kind.startswith("Execution"):
            if event.kind != "ExecutionStarted":
                failing = failing or event.kind.endswith(_FAILURES)
                _settle(lines, current, failing=failing)
        elif event.kind.endswith("StateEntered"):
            _settle(lines, current, failing=failing)
            current, failing = event.state, event.kind.startswith("Fail")
            times = lines[current].times + 1 if current in lines else 1
            lines[current] = StateLine(current, times, event.at, StateStatus.CURRENT)
        elif event.kind.endswith("StateExited"):
            _settle(lines, event.state, failing=failing)
        else:
            failing = event.kind.endswith(_FAILURES)
    return tuple(lines.values())


def _settle(lines: dict[str, StateLine], name: str, *, failing: bool) -> None:
    line = lines.get(name)
    if line and line.status is StateStatus.CURRENT:
        status = StateStatus.FAILED if failing else StateStatus.PASSED
        lines[name] = replace(line, status=status)
