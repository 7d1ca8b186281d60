"""VTIMEZONE, read and written, and the zones that a calendar's times are in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from migration.items.ical_values import (
    CannotRepeat,
    is_date,
    read_date,
    read_datetime,
    read_offset,
    read_rule,
    write_offset,
    write_rule,
    write_time,
)
from migration.items.lines import Component, Line, escape, unescape, write_line
from migration.items.losses import Loss
from migration.items.times import UTC, Moment, Observance, Rule, Time, Zone
from migration.items.zone_matching import resolve
from migration.items.zone_names import find_zone
from migration.items.zones import iana_changes, offset_at

_TIMES = ("DTSTART", "DTEND", "DUE", "RECURRENCE-ID", "RDATE", "EXDATE")
KNOWN_YEARS = range(1900, 2101)
"""Before them zones are legend, after them guesses: neither is compared or written."""

_YEARS_OF_A_RULE = 10  # for which a zone's own rules are compared, where a series does not end


class Zones:
    """The zones of one calendar. Each TZID is looked up once, and a loss told once."""

    def __init__(self, calendar: Component, losses: list[Loss]) -> None:
        self._losses = losses
        self._years = used_years(calendar)
        self._definitions: dict[str, Component] = {}
        for one in calendar.components:
            if one.name == "VTIMEZONE":
                self._definitions.setdefault(unescape(one.first_value("TZID")), one)
        self._known: dict[str, Zone | None] = {}
        default = calendar.first_value("X-WR-TIMEZONE")
        self.default = find_zone(unescape(default)) if default else None

    def of(self, line: Line) -> Zone | None:
        """The zone of a property's TZID; None without one."""
        name = line.first("TZID")
        if not name:
            return None
        if name not in self._known:
            self._known[name] = self._resolve(name, line.number)
        return self._known[name]

    def _resolve(self, name: str, number: int) -> Zone | None:
        definition = self._definitions.get(name)
        observances = read_observances(definition, self._losses) if definition else ()
        hint = unescape(definition.first_value("X-LIC-LOCATION")) if definition else ""
        found = resolve(name, hint, observances, self._years.get(name, range(2020, 2031)))
        if found is None:
            kept = "the calendar's zone is taken" if self.default else "the clock time is kept"
            self._lose(number, f"the file does not say what this zone is; {kept}")
            return self.default
        if found.differs:
            self._lose(number, "its rules differ from those of the zone it names, which are taken")
        return found.zone

    def _lose(self, number: int, why: str) -> None:
        self._losses.append(Loss("TZID", f"line {number}", why))


def used_years(calendar: Component) -> Mapping[str, range]:
    """For each TZID the years in which a time of the calendar is in it."""
    years: dict[str, set[int]] = {}
    for item in calendar.components:
        rule = item.first_value("RRULE").upper()
        for line in item.lines:
            name = line.first("TZID")
            if line.name not in _TIMES or not name:
                continue
            found = {int(one) for one in re.findall(r"(?:^|[,/])(\d{4})", line.value)}
            if rule and line.name == "DTSTART":
                found |= {_last_year(rule, year) for year in found}
            years.setdefault(name, set()).update(year for year in found if year in KNOWN_YEARS)
    return {name: range(min(one), max(one) + 1) for name, one in years.items() if one}


def _last_year(rule: str, year: int) -> int:
    """The last year of a series that begins in `year`, as far as it is worth comparing zones."""
    until = re.search(r"UNTIL=(\d{4})", rule)
    return min(int(until[1]), year + 100) if until else year + _YEARS_OF_A_RULE


def read_observances(definition: Component, losses: list[Loss]) -> tuple[Observance, ...]:
    """The parts of a VTIMEZONE; those that cannot be read are losses."""
    found = []
    for part in definition.components:
        where = f"{part.name}, line {part.number}"
        try:
            found.append(_read_observance(part))
        except (ValueError, CannotRepeat) as problem:
            losses.append(Loss("VTIMEZONE", where, f"a part of the zone's rules {problem}"))
    return tuple(found)


def _read_observance(part: Component) -> Observance:
    onset, _ = _read_onset(part.first_value("DTSTART"))
    rule = part.first_value("RRULE")
    extra = [
        _read_onset(value)[0]
        for line in part.all_of("RDATE")
        for value in line.value.split(",")
        if "/" not in value
    ]
    return Observance(
        onset,
        read_offset(part.first_value("TZOFFSETFROM")),
        read_offset(part.first_value("TZOFFSETTO")),
        part.name == "DAYLIGHT",
        unescape(part.first_value("TZNAME")),
        read_rule(rule, _read_until) if rule else None,
        tuple(sorted(extra)),
    )


def _read_onset(value: str) -> tuple[datetime, bool]:
    """Zones may begin before events may: what is earlier than our years begins with them."""
    return read_datetime(re.sub(r"^\s*(?:0\d|1[0-5])\d\d|^\s*1600", "1601", value))


def _read_until(value: str) -> Time | None:
    if value.startswith("9"):
        return None
    if is_date(value):
        return read_date(value)
    wall, is_utc = read_datetime(value)
    return Moment(wall, UTC if is_utc else None)


# -- writing -------------------------------------------------------------------------------------


def write_zone(zone: Zone, years: range) -> Iterable[bytes]:
    """VTIMEZONE: its own rules, or the changes of the IANA zone in these years."""
    yield write_line("BEGIN", "VTIMEZONE")
    yield write_line("TZID", escape(zone.name))
    for one in zone.observances or _observances(zone, years):
        kind = "DAYLIGHT" if one.daylight else "STANDARD"
        yield write_line("BEGIN", kind)
        yield write_line("DTSTART", write_time(Moment(one.onset)))
        yield write_line("TZOFFSETFROM", write_offset(one.offset_from))
        yield write_line("TZOFFSETTO", write_offset(one.offset_to))
        if one.name:
            yield write_line("TZNAME", escape(one.name))
        if one.rule:
            yield write_line("RRULE", write_rule(one.rule, _write_until(one.rule)))
        for extra in one.extra:
            yield write_line("RDATE", write_time(Moment(extra)))
        yield write_line("END", kind)
    yield write_line("END", "VTIMEZONE")


def _write_until(rule: Rule) -> str:
    if rule.until is None:
        return ""
    in_utc = isinstance(rule.until, Moment) and rule.until.zone == UTC
    return write_time(rule.until) + ("Z" if in_utc else "")


def _observances(zone: Zone, years: range) -> Iterable[Observance]:
    """One for the offset at the beginning, one for each change; an offset is daylight saving where
    it is the greater of two."""
    first = datetime(max(years.start, KNOWN_YEARS.start), 1, 1)
    begun = offset_at(zone, first)
    yield Observance(first + begun, begun, begun)
    known = (year for year in years if year in KNOWN_YEARS)
    for change in (one for year in known for one in iana_changes(zone.name, year)):
        daylight = change.after - change.before > timedelta(0)
        yield Observance(change.at + change.before, change.before, change.after, daylight)
