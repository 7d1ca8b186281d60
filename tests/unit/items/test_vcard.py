"""vCard as programs write it, and vCard -> model -> vCard -> model."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migration.errors import ItemMalformed
from migration.items.contact import (
    Address,
    Contact,
    ContactKind,
    DayOfLife,
    Handle,
    Mail,
    Name,
    Phone,
    Place,
    Related,
    Relation,
    Use,
)
from migration.items.content import Attachment, Attendee, Content, Extent, Person
from migration.items.event import Details, Event
from migration.items.ews_contact import NO_YEAR, ContactItem
from migration.items.ews_people import plan_contact
from migration.items.ical_read import Calendar, read_calendar
from migration.items.ical_write import write_calendar
from migration.items.times import UTC, Moment
from migration.items.vcard_read import read_contacts
from migration.items.vcard_write import write_contacts
from tests.unit.items import cards


@settings(max_examples=100, deadline=None)
@given(cards.contacts)
def test_a_contact_is_read_as_it_was_written(contact: Contact) -> None:
    written = write_contacts([contact])
    read = read_contacts(written)
    assert read.losses == ()
    assert read.contacts == (contact,)
    assert all(len(line) <= 75 for line in written.split(b"\r\n"))


def test_a_card_of_apple() -> None:
    read = read_contacts(cards.APPLE)
    (contact,) = read.contacts
    assert contact.name == Name("Doe", "Jane", "Q. R.", "Dr.", "Jr.")
    assert (contact.organization, contact.departments) == ("Example, Inc.", ("Sales", "North"))
    assert contact.mails == (
        Mail("jane@x.example", preference=1, label="Newsletter"),
        Mail("jd@x.example", Place.WORK),
    )
    assert contact.phones == (
        Phone("+1 555 1", uses=(Use.CELL,)),
        Phone("+1 555 2", Place.WORK, (Use.FAX,)),
    )
    assert contact.addresses == (
        Address("1 Main St\nApt 2", "Town", "ST", "12345", "USA", place=Place.HOME),
    )
    assert contact.birthday == DayOfLife(2, 29)
    assert contact.fields == (("Anniversary", "2020-05-01"),)
    assert contact.related == (Related("John", Relation.SPOUSE), Related("Rex", label="Dog"))
    assert contact.handles == (Handle("skype:jane", "Skype", Place.HOME),)
    assert contact.note == "one\ntwo"
    assert contact.photo == Attachment("", "image/jpeg", b"\0\1\2\3")
    assert [loss.what for loss in read.losses] == ["X-ABADR", "X-ABUID"]
    assert {loss.uid for loss in read.losses} == {"AB-1"}


def test_a_card_of_outlook_with_quoted_printable() -> None:
    read = read_contacts(cards.OUTLOOK)
    (contact,) = read.contacts
    assert (contact.name, contact.display) == (Name("Müller", "Max"), "Max Müller junior")
    assert contact.phones == (
        Phone("+49 30 1", Place.WORK, (Use.VOICE,)),
        Phone("+49 30 2", Place.HOME, (Use.FAX,)),
    )
    (address,) = contact.addresses
    assert (address.street, address.postal_code) == ("Weg 1\nHof", "10115")
    assert (address.place, address.preference) == (Place.WORK, 1)
    assert contact.related == (Related("Ann Boss", Relation.MANAGER),)
    assert contact.photo == Attachment("", "image/jpeg", b"\0\1\2\3")
    assert contact.revised == Moment(datetime(2026, 1, 1, 12), UTC)
    assert len(contact.uid) == 40
    assert read_contacts(cards.OUTLOOK).contacts[0].uid == contact.uid
    assert [loss.what for loss in read.losses] == [
        *("characters", "LABEL", "X-MS-OL-DEFAULT-POSTAL-ADDRESS"),
    ]


def test_lists() -> None:
    read = read_contacts(cards.LIST)
    new, old = read.contacts
    assert (new.uid, new.kind, new.members) == (
        *("g1", ContactKind.GROUP),
        ("a@x.example", "urn:uuid:c1"),
    )
    assert (old.kind, old.members) == (ContactKind.GROUP, ("urn:uuid:c2",))
    assert read.losses == ()


@pytest.mark.parametrize(
    ("line", "lost"),
    [
        ("X-FOO:1", "X-FOO"),
        ("LOGO:https://x.example/a.png", "LOGO"),
        ("BDAY:soon", "BDAY"),
        ("BDAY:2026-02-30", "BDAY"),
        ("BDAY:1990", "BDAY"),
        ("BDAY:20230229", "BDAY"),
        ("BDAY:--0230", "BDAY"),
        ("BDAY;X-APPLE-OMIT-YEAR=1604:1604-13-01", "BDAY"),
        ("PHOTO;ENCODING=b:%%%", "PHOTO"),
        ("NOTE;ENCODING=QUOTED-PRINTABLE;CHARSET=KLINGON:a", "NOTE"),
        ("TEL;TYPE=satellite:1", "TEL;TYPE"),
        ("KIND:robot", "KIND"),
        ("this is no property", "line"),
        ("FN:second", "FN"),
    ],
)
def test_what_is_lost_of_a_card_is_told(line: str, lost: str) -> None:
    read = read_contacts(f"BEGIN:VCARD\nFN:a\n{line}\nEND:VCARD\n".encode())
    assert [loss.what for loss in read.losses] == [lost]
    assert read.contacts[0].display == "a"


@pytest.mark.parametrize(
    ("value", "day"),
    [
        ("20240229", DayOfLife(2, 29, 2024)),
        ("--0229", DayOfLife(2, 29)),
        ("0000-02-29", DayOfLife(2, 29)),
    ],
)
def test_a_day_in_february_that_there_is_has_a_place_in_exchange(
    value: str, day: DayOfLife
) -> None:
    read = read_contacts(f"BEGIN:VCARD\nFN:a\nBDAY:{value}\nEND:VCARD\n".encode())
    assert read.contacts[0].birthday == day
    item = plan_contact(read.contacts[0]).item
    assert isinstance(item, ContactItem)
    assert item.birthday == date(day.year or NO_YEAR, 2, 29)


def test_a_day_that_no_year_has_is_none_and_the_contact_is_planned() -> None:
    read = read_contacts(b"BEGIN:VCARD\nFN:a\nBDAY:20230229\nEND:VCARD\n")
    item = plan_contact(read.contacts[0]).item
    assert isinstance(item, ContactItem)
    assert (item.display_name, item.birthday) == ("a", None)


@pytest.mark.parametrize(
    ("lines", "lost"),
    [
        (("a.IMPP:xmpp:a@x.example", "a.X-ABLabel:Chess"), ["X-ABLABEL"]),
        (("IMPP;X-LABEL=Chess:xmpp:a@x.example",), ["IMPP;X-LABEL"]),
        (("IMPP;PREF=1:xmpp:a@x.example", "IMPP:xmpp:b@x.example"), ["IMPP;PREF"]),
        (("URL:https://a.example", "URL;TYPE=pref:https://b.example"), ["URL;PREF"]),
        (("URL;TYPE=pref:https://a.example",), []),
        (("a.BDAY:20000101", "a.X-ABLabel:Day"), ["X-ABLABEL"]),
        (("X-ABLabel:of nothing",), ["X-ABLABEL"]),
        (("a.TEL:1", "a.X-ABLabel:one", "a.X-ABLabel:two"), ["X-ABLABEL"]),
        (("RELATED;TYPE=spouse;X-LABEL=Love:Ann",), ["RELATED;X-LABEL"]),
        (('RELATED;TYPE="friend,spouse":Ann',), ["RELATED;TYPE"]),
        (("RELATED;TYPE=friend;X-LABEL=Mate:Ann",), ["RELATED;TYPE"]),
        (("a.TEL:1", "a.X-ABLabel:Boat"), []),
    ],
)
def test_labels_and_an_order_that_have_no_place_are_told(
    lines: tuple[str, ...], lost: list[str]
) -> None:
    text = "\n".join(("BEGIN:VCARD", "FN:a", *lines, "END:VCARD", ""))
    read = read_contacts(text.encode())
    assert [loss.what for loss in read.losses] == lost


def test_a_comma_of_an_address_that_is_not_escaped_stays() -> None:
    name, address = b"N:Doe;Jane;Q.,R.;;", b"ADR:;;1 Main St, Apt 2\\, left;Town;;;"
    read = read_contacts(b"BEGIN:VCARD\nFN:a\n" + name + b"\n" + address + b"\nEND:VCARD\n")
    (contact,) = read.contacts
    assert contact.addresses == (Address("1 Main St, Apt 2, left", "Town"),)
    assert contact.name.additional == "Q. R."


def test_a_relation_that_exchange_does_not_know_is_called_by_its_type() -> None:
    read = read_contacts(b"BEGIN:VCARD\nFN:a\nRELATED;TYPE=friend;VALUE=text:Ann\nEND:VCARD\n")
    assert read.contacts[0].related == (Related("Ann", label="friend"),)
    assert read.losses == ()


def test_no_value_begins_another_property() -> None:
    """Line ends in whatever is written as it is: a value, an address, a parameter."""
    for ends in ("\n", "\r\n", "\r"):
        evil = f"a{ends}X-EVIL:1{ends}END:VCARD"
        photo = Attachment("", "image/png", None, evil)
        mail = Mail(evil, label=evil)
        contact = Contact(evil, display=evil, members=(evil,), photo=photo, mails=(mail,))
        read = read_contacts(write_contacts([contact]))
        assert len(read.contacts) == 1
        assert [loss.what for loss in read.losses] == []
        event = Event("u", Details(Extent(Moment(datetime(2026, 1, 1))), with_evil(evil)))
        calendar = read_calendar(write_calendar(Calendar(events=(event,))))
        assert len(calendar.events) == 1
        assert calendar.losses == ()


def with_evil(text: str) -> Content:
    person = Person(text, text, text)
    return Content(
        url=text,
        organizer=person,
        attendees=(Attendee(person, member_of=(text,)),),
        attachments=(Attachment(text, text, None, text),),
    )


@pytest.mark.parametrize("text", ["", "BEGIN:VCALENDAR\nEND:VCALENDAR\n", "BEGIN:VCARD\nFN:a\n"])
def test_a_file_that_is_no_card_is_refused(text: str) -> None:
    with pytest.raises(ItemMalformed) as caught:
        read_contacts(text.encode())
    assert caught.value.problems[0].startswith("line 1: ")


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_whatever_is_broken_of_a_card_is_refused_or_told(data: st.DataObject) -> None:
    file = bytearray(data.draw(st.sampled_from((cards.APPLE, cards.OUTLOOK, cards.LIST))))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(file) - 1))
        file[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    try:
        read = read_contacts(bytes(file))
    except ItemMalformed as malformed:
        assert malformed.problems
        return
    assert len(read_contacts(write_contacts(read.contacts)).contacts) == len(read.contacts)
