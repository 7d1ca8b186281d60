"""What somebody has in a Microsoft 365 mailbox, on the loopback interface."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any

from localrun.fakes.graph import GraphServer
from localrun.fakes.graph.calendars import Calendars
from localrun.fakes.graph.contacts import Contacts
from localrun.fakes.graph.tasks import Todo
from migration.groupware_port import CollectionKind
from migration.items.ical_read import read_calendar
from migration.items.vcard_read import read_contacts
from migration.sources.graph_groupware import GraphGroupware
from tests.graph.sources import ANN, new_client

CALENDAR, CONTACTS, TASKS, _ = CollectionKind
_AT = {"dateTime": "2024-03-01T10:00:00.0000000", "timeZone": "UTC"}


class GraphDesk:
    """Graph gives items ids of its own; it has no notes."""

    kinds = frozenset((CALENDAR, CONTACTS, TASKS))

    def __init__(self) -> None:
        self._stack = ExitStack()
        server = self._stack.enter_context(GraphServer())
        server.add_user(ANN, "Ann")
        mailbox = server.mailbox(ANN)
        self._calendars, self._contacts = mailbox.part(Calendars), mailbox.part(Contacts)
        self._todo = mailbox.part(Todo)
        self._places: dict[tuple[str, CollectionKind], str] = {}
        self._ids: dict[tuple[str, CollectionKind, str], str] = {}
        self.source = GraphGroupware(new_client(server), ANN)

    def make(self, name: str, *kinds: CollectionKind) -> None:
        add: dict[CollectionKind, Callable[[str], str]] = {
            CALENDAR: self._calendars.add_calendar,
            CONTACTS: self._contacts.add_folder,
            TASKS: self._todo.add_list,
        }
        for kind in kinds:
            self._places[name, kind] = add[kind](name)

    def put(self, name: str, kind: CollectionKind, uid: str, data: bytes) -> None:
        told = _show(kind, uid, data)
        known = self._ids.get((name, kind, uid))
        if known is None:
            self._ids[name, kind, uid] = self._add(kind, self._places[name, kind], told)
        else:
            self._change(kind, known, told)

    def spoil(self, name: str, kind: CollectionKind, uid: str) -> None:
        """An event that repeats in a way that Graph's documentation does not know."""
        recurrence = {"pattern": {"type": "hourly"}, "range": {"type": "noEnd"}}
        self._change(kind, self._ids[name, kind, uid], {"recurrence": recurrence})

    def delete(self, name: str, kind: CollectionKind, uid: str) -> None:
        remove = {
            CALENDAR: self._calendars.delete_event,
            CONTACTS: self._contacts.delete_contact,
            TASKS: self._todo.delete_task,
        }
        remove[kind](self._ids.pop((name, kind, uid)))

    def put_as(self, uid: str) -> str:
        return next((put for (_, _, put), id_ in self._ids.items() if id_ == uid), uid)

    def reconnect(self) -> None: ...

    def close(self) -> None:
        self.source.close()
        self._stack.close()

    def _add(self, kind: CollectionKind, place: str, told: Mapping[str, Any]) -> str:
        if kind is CALENDAR:
            return self._calendars.put_event(place, told)
        if kind is CONTACTS:
            return self._contacts.put_contact(told, place)
        return self._todo.put_task(place, told)

    def _change(self, kind: CollectionKind, id_: str, told: Mapping[str, Any]) -> None:
        change = {
            CALENDAR: self._calendars.change_event,
            CONTACTS: self._contacts.change_contact,
            TASKS: self._todo.change_task,
        }
        change[kind](id_, **told)


def _show(kind: CollectionKind, uid: str, data: bytes) -> Mapping[str, Any]:
    """The item of a file, as Graph would show it."""
    if kind is CONTACTS:
        (contact,) = read_contacts(data).contacts
        return {"displayName": contact.display}
    read = read_calendar(data)
    if kind is CALENDAR:
        (event,) = read.events
        assert event.master is not None
        return {
            "iCalUId": uid,
            "subject": event.master.content.summary,
            "start": _AT,
            "end": _AT,
        }
    (task,) = read.tasks
    return {"title": task.content.summary}
