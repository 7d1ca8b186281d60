"""iCalendar, read into the model: what a calendar holds, what of it is lost, what is unreadable."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from migration.errors import ItemMalformed
from migration.items.event import Event
from migration.items.ical_events import EventPart, assemble, read_event
from migration.items.ical_tasks import read_note, read_task
from migration.items.ical_zones import Zones
from migration.items.lines import Component, make_uid, parse, unescape
from migration.items.losses import Loss
from migration.items.properties import Properties
from migration.items.task import Note, Task
from migration.items.times import Zone

_NAMES = ("NAME", "X-WR-CALNAME")
_COLOURS = ("COLOR", "X-APPLE-CALENDAR-COLOR")
_TEXTS = ("DESCRIPTION", "X-WR-CALDESC")
_OF_THE_FILE = frozenset(
    (*_NAMES, *_COLOURS, *_TEXTS, "X-WR-TIMEZONE", "VERSION", "PRODID", "CALSCALE", "METHOD")
)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An item that would be another one if it was read: `problems` are all that is wrong with it,
    each with its line."""

    kind: str
    uid: str
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Calendar:
    """A file of iCalendar. `name`, `colour` and `description` are those of its calendar, "" where
    it does not say; `zone` is the one that its floating times may be meant in."""

    name: str = ""
    colour: str = ""
    description: str = ""
    zone: Zone | None = None
    events: tuple[Event, ...] = ()
    tasks: tuple[Task, ...] = ()
    notes: tuple[Note, ...] = ()
    losses: tuple[Loss, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()


@dataclass(slots=True)
class _Reading:
    """What is found while a file is read."""

    losses: list[Loss] = field(default_factory=list)
    parts: dict[str, list[EventPart]] = field(default_factory=dict)
    tasks: list[Task] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    unreadable: dict[tuple[str, str], list[str]] = field(default_factory=dict)


def read_calendar(data: bytes) -> Calendar:
    """Reads a file. ItemMalformed, with all that is wrong, if it is no iCalendar as a whole; an
    item that cannot be read alone is in `unreadable`, the others are read. All components with
    one UID are one event."""
    reading = _Reading()
    roots = parse(data, reading.losses)
    calendars = [one for one in roots if one.name == "VCALENDAR"]
    if not calendars:
        raise ItemMalformed(["line 1: there is no VCALENDAR"])
    for other in roots:
        if other.name != "VCALENDAR":
            _lose_component(other, reading.losses)
    zones = [_read_components(one, reading) for one in calendars]
    events = tuple(
        assemble(uid, parts, reading.losses)
        for uid, parts in reading.parts.items()
        if ("VEVENT", uid) not in reading.unreadable
    )
    return Calendar(
        _told(calendars, _NAMES),
        _told(calendars, _COLOURS),
        _told(calendars, _TEXTS),
        next((one.default for one in zones if one.default), None),
        events,
        tuple(one for one in reading.tasks if ("VTODO", one.uid) not in reading.unreadable),
        tuple(one for one in reading.notes if ("VJOURNAL", one.uid) not in reading.unreadable),
        tuple(reading.losses),
        tuple(
            Unreadable(kind, uid, tuple(problems))
            for (kind, uid), problems in reading.unreadable.items()
        ),
    )


def _told(calendars: Iterable[Component], names: Iterable[str]) -> str:
    """The first of the calendars' properties that says something."""
    told = (unescape(one.first_value(name)) for one in calendars for name in names)
    return next((text for text in told if text), "")


def _read_components(calendar: Component, reading: _Reading) -> Zones:
    zones = Zones(calendar, reading.losses)
    for line in calendar.lines:
        if line.name not in _OF_THE_FILE:
            why = "a property of the calendar that has no place"
            reading.losses.append(Loss(line.name, f"VCALENDAR, line {line.number}", why))
    for component in calendar.components:
        if component.name in ("VEVENT", "VTODO", "VJOURNAL"):
            _read_item(component, zones, reading)
        elif component.name != "VTIMEZONE":
            _lose_component(component, reading.losses)
    return zones


def _read_item(component: Component, zones: Zones, reading: _Reading) -> None:
    properties = _open(component, zones, reading.losses)
    if component.name == "VEVENT":
        part = read_event(properties, zones, reading.losses)
        if part is not None:
            reading.parts.setdefault(properties.uid, []).append(part)
    elif component.name == "VTODO":
        reading.tasks.append(read_task(properties, zones, reading.losses))
    else:
        reading.notes.append(read_note(properties, zones, reading.losses))
    properties.lose_the_rest()
    if properties.faults:
        key = (component.name, properties.uid)
        reading.unreadable.setdefault(key, []).extend(properties.faults)


def _open(component: Component, zones: Zones, losses: list[Loss]) -> Properties:
    """The component's properties. Without a UID it gets one, the same whenever it is read."""
    properties = Properties(component, zones, losses)
    if not properties.uid:
        properties.uid = make_uid(component)
        properties.lose("UID", component.number, "missing; one is made from the content")
    return properties


def _lose_component(component: Component, losses: list[Loss]) -> None:
    where, why = f"line {component.number}", "a component that has no place"
    losses.append(Loss(component.name, where, why))
