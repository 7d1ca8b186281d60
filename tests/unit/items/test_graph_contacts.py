"""Contacts as Microsoft Graph shows them, read into the model, and on to Exchange's words."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration.items.contact import (
    Address,
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
from migration.items.ews_contact import ContactItem
from migration.items.ews_people import plan_contact
from migration.items.graph_contacts import EXPANDED, Extra, read_contact

# As Graph's own documentation shows one, with what its other examples add.
MARA: dict[str, Any] = {
    "@odata.etag": 'W/"EQAAABYAAACd9nJ"',
    "id": "AAMkAGI2THk0AAA=",
    "createdDateTime": "2014-10-19T23:08:18Z",
    "lastModifiedDateTime": "2014-10-19T23:08:24Z",
    "changeKey": "EQAAABYAAACd9nJ",
    "categories": ["Suppliers"],
    "parentFolderId": "AAMkAGI2AAEOAAA=",
    "birthday": "1974-07-22T11:59:00Z",
    "fileAs": "Quint, Mara",
    "displayName": "Mara Quint",
    "givenName": "Mara",
    "initials": "M.Q.",
    "middleName": "Ann",
    "nickName": "Mari",
    "surname": "Quint",
    "title": "Dr.",
    "yomiGivenName": "Mah-ra",
    "yomiSurname": "Kwint",
    "yomiCompanyName": "Eim",
    "generation": "Jr.",
    "imAddresses": ["sip:mara@acme.example"],
    "jobTitle": "Buyer",
    "companyName": "Acme",
    "department": "Purchase",
    "officeLocation": "2.14",
    "profession": "Chemist",
    "businessHomePage": "https://acme.example",
    "assistantName": "Theo",
    "manager": "Ida",
    "homePhones": ["+49 30 1", "+49 30 2"],
    "mobilePhone": "+49 170 3",
    "businessPhones": ["+49 89 4"],
    "spouseName": "Sven",
    "personalNotes": "Met in Rome",
    "children": ["Lou", "Bo"],
    "emailAddresses": [
        {"name": "Mara Quint (mara@acme.example)", "address": "mara@acme.example"},
        {"name": "at home", "address": "mara@home.example"},
    ],
    "homeAddress": {
        "street": "Weg 1",
        "city": "Berlin",
        "state": "BE",
        "countryOrRegion": "Germany",
        "postalCode": "10115",
    },
    "businessAddress": {},
    "otherAddress": {"city": None},
}


def with_extras(**extras: str) -> dict[str, Any]:
    told = [{"id": Extra[name].value, "value": value} for name, value in extras.items()]
    return {**MARA, "singleValueExtendedProperties": told}


def test_all_that_graph_says_of_a_contact_has_its_place() -> None:
    found = read_contact(MARA)
    contact = found.contact
    assert found.losses == ()
    assert contact.uid == "AAMkAGI2THk0AAA="
    assert contact.name == Name("Quint", "Mara", "Ann", "Dr.", "Jr.")
    assert contact.phonetic == Name("Kwint", "Mah-ra")
    assert contact.birthday == DayOfLife(7, 22, 1974)
    assert contact.mails == (
        Mail("mara@acme.example"),
        Mail("mara@home.example", label="at home"),
    )
    assert contact.phones == (
        Phone("+49 89 4", Place.WORK, (Use.VOICE,)),
        Phone("+49 30 1", Place.HOME, (Use.VOICE,)),
        Phone("+49 30 2", Place.HOME, (Use.VOICE,)),
        Phone("+49 170 3", uses=(Use.CELL,)),
    )
    assert contact.addresses == (
        Address("Weg 1", "Berlin", "BE", "10115", "Germany", place=Place.HOME),
    )
    assert contact.handles == (Handle("sip:mara@acme.example"),)
    assert contact.pages == (Page("https://acme.example", Place.WORK),)
    assert contact.related == (
        Related("Sven", Relation.SPOUSE),
        Related("Theo", Relation.ASSISTANT),
        Related("Ida", Relation.MANAGER),
        Related("Lou", Relation.CHILD),
        Related("Bo", Relation.CHILD),
    )
    assert contact.fields == (("Company, spoken", "Eim"),)
    assert not contact.private


def test_it_stands_in_exchange_where_it_stood_before() -> None:
    plan = plan_contact(read_contact(MARA).contact)
    item = plan.item
    assert isinstance(item, ContactItem)
    assert dict(item.phones) == {
        "BusinessPhone": "+49 89 4",
        "HomePhone": "+49 30 1",
        "HomePhone2": "+49 30 2",
        "MobilePhone": "+49 170 3",
    }
    assert dict(item.mails)["EmailAddress2"] == "mara@home.example"
    assert (item.file_as, item.profession, item.office) == ("Quint, Mara", "Chemist", "2.14")
    assert (item.spouse, item.assistant, item.manager) == ("Sven", "Theo", "Ida")
    assert "Met in Rome" in item.body
    assert {one.why.split(";")[0] for one in plan.losses} == {"Exchange has no place for it"}


def test_what_only_exchange_itself_knows_is_asked_for_and_kept() -> None:
    found = read_contact(
        with_extras(
            WORK_FAX="+49 89 5",
            HOME_FAX="+49 30 6",
            CAR="+49 171 7",
            ANNIVERSARY="2001-05-04T22:00:00Z",
            HOME_PAGE="https://home.example",
            SENSITIVITY="2",
            MILEAGE="12 km",
            BILLING="A7",
        )
    )
    contact = found.contact
    assert found.losses == ()
    assert contact.phones[-3:] == (
        Phone("+49 171 7", uses=(Use.CAR,)),
        Phone("+49 89 5", Place.WORK, (Use.FAX,)),
        Phone("+49 30 6", Place.HOME, (Use.FAX,)),
    )
    assert contact.anniversary == DayOfLife(5, 5, 2001)
    assert contact.pages[-1] == Page("https://home.example", Place.HOME)
    assert (contact.private, contact.mileage, contact.billing) == (True, "12 km", "A7")


def test_ids_of_extended_properties_are_known_however_they_are_written() -> None:
    told = [
        {"id": "String 0x3A24", "value": "1"},
        {"id": "String {00062008-0000-0000-c000-000000000046} Id 0x08534", "value": "2"},
        {"id": "Integer 0x0036", "value": "0"},
        {"id": "String 0xnone", "value": "3"},
    ]
    contact = read_contact({"id": "a", "singleValueExtendedProperties": told}).contact
    assert [one.number for one in contact.phones] == ["1"]
    assert contact.mileage == "2"


def test_the_filter_of_extended_properties_asks_for_each_once() -> None:
    assert EXPANDED.startswith("singleValueExtendedProperties($filter=id eq 'Integer 0x36' or ")
    assert EXPANDED.count("id eq ") == len(Extra)


@pytest.mark.parametrize(
    ("told", "day"),
    [
        ("1974-07-22T11:59:00Z", DayOfLife(7, 22, 1974)),
        ("1974-07-22T00:00:00Z", DayOfLife(7, 22, 1974)),
        ("1974-07-21T22:00:00Z", DayOfLife(7, 22, 1974)),  # midnight in Berlin
        ("1974-07-22T07:00:00Z", DayOfLife(7, 22, 1974)),  # midnight in Los Angeles
        ("1974-12-31T23:00:00Z", DayOfLife(1, 1, 1975)),
        ("1604-02-29T00:00:00Z", DayOfLife(2, 29)),
        ("4501-01-01T00:00:00Z", None),
        ("0001-01-01T00:00:00Z", None),
    ],
)
def test_a_birthday_is_the_day_that_was_meant(told: str, day: DayOfLife | None) -> None:
    found = read_contact({**MARA, "birthday": told})
    assert (found.contact.birthday, found.losses) == (day, ())


def test_a_birthday_that_is_none_is_a_loss() -> None:
    found = read_contact({**MARA, "birthday": "1974-13-22T00:00:00Z"})
    assert found.contact.birthday is None
    assert [(one.what, one.where) for one in found.losses] == [("birthday", "contact")]


def test_an_address_that_only_the_old_system_knows_stands_in_the_text() -> None:
    old = "/o=ExchangeLabs/ou=Exchange Administrative Group/cn=Recipients/cn=1f"
    found = read_contact({"id": "a", "emailAddresses": [{"name": "Theo", "address": old}]})
    assert found.contact.mails == ()
    assert found.contact.fields == (("E-mail", f"Theo ({old})"),)
    assert [one.what for one in found.losses] == ["emailAddresses"]


def test_a_photo_comes_with_its_type() -> None:
    jpeg = read_contact(MARA, b"\xff\xd8\xff\xe0...").contact.photo
    png = read_contact(MARA, b"\x89PNG\r\n\x1a\n...").contact.photo
    assert jpeg is not None and jpeg.media_type == "image/jpeg"
    assert png is not None and png.media_type == "image/png"
    assert read_contact(MARA).contact.photo is None


def test_what_has_no_place_is_a_loss_without_its_value() -> None:
    found = read_contact(
        {**MARA, "gender": "secret", "flag": {"flagStatus": "flagged"}, "homePhones": [7]}
    )
    assert sorted(one.what for one in found.losses) == ["flag", "gender", "homePhones"]
    assert "secret" not in repr(found.losses)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "value", "address", "city"]), inner, max_size=3)
    ),
    max_leaves=6,
)
NAMES = [*(name for name in MARA if "@" not in name), "singleValueExtendedProperties", "other"]


@given(st.dictionaries(st.sampled_from(NAMES), ANYTHING))
def test_whatever_stands_there_is_read_or_lost_but_never_an_error(found: dict[str, Any]) -> None:
    read = read_contact(json.loads(json.dumps(found)))
    plan_contact(read.contact)
    assert all(one.where == "contact" for one in read.losses)


@given(st.sampled_from(sorted(set(MARA) - {"id", "changeKey"})))
def test_each_property_makes_a_difference_or_belongs_to_the_server(name: str) -> None:
    servers = {"createdDateTime", "lastModifiedDateTime", "parentFolderId", "@odata.etag"}
    empty = {"businessAddress", "otherAddress"}
    without = {key: value for key, value in MARA.items() if key != name}
    differs = read_contact(without) != read_contact(MARA)
    assert differs == (name not in servers | empty)
