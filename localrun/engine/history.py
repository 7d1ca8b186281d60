"""The history of one execution: numbered events, at most 25,000 of them."""

import json
import threading
import zlib
from collections.abc import Callable
from typing import Any, TypeAlias

from localrun.engine.clock import Clock
from localrun.engine.failures import StateError

Event: TypeAlias = dict[str, Any]
"""An event as GetExecutionHistory names its members; `timestamp` in virtual epoch seconds."""

EVENT_LIMIT = 25_000
"""https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html"""


class History:
    """`notify` is called with every event, in order, in the thread that caused it."""

    def __init__(self, clock: Clock, notify: Callable[[Event], None]) -> None:
        self._clock = clock
        self._notify = notify
        self._events: list[Event] = []
        self._packed = b""
        self._lock = threading.RLock()

    def events(self) -> list[Event]:
        if self._packed:
            unpacked: list[Event] = json.loads(zlib.decompress(self._packed))
            return unpacked
        return list(self._events)

    def pack(self) -> None:
        """Takes less room from now on: a tenth. Only for a history that is closed."""
        with self._lock:
            self._packed = zlib.compress(json.dumps(self._events).encode(), 1)
            self._events = []

    def append(self, kind: str, previous: int, details: dict[str, Any]) -> int:
        """Adds an event after the event `previous` and returns its number.

        The last place is kept for the end of the execution: raises StateError States.Runtime, which
        nothing catches, when the others are used up.
        """
        with self._lock:
            if len(self._events) >= EVENT_LIMIT - 1:
                raise StateError(
                    "States.Runtime",
                    f"The execution reached the maximum number of history events ({EVENT_LIMIT}).",
                )
            return self._add(kind, previous, details)

    def close(self, kind: str, details: dict[str, Any]) -> None:
        """Adds the event that ends the execution."""
        with self._lock:
            self._add(kind, len(self._events), details)

    def _add(self, kind: str, previous: int, details: dict[str, Any]) -> int:
        number = len(self._events) + 1
        event: Event = {
            "timestamp": self._clock.now(),
            "type": kind,
            "id": number,
            "previousEventId": previous,
        }
        if details:
            event[_details_member(kind)] = details
        self._events.append(event)
        self._notify(event)
        return number


def _details_member(kind: str) -> str:
    for shared in ("StateEntered", "StateExited"):
        if kind.endswith(shared):
            return f"s{shared[1:]}EventDetails"
    return f"{kind[0].lower()}{kind[1:]}EventDetails"
