"""What has to be created of items, as elements: pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from migration.groupware_port import Keyed
from migration.items.contact import Contact
from migration.items.event import Event
from migration.items.ews_contact import ContactItem
from migration.items.ews_item import (
    Destination,
    FileAttachment,
    OccurrenceChange,
    OccurrenceDeletion,
)
from migration.items.ews_note_item import plan_note
from migration.items.ews_people import plan_contact
from migration.items.ews_series import plan_series
from migration.items.ews_tasks import plan_task
from migration.items.item import AnyItem
from migration.items.losses import Loss
from migration.items.task import Task
from migration.targets.workmail_message import KEY
from migration.wire.ews_calendar import write_item
from migration.wire.ews_contacts import write_contact, write_list
from migration.wire.ews_groupware_request import NewFile
from migration.wire.ews_model import Property
from migration.wire.ews_tasks import write_note, write_task

_Properties = Sequence[tuple[Property, str]]


@dataclass(frozen=True, slots=True)
class Piece:
    """One item to create, and what is done to it afterwards. Without a piece that `is_needed` the
    others of its item are worth nothing; another is an occurrence that stands for itself. `kind`
    is that of its losses."""

    uid: str
    kind: str
    element: str
    is_needed: bool = True
    files: tuple[NewFile, ...] = ()
    changes: tuple[OccurrenceChange, ...] = ()
    deletions: tuple[OccurrenceDeletion, ...] = ()


@dataclass(frozen=True, slots=True)
class Pieces:
    """All of what one key stands for; `losses` is what has no place."""

    key: str
    pieces: tuple[Piece, ...]
    losses: tuple[Loss, ...]


def take_apart(keyed: Keyed, where: Destination) -> Pieces:
    """Each created item carries the key."""
    properties = ((KEY, keyed.key),)
    made = [_take_apart(item, where, properties) for item in keyed.items]
    return Pieces(
        keyed.key,
        tuple(piece for pieces, _ in made for piece in pieces),
        tuple(loss for _, losses in made for loss in losses),
    )


def _take_apart(
    item: AnyItem, where: Destination, properties: _Properties
) -> tuple[list[Piece], tuple[Loss, ...]]:
    if isinstance(item, Event):
        return _take_event_apart(item, where, properties)
    if isinstance(item, Contact):
        return _take_contact_apart(item, properties)
    if isinstance(item, Task):
        task = plan_task(item, where)
        files = tuple(_attached(task.item.files))
        written = write_task(task.item, properties)
        return [Piece(item.uid, "VTODO", written, files=files)], task.losses
    note = plan_note(item, where.zone)
    files = tuple(_attached(note.item.files))
    written = write_note(note.item, properties)
    return [Piece(item.uid, "VJOURNAL", written, files=files)], note.losses


def _take_event_apart(
    event: Event, where: Destination, properties: _Properties
) -> tuple[list[Piece], tuple[Loss, ...]]:
    plan = plan_series(event, where)
    pieces = []
    for number, item in enumerate(plan.create):
        is_first = not number
        piece = Piece(
            event.uid,
            "VEVENT",
            write_item(item, properties),
            is_needed=item.repeats is not None or len(plan.create) == 1,
            files=tuple(_attached(item.files)),
            changes=plan.changes if is_first else (),
            deletions=plan.deletions if is_first else (),
        )
        pieces.append(piece)
    return pieces, plan.losses


def _take_contact_apart(
    contact: Contact, properties: _Properties
) -> tuple[list[Piece], tuple[Loss, ...]]:
    plan = plan_contact(contact)
    if not isinstance(plan.item, ContactItem):
        return [Piece(contact.uid, "VCARD", write_list(plan.item, properties))], plan.losses
    photo = plan.item.photo
    files = (NewFile(photo, is_photo=True),) if photo else ()
    written = write_contact(plan.item, properties)
    return [Piece(contact.uid, "VCARD", written, files=files)], plan.losses


def _attached(files: Sequence[FileAttachment]) -> Iterator[NewFile]:
    return map(NewFile, files)
