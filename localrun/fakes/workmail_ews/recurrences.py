"""When a recurring item of Exchange takes place: its patterns, its ranges and its zones.

By Microsoft's description of the patterns ([MS-OXOCAL] 2.2.1.44): a day of the month that a shorter
month does not have is its last day; weeks are counted from that of the start. Nothing here comes
from the code that is tested with it: dateutil reckons, and tzlocal's table says which zone Windows'
names mean. Times that the clock shows twice are the first of both, times that it leaves out are
reckoned by the offset before the change; what WorkMail does there is not known.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, pairwise, takewhile
from typing import Any
from zoneinfo import ZoneInfo

from dateutil import rrule
from lxml import etree
from tzlocal.windows_tz import win_tz

from localrun.fakes.workmail_ews.soap import ItemRefused, children, find, local_name

_WEEK = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_KINDS_OF_DAY = {"Day": range(7), "Weekday": range(5), "WeekendDay": range(5, 7)}
_INDEXES = {"First": 1, "Second": 2, "Third": 3, "Fourth": 4, "Last": -1}
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_MOST = {"Daily": 999, "Weekly": 99, "AbsoluteMonthly": 99, "RelativeMonthly": 99}
_MOST_OCCURRENCES = 999
_MIDNIGHT = time(0)


@dataclass(frozen=True, slots=True)
class Place:
    """One occurrence: its number, counted from 1, and its time as the series says."""

    index: int
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Series:
    """A recurrence with the clock times of its first occurrence. `rule` are the arguments of
    dateutil's rrule, the first day that may be one included."""

    rule: tuple[tuple[str, Any], ...]
    frequency: int
    zone: ZoneInfo
    starts_at: time
    length: timedelta
    """By the clock: an occurrence ends when the clock shows its end."""

    def places(self) -> Iterator[Place]:
        """All of them, in order; without an end up to the year 9999."""
        found = rrule.rrule(self.frequency, **dict(self.rule))
        for index, day in enumerate(found, 1):
            wall = datetime.combine(day.date(), self.starts_at)
            yield Place(index, self._instant(wall), self._instant(wall + self.length))

    def place(self, index: int) -> Place | None:
        """The one of that number; None if there is none."""
        return next(islice(self.places(), index - 1, index), None) if index >= 1 else None

    def before(self, end: datetime) -> Iterator[Place]:
        """Those that start before a moment, as the series says."""
        return takewhile(lambda place: place.start < end, self.places())

    def last(self) -> Place | None:
        """The last one; None where there is no end."""
        if not {"count", "until"} & dict(self.rule).keys():
            return None
        return next(iter(deque(self.places(), maxlen=1)), None)

    def neighbours(self, most: int) -> Iterator[tuple[Place, Place]]:
        """The first `most` occurrences, each with the one after it."""
        return pairwise(islice(self.places(), most))

    def day(self, moment: datetime) -> date:
        """The day that the calendar shows at a moment."""
        return moment.astimezone(self.zone).date()

    def _instant(self, wall: datetime) -> datetime:
        return wall.replace(tzinfo=self.zone).astimezone(UTC)


def read_zone(name: str) -> ZoneInfo:
    """Windows' zone of that name. ItemRefused ErrorTimeZone if there is none."""
    if name not in win_tz:
        raise ItemRefused("ErrorTimeZone")
    return ZoneInfo(win_tz[name])


def read_series(
    recurrence: etree._Element, start: datetime, end: datetime, zone: ZoneInfo
) -> Series:
    """A Recurrence element. ItemRefused ErrorCalendarInvalidRecurrence, or
    ErrorRecurrenceHasNoOccurrence where no day is one."""
    pattern, extent = children(recurrence)
    name = local_name(pattern).removesuffix("Recurrence")
    frequency, parts = _read_pattern(name, pattern)
    first = _date(_text(extent, "StartDate"))
    begins, ends = (at.astimezone(zone).replace(tzinfo=None) for at in (start, end))
    rule = {**parts, "dtstart": datetime.combine(first, _MIDNIGHT), **_read_extent(extent)}
    series = Series(tuple(rule.items()), frequency, zone, begins.time(), ends - begins)
    if series.place(1) is None:
        raise ItemRefused("ErrorRecurrenceHasNoOccurrence")
    return series


def _read_pattern(name: str, pattern: etree._Element) -> tuple[int, dict[str, Any]]:
    interval = int(_text(pattern, "Interval") or 1)
    if not 1 <= interval <= _MOST.get(name, 1):
        raise ItemRefused("ErrorCalendarInvalidRecurrence")
    match name:
        case "Daily":
            return rrule.DAILY, {"interval": interval}
        case "Weekly":
            days = [_weekday(day) for day in _text(pattern, "DaysOfWeek").split()]
            first = _weekday(_text(pattern, "FirstDayOfWeek") or "Sunday")
            return rrule.WEEKLY, {"interval": interval, "byweekday": days, "wkst": first}
        case "AbsoluteMonthly":
            return rrule.MONTHLY, {"interval": interval, **_day_of_month(pattern)}
        case "RelativeMonthly":
            return rrule.MONTHLY, {"interval": interval, **_place_in_month(pattern)}
        case "AbsoluteYearly":
            return rrule.YEARLY, {"bymonth": _month(pattern), **_day_of_month(pattern)}
        case "RelativeYearly":
            return rrule.YEARLY, {"bymonth": _month(pattern), **_place_in_month(pattern)}
    raise ItemRefused("ErrorCalendarInvalidRecurrence")


def _read_extent(extent: etree._Element) -> dict[str, Any]:
    match local_name(extent):
        case "NoEndRecurrence":
            return {}
        case "EndDateRecurrence":
            last = _date(_text(extent, "EndDate"))
            if last < _date(_text(extent, "StartDate")):
                raise ItemRefused("ErrorCalendarEndDateIsEarlierThanStartDate")
            return {"until": datetime.combine(last, _MIDNIGHT)}
        case "NumberedRecurrence":
            count = int(_text(extent, "NumberOfOccurrences"))
            if 1 <= count <= _MOST_OCCURRENCES:
                return {"count": count}
    raise ItemRefused("ErrorCalendarInvalidRecurrence")


def _day_of_month(pattern: etree._Element) -> dict[str, Any]:
    day = int(_text(pattern, "DayOfMonth"))
    if not 1 <= day <= 31:
        raise ItemRefused("ErrorCalendarInvalidRecurrence")
    return {"bymonthday": [*range(min(day, 28), day + 1)], "bysetpos": -1}


def _place_in_month(pattern: etree._Element) -> dict[str, Any]:
    name = _text(pattern, "DaysOfWeek")
    days = _KINDS_OF_DAY.get(name) or [_WEEK.index(name)]
    return {"byweekday": [*days], "bysetpos": _INDEXES[_text(pattern, "DayOfWeekIndex")]}


def _month(pattern: etree._Element) -> int:
    return _MONTHS.index(_text(pattern, "Month")) + 1


def _weekday(name: str) -> int:
    if name not in _WEEK:
        raise ItemRefused("ErrorCalendarInvalidDayForWeeklyRecurrence")
    return _WEEK.index(name)


def _text(element: etree._Element, name: str) -> str:
    found = find(element, name)
    return "" if found is None else (found.text or "").strip()


def _date(text: str) -> date:
    """An xs:date; an offset behind it says nothing of the day."""
    return date.fromisoformat(text[:10])
