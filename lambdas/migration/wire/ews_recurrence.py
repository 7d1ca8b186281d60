"""Recurrences as elements of Exchange2010_SP2: of calendar items and of tasks."""

from __future__ import annotations

from datetime import date
from xml.etree.ElementTree import Element

from migration.items.ews_terms import (
    AbsoluteMonthly,
    AbsoluteYearly,
    Daily,
    DayOfWeek,
    EndDate,
    Index,
    Month,
    NoEnd,
    Numbered,
    Range,
    Regeneration,
    RelativeMonthly,
    RelativeYearly,
    Repeats,
    TaskPattern,
    TaskRepeats,
    Unit,
    Weekly,
)
from migration.wire.ews_answer import NotEws
from migration.wire.ews_elements import T, number_of, tag, text_of

_RANGES = ("NoEndRecurrence", "EndDateRecurrence", "NumberedRecurrence")

# -- written


def write_recurrence(repeats: Repeats | TaskRepeats) -> str:
    """A t:Recurrence."""
    parts = _write_pattern(repeats.pattern) + _write_range(repeats.range)
    return f"<t:Recurrence>{parts}</t:Recurrence>"


def _write_pattern(pattern: TaskPattern) -> str:
    name = f"{type(pattern).__name__}Recurrence"
    match pattern:
        case Regeneration(unit, interval):
            name = f"{unit}Regeneration"
            parts = tag("Interval", str(interval))
        case Daily(interval):
            parts = tag("Interval", str(interval))
        case Weekly(interval, days, first):
            parts = tag("Interval", str(interval)) + tag("DaysOfWeek", " ".join(days))
            parts += tag("FirstDayOfWeek", first)
        case AbsoluteMonthly(interval, day):
            parts = tag("Interval", str(interval)) + tag("DayOfMonth", str(day))
        case RelativeMonthly(interval, kind, index):
            parts = tag("Interval", str(interval)) + _write_place(kind, index)
        case AbsoluteYearly(day, month):
            parts = tag("DayOfMonth", str(day)) + tag("Month", month)
        case RelativeYearly(kind, index, month):
            parts = _write_place(kind, index) + tag("Month", month)
    return f"<t:{name}>{parts}</t:{name}>"


def _write_place(kind: DayOfWeek, index: Index) -> str:
    return tag("DaysOfWeek", kind) + tag("DayOfWeekIndex", index)


def _write_range(wanted: Range) -> str:
    name = f"{type(wanted).__name__}Recurrence"
    start = tag("StartDate", wanted.start.isoformat())
    match wanted:
        case NoEnd():
            end = ""
        case EndDate(_, last):
            end = tag("EndDate", last.isoformat())
        case Numbered(_, count):
            end = tag("NumberOfOccurrences", str(count))
    return f"<t:{name}>{start}{end}</t:{name}>"


# -- read


def read_recurrence(element: Element) -> Repeats:
    """A t:Recurrence of a calendar item. NotEws if it is none, ValueError or LookupError if a word
    of it is none of this version."""
    repeats = read_task_recurrence(element)
    if isinstance(repeats.pattern, Regeneration):
        raise NotEws
    return Repeats(repeats.pattern, repeats.range)


def read_task_recurrence(element: Element) -> TaskRepeats:
    """The same of a task."""
    pattern: TaskPattern | None = None
    extent: Range | None = None
    for part in element:
        name = part.tag.removeprefix(T)
        if name in _RANGES:
            extent = _read_range(name.removesuffix("Recurrence"), part)
        else:
            pattern = _read_pattern(name, part)
    if pattern is None or extent is None:
        raise NotEws
    return TaskRepeats(pattern, extent)


def _read_pattern(name: str, part: Element) -> TaskPattern:
    if name.endswith("Regeneration"):
        unit = Unit(name.removesuffix("Regeneration"))
        return Regeneration(unit, number_of(part, "Interval"))
    match name.removesuffix("Recurrence"):
        case "Daily":
            return Daily(number_of(part, "Interval"))
        case "Weekly":
            days = tuple(map(DayOfWeek, text_of(part, "DaysOfWeek").split()))
            # Servers before Exchange 2010 do not say on which day weeks begin: on Sunday.
            first = text_of(part, "FirstDayOfWeek") or DayOfWeek.SUNDAY
            return Weekly(number_of(part, "Interval"), days, DayOfWeek(first))
        case "AbsoluteMonthly":
            return AbsoluteMonthly(number_of(part, "Interval"), number_of(part, "DayOfMonth"))
        case "RelativeMonthly":
            return RelativeMonthly(number_of(part, "Interval"), *_read_place(part))
        case "AbsoluteYearly":
            return AbsoluteYearly(number_of(part, "DayOfMonth"), Month(text_of(part, "Month")))
        case "RelativeYearly":
            return RelativeYearly(*_read_place(part), Month(text_of(part, "Month")))
    raise LookupError(name)


def _read_place(part: Element) -> tuple[DayOfWeek, Index]:
    return DayOfWeek(text_of(part, "DaysOfWeek")), Index(text_of(part, "DayOfWeekIndex"))


def _read_range(name: str, part: Element) -> Range:
    start = _date(part, "StartDate")
    if name == "EndDate":
        return EndDate(start, _date(part, "EndDate"))
    return (
        Numbered(start, number_of(part, "NumberOfOccurrences"))
        if name == "Numbered"
        else NoEnd(start)
    )


def _date(part: Element, name: str) -> date:
    """An xs:date; Exchange writes an offset behind it, which says nothing of the day."""
    return date.fromisoformat(text_of(part, name).strip()[:10])
