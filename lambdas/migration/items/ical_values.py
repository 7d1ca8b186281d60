"""Values of iCalendar (RFC 5545 section 3.3), read and written. What cannot be read is a
ValueError whose text says why, without the value."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from migration.items.times import WEEKDAYS, Day, Frequency, Rule, Span, Time, wall_of

FIRST_YEAR, LAST_YEAR = 1601, 9000
"""Exchange's calendar begins in 1601; after 9000 arithmetic with zones overflows."""

AnyDate = TypeVar("AnyDate", date, datetime)

LONGEST = 100_000
TOO_LONG = f"is more than {LONGEST} days long"

_DATE = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)")
_DATETIME = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)[Tt](\d\d):?(\d\d):?(\d\d)?(?:\.\d+)?([Zz]?)")
_SPAN = re.compile(
    r"([+-]?)P(?:(\d{1,5})W)?(?:(\d{1,6})D)?(T(?:(\d{1,7})H)?(?:(\d{1,9})M)?(?:(\d{1,9})S)?)?"
)
_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d):?(\d\d)?")
_RULE_NAMES = {
    "BYMONTH": ("by_month", 1, 12),
    "BYWEEKNO": ("by_week", -53, 53),
    "BYYEARDAY": ("by_year_day", -366, 366),
    "BYMONTHDAY": ("by_month_day", -31, 31),
    "BYHOUR": ("by_hour", 0, 23),
    "BYMINUTE": ("by_minute", 0, 59),
    "BYSECOND": ("by_second", 0, 60),
    "BYSETPOS": ("by_position", -366, 366),
}


class CannotRepeat(ValueError):
    """A rule that is right, and that no calendar for people repeats by."""


def read_date(value: str) -> date:
    """DATE."""
    found = _DATE.fullmatch(value.strip())
    if not found:
        raise ValueError("is no date")
    return _in_years(date(*map(int, found.groups())))


def read_datetime(value: str) -> tuple[datetime, bool]:
    """DATE-TIME, and whether it is in UTC. The 60th second of a minute is the 59th."""
    found = _DATETIME.fullmatch(value.strip())
    if not found:
        raise ValueError("is no date with a time")
    year, month, day, hour, minute = map(int, found.groups()[:5])
    second = min(59, int(found[6] or 0))
    return _in_years(datetime(year, month, day, hour, minute, second)), bool(found[7])


def _in_years(day: AnyDate) -> AnyDate:
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError(f"is not in the years from {FIRST_YEAR} to {LAST_YEAR}")
    return day


def is_date(value: str) -> bool:
    """Whether the value is written as a day alone."""
    return bool(_DATE.fullmatch(value.strip()))


def read_span(value: str) -> Span:
    """DURATION."""
    found = _SPAN.fullmatch(value.strip().upper())
    if not found or not any(found.groups()[1:]) or found[4] == "T":
        raise ValueError("is no duration")
    weeks, days = int(found[2] or 0), int(found[3] or 0)
    hours, minutes, seconds = (int(one or 0) for one in found.groups()[4:])
    sign = -1 if found[1] == "-" else 1
    total = hours * 3600 + minutes * 60 + seconds
    if weeks * 7 + days + total // 86_400 > LONGEST:
        raise ValueError(TOO_LONG)
    return Span(sign * (weeks * 7 + days), sign * total)


def write_span(span: Span) -> str:
    """DURATION; days and seconds of different signs become seconds."""
    if span.days * span.seconds < 0:
        span = Span(0, span.days * 86_400 + span.seconds)
    sign = "-" if span.days < 0 or span.seconds < 0 else ""
    minutes, seconds = divmod(abs(span.seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [f"{number}{unit}" for number, unit in ((hours, "H"), (minutes, "M"), (seconds, "S"))]
    told = "".join(part for part in parts if not part.startswith("0"))
    days = f"{abs(span.days)}D" if span.days else ""
    return f"{sign}P{days}{'T' + told if told else ''}" if days or told else "PT0S"


def read_offset(value: str) -> timedelta:
    """UTC-OFFSET."""
    found = _OFFSET.fullmatch(value.strip())
    if not found:
        raise ValueError("is no offset from UTC")
    hours, minutes, seconds = (int(one or 0) for one in found.groups()[1:])
    offset = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    if offset >= timedelta(days=1):
        raise ValueError("is an offset of a day or more")
    return -offset if found[1] == "-" else offset


def write_offset(offset: timedelta) -> str:
    """UTC-OFFSET, with seconds only where there are some."""
    minutes, seconds = divmod(abs(round(offset.total_seconds())), 60)
    told = f"{minutes // 60:02}{minutes % 60:02}" + (f"{seconds:02}" if seconds else "")
    return ("-" if offset < timedelta(0) else "+") + told


def write_time(time: Time) -> str:
    """DATE, or DATE-TIME without the Z of UTC."""
    wall = wall_of(time)
    day = f"{wall.year:04}{wall.month:02}{wall.day:02}"
    return f"{day}T{wall:%H%M%S}" if type(time) is not date else day


# -- rules ---------------------------------------------------------------------------------------


def read_rule(value: str, read_until: Callable[[str], Time | None]) -> Rule:
    """RRULE. CannotRepeat for what is right and none of ours."""
    parts = {}
    for part in value.strip().strip(";").upper().split(";"):
        name, _, text = part.partition("=")
        if name.strip() in parts:
            raise ValueError(f"says {_known(name)} twice")
        parts[name.strip()] = text.strip()
    frequency = parts.pop("FREQ", "")
    if frequency in ("SECONDLY", "MINUTELY", "HOURLY"):
        raise CannotRepeat("repeats within a day")
    if frequency not in Frequency.__members__:
        raise ValueError("has no FREQ of RFC 5545")
    if parts.pop("RSCALE", "GREGORIAN") != "GREGORIAN" or parts.pop("SKIP", "OMIT") != "OMIT":
        raise CannotRepeat("goes by another calendar, or moves days that do not exist (RFC 7529)")
    known: dict[str, Any] = {
        "interval": _read_number(parts.pop("INTERVAL", "1"), "INTERVAL", 1, 100_000),
        "week_start": _read_weekday(parts.pop("WKST", "MO")),
        "by_day": tuple(map(_read_day, _split(parts.pop("BYDAY", "")))),
    }
    if "COUNT" in parts:
        known["count"] = _read_number(parts.pop("COUNT"), "COUNT", 1, 10**9)
    if "UNTIL" in parts:
        known["until"] = read_until(parts.pop("UNTIL"))
    for name in [name for name in parts if name in _RULE_NAMES]:
        key, low, high = _RULE_NAMES[name]
        known[key] = tuple(
            min(59, number) if name == "BYSECOND" else number
            for number in (_read_number(one, name, low, high) for one in _split(parts.pop(name)))
        )
    if any(name and not name.startswith("X-") for name in parts):
        raise ValueError("has parts that RFC 5545 does not know")
    rule = Rule(Frequency(frequency), **known)
    _check(rule)
    return rule


def _check(rule: Rule) -> None:
    """RFC 5545 section 3.3.10: what may not stand together."""
    frequency, counted = rule.frequency, any(day.nth for day in rule.by_day)
    for wrong, why in (
        (rule.count is not None and rule.until is not None, "has both COUNT and UNTIL"),
        (rule.by_week and frequency is not Frequency.YEARLY, "has BYWEEKNO without FREQ=YEARLY"),
        (
            rule.by_year_day and frequency is not Frequency.YEARLY,
            "has BYYEARDAY without FREQ=YEARLY",
        ),
        (
            rule.by_month_day and frequency is Frequency.WEEKLY,
            "has BYMONTHDAY with FREQ=WEEKLY",
        ),
        (
            counted and frequency in (Frequency.DAILY, Frequency.WEEKLY),
            "counts weekdays of BYDAY without FREQ=MONTHLY or YEARLY",
        ),
        (counted and rule.by_week, "counts weekdays of BYDAY beside BYWEEKNO"),
    ):
        if wrong:
            raise ValueError(why)


def _split(value: str) -> list[str]:
    return [one.strip() for one in value.split(",") if one.strip()]


def _known(name: str) -> str:
    return name.strip() if re.fullmatch("[A-Z]{1,12}", name.strip()) else "a part"


def _read_number(value: str, name: str, low: int, high: int) -> int:
    if not re.fullmatch(r"[+-]?\d{1,10}", value):
        raise ValueError(f"has no number in {name}")
    number = int(value)
    if not low <= number <= high or (number == 0 and low < 0):
        raise ValueError(f"has a number in {name} that is none of {low} to {high}")
    return number


def _read_weekday(value: str) -> int:
    if value not in WEEKDAYS:
        raise ValueError("has an unknown weekday")
    return WEEKDAYS.index(value)


def _read_day(value: str) -> Day:
    nth = value[:-2].strip()
    return Day(_read_weekday(value[-2:]), _read_number(nth, "BYDAY", -53, 53) if nth else 0)


def write_rule(rule: Rule, until: str) -> str:
    """RRULE; `until` is UNTIL as it is to be written, "" without one."""
    parts = [f"FREQ={rule.frequency}"]
    if rule.interval != 1:
        parts.append(f"INTERVAL={rule.interval}")
    if rule.count is not None:
        parts.append(f"COUNT={rule.count}")
    if until:
        parts.append(f"UNTIL={until}")
    for name, (key, _, _) in _RULE_NAMES.items():
        if numbers := getattr(rule, key):
            parts.append(f"{name}={','.join(map(str, numbers))}")
    if rule.by_day:
        days = (f"{day.nth or ''}{WEEKDAYS[day.weekday]}" for day in rule.by_day)
        parts.append(f"BYDAY={','.join(days)}")
    if rule.week_start:
        parts.append(f"WKST={WEEKDAYS[rule.week_start]}")
    return ";".join(parts)
