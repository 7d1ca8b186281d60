"""The recurrences that Exchange can say (EWS, Exchange2010_SP2), in its own terms.

The names are those of the schema's elements: RelativeMonthlyRecurrence, NoEndRecurrence and so on.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class DayOfWeek(StrEnum):
    """DayOfWeekType. The last three stand for a kind of day, and only in relative patterns."""

    MONDAY = "Monday"
    TUESDAY = "Tuesday"
    WEDNESDAY = "Wednesday"
    THURSDAY = "Thursday"
    FRIDAY = "Friday"
    SATURDAY = "Saturday"
    SUNDAY = "Sunday"
    DAY = "Day"
    WEEKDAY = "Weekday"
    WEEKEND_DAY = "WeekendDay"


class Index(StrEnum):
    """DayOfWeekIndexType."""

    FIRST = "First"
    SECOND = "Second"
    THIRD = "Third"
    FOURTH = "Fourth"
    LAST = "Last"


class Month(StrEnum):
    """MonthNamesType."""

    JANUARY = "January"
    FEBRUARY = "February"
    MARCH = "March"
    APRIL = "April"
    MAY = "May"
    JUNE = "June"
    JULY = "July"
    AUGUST = "August"
    SEPTEMBER = "September"
    OCTOBER = "October"
    NOVEMBER = "November"
    DECEMBER = "December"


@dataclass(frozen=True, slots=True)
class Daily:
    """DailyRecurrence."""

    interval: int


@dataclass(frozen=True, slots=True)
class Weekly:
    """WeeklyRecurrence."""

    interval: int
    days: tuple[DayOfWeek, ...]
    first_day: DayOfWeek


@dataclass(frozen=True, slots=True)
class AbsoluteMonthly:
    """AbsoluteMonthlyRecurrence. In a shorter month it is the last day."""

    interval: int
    day: int


@dataclass(frozen=True, slots=True)
class RelativeMonthly:
    """RelativeMonthlyRecurrence."""

    interval: int
    day: DayOfWeek
    index: Index


@dataclass(frozen=True, slots=True)
class AbsoluteYearly:
    """AbsoluteYearlyRecurrence. In a shorter February it is the last day."""

    day: int
    month: Month


@dataclass(frozen=True, slots=True)
class RelativeYearly:
    """RelativeYearlyRecurrence."""

    day: DayOfWeek
    index: Index
    month: Month


Pattern = Daily | Weekly | AbsoluteMonthly | RelativeMonthly | AbsoluteYearly | RelativeYearly


class Unit(StrEnum):
    """What a regeneration counts: the first word of DailyRegeneration and the like."""

    DAILY = "Daily"
    WEEKLY = "Weekly"
    MONTHLY = "Monthly"
    YEARLY = "Yearly"


@dataclass(frozen=True, slots=True)
class Regeneration:
    """DailyRegeneration, WeeklyRegeneration, MonthlyRegeneration or YearlyRegeneration, of tasks
    alone: the next one is due so long after the last one was done."""

    unit: Unit
    interval: int


TaskPattern = Pattern | Regeneration


@dataclass(frozen=True, slots=True)
class NoEnd:
    """NoEndRecurrence."""

    start: date


@dataclass(frozen=True, slots=True)
class EndDate:
    """EndDateRecurrence; the end is inclusive."""

    start: date
    end: date


@dataclass(frozen=True, slots=True)
class Numbered:
    """NumberedRecurrence."""

    start: date
    count: int


Range = NoEnd | EndDate | Numbered


@dataclass(frozen=True, slots=True)
class Repeats:
    """RecurrenceType: a pattern and its range, by the clock of the event's start zone."""

    pattern: Pattern
    range: Range


@dataclass(frozen=True, slots=True)
class TaskRepeats:
    """TaskRecurrenceType: days alone."""

    pattern: TaskPattern
    range: Range


class Reason(StrEnum):
    """Why Exchange cannot say exactly how an event repeats; each ends a sentence of the report."""

    NO_RULE = "it has no rule, only single dates"
    EXTRA_DATES = "it has dates beside its rule"
    START = "its start is none of the rule's dates"
    TIMES = "it happens several times a day, or not at the time of its start"
    PARTS = "its days are chosen in a way for which Exchange has no pattern"
    SHORT_MONTHS = "it leaves out months that are too short, where Exchange takes their last day"
    INTERVAL = "its interval is longer than Exchange allows"
    COUNT = "it has more occurrences than Exchange counts"


@dataclass(frozen=True, slots=True)
class Inexact:
    """Exchange has no pattern for it: the occurrences have to be written one by one."""

    reason: Reason
