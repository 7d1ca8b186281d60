"""Notes as Exchange says them. Pure.

A note has a text and nothing else that people see; its first line is its title.
"""

from __future__ import annotations

from collections.abc import Iterator

from migration.items.content import Content
from migration.items.ews_details import SENSITIVITIES, files_of, lost_of_content, weigh
from migration.items.ews_notes import (
    IN_THE_TEXT,
    add_notes,
    links_of,
    long_lines,
    remarks_of,
    shorten,
)
from migration.items.ews_notes import Note as Line
from migration.items.ews_task import NoteItem, NotePlan
from migration.items.ews_task_repeats import write_recurrence
from migration.items.ews_tasks import people_of, write_time_of
from migration.items.losses import Loss
from migration.items.task import Note, NoteStatus
from migration.items.times import Zone

_SHOWN = "VJOURNAL"


def plan_note(note: Note, zone: Zone) -> NotePlan:
    """The item for a note; `zone` is that of times without one. Nothing of it is left out without
    a loss."""
    content = note.content
    lines = (*long_lines(content.summary), *_lines(note, zone), *write_recurrence(note.recurrence))
    reasons = [(line.what, IN_THE_TEXT) for line in lines]
    reasons += [*_lost(note), *lost_of_content(content)]
    is_html = bool(content.html)
    text = content.html if is_html else titled(content.summary, content.description)
    item = NoteItem(
        subject=shorten(content.summary),
        body=add_notes(text, lines, is_html=is_html),
        is_html=is_html,
        sensitivity=SENSITIVITIES[content.privacy],
        importance=weigh(content.priority),
        categories=content.categories,
        files=files_of(content),
    )
    told = tuple(Loss(what, _SHOWN, why, note.uid) for what, why in dict.fromkeys(reasons))
    return NotePlan(item, told)


def titled(title: str, text: str) -> str:
    """The text with its title as its first line; as it is where that is so."""
    if not title or text.partition("\n")[0] == title:
        return text
    return f"{title}\n{text}" if text else title


def _lost(note: Note) -> Iterator[tuple[str, str]]:
    if note.content.alarms:
        yield "VALARM", "Exchange reminds of no notes"
    if note.content.html:
        yield "ALTREP", "Exchange keeps the text of a note without its formats"
    if note.original is not None:
        yield "RECURRENCE-ID", "Exchange has no series of notes; it is one of its own"


def _lines(note: Note, zone: Zone) -> Iterator[Line]:
    content: Content = note.content
    if note.start is not None:
        yield Line("DTSTART", "Day", write_time_of(note.start, zone))
    if note.status is not NoteStatus.UNSAID:
        yield Line("STATUS", "Status", note.status.lower())
    if content.location:
        yield Line("LOCATION", "Place", content.location)
    yield from people_of(content)
    yield from links_of(content)
    yield from remarks_of(content)
