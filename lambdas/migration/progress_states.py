"""Which states a run has entered, told by the history of its execution. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from migration.progress_model import HistoryEvent
from migration.progress_view import RunStatus, StateLine, StateStatus


def tell_states(events: Iterable[HistoryEvent], status: RunStatus) -> tuple[StateLine, ...]:
    """The states in the order in which they were entered first. `events` are those of the execution
    itself, without its Maps' children, oldest first; they may begin anywhere.

    One that failed and was not tried again with success has failed, even if the workflow went on.
    """
    lines: dict[str, StateLine] = {}
    current, failing = "", False
    for event in events:
        if event.state:
            if current:
                lines[current] = _leave(lines[current], failing)
            current, failing = event.state, False
            times = lines[current].times if current in lines else 0
            lines[current] = StateLine(current, times + 1, event.at, StateStatus.CURRENT)
        elif event.kind.startswith(_WORK):
            failing = not event.kind.endswith("Succeeded") and (
                failing or event.kind.endswith(_WRONG)
            )
    if current and status is not RunStatus.RUNNING:
        lines[current] = _leave(lines[current], failing or status is not RunStatus.SUCCEEDED)
    return tuple(lines.values())


_WORK = ("Task", "MapRun", "LambdaFunction", "Evaluation")
"""How the types of events begin that tell what has become of a state's work."""
_WRONG = ("Failed", "TimedOut", "Aborted")


def _leave(line: StateLine, failing: bool) -> StateLine:
    return replace(line, status=StateStatus.FAILED if failing else StateStatus.PASSED)
