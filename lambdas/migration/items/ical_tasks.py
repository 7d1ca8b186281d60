"""VTODO and VJOURNAL, read."""

from __future__ import annotations

from migration.items.ical_content import read_content
from migration.items.ical_repeats import read_recurrence
from migration.items.ical_zones import Zones
from migration.items.losses import Loss
from migration.items.properties import Properties, read_span_of
from migration.items.task import Note, NoteStatus, Task, TaskStatus, Work
from migration.items.times import ONCE, Recurrence, Time


def read_task(properties: Properties, zones: Zones, losses: list[Loss]) -> Task:
    """A VTODO; faults are in `properties`."""
    original = properties.demand("RECURRENCE-ID", properties.read_time)
    start = properties.demand("DTSTART", properties.read_time)
    due = properties.demand("DUE", properties.read_time)
    span = properties.demand("DURATION", read_span_of)
    if due is not None and span is not None:
        properties.lose("DURATION", properties.line, "stands beside DUE, which is kept")
        span = None
    return Task(
        properties.uid,
        read_content(properties, zones, losses),
        properties.word("STATUS", TaskStatus, TaskStatus.UNSAID),
        start,
        due,
        span,
        properties.moment("COMPLETED"),
        properties.number("PERCENT-COMPLETE", 100),
        _read_recurrence(properties, original, start or due),
        original,
        _read_work(properties),
        properties.text("X-AFTER-COMPLETION").strip().upper() == "TRUE",
    )


def _read_work(properties: Properties) -> Work:
    return Work(
        properties.number("X-TOTAL-WORK", 10**9),
        properties.number("X-ACTUAL-WORK", 10**9),
        properties.text("X-BILLING"),
        properties.text("X-MILEAGE"),
        properties.listed("X-COMPANIES"),
    )


def read_note(properties: Properties, zones: Zones, losses: list[Loss]) -> Note:
    """A VJOURNAL; faults are in `properties`. Several descriptions are one, with lines between."""
    original = properties.demand("RECURRENCE-ID", properties.read_time)
    start = properties.demand("DTSTART", properties.read_time)
    properties.join("DESCRIPTION")
    return Note(
        properties.uid,
        read_content(properties, zones, losses),
        properties.word("STATUS", NoteStatus, NoteStatus.UNSAID),
        start,
        _read_recurrence(properties, original, start),
        original,
    )


def _read_recurrence(
    properties: Properties, original: Time | None, start: Time | None
) -> Recurrence:
    return ONCE if original else read_recurrence(properties, start)
