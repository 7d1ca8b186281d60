"""What the probe makes and takes away again.

A trace is noted before the thing is made, so that whatever happens afterwards it is looked for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from localrun.probe.failures import explain
from localrun.probe.model import Clock

_ATTEMPTS = 3
_PAUSE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Trace:
    """Something that may have been made. `remove` takes it away, and is content if it is not there;
    `by_hand` tells the operator what to do if that fails."""

    remove: Callable[[], None]
    by_hand: str


class Traces:
    """Everything that may have been made in this run."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._traces: dict[str, Trace] = {}

    def __bool__(self) -> bool:
        return bool(self._traces)

    def begin(self, trace: Trace) -> None:
        """To be called before the thing is made. Removes what was made before of the same kind, by
        this run or by one that was killed."""
        trace.remove()
        self._traces[trace.by_hand] = trace

    def remove_all(self) -> list[str]:
        """The latest first, each tried three times. What could not be removed, as sentences for
        the operator. A single interrupt does not stop it."""
        reasons = {
            by_hand: self._remove(trace) for by_hand, trace in reversed(self._traces.items())
        }
        self._traces.clear()
        return [f"{by_hand} ({reason})" for by_hand, reason in reasons.items() if reason]

    def _remove(self, trace: Trace) -> str:
        """Why it could not be removed, "" if it is gone."""
        reason = ""
        for attempt in range(_ATTEMPTS):
            try:
                if attempt:
                    self._clock.sleep(_PAUSE_SECONDS)
                trace.remove()
            except KeyboardInterrupt:
                reason = "interrupted"
            except Exception as error:  # noqa: BLE001 - the others are to be removed all the same
                reason = explain(error)
            else:
                return ""
        return reason
