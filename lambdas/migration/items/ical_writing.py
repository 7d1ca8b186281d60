"""The properties of iCalendar as they are written, and the zones that they turned out to need."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from migration.items.ical_values import write_span, write_time
from migration.items.lines import escape, write_line
from migration.items.times import UTC, ExtraDate, Moment, Rule, Time, Zone, wall_of
from migration.items.zones import to_instant

_YEARS_OF_A_RULE = 10  # that an endless series is told its zone's changes for

Parameters = Iterable[tuple[str, Sequence[str]]]


class Writing:
    """Collects the lines of items. Empty texts and numbers that are None are not written."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self._years: dict[Zone, set[int]] = {}

    def zones(self) -> Iterator[tuple[Zone, range]]:
        """The zones of all times so far, with a year before and after them."""
        for zone, years in self._years.items():
            yield zone, range(min(years) - 1, max(years) + 2)

    @contextmanager
    def component(self, name: str, uid: str = "") -> Iterator[None]:
        """What is written within is in this component."""
        self.raw("BEGIN", name)
        self.text("UID", uid)
        yield
        self.raw("END", name)

    def raw(self, name: str, value: str, parameters: Parameters = ()) -> None:
        """A value that is written as it is."""
        self.pieces.append(write_line(name, value, parameters))

    def text(self, name: str, value: str, parameters: Parameters = ()) -> None:
        """TEXT."""
        if value:
            self.raw(name, escape(value), parameters)

    def listed(self, name: str, values: Sequence[str]) -> None:
        """A list of TEXT."""
        if values:
            self.raw(name, ",".join(map(escape, values)))

    def number(self, name: str, value: int | None) -> None:
        """An integer."""
        if value is not None:
            self.raw(name, str(value))

    def time(self, name: str, time: Time) -> None:
        """DATE or DATE-TIME."""
        value, parameters = self._form(time)
        self.raw(name, value, parameters)

    def period(self, name: str, one: ExtraDate) -> None:
        """PERIOD; its end is in the zone of its start, as the RFC demands."""
        value, parameters = self._form(one.start)
        end = write_span(one.span) if one.span else self._form(one.end or one.start)[0]
        told = [(key, values) for key, values in parameters if key != "VALUE"]
        self.raw(name, f"{value}/{end}", [("VALUE", ("PERIOD",)), *told])

    def until(self, time: Time) -> str:
        """The value of UNTIL."""
        return self._form(time)[0]

    def _form(self, time: Time) -> tuple[str, list[tuple[str, Sequence[str]]]]:
        if not isinstance(time, Moment):
            return write_time(time), [("VALUE", ("DATE",))]
        if time.zone is not None and time.wall.fold:
            # The second of two clock times that read the same has no form of its own.
            time = Moment(to_instant(time.wall, time.zone).replace(tzinfo=None), UTC)
        if time.zone is None:
            return write_time(time), []
        if time.zone == UTC:
            return write_time(time) + "Z", []
        self._years.setdefault(time.zone, set()).add(time.wall.year)
        return write_time(time), [("TZID", (time.zone.name,))]

    def note_years(self, start: Time | None, rule: Rule) -> None:
        """The zone of the series has to be told for as long as it lasts."""
        if not isinstance(start, Moment) or start.zone in (None, UTC):
            return
        assert start.zone is not None
        last = start.wall.year + _YEARS_OF_A_RULE
        if rule.until is not None:
            last = min(wall_of(rule.until).year, last)
        self._years.setdefault(start.zone, set()).add(max(start.wall.year, last))
