"""What a source gives of one entry, read into the model. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from migration.errors import ItemMalformed
from migration.groupware_port import CollectionKind, Entry, NotReadable, Read
from migration.items.ical_read import Unreadable, read_calendar
from migration.items.item import AnyItem
from migration.items.losses import Loss
from migration.items.vcard_read import read_contacts

COMPONENTS = {
    CollectionKind.CALENDAR: "VEVENT",
    CollectionKind.TASKS: "VTODO",
    CollectionKind.NOTES: "VJOURNAL",
}
"""Which component of iCalendar a kind is; contacts are no iCalendar."""


def read_entry(kind: CollectionKind, entry: Entry, data: bytes) -> Read | NotReadable:
    """The items of that kind. NotReadable if all that there is of it would be another item if it
    was read; if it is so of a part only, the losses say it."""
    try:
        items, losses, unreadable = _read(kind, data)
    except ItemMalformed as error:
        found = tuple(Loss("file", kind, problem) for problem in error.problems)
        return NotReadable(entry, error.reason, found, data)
    told = (*losses, *_tell(unreadable))
    if unreadable and not items:
        return NotReadable(entry, "unreadable", told, data)
    return Read(entry, items, told, data)


def _read(
    kind: CollectionKind, data: bytes
) -> tuple[tuple[AnyItem, ...], tuple[Loss, ...], tuple[Unreadable, ...]]:
    if kind is CollectionKind.CONTACTS:
        cards = read_contacts(data)
        return cards.contacts, cards.losses, ()
    calendar = read_calendar(data)
    items: dict[CollectionKind, tuple[AnyItem, ...]] = {
        CollectionKind.CALENDAR: calendar.events,
        CollectionKind.TASKS: calendar.tasks,
        CollectionKind.NOTES: calendar.notes,
    }
    wrong = tuple(one for one in calendar.unreadable if one.kind == COMPONENTS[kind])
    return items[kind], calendar.losses, wrong


def _tell(unreadable: Iterable[Unreadable]) -> Iterable[Loss]:
    for one in unreadable:
        for problem in one.problems:
            yield Loss(one.kind, "not read", problem, one.uid)
