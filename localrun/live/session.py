"""The live page for the length of a command: it is up before the run begins and after it ended."""

from __future__ import annotations

import errno
import select
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Self, TextIO

from localrun.display import Display
from localrun.live.feed import Feed
from localrun.live.looks import Looker
from localrun.live.outside import RememberingDisplay
from localrun.live.pages import LivePages
from localrun.runner import START, Run
from migration.progress_look import LedgerLook, view_run
from migration.progress_page import LOGGED
from migration.progress_view import LogLine, ProgressView, RunHead, RunStatus

_SHORTEST = 1.0
"""Seconds between two looks at least."""
_SHARE = 10
"""A look may take one part in so many of the time: the run is not to be slowed by it."""
_WAIT_AT_MOST = 120.0
"""Seconds for a browser, before the run begins."""
_TAKE_LEAVE = 2.0
"""Seconds in which viewers get the last view when the server ends."""


class PortUnusableError(Exception):
    """Nobody can listen there; the message says why, and what to do."""


class LiveSession:
    """The page's server, and the thread that looks at the run: an Onlooker of it. `name` is shown
    until there is something to look at. PortUnusableError if nobody can listen on the port."""

    def __init__(self, name: str, port: int = 0) -> None:
        at = datetime.fromtimestamp(START, UTC).isoformat()
        self._outside: deque[LogLine] = deque(maxlen=LOGGED)
        self._out: Path | None = None
        self._thread: threading.Thread | None = None
        self._ending = threading.Event()
        self.feed = Feed(view_run(RunHead(name, "", "", at, at), LedgerLook(), None))
        try:
            self._pages = LivePages(self.feed, self._find_report, port)
        except (OSError, OverflowError) as error:
            raise PortUnusableError(f"port {port} {_tell_why(error)}") from error

    @property
    def url(self) -> str:
        return self._pages.url

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
        self.feed.close()
        self.feed.wait_until_left(_TAKE_LEAVE)
        self._pages.close()

    # ---- as an onlooker

    def listen(self, display: Display) -> Display:
        """Passes on to `display`; what another run's display was told is forgotten."""
        self._outside.clear()
        return RememberingDisplay(display, self._outside)

    def begin(self, run: Run) -> None:
        """Looks at the run from now on, once a second at most."""
        self._ending.clear()
        self._out = run.out
        looker = Looker(run, self._outside)
        self._thread = threading.Thread(
            target=self._look_on, args=(looker, run), daemon=True, name="live-page"
        )
        self._thread.start()

    def end(self) -> None:
        """Looks once more. May be repeated."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _look_on(self, looker: Looker, run: Run) -> None:
        try:
            while True:
                last = self._ending.is_set()
                begun = time.monotonic()
                view = looker.look()
                if view is not None:
                    self.feed.publish(view, _tell_last_words(view, run.report))
                if last:
                    return
                took = time.monotonic() - begun
                self._ending.wait(max(_SHORTEST, (_SHARE - 1) * took))
        except BaseException:
            # A page that stands still must not look like a run that does, nor may it come back
            # when its viewers try again.
            self.feed.close()
            self._pages.close()
            raise

    def _find_report(self) -> Path | None:
        return self._out

    # ---- for whoever sits before it

    def wait_for_viewer(self, keyboard: TextIO, seconds: float = _WAIT_AT_MOST) -> None:
        """Until a browser has opened the page, or somebody presses Enter, or the time is up."""
        wait(self.feed.viewed.is_set, keyboard, seconds)

    def wait_until_left(self, keyboard: TextIO) -> None:
        """Until nobody has the page open any more, or somebody presses Enter."""
        wait(lambda: self.feed.wait_until_left(0), keyboard, float("inf"))


def _tell_why(error: OSError | OverflowError) -> str:
    if isinstance(error, OverflowError):
        return "is none; ports go from 1 to 65535"
    if error.errno == errno.EADDRINUSE:
        return "is taken; choose another one"
    if error.errno == errno.EACCES:
        return "is not for this user; choose one from 1024 on"
    return f"cannot be used: {error.strerror}"


def wait(is_over: Callable[[], bool], keyboard: TextIO, seconds: float) -> None:
    """Until it is over, or a line comes from the keyboard, or the time is up."""
    until = time.monotonic() + seconds
    while not is_over() and time.monotonic() < until:
        if _has_input(keyboard):
            keyboard.readline()
            return


def _has_input(keyboard: TextIO) -> bool:
    """Looks for a fifth of a second."""
    keys = select.poll()  # select() knows no file beyond the 1,024th
    keys.register(keyboard, select.POLLIN)
    return bool(keys.poll(200))


def _tell_last_words(view: ProgressView, report: Path | None) -> str:
    if view.head.status is RunStatus.RUNNING:
        return ""
    where = f" The report is {report}." if view.head.report else ""
    return f"The run has ended, and so has the server of this page.{where}"
