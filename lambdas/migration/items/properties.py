"""The properties of one component of iCalendar or vCard, taken one after the other, with what goes
wrong."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from enum import StrEnum
from typing import TypeVar

from migration.items.ical_values import is_date, read_date, read_datetime, read_span
from migration.items.ical_zones import Zones
from migration.items.lines import Component, Line, split_values, unescape
from migration.items.losses import Loss
from migration.items.times import UTC, Moment, Span, Time, wall_of

Value = TypeVar("Value")
Word = TypeVar("Word", bound=StrEnum)

_SPOKEN = frozenset(("VALUE", "TZID", "CHARSET", "ENCODING"))
"""Parameters that say how a value is written."""


class Properties:
    """What is taken is done with; `lose_the_rest` tells of all others. A fault is what makes the
    item another one if it is ignored: it is not read then."""

    def __init__(self, component: Component, zones: Zones, losses: list[Loss]) -> None:
        self.kind = component.name
        self.line = component.number
        self.components = component.components
        self.faults: list[str] = []
        self._zones = zones
        self._losses = losses
        self._lines: dict[str, list[Line]] = {}
        for line in component.lines:
            self._lines.setdefault(line.name, []).append(line)
        self.uid = unescape(component.first_value("UID"))
        self._lines.pop("UID", None)

    def has(self, name: str) -> bool:
        """Whether the property is there and not yet taken."""
        return name in self._lines

    def peek(self, name: str) -> list[Line]:
        """The properties of the name, which stay to be taken."""
        return self._lines.get(name, [])

    def join(self, name: str) -> None:
        """Makes one property of all of the name, with an empty line between their texts."""
        lines = self._lines.get(name, [])
        if len(lines) > 1:
            value = "\\n\\n".join(line.value for line in lines)
            self._lines[name] = [replace(lines[0], value=value)]

    def take_all(self, name: str, *parameters: str) -> list[Line]:
        """All properties of the name. Parameters other than these are lost."""
        lines = self._lines.pop(name, [])
        for line in lines:
            for parameter, _ in line.parameters:
                if parameter not in _SPOKEN and parameter not in parameters:
                    what = f"{name};{parameter}" if parameter else name
                    self.lose(what, line.number, "a parameter that has no place")
        return lines

    def take(self, name: str, *parameters: str) -> Line | None:
        """The one property of the name; what stands there a second time is lost."""
        lines = self.take_all(name, *parameters)
        for line in lines[1:]:
            self.lose(name, line.number, "stands more than once; the first one is kept")
        return lines[0] if lines else None

    def text(self, name: str, *parameters: str) -> str:
        """TEXT, "" without one."""
        line = self.take(name, *parameters)
        return unescape(line.value) if line else ""

    def texts(self, name: str, *parameters: str) -> tuple[str, ...]:
        """TEXT of all properties of the name."""
        return tuple(unescape(line.value) for line in self.take_all(name, *parameters))

    def listed(self, name: str, *parameters: str) -> tuple[str, ...]:
        """Lists of TEXT, each value once."""
        values = (
            unescape(one).strip()
            for line in self.take_all(name, *parameters)
            for one in split_values(line.value)
        )
        return tuple(dict.fromkeys(value for value in values if value))

    def word(self, name: str, words: type[Word], default: Word) -> Word:
        """One of an enumeration's values, in any capitals."""
        return self.read(name, lambda line: find_word(line.value, words)) or default

    def number(self, name: str, high: int) -> int | None:
        """An integer from 0 to `high`."""

        def read(line: Line) -> int:
            if not re.fullmatch(r"\s*\d{1,10}\s*", line.value) or int(line.value) > high:
                raise ValueError(f"is no number from 0 to {high}")
            return int(line.value)

        return self.read(name, read)

    def read(self, name: str, read: Callable[[Line], Value], *parameters: str) -> Value | None:
        """The property by its type; what cannot be read is lost."""
        line = self.take(name, *parameters)
        return self.try_read(line, read) if line else None

    def try_read(self, line: Line, read: Callable[[Line], Value]) -> Value | None:
        """One property by its type; what cannot be read is lost."""
        try:
            return read(line)
        except ValueError as problem:
            self.lose(line.name, line.number, str(problem))
            return None

    def demand(self, name: str, read: Callable[[Line], Value], *parameters: str) -> Value | None:
        """The property by its type; what cannot be read is a fault."""
        line = self.take(name, *parameters)
        return self.try_demand(line, read) if line else None

    def try_demand(self, line: Line, read: Callable[[Line], Value]) -> Value | None:
        """One property by its type; what cannot be read is a fault."""
        try:
            return read(line)
        except ValueError as problem:
            self.faults.append(f"line {line.number}: {line.name} {problem}")
            return None

    def read_time(self, line: Line) -> Time:
        """DATE or DATE-TIME in the zone that the property names."""
        return self.time_of(line, line.value)

    def time_of(self, line: Line, value: str) -> Time:
        """A value of the property, as DATE or DATE-TIME. A time at which a zone is named and which
        ends in Z is in UTC."""
        if is_date(value):
            return read_date(value)
        wall, is_utc = read_datetime(value)
        return Moment(wall, UTC if is_utc else self._zones.of(line))

    def moment(self, name: str) -> Moment | None:
        """A DATE-TIME; a day is its midnight. Without a zone it is in UTC, as the RFC demands."""

        def read(line: Line) -> Moment:
            time = self.time_of(line, line.value)
            return Moment(wall_of(time), (time.zone if isinstance(time, Moment) else None) or UTC)

        return self.read(name, read)

    def lose(self, what: str, number: int, why: str) -> None:
        """Tells of a loss."""
        self._losses.append(Loss(what, f"{self.kind}, line {number}", why, self.uid))

    def lose_the_rest(self) -> None:
        """Tells of all properties that nobody took."""
        for name, lines in self._lines.items():
            own = name.startswith("X-")
            why = "a property of one program's own" if own else "a property that has no place"
            for line in lines:
                self.lose(name, line.number, why)
        self._lines.clear()


def find_word(value: str, words: type[Word]) -> Word:
    """The member of an enumeration with this value, in any capitals."""
    plain = value.strip().upper()
    found = next((word for word in words if word.value.upper() == plain), None)
    if found is None or not plain:
        raise ValueError("is none of the words for it")
    return found


def read_span_of(line: Line) -> Span:
    """DURATION."""
    return read_span(line.value)


def same_kind(one: Time, other: Time) -> bool:
    """Whether both are whole days, or both times."""
    return (type(one) is date) == (type(other) is date)
