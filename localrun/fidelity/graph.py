"""What becomes of each feature of items in Microsoft Graph: read, written as iCalendar or vCard,
and read again; and in Exchange's words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from localrun.fidelity.exchange import (
    measure_contact_in_exchange,
    measure_in_exchange,
    measure_task_in_exchange,
)
from localrun.fidelity.graph_people import BARE_CONTACT, BARE_TASK, CONTACTS, TASKS
from localrun.fidelity.graph_samples import BARE, EVENTS, GraphSample, Json
from localrun.fidelity.outcomes import Measured, Outcome
from migration.errors import ItemMalformed
from migration.items.contact import Contact
from migration.items.event import Event
from migration.items.graph_contacts import read_contact
from migration.items.graph_events import read_event
from migration.items.graph_tasks import TaskParts, read_task
from migration.items.ical_read import Calendar, read_calendar
from migration.items.ical_write import write_calendar
from migration.items.item import AnyItem
from migration.items.losses import Loss
from migration.items.task import Task
from migration.items.times import Zone
from migration.items.vcard_read import read_contacts
from migration.items.vcard_write import write_contacts

_OWN = frozenset(("owner@example.test",))
_HOME = Zone("Europe/Berlin")

Found = tuple[AnyItem, Sequence[Loss]]


@dataclass(frozen=True, slots=True)
class GraphKind:
    """How items of a kind are read, written as files and read again, and measured in Exchange's
    words. Samples differ from `bare`."""

    bare: Json
    samples: Sequence[GraphSample]
    read: Callable[[Json], Found]
    through_file: Callable[[Any], Sequence[AnyItem]]
    in_exchange: Callable[[Any, Any], Measured]


def measure_graph(kind: GraphKind, sample: GraphSample) -> Measured:
    """Of what Graph shows. A ValueError if the sample says nothing at all, or is something else
    when it was written and read again."""
    try:
        item, losses = _read(kind, sample)
    except ItemMalformed as error:
        return Measured(Outcome.REFUSED, error.problems[0])
    told = "; ".join(dict.fromkeys(loss.why for loss in losses))
    if item == kind.read(kind.bare)[0]:
        if not told:
            raise ValueError(f"the sample says nothing: {sample.feature}")
        return Measured(Outcome.LOST, told)
    if tuple(kind.through_file(item)) != (item,):
        raise ValueError(f"written and read again it is another one: {sample.feature}")
    if told:
        return Measured(Outcome.PART, told)
    return Measured(Outcome.ELSEWHERE if sample.place else Outcome.KEPT, sample.place)


def measure_graph_in_exchange(kind: GraphKind, sample: GraphSample) -> Measured:
    """Of what was read of it."""
    return kind.in_exchange(_read(kind, sample)[0], kind.read(kind.bare)[0])


def _read(kind: GraphKind, sample: GraphSample) -> Found:
    return kind.read({**kind.bare, **sample.properties})


# -- events


def _read_event(told: Json) -> Found:
    found = read_event(told, _OWN)
    return found.event, found.losses


def _event_through_file(event: Event) -> Sequence[AnyItem]:
    return read_calendar(write_calendar(Calendar(events=(event,)))).events


def _event_in_exchange(event: Event, bare: Event) -> Measured:
    return measure_in_exchange([event], [bare])


# -- contacts


def _read_contact(told: Json) -> Found:
    """`photo` is what is behind the property of that name."""
    found = read_contact(told, cast(bytes, told.get("photo", b"")))
    return found.contact, found.losses


def _contact_through_file(contact: Contact) -> Sequence[AnyItem]:
    return read_contacts(write_contacts((contact,))).contacts


# -- tasks


def _read_task(told: Json) -> Found:
    """Steps and links are asked for beside the task."""
    parts = TaskParts(told.get("checklistItems", ()), told.get("linkedResources", ()))
    found = read_task(told, parts, _HOME)
    return found.task, found.losses


def _task_through_file(task: Task) -> Sequence[AnyItem]:
    """A file says in UTC when a task was done, To Do by nobody's clock."""
    found = read_calendar(write_calendar(Calendar(tasks=(task,)))).tasks
    return [
        replace(one, completed=one.completed and replace(one.completed, zone=None)) for one in found
    ]


EVENT = GraphKind(BARE, EVENTS, _read_event, _event_through_file, _event_in_exchange)
GRAPH_KINDS: Mapping[str, GraphKind] = {
    "Events": EVENT,
    "Contacts": GraphKind(
        BARE_CONTACT, CONTACTS, _read_contact, _contact_through_file, measure_contact_in_exchange
    ),
    "Tasks": GraphKind(BARE_TASK, TASKS, _read_task, _task_through_file, measure_task_in_exchange),
}
"""By what they are called on the page."""
