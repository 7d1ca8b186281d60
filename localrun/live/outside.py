"""A display that passes on what it is told, and keeps what happens outside of the run: nothing else
remembers it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from localrun.display import Counts, Display
from migration.progress_view import LogKind, LogLine


class RememberingDisplay:
    """Keeps what happens in `outside`."""

    def __init__(self, display: Display, outside: deque[LogLine]) -> None:
        self._display = display
        self._outside = outside

    def say(self, text: str) -> None:
        self._display.say(text)

    def state(self, name: str, moment: float) -> None:
        self._display.state(name, moment)

    def happen(self, what: str, moment: float) -> None:
        at = datetime.fromtimestamp(moment, UTC).isoformat()
        self._outside.append(LogLine(at, LogKind.OUTSIDE, what))
        self._display.happen(what, moment)

    def note(self, what: str, moment: float) -> None:
        self._display.note(what, moment)

    def tell(self, subject: str, moment: float) -> None:
        self._display.tell(subject, moment)

    def follow(self, now: Callable[[], float], counts: Counts, names: Mapping[str, str]) -> None:
        self._display.follow(now, counts, names)

    def close(self) -> None:
        self._display.close()
