"""When a schedule of EventBridge Scheduler begins: at(...), rate(...) and cron(...).

https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html. Of cron fields, numbers,
names, lists, ranges, steps, * and ? are played; L, W and # are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

_AT = re.compile(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)")
_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_CRON = re.compile(r"cron\(([^()]*)\)")
_SECONDS = {"minute": 60, "hour": 3600, "day": 86_400}
_MONTHS = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split()
_DAYS = "SUN MON TUE WED THU FRI SAT".split()
_YEARS_AHEAD = 10


def next_time(expression: str, timezone: str, after: float) -> float | None:
    """When a schedule begins next, in epoch seconds, later than `after`; None if never again. A
    rate counts from `after`. ValueError for what is no expression."""
    zone: tzinfo = UTC if timezone == "UTC" else ZoneInfo(timezone)
    if at := _AT.fullmatch(expression):
        moment = datetime.fromisoformat(at[1]).replace(tzinfo=zone).timestamp()
        return moment if moment > after else None
    if rate := _RATE.fullmatch(expression):
        return after + int(rate[1]) * _SECONDS[rate[2]]
    if cron := _CRON.fullmatch(expression):
        return next(_cron_times(cron[1].split(), zone, after), None)
    raise ValueError(f"{expression} is no expression of EventBridge Scheduler")


def is_once(expression: str) -> bool:
    """Whether a schedule begins a single time."""
    return _AT.fullmatch(expression) is not None


def _cron_times(fields: list[str], zone: tzinfo, after: float) -> Iterator[float]:
    if len(fields) != 6:
        raise ValueError("a cron expression has six fields")
    minutes, hours = _numbers(fields[0], 0, 59), _numbers(fields[1], 0, 23)
    first = datetime.fromtimestamp(after, zone).date()
    for day in (first + timedelta(days=number) for number in range(366 * _YEARS_AHEAD)):
        if not _fits(day, fields):
            continue
        for hour in sorted(hours):
            for minute in sorted(minutes):
                local = datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone)
                if local.timestamp() > after:
                    yield local.timestamp()


def _fits(day: date, fields: list[str]) -> bool:
    days = fields[2] == "?" or day.day in _numbers(fields[2], 1, 31)
    months = day.month in _numbers(fields[3], 1, 12, _MONTHS)
    weekdays = fields[4] == "?" or day.isoweekday() % 7 + 1 in _numbers(fields[4], 1, 7, _DAYS)
    return days and months and weekdays and day.year in _numbers(fields[5], 1970, 2199)


def _numbers(field: str, low: int, high: int, names: list[str] | None = None) -> set[int]:
    """What a field stands for. Names count from `low`."""
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        if span == "*":
            first, last = low, high
        else:
            begin, _, end = span.partition("-")
            first = _number(begin, low, names or [])
            last = _number(end, low, names or []) if end else high if step else first
        found |= set(range(first, last + 1, int(step or 1)))
    if not found <= set(range(low, high + 1)):
        raise ValueError(f"{field} is not from {low} to {high}")
    return found


def _number(text: str, low: int, names: list[str]) -> int:
    return names.index(text) + low if text in names else int(text)
