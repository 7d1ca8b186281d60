"""What the probe makes and takes away again.

A trace is noted before the thing is made, so that whatever happens afterwards it is looked for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from localrun.probe.failures import explain


@dataclass(frozen=True, slots=True)
class Trace:
    """Something that may have been made. `remove` takes it away, and is content if it is not there;
    `by_hand` tells the operator what to do if that fails."""

    remove: Callable[[], None]
    by_hand: str


class Traces:
    """Everything that may have been made in this run."""

    def __init__(self) -> None:
        self._traces: list[Trace] = []

    def __bool__(self) -> bool:
        return bool(self._traces)

    def begin(self, trace: Trace) -> None:
        """Notes it, and removes what a run that was killed has left of the same kind."""
        self._traces.append(trace)
        trace.remove()

    def remove_all(self) -> list[str]:
        """The latest first. What could not be removed, as sentences for the operator. An interrupt
        ends the removal that it meets; the others follow all the same."""
        left = []
        while self._traces:
            trace = self._traces.pop()
            try:
                trace.remove()
            except KeyboardInterrupt:
                left.append(f"{trace.by_hand} (its removal was interrupted)")
            except Exception as error:  # noqa: BLE001 - the others are to be removed all the same
                left.append(f"{trace.by_hand} ({explain(error)})")
        return left
