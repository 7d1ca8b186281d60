"""How a series gets into the middle of things: a server that is slow on demand, functions that die,
an EventBridge that is out of order, and time that passes without any execution."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from localrun.fakes.workmail_ews.faults import Busy, Faults
from localrun.runner import Run

Found = TypeVar("Found")

PATIENCE = 120.0
"""Real seconds after which something that should have happened will not."""


class SlowServer(Faults):
    """Holds one CreateItem back, before anything of it is stored, until `go_on` is set. With
    `is_busy_then`, whatever comes after that one is told to come again in 20 minutes."""

    def __init__(self, passing: int) -> None:
        """`passing`: how many CreateItems are let through before that."""
        super().__init__()
        self.reached = threading.Event()
        self.go_on = threading.Event()
        self.is_busy_then = False
        self._passing = passing
        self._counting = threading.Lock()

    def take_busy(self) -> Busy | None:
        if self.is_busy_then and self.reached.is_set():
            return Busy(back_off_ms=20 * 60 * 1000)
        return super().take_busy()

    def take_close(self, operation: str) -> bool | None:
        with self._counting:
            is_storing = operation == "CreateItem"
            self._passing -= is_storing
            held = is_storing and self._passing == -1
        if held:
            self.reached.set()
            if not self.go_on.wait(PATIENCE):
                raise TimeoutError("nobody lets the slow server go on")
        return super().take_close(operation)


def kill_workers(handler: str) -> int:
    """Ends the processes of a function's children as a crash would; how many there were."""
    killed = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().split(b"\0")
            is_ours = f"PPid:\t{os.getpid()}\n" in (process / "status").read_text()
        except OSError:
            continue  # it has ended since
        if is_ours and f"{handler}.handler".encode() in command:
            os.kill(int(process.name), signal.SIGKILL)
            killed += 1
    return killed


@contextmanager
def no_events(run: Run) -> Iterator[None]:
    """Meanwhile EventBridge loses what it is told: nobody cleans up after an execution."""
    run.cloud.rules.is_out_of_order = True
    try:
        yield
    finally:
        run.cloud.rules.is_out_of_order = False


def pass_time(run: Run, seconds: float) -> None:
    """So much virtual time passes, whether or not an execution works; what was scheduled within
    it has begun then."""
    clock = run.world.clock
    clock.enter()
    try:
        clock.sleep_until(clock.now() + seconds)
    finally:
        clock.leave()


def wait_for(look: Callable[[], Found], what: str) -> Found:
    """Looks until there is something; TimeoutError, saying `what` never was, if nothing comes."""
    until = time.monotonic() + PATIENCE
    while not (found := look()):
        if time.monotonic() > until:
            raise TimeoutError(f"it never came to {what}")
        time.sleep(0.02)
    return found
