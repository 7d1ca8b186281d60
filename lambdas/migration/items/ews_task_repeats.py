"""How a task repeats, as Exchange says it. Pure.

Of a series one task is open at a time; when it is done Exchange makes the next one. So a rule that
Exchange cannot say is no reason to write tasks for years ahead: the open one is written, and its
text says how it repeats.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from migration.items.ews_item import Destination
from migration.items.ews_notes import Note
from migration.items.ews_pattern import MAX_DAYS, MAX_MONTHS, MAX_WEEKS, classify
from migration.items.ews_terms import Inexact, Regeneration, TaskRepeats, Unit
from migration.items.ical_values import write_rule, write_time
from migration.items.task import Task
from migration.items.times import UTC, ExtraDate, Frequency, Moment, Recurrence, Rule, Time

STANDS_ALONE = "it is one task, and its text says how it repeats"
"""How the reason of a loss ends: there is no series."""
_DONE = "it is done, and Exchange would begin the next one"
_NO_START = "it has no start, and is not due"
_BY_PARTS = "Exchange counts from the last completion only in days, weeks, months and years"
UNITS = {
    Frequency.DAILY: (Unit.DAILY, MAX_DAYS),
    Frequency.WEEKLY: (Unit.WEEKLY, MAX_WEEKS),
    Frequency.MONTHLY: (Unit.MONTHLY, MAX_MONTHS),
    Frequency.YEARLY: (Unit.YEARLY, MAX_MONTHS // 12),
}
"""What a regeneration counts for each frequency, and the longest interval of it."""


@dataclass(frozen=True, slots=True)
class Repeating:
    """The recurrence of the item, or what its text says instead; why is in `reasons`, by property
    and sentence."""

    repeats: TaskRepeats | None = None
    notes: tuple[Note, ...] = ()
    reasons: tuple[tuple[str, str], ...] = ()


def plan_repeats(task: Task, where: Destination, *, is_done: bool) -> Repeating:
    """How the task repeats, by the days of its start, or of when it is due if it has none."""
    recurrence = task.recurrence
    if not recurrence:
        return Repeating()
    start = task.start or task.due
    if start is None:
        return _in_the_text(recurrence, _NO_START)
    if is_done:
        return _in_the_text(recurrence, _DONE)
    found = classify(start, recurrence, where.zone)
    if isinstance(found, Inexact):
        return _in_the_text(recurrence, found.reason)
    repeats, reasons = TaskRepeats(found.pattern, found.range), []
    if task.after_completion and recurrence.rule is not None:
        regeneration = _regenerate(recurrence.rule)
        if regeneration is None:
            reasons.append(("X-AFTER-COMPLETION", _BY_PARTS))
        else:
            repeats = replace(repeats, pattern=regeneration)
    return Repeating(repeats, tuple(_excluded(recurrence.excluded)), tuple(reasons))


def _regenerate(rule: Rule) -> Regeneration | None:
    """What counts from when the last one was done has no days of its own."""
    plain = Rule(rule.frequency, rule.interval, rule.count, rule.until, week_start=rule.week_start)
    unit, most = UNITS[rule.frequency]
    if rule != plain or rule.interval > most:
        return None
    return Regeneration(unit, rule.interval)


def _in_the_text(recurrence: Recurrence, reason: str) -> Repeating:
    notes = tuple(write_recurrence(recurrence))
    return Repeating(notes=notes, reasons=(("RRULE", f"{reason}; {STANDS_ALONE}"),))


def write_recurrence(recurrence: Recurrence) -> Iterator[Note]:
    """A recurrence in words for the text: those of RFC 5545."""
    yield from _ruled(recurrence.rule)
    yield from _extra(recurrence.extra)
    yield from _excluded(recurrence.excluded)


def _ruled(rule: Rule | None) -> Iterator[Note]:
    if rule is not None:
        until = _write(rule.until) if rule.until is not None else ""
        yield Note("RRULE", "Repeats", write_rule(rule, until))


def _extra(extra: Sequence[ExtraDate]) -> Iterator[Note]:
    if extra:
        yield Note("RDATE", "Also on", ", ".join(_write(one.start) for one in extra))


def _excluded(excluded: Sequence[Time]) -> Iterator[Note]:
    """Exchange leaves no task out of a series."""
    if excluded:
        yield Note("EXDATE", "Not on", ", ".join(map(_write, excluded)))


def _write(time: Time) -> str:
    is_utc = isinstance(time, Moment) and time.zone == UTC
    return write_time(time) + ("Z" if is_utc else "")
