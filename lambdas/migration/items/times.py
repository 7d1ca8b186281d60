"""When: dates, moments, zones, spans and rules of recurrence, in the terms of RFC 5545."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
"""By the number of the weekday, as `date.weekday` counts."""


class Frequency(StrEnum):
    """How a rule steps. Rules that repeat within a day are none of a calendar that people share:
    neither Exchange nor Google can say them."""

    DAILY = "DAILY"
    WEEKLY = "WEEKLY"
    MONTHLY = "MONTHLY"
    YEARLY = "YEARLY"


@dataclass(frozen=True, slots=True, order=True)
class Day:
    """A weekday of BYDAY; `nth` counts it in the month or the year, from the end if negative, and
    is 0 for every one."""

    weekday: int
    nth: int = 0


@dataclass(frozen=True, slots=True)
class Observance:
    """A part of a zone's own rules (STANDARD or DAYLIGHT of a VTIMEZONE): from `onset`, a clock
    time by `offset_from`, and again by the rule or on the extra dates, `offset_to` holds."""

    onset: datetime
    offset_from: timedelta
    offset_to: timedelta
    daylight: bool = False
    name: str = ""
    rule: Rule | None = None
    extra: tuple[datetime, ...] = ()


@dataclass(frozen=True, slots=True)
class Zone:
    """A time zone: by its IANA name, or by rules of its own where no IANA zone means the same."""

    name: str
    observances: tuple[Observance, ...] = ()


UTC = Zone("UTC")


@dataclass(frozen=True, slots=True)
class Moment:
    """A time by the clock. Without a zone it is floating: the same clock time everywhere. Where the
    clock shows it twice the first is meant, the second if `wall.fold` is 1; where it is skipped,
    the offset before counts."""

    wall: datetime
    zone: Zone | None = None

    def __post_init__(self) -> None:
        if self.wall.tzinfo is not None:
            raise ValueError("a moment's clock time has no zone of its own")


Time = date | Moment
"""A whole day, or a moment. Never a `datetime`."""


@dataclass(frozen=True, slots=True)
class Span:
    """A length: nominal days, which are as long as the clock makes them, and exact seconds."""

    days: int = 0
    seconds: int = 0


@dataclass(frozen=True, slots=True)
class Rule:
    """RRULE. Empty parts are not said. `until` is inclusive; weekdays count from Monday = 0."""

    frequency: Frequency
    interval: int = 1
    count: int | None = None
    until: Time | None = None
    by_month: tuple[int, ...] = ()
    by_week: tuple[int, ...] = ()
    by_year_day: tuple[int, ...] = ()
    by_month_day: tuple[int, ...] = ()
    by_day: tuple[Day, ...] = ()
    by_hour: tuple[int, ...] = ()
    by_minute: tuple[int, ...] = ()
    by_second: tuple[int, ...] = ()
    by_position: tuple[int, ...] = ()
    week_start: int = 0


@dataclass(frozen=True, slots=True)
class Recurrence:
    """When an item repeats: by a rule, on extra dates (RDATE; with an end if the source gave one),
    not on the excluded ones (EXDATE)."""

    rule: Rule | None = None
    extra: tuple[ExtraDate, ...] = ()
    excluded: tuple[Time, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.rule or self.extra or self.excluded)


ONCE = Recurrence()
"""What does not repeat."""


@dataclass(frozen=True, slots=True)
class ExtraDate:
    """A date of RDATE. `end` and `span` are None where it is as long as the others."""

    start: Time
    end: Time | None = None
    span: Span | None = None


def wall_of(time: Time) -> datetime:
    """The clock time; midnight of a whole day."""
    return time.wall if isinstance(time, Moment) else datetime(time.year, time.month, time.day)


def like(wall: datetime, pattern: Time) -> Time:
    """The clock time as the same kind of time, in the same zone, as `pattern`."""
    return Moment(wall, pattern.zone) if isinstance(pattern, Moment) else wall.date()
