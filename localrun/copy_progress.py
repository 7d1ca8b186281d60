"""What the administrator sees while a copy runs: one line on stderr."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TextIO

from migration.mail import (
    BatchLimit,
    FlagReading,
    Folder,
    Gone,
    Item,
    ItemRef,
    Outline,
    Page,
    Unreadable,
)
from migration.model import Tally
from migration.ports import Capabilities, Source

_TERMINAL_SECONDS = 0.25
_LOG_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Moment:
    """How far the copy is. `folder` of the `folders` that have something to deal with is at work;
    `expected` counts their messages, as far as the folders tell; `seconds` since the call began."""

    folder: int
    folders: int
    expected: int
    tally: Tally
    seconds: float


def describe(moment: Moment) -> str:
    """One line of it."""
    seen, seconds = moment.tally.seen, max(moment.seconds, 0.001)
    rate = seen / seconds
    parts = [
        f"folder {moment.folder} of {moment.folders}",
        f"{seen:,} of {max(seen, moment.expected):,} messages",
        f"{moment.tally.size / 1e6:,.1f} MB",
        f"{rate:,.0f}/s",
    ]
    if rate and moment.expected > seen:
        parts.append(f"{_clock(round((moment.expected - seen) / rate))} left")
    return ", ".join(parts)


def _clock(seconds: int) -> str:
    hours, minutes = seconds // 3600, seconds // 60 % 60
    return f"{hours}:{minutes:02}:{seconds % 60:02}" if hours else f"{minutes}:{seconds % 60:02}"


class Progress:
    """Writes a line now and then; a terminal's is overwritten by the next. From any thread."""

    def __init__(
        self,
        stream: TextIO,
        *,
        quiet: bool = False,
        known: Mapping[str, int] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`known` says how many messages of a folder (by its key) earlier calls dealt with."""
        self._stream = stream
        self._quiet = quiet
        self._known = known or {}
        self._clock = clock
        self._live = stream.isatty()
        self._every = _TERMINAL_SECONDS if self._live else _LOG_SECONDS
        self._lock = threading.RLock()
        self._began = self._shown_at = clock()
        self._shown = ""
        self._waiting: frozenset[str] = frozenset()
        self._opened: set[str] = set()
        self._expected = 0
        self._tally = Tally()

    def list_folders(self, folders: Sequence[Folder]) -> None:
        """What the source has."""
        left = {each.key: max(0, each.count - self._known.get(each.key, 0)) for each in folders}
        with self._lock:
            self._waiting = frozenset(key for key, number in left.items() if number)
            self._expected = max(self._expected, sum(left.values()))

    def open_folder(self, folder: Folder) -> None:
        """The one that is read now."""
        with self._lock:
            self._opened.add(folder.key)

    def count(self, tally: Tally) -> None:
        """What became of a batch."""
        with self._lock:
            self._tally += tally
            if self._clock() - self._shown_at >= self._every:
                self._show()

    def say(self, text: str) -> None:
        """A line that stays; also when quiet."""
        with self._lock:
            self._clear()
            self._stream.write(f"{text}\n")
            self._stream.flush()

    def close(self) -> None:
        """Shows where it ended, if anything was copied."""
        with self._lock:
            if self._tally.seen:
                self._show()
            if self._shown:
                self._stream.write("\n")
                self._stream.flush()
                self._shown = ""

    def _show(self) -> None:
        if self._quiet:
            return
        now = self._clock()
        moment = Moment(
            len(self._opened),
            len(self._opened | self._waiting),
            self._expected,
            self._tally,
            now - self._began,
        )
        self._clear()
        text = describe(moment)
        self._stream.write(text if self._live else f"{text}\n")
        self._stream.flush()
        self._shown = text if self._live else ""
        self._shown_at = now

    def _clear(self) -> None:
        if self._shown:
            self._stream.write("\r\x1b[K")
            self._shown = ""


class WatchedSource:
    """A Source whose reading is shown: so the copy asks for nothing more than it needs itself."""

    def __init__(self, source: Source, progress: Progress) -> None:
        self._source = source
        self._progress = progress
        self.listed: Sequence[Folder] = ()
        """The folders as they were listed last: what was found then was dealt with since."""

    @property
    def capabilities(self) -> Capabilities:
        return self._source.capabilities

    def open(self) -> None:
        self._source.open()

    def folders(self) -> list[Folder]:
        folders = list(self._source.folders())
        self._progress.list_folders(folders)
        self.listed = folders
        return folders

    def page(self, folder: Folder, cursor: str, limit: BatchLimit) -> Page:
        return self._source.page(folder, cursor, limit)

    def expect(self, wanted: Sequence[tuple[Folder, str]]) -> None:
        self._source.expect(wanted)

    def fetch(
        self, folder: Folder, refs: Sequence[ItemRef], following: Sequence[ItemRef] = ()
    ) -> Iterator[Item | Gone | Unreadable]:
        self._progress.open_folder(folder)
        return self._source.fetch(folder, refs, following)

    def outline(self, folder: Folder, refs: Sequence[ItemRef]) -> Mapping[str, Outline]:
        return self._source.outline(folder, refs)

    def read_flags(self, folder: Folder, cursor: str, state: str) -> FlagReading | None:
        return self._source.read_flags(folder, cursor, state)

    def uids(self, folder: Folder, cursor: str) -> frozenset[str]:
        return self._source.uids(folder, cursor)

    def close(self) -> None:
        self._source.close()
