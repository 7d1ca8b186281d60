"""What becomes of items in Exchange's words: planned, written, and read again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from xml.etree import ElementTree

from localrun.fidelity.outcomes import Measured, Outcome
from localrun.fidelity.people import make_plain
from localrun.fidelity.plain_tasks import make_plain_note, make_plain_task
from migration.items.contact import Contact
from migration.items.content import Attendee, Kind, Role
from migration.items.event import Event
from migration.items.ews_contact import ContactItem, ContactPlan, ListItem
from migration.items.ews_details import weigh
from migration.items.ews_item import CalendarItem, Destination, SeriesPlan
from migration.items.ews_note_item import plan_note
from migration.items.ews_notes import IN_THE_TEXT
from migration.items.ews_people import plan_contact
from migration.items.ews_people_reading import to_contact
from migration.items.ews_reading import ShownException, to_event
from migration.items.ews_series import CROSSING, ONE_BY_ONE, plan_series
from migration.items.ews_task import NotePlan, TaskPlan
from migration.items.ews_task_repeats import STANDS_ALONE
from migration.items.ews_tasks import plan_task
from migration.items.ews_tasks_reading import to_note, to_task
from migration.items.losses import Loss
from migration.items.occurrences import Occurrence, occurrences
from migration.items.task import Note, Task
from migration.items.times import Moment, Zone
from migration.wire.ews_calendar import write_item
from migration.wire.ews_calendar_read import read_item
from migration.wire.ews_contacts import read_contact, write_contact, write_list
from migration.wire.ews_tasks import read_note, read_task, write_note, write_task

_BEGIN, _END = datetime(2025, 1, 1, tzinfo=UTC), datetime(2035, 1, 1, tzinfo=UTC)
_HOME = Destination("owner@example.test", Zone("Europe/Berlin"), _BEGIN, _END)
_TYPES = "http://schemas.microsoft.com/exchange/services/2006/types"

Fact = tuple[object, ...]
"""All that both sides can say of an occurrence, its times first."""


def measure_in_exchange(events: Sequence[Event], bare: Sequence[Event]) -> Measured:
    """What becomes of the feature by which `events` differ from `bare`. A ValueError if something
    is another one afterwards and nothing says so."""
    plans = [plan_series(event, _HOME) for event in events]
    losses = [loss for plan in plans for loss in plan.losses]
    shown, wanted = _facts(map(_show, plans)), _facts(iter([events]))
    plain = _facts(map(_show, [plan_series(event, _HOME) for event in bare]))
    measured = _judge(losses, shown, wanted, plain, (IN_THE_TEXT, ONE_BY_ONE, CROSSING))
    if measured.outcome is Outcome.ELSEWHERE and _times(shown) != _times(wanted):
        raise ValueError("it happens at other times, and nothing says so")
    return measured


_STANDS = (IN_THE_TEXT, STANDS_ALONE)
"""How losses end of which a reader of the item sees nothing missing."""


def _judge(
    losses: Sequence[Loss], shown: object, wanted: object, bare: object, elsewhere: tuple[str, ...]
) -> Measured:
    """What the losses and what is shown come to; losses that end in `elsewhere` are none to who
    reads all that is there. A ValueError if something is another one, and no loss says so."""
    if not losses and shown != wanted:
        raise ValueError("it is another one afterwards, and nothing says so")
    if not losses:
        return Measured(Outcome.KEPT)
    told = "; ".join(dict.fromkeys(map(_say, losses)))
    if all(loss.why.endswith(elsewhere) for loss in losses):
        return Measured(Outcome.ELSEWHERE, told)
    return Measured(Outcome.LOST if shown == bare else Outcome.PART, told)


def _say(loss: Loss) -> str:
    return "the text" if loss.why == IN_THE_TEXT else loss.why


def _show(plan: SeriesPlan) -> list[Event]:
    """What a server that did all of the plan shows."""
    if not plan.create:
        return []
    master, *others = map(_through_xml, plan.create)
    changed = [ShownException(one.original, _through_xml(one.item)) for one in plan.changes]
    return [
        to_event(master, changed, [one.original for one in plan.deletions]),
        *map(to_event, others),
    ]


def _through_xml(item: CalendarItem) -> CalendarItem:
    """Written and read; files go by requests of their own."""
    return replace(read_item(_parse(write_item(item, []))), files=item.files)


def _parse(element: str) -> ElementTree.Element:
    return ElementTree.fromstring(f'<r xmlns:t="{_TYPES}">{element}</r>')[0]


def measure_contact_in_exchange(contact: Contact, bare: Contact) -> Measured:
    """The same of a contact."""
    plan, other = plan_contact(contact), plan_contact(bare)
    wanted = make_plain(contact)
    return _judge(plan.losses, _show_contact(plan), wanted, _show_contact(other), _STANDS)


def measure_task_in_exchange(task: Task, bare: Task) -> Measured:
    """The same of a task."""
    plan, other = plan_task(task, _HOME), plan_task(bare, _HOME)
    wanted = make_plain_task(task, _HOME.zone)
    return _judge(plan.losses, _show_task(plan), wanted, _show_task(other), _STANDS)


def measure_note_in_exchange(note: Note, bare: Note) -> Measured:
    """The same of a note."""
    plan, other = plan_note(note, _HOME.zone), plan_note(bare, _HOME.zone)
    wanted = make_plain_note(note)
    return _judge(plan.losses, _show_note(plan), wanted, _show_note(other), _STANDS)


def _show_task(plan: TaskPlan) -> Task:
    item = read_task(_parse(write_task(plan.item, [])))
    return make_plain_task(to_task("", replace(item, files=plan.item.files)), _HOME.zone)


def _show_note(plan: NotePlan) -> Note:
    item = read_note(_parse(write_note(plan.item, [])))
    return make_plain_note(to_note("", replace(item, files=plan.item.files)))


def _show_contact(plan: ContactPlan) -> Contact:
    if isinstance(plan.item, ListItem):
        return to_contact("u", read_contact(_parse(write_list(plan.item, []))))
    item = read_contact(_parse(write_contact(plan.item, [])))
    if isinstance(item, ContactItem):
        item = replace(item, photo=plan.item.photo)
    return make_plain(to_contact("u", item))


def _facts(shown: Iterator[Sequence[Event]]) -> list[Fact]:
    return sorted(
        (_fact(one) for events in shown for event in events for one in _within(event)), key=repr
    )


def _within(event: Event) -> Iterator[Occurrence]:
    return occurrences(event, _BEGIN, _END, _HOME.zone)


def _times(facts: Sequence[Fact]) -> list[Fact]:
    return [fact[:3] for fact in facts]


def _fact(one: Occurrence) -> Fact:
    details, content = one.details, one.details.content
    return (
        *(one.begins, one.ends, isinstance(details.extent.start, Moment)),
        *(details.busy, details.allows_new_time),
        *(content.summary, content.html or content.description, content.location),
        *(content.categories, content.privacy, weigh(content.priority)),
        tuple(sorted(map(_attendee, content.attendees))),
        tuple(alarm.trigger for alarm in content.alarms),
        tuple(file.data for file in content.attachments),
    )


def _attendee(one: Attendee) -> tuple[str, ...]:
    """Exchange has three lists: needed, asked, and things."""
    is_thing = one.kind in (Kind.ROOM, Kind.RESOURCE)
    asked = "optional" if one.role in (Role.OPTIONAL, Role.NONE) else "required"
    return one.person.address, one.person.name, "resource" if is_thing else asked, one.answer
