"""What is to be created of items, and what of it is needed."""

from __future__ import annotations

from datetime import date

from hypothesis import given, settings

from migration.groupware_port import Keyed
from migration.items.contact import Contact, ContactKind
from migration.items.content import Attachment, Content
from migration.items.event import Event
from migration.items.ical_read import read_calendar
from migration.items.task import Note, Task
from migration.targets.groupware_pieces import Pieces, take_apart
from tests.unit.items import files
from tests.unit.items.destinations import HERE
from tests.unit.items.events import series

FILE = Content(attachments=(Attachment("a.txt", "text/plain", b"content"),))


def pieces_of(*lines: str) -> Pieces:
    (event,) = read_calendar(files.event(*lines)).events
    return take_apart(Keyed("key", (event,)), HERE)


@settings(max_examples=50, deadline=None)
@given(series())
def test_every_piece_carries_the_key(event: Event) -> None:
    made = take_apart(Keyed("the-key", (event,)), HERE)
    assert made.key == "the-key"
    assert all("<t:Value>the-key</t:Value>" in piece.element for piece in made.pieces)
    assert all(piece.uid == event.uid for piece in made.pieces)
    for number, piece in enumerate(made.pieces):
        assert not (piece.changes or piece.deletions) or not number


def test_of_a_series_its_master_is_needed_and_what_stands_beside_it_is_not() -> None:
    far = (
        "END:VEVENT", "BEGIN:VEVENT", "UID:u", "RECURRENCE-ID:20260106T090000Z",
        "DTSTART:20260108T110000Z", "SUMMARY:b",
    )  # fmt: skip
    master, other = pieces_of("RRULE:FREQ=DAILY;COUNT=9", *far).pieces
    assert (master.is_needed, other.is_needed) == (True, False)
    assert len(master.deletions) == 1


def test_occurrences_that_stand_for_themselves_are_not_needed() -> None:
    made = pieces_of("RRULE:FREQ=DAILY;COUNT=3;BYHOUR=9,15").pieces
    assert [piece.is_needed for piece in made] == [False] * 3
    assert [piece.is_needed for piece in pieces_of().pieces] == [True]


def test_items_of_each_kind_have_their_files() -> None:
    photo = Attachment("a.png", "image/png", b"photo")
    made = take_apart(
        Keyed(
            "key",
            (
                Task("t", FILE, due=date(2026, 1, 7)),
                Note("n", FILE),
                Contact("c", display="a", photo=photo),
                Contact("l", ContactKind.GROUP, "Team", members=("urn:uuid:1",)),
            ),
        ),
        HERE,
    )
    assert [piece.kind for piece in made.pieces] == ["VTODO", "VJOURNAL", "VCARD", "VCARD"]
    assert [[one.file.data for one in piece.files] for piece in made.pieces] == [
        *([b"content"], [b"content"], [b"photo"], [])
    ]
    assert [one.is_photo for piece in made.pieces for one in piece.files] == [False, False, True]
    assert [(loss.what, loss.uid) for loss in made.losses] == [("MEMBER", "l")]
