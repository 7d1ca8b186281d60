"""Goes on with a copy, slice after slice, until it is done or somebody wants it to stop."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from enum import StrEnum
from types import FrameType
from typing import Any

from localrun.copy_summary import INTERRUPTED
from migration.copy.slices import SliceOutcome, SliceResult
from migration.errors import AdministratorPending, Busy, ProvisioningPending

_SLICE_SECONDS = 3600.0
_NAP = 0.2
_PATIENCE = 900.0
"""Seconds for which a target may say that it does not know its administrator yet."""


class End(StrEnum):
    """How the loop ended."""

    DONE = "done"
    STOPPED = "stopped"


class Interrupt:
    """Ctrl-C: the first one says `wanted`, which the copy looks at before each batch, the second
    one ends the process. A context manager, for the main thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.wanted = False
        self._clock = clock
        self._deadline = 0.0
        self._before: Any = None

    def __enter__(self) -> Interrupt:
        self._before = signal.signal(signal.SIGINT, self._on_signal)
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGINT, self._before)

    def begin_slice(self) -> None:
        """From now on `seconds_left` counts from the beginning."""
        self._deadline = self._clock() + _SLICE_SECONDS

    def seconds_left(self) -> float:
        """How long the slice may go on."""
        return max(0.0, self._deadline - self._clock())

    def sleep(self, seconds: float) -> None:
        """Sleeps, but no longer than until a stop is wanted."""
        until = self._clock() + seconds
        while not self.wanted and (left := until - self._clock()) > 0:
            time.sleep(min(_NAP, left))

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        if self.wanted:
            # Threads may wait for servers: nobody shall wait for them. The ledger is made for it.
            _write(b"\nstopped at once; the same command goes on where it stopped\n")
            os._exit(INTERRUPTED)
        self.wanted = True
        _write(b"\nstopping after the batches under way; Ctrl-C again stops at once\n")


def _write(text: bytes) -> None:
    """To stderr, in the midst of whatever is being written there."""
    os.write(2, text)


def copy_all(
    copy_slice: Callable[[], SliceResult], interrupt: Interrupt, say: Callable[[str], None]
) -> End:
    """Calls `copy_slice` again and again. Raises what it raises, but for a target that will know
    its administrator in some minutes: it is asked again for a while."""
    pending_since = None
    while True:
        interrupt.begin_slice()
        try:
            result = copy_slice()
        except (AdministratorPending, ProvisioningPending) as error:
            now = time.monotonic()
            pending_since = now if pending_since is None else pending_since
            if now - pending_since > _PATIENCE:
                raise
            result = _wait_for(error)
        else:
            pending_since = None
        if result.outcome is SliceOutcome.DONE:
            return End.DONE
        if interrupt.wanted or result.outcome not in (SliceOutcome.MORE, SliceOutcome.BACKOFF):
            return End.STOPPED
        if result.outcome is SliceOutcome.BACKOFF:
            say(f"a server wants a pause of {result.wait_seconds} seconds; then it goes on")
            interrupt.sleep(result.retry_after)


def _wait_for(error: Busy) -> SliceResult:
    return SliceResult(SliceOutcome.BACKOFF, 0, 0, max(1.0, error.retry_after))
