"""What has happened in a run, line by line, for its progress page. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from migration.model import Note
from migration.progress_model import HistoryEvent
from migration.progress_view import LogKind, LogLine
from migration.progress_words import STATE_WORDS


def tell_log(
    events: Iterable[HistoryEvent], notes: Iterable[Note] = (), more: Iterable[LogLine] = ()
) -> tuple[LogLine, ...]:
    """The states that take time, the lines of the timeline, and `more`, in the order of time. Of a
    loop in which nothing else happens the first round is told, and how many follow."""
    lines = [
        *(LogLine(each.at, LogKind.STATE, each.state) for each in events),
        *(LogLine(each.at, LogKind.NOTE, each.what) for each in notes if each.what),
        *more,
    ]
    lines = [each for each in lines if each.kind is not LogKind.STATE or each.text in STATE_WORDS]
    lines.sort(key=lambda each: datetime.fromisoformat(each.at))
    return tuple(_shorten(lines))


def _shorten(lines: Iterable[LogLine]) -> Iterator[LogLine]:
    again: list[LogLine] = []
    seen: set[str] = set()
    for line in lines:
        if line.kind is LogKind.STATE and line.text in seen:
            again.append(line)
            continue
        if again or line.kind is not LogKind.STATE:
            yield from _tell_again(again)
            again, seen = [], set()
        if line.kind is LogKind.STATE:
            seen.add(line.text)
            yield LogLine(line.at, line.kind, f"{STATE_WORDS[line.text]} ({line.text})")
        else:
            yield line
    yield from _tell_again(again)


def _tell_again(again: Sequence[LogLine]) -> Iterator[LogLine]:
    """One line for the rounds after the first."""
    if again:
        names = list(dict.fromkeys(line.text for line in again))
        times = max(sum(line.text == name for line in again) for name in names)
        rounds = "once more" if times == 1 else f"{times} times more"
        yield LogLine(again[-1].at, LogKind.STATE, f"{', '.join(names)}: {rounds}")
