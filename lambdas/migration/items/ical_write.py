"""The model, written as iCalendar (RFC 5545 and 7986)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from migration.items.content import Extent
from migration.items.event import Busy, Details, Event, EventStatus, Override
from migration.items.ical_read import Calendar
from migration.items.ical_values import write_rule, write_span
from migration.items.ical_write_content import write_alarms, write_content
from migration.items.ical_writing import Writing
from migration.items.ical_zones import write_zone
from migration.items.lines import escape, write_line
from migration.items.task import Note, Task
from migration.items.times import Moment, Recurrence, Time

_HEAD = (("VERSION", "2.0"), ("PRODID", "-//WorkMail Migrator//items//EN"))


def write_calendar(calendar: Calendar) -> bytes:
    """A file of iCalendar with all items of `calendar` and the zones that they need."""
    items = Writing()
    for event in calendar.events:
        _write_event(items, event)
    for task in calendar.tasks:
        _write_task(items, task)
    for note in calendar.notes:
        _write_note(items, note)
    return b"".join(_wrap(calendar, items))


def _wrap(calendar: Calendar, items: Writing) -> Iterator[bytes]:
    yield write_line("BEGIN", "VCALENDAR")
    for name, value in _HEAD:
        yield write_line(name, value)
    told = {
        "NAME": calendar.name,
        "X-WR-CALNAME": calendar.name,
        "DESCRIPTION": calendar.description,
        "COLOR": calendar.colour,
        "X-WR-TIMEZONE": calendar.zone.name if calendar.zone else "",
    }
    for name, value in told.items():
        if value:
            yield write_line(name, escape(value))
    for zone, years in items.zones():
        yield from write_zone(zone, years)
    yield from items.pieces
    yield write_line("END", "VCALENDAR")


# -- events --------------------------------------------------------------------------------------


def _write_event(out: Writing, event: Event) -> None:
    if event.master is not None:
        with out.component("VEVENT", event.uid):
            _write_details(out, event.master)
            _write_recurrence(out, event.recurrence, event.master.extent.start)
            write_alarms(out, event.master.content)
    for override in event.overrides:
        _write_override(out, event.uid, override)
    for original in event.cancelled:
        with out.component("VEVENT", event.uid):
            out.time("RECURRENCE-ID", original)
            out.time("DTSTART", original)
            out.text("STATUS", EventStatus.CANCELLED)


def _write_override(out: Writing, uid: str, override: Override) -> None:
    with out.component("VEVENT", uid):
        out.time("RECURRENCE-ID", override.original)
        _write_details(out, override.details)
        write_alarms(out, override.details.content)


def _write_details(out: Writing, details: Details) -> None:
    _write_extent(out, details.extent)
    write_content(out, details.content)
    out.text("STATUS", details.status)
    out.text("TRANSP", "TRANSPARENT" if details.busy is Busy.FREE else "OPAQUE")
    if details.busy not in (Busy.FREE, Busy.BUSY):
        out.text("X-MICROSOFT-CDO-BUSYSTATUS", details.busy)
    if not details.allows_new_time:
        out.text("X-MICROSOFT-DISALLOW-COUNTER", "TRUE")


def _write_extent(out: Writing, extent: Extent) -> None:
    out.time("DTSTART", extent.start)
    if extent.end is not None:
        out.time("DTEND", extent.end)
    if extent.span is not None:
        out.raw("DURATION", write_span(extent.span))


def _write_recurrence(out: Writing, recurrence: Recurrence, start: Time | None) -> None:
    rule = recurrence.rule
    if rule is not None:
        out.raw("RRULE", write_rule(rule, out.until(rule.until) if rule.until else ""))
        out.note_years(start, rule)
    for one in recurrence.extra:
        if one.end is None and one.span is None:
            out.time("RDATE", one.start)
        else:
            out.period("RDATE", one)
    for time in recurrence.excluded:
        out.time("EXDATE", time)


# -- tasks and notes -----------------------------------------------------------------------------


def _write_task(out: Writing, task: Task) -> None:
    with out.component("VTODO", task.uid):
        _write_times(out, (("RECURRENCE-ID", task.original), ("DTSTART", task.start)))
        _write_times(out, (("DUE", task.due), ("COMPLETED", task.completed)))
        if task.span is not None:
            out.raw("DURATION", write_span(task.span))
        write_content(out, task.content)
        out.text("STATUS", task.status)
        out.number("PERCENT-COMPLETE", task.percent)
        _write_recurrence(out, task.recurrence, task.start or task.due)
        out.number("X-TOTAL-WORK", task.work.total_minutes)
        out.number("X-ACTUAL-WORK", task.work.actual_minutes)
        out.text("X-BILLING", task.work.billing)
        out.text("X-MILEAGE", task.work.mileage)
        out.listed("X-COMPANIES", task.work.companies)
        out.text("X-AFTER-COMPLETION", "TRUE" if task.after_completion else "")
        write_alarms(out, task.content)


def _write_note(out: Writing, note: Note) -> None:
    with out.component("VJOURNAL", note.uid):
        _write_times(out, (("RECURRENCE-ID", note.original), ("DTSTART", note.start)))
        write_content(out, note.content)
        out.text("STATUS", note.status)
        _write_recurrence(out, note.recurrence, note.start)
        write_alarms(out, note.content)


def _write_times(out: Writing, times: Sequence[tuple[str, Time | Moment | None]]) -> None:
    for name, time in times:
        if time is not None:
            out.time(name, time)
