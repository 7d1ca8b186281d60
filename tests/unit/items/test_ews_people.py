"""Contacts for Exchange: everything has a place in the item or in its text, or is told."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from localrun.fidelity.people import make_plain
from migration.items.contact import (
    Contact,
    ContactKind,
    DayOfLife,
    Handle,
    Mail,
    Name,
    Page,
    Phone,
    Place,
    Related,
    Relation,
    Use,
)
from migration.items.ews_contact import ContactItem, ContactPlan, ListItem
from migration.items.ews_notes import IN_THE_TEXT
from migration.items.ews_people import plan_contact
from migration.items.ews_people_reading import to_contact
from migration.items.ews_slots import BY_USE, PLACES
from tests.unit.items.cards import contacts


def item_of(plan: ContactPlan) -> ContactItem:
    assert isinstance(plan.item, ContactItem)
    return plan.item


@settings(max_examples=200, deadline=None)
@given(contacts)
def test_every_number_and_address_is_in_the_item(contact: Contact) -> None:
    item = plan_contact(replace(contact, kind=ContactKind.INDIVIDUAL)).item
    assert isinstance(item, ContactItem)
    slots = {value for _, value in (*item.mails, *item.phones, *item.handles)}
    named = {item.home_page, item.spouse, item.assistant, item.manager, *item.children}
    wanted = (
        *(one.address for one in contact.mails),
        *(one.address for one in contact.handles),
        *(one.address for one in contact.pages),
        *(one.number for one in contact.phones),
        *(one.name for one in contact.related),
        *(value for _, value in contact.fields),
        *contact.members,
    )
    assert [one for one in wanted if one not in slots | named and one not in item.body] == []


@st.composite
def fitting(draw: st.DrawFn) -> Contact:
    """A contact for all of which Exchange has a place."""
    some = draw(contacts)
    kept = Contact(
        some.uid, ContactKind.GROUP, some.display, file_as=some.file_as, note=some.note,
        categories=some.categories, private=some.private,
    )  # fmt: skip
    if some.kind is ContactKind.GROUP:
        return replace(kept, members=tuple(one for one in some.members if "@" in one))
    handles = [Handle(one.address) for one in some.handles]
    days = [day if day and day.year else None for day in (some.birthday, some.anniversary)]
    relations = {one.relation: one for one in some.related if one.relation is not Relation.OTHER}
    return replace(
        some,
        kind=ContactKind.INDIVIDUAL,
        phonetic=Name(),
        mails=tuple(Mail(one.address, preference=one.preference) for one in some.mails[:3]),
        phones=tuple(draw(st.lists(fitting_phones, unique_by=place_of_phone))),
        addresses=tuple(
            replace(one, label="", told="")
            for one in {PLACES[one.place]: one for one in some.addresses}.values()
        ),
        handles=tuple(handles),
        pages=(Page("https://page.example", Place.WORK),) if some.pages else (),
        birthday=days[0],
        anniversary=days[1],
        related=tuple(relations.values()),
        photo=some.photo if some.photo and some.photo.data else None,
        members=(),
        billing="",
        fields=(),
        revised=None,
    )


fitting_phones = st.one_of(
    st.builds(
        Phone,
        st.sampled_from(("1", "+49 30 123")),
        st.sampled_from(Place),
        st.sampled_from(((), (Use.FAX,), (Use.VOICE,))),
    ),
    st.builds(Phone, st.just("2"), uses=st.sampled_from(sorted(BY_USE)).map(lambda use: (use,))),
)


def place_of_phone(phone: Phone) -> tuple[str, bool, str]:
    """Exchange has a place for one of each of these, at least."""
    special = next((use for use in phone.uses if use in BY_USE), "")
    return PLACES[phone.place], Use.FAX in phone.uses, special


@settings(max_examples=200, deadline=None)
@given(fitting())
def test_what_has_a_place_is_the_same_contact_without_a_loss(contact: Contact) -> None:
    plan = plan_contact(contact)
    assert plan.losses == ()
    assert make_plain(to_contact(contact.uid, plan.item)) == make_plain(contact)


@settings(max_examples=200, deadline=None)
@given(contacts)
def test_whatever_is_not_the_same_contact_is_told(contact: Contact) -> None:
    plan = plan_contact(contact)
    is_same = make_plain(to_contact(contact.uid, plan.item)) == make_plain(contact)
    assert is_same or plan.losses


def test_three_addresses_have_a_place_the_preferred_ones_first() -> None:
    mails = tuple(Mail(f"{one}@x.example", preference=int(one == "d")) for one in "abcd")
    plan = plan_contact(Contact("u", mails=mails, note="text"))
    assert item_of(plan).mails == (
        ("EmailAddress1", "d@x.example"),
        ("EmailAddress2", "a@x.example"),
        ("EmailAddress3", "b@x.example"),
    )
    assert item_of(plan).body == "text\n\nE-mail: c@x.example"
    assert [(loss.what, loss.why, loss.uid) for loss in plan.losses] == [
        ("EMAIL", IN_THE_TEXT, "u")
    ]


def test_numbers_find_the_place_of_their_kind() -> None:
    phones = (
        Phone("1", Place.WORK),
        Phone("2", Place.WORK),
        Phone("3", Place.WORK),
        Phone("4", Place.HOME, (Use.FAX,)),
        Phone("5", uses=(Use.CELL,)),
        Phone("6", Place.WORK, (Use.CELL,)),
        Phone("7", Place.HOME, (Use.VIDEO,)),
    )
    plan = plan_contact(Contact("u", phones=phones))
    assert item_of(plan).phones == (
        ("BusinessPhone", "1"),
        ("BusinessPhone2", "2"),
        ("HomeFax", "4"),
        ("MobilePhone", "5"),
        ("HomePhone", "7"),
    )
    assert item_of(plan).body.splitlines() == ["Telephone: 3", "Telephone: 6"]
    assert {loss.what for loss in plan.losses} == {"TEL", "TEL;TYPE"}


def test_a_birthday_without_a_year_is_one_of_1604() -> None:
    plan = plan_contact(Contact("u", birthday=DayOfLife(2, 29)))
    birthday = item_of(plan).birthday
    assert birthday is not None
    assert birthday.isoformat() == "1604-02-29"
    assert to_contact("u", plan.item).birthday == DayOfLife(2, 29)
    ancient = plan_contact(Contact("u", birthday=DayOfLife(2, 1, 1500)))
    assert (item_of(ancient).birthday, item_of(ancient).body) == (None, "Birthday: 1500-02-01")


def test_relations_and_pages_beyond_the_first_are_in_the_text() -> None:
    related = (
        Related("A", Relation.SPOUSE),
        Related("B", Relation.SPOUSE),
        Related("C", label="Dog"),
    )
    pages = (Page("https://h.example", Place.HOME), Page("https://w.example", Place.WORK))
    item = item_of(plan_contact(Contact("u", related=related, pages=pages)))
    assert (item.spouse, item.home_page) == ("A", "https://w.example")
    assert item.body.splitlines() == ["Page: https://h.example", "Spouse: B", "Dog: C"]


def test_a_list_keeps_its_members() -> None:
    members = ("a@x.example", "urn:uuid:1")
    plan = plan_contact(Contact("u", ContactKind.GROUP, "Team", members=members))
    assert plan.item == ListItem("Team", body="Member: urn:uuid:1", members=("a@x.example",))
    assert [loss.what for loss in plan.losses] == ["MEMBER"]
    more = plan_contact(Contact("u", ContactKind.GROUP, "Team", title="x"))
    assert [loss.what for loss in more.losses] == ["KIND"]


def test_no_loss_holds_a_value() -> None:
    contact = Contact(
        "u", mails=tuple(Mail(f"secret{n}@x.example", Place.HOME) for n in range(5)),
        fields=(("secret", "secret"),), billing="secret", related=(Related("secret"),),
    )  # fmt: skip
    assert "secret" not in repr(plan_contact(contact).losses)
