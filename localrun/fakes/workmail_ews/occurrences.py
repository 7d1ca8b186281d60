"""Occurrences of recurring calendar items: found by number, changed, deleted.

An occurrence is made of its master when it is asked for. A changed one keeps what it has otherwise
than the series; all else it goes on having from the master. When a master's times or its recurrence
change, its exceptions and deletions are gone, as in Exchange.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from copy import deepcopy
from datetime import datetime
from typing import TypeVar

from lxml import etree

from localrun.fakes.workmail_ews import properties as p
from localrun.fakes.workmail_ews.groupware_items import Difference, GroupwareItem
from localrun.fakes.workmail_ews.items import StoredItem
from localrun.fakes.workmail_ews.recurrences import Place
from localrun.fakes.workmail_ews.soap import ItemRefused, local_name
from localrun.fakes.workmail_ews.store import MailboxStore

_K = TypeVar("_K")
_V = TypeVar("_V")


def read_item(mailbox: MailboxStore, element: etree._Element) -> StoredItem:
    """The item, the occurrence or the master that an id element means. ItemRefused if there is
    none."""
    kind = local_name(element)
    if kind == "OccurrenceItemId":
        master = mailbox.item(element.get("RecurringMasterId", ""))
        if not isinstance(master, GroupwareItem) or not master.is_master:
            raise ItemRefused("ErrorCalendarCannotUseIdForOccurrenceId")
        return occurrence(master, int(element.get("InstanceIndex", "0")))
    if kind == "RecurringMasterItemId":
        master_id, index = _split(element.get("OccurrenceId", ""))
        if not index:
            raise ItemRefused("ErrorCalendarCannotUseIdForRecurringMasterId")
        return mailbox.item(master_id)
    return item_by_id(mailbox, element.get("Id", ""))


def item_by_id(mailbox: MailboxStore, item_id: str) -> StoredItem:
    """The item or the occurrence of an id. ItemRefused if there is none."""
    master_id, index = _split(item_id)
    found = mailbox.item(master_id if index else item_id)
    return occurrence(found, index) if index and isinstance(found, GroupwareItem) else found


def occurrence_id(master: GroupwareItem, index: int) -> str:
    """The id of an occurrence, by its master's."""
    address, letter, number = base64.urlsafe_b64decode(master.id).decode().rsplit("|", 2)
    return base64.urlsafe_b64encode(f"{address}|{letter}.{number}|{index}".encode()).decode()


def _split(item_id: str) -> tuple[str, int]:
    """The master's id and the number; the number is 0 for an id that is none of an occurrence."""
    try:
        plain = base64.urlsafe_b64decode(item_id.encode()).decode()
        address, middle, index = plain.rsplit("|", 2)
        letter, number = middle.split(".")
        master = f"{address}|{letter}|{number}"
        return base64.urlsafe_b64encode(master.encode()).decode(), int(index)
    except ValueError:
        return "", 0


def occurrence(master: GroupwareItem, index: int) -> GroupwareItem:
    """The occurrence of that number, as it is now. ItemRefused if there is none."""
    place = master.series().place(index)
    if place is None:
        raise ItemRefused("ErrorCalendarOccurrenceIndexIsOutOfRecurrenceRange")
    if index in master.deleted:
        raise ItemRefused("ErrorCalendarOccurrenceIsDeletedFromRecurrence")
    return _as_it_is(master, place)


def occurrences(master: GroupwareItem, start: datetime, end: datetime) -> Iterator[GroupwareItem]:
    """Those that take place between two moments, in the order of their numbers. One that was moved
    there from elsewhere is among them."""
    series = master.series()
    moved = {index: series.place(index) for index in master.exceptions}
    places = {place.index: place for place in series.before(end)}
    places |= {index: place for index, place in moved.items() if place}
    for index in sorted(places.keys() - master.deleted):
        if index not in moved and places[index].end < start:
            continue
        one = _as_it_is(master, places[index])
        if takes_place(one, start, end):
            yield one


def takes_place(item: GroupwareItem, start: datetime, end: datetime) -> bool:
    """Whether any of it is between two moments; what has no length is there when it starts."""
    begins, ends = item.moment("Start"), item.moment("End")
    return begins < end and (ends > start or begins == ends == start)


def first_and_last(master: GroupwareItem) -> tuple[GroupwareItem | None, GroupwareItem | None]:
    """The first and the last occurrence that are not deleted; no last one where there is no end."""
    series = master.series()
    first = next((place for place in series.places() if place.index not in master.deleted), None)
    last = series.last()
    while last is not None and last.index in master.deleted:
        last = series.place(last.index - 1)
    return (
        _as_it_is(master, first) if first else None,
        _as_it_is(master, last) if last else None,
    )


def keep_exception(one: GroupwareItem, modified: datetime) -> None:
    """Makes a changed occurrence an exception of its series. ItemRefused
    ErrorOccurrenceCrossingBoundary where it is moved to the day of the one before or after it, or
    beyond, or where they overlap. A neighbour that is deleted still has its time: whether WorkMail
    is as strict is not known."""
    master = one.master
    assert master is not None
    _check_neighbours(master, one)
    place = master.series().place(one.index)
    assert place is not None
    master.exceptions[one.index] = _differences(_usual(master, place), one, modified)


def delete_occurrence(one: GroupwareItem) -> bool:
    """Deletes it from its series; False if it is the last one that is left: then the series is to
    be deleted."""
    master = one.master
    assert master is not None
    series = master.series()
    if series.last() is not None and all(
        place.index in master.deleted or place.index == one.index for place in series.places()
    ):
        return False
    master.deleted.add(one.index)
    master.exceptions.pop(one.index, None)
    return True


def _check_neighbours(master: GroupwareItem, one: GroupwareItem) -> None:
    series = master.series()
    places = (series.place(one.index - 1), series.place(one.index + 1))
    before, after = (_as_it_is(master, place) if place else None for place in places)
    for earlier, later in ((before, one), (one, after)):
        if earlier is None or later is None:
            continue
        starts = earlier.moment("Start"), later.moment("Start")
        if series.day(starts[0]) >= series.day(starts[1]) or earlier.moment("End") > starts[1]:
            raise ItemRefused("ErrorOccurrenceCrossingBoundary")


# -- what an exception has otherwise


def _usual(master: GroupwareItem, place: Place) -> GroupwareItem:
    made = master.copy()
    made.id, made.master, made.index = occurrence_id(master, place.index), master, place.index
    made.original_start = place.start
    made.exceptions, made.deleted = {}, set()
    del made.fields["Recurrence"]
    made.set_text("Start", p.write_time(place.start))
    made.set_text("End", p.write_time(place.end))
    return made


def _as_it_is(master: GroupwareItem, place: Place) -> GroupwareItem:
    made = _usual(master, place)
    found = master.exceptions.get(place.index)
    if found is None:
        return made
    made.fields = _applied(made.fields, found.fields)
    made.properties = _applied(made.properties, found.properties)
    made.categories = made.categories if found.categories is None else found.categories
    kept = tuple(file for file in made.files if file.id not in found.removed)
    made.files, made.modified = kept + found.added, found.modified
    return made


def _applied(usual: dict[_K, _V], found: dict[_K, _V | None]) -> dict[_K, _V]:
    made = dict(usual)
    for key, value in found.items():
        if value is None:
            made.pop(key, None)
        else:
            made[key] = deepcopy(value)
    return made


def _differences(usual: GroupwareItem, one: GroupwareItem, modified: datetime) -> Difference:
    fields: dict[str, etree._Element | None] = dict.fromkeys(usual.fields.keys() - one.fields)
    fields |= {
        name: found
        for name, found in one.fields.items()
        if name not in usual.fields or _spelled(usual.fields[name]) != _spelled(found)
    }
    properties: dict[p.Property, tuple[str, ...] | None] = dict.fromkeys(
        usual.properties.keys() - one.properties
    )
    properties |= dict(one.properties.items() - usual.properties.items())
    return Difference(
        modified,
        fields,
        properties,
        None if one.categories == usual.categories else one.categories,
        tuple(file for file in one.files if file not in usual.files),
        frozenset(file.id for file in usual.files if file not in one.files),
    )


def _spelled(element: etree._Element) -> bytes:
    return etree.tostring(element, method="c14n", with_tail=False)
