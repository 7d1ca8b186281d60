"""Contacts as elements: by Microsoft's schema, as exchangelib reads them, and read back."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from exchangelib.items import Contact as ExchangelibContact
from exchangelib.items import DistributionList
from hypothesis import HealthCheck, assume, given, settings
from lxml import etree

from migration.items.contact import Contact, ContactKind
from migration.items.ews_contact import ContactItem, ListItem
from migration.items.ews_people import plan_contact
from migration.items.vcard_read import read_contacts
from migration.wire.ews_answer import NotEws
from migration.wire.ews_contacts import read_contact, write_contact, write_list
from tests.ews.harness import Schema
from tests.ews.test_ews_calendar import CREATE, KEY, TYPES, element, envelope
from tests.unit.items.cards import APPLE, contacts


def write(item: ContactItem | ListItem) -> str:
    if isinstance(item, ListItem):
        return write_list(item, [(KEY, "key")])
    return write_contact(item, [(KEY, "key")])


@settings(max_examples=150, deadline=None)
@given(contacts)
def test_what_is_written_is_read(contact: Contact) -> None:
    assume(not re.search(r"\\uff(fe|ff)", repr(contact)))  # XML does not have these two
    item = plan_contact(contact).item
    if isinstance(item, ContactItem):
        item = replace(item, photo=None)
    assert read_contact(element(write(item))) == item


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(contacts)
def test_what_is_written_is_valid_by_the_schema(schema: Schema, contact: Contact) -> None:
    schema.check(envelope(CREATE % write(plan_contact(contact).item)))


def test_exchangelib_reads_a_contact() -> None:
    (contact,) = read_contacts(APPLE).contacts
    item = plan_contact(contact).item
    seen = ExchangelibContact.from_xml(etree.fromstring(wrapped(item))[0], account=None)
    assert (seen.given_name, seen.surname, seen.generation) == ("Jane", "Doe", "Jr.")
    assert (seen.display_name, seen.company_name) == ("Jane Doe", "Example, Inc.")
    assert seen.department == "Sales; North"
    assert [one.email for one in seen.email_addresses] == ["jane@x.example", "jd@x.example"]
    assert {one.label: one.phone_number for one in seen.phone_numbers} == {
        "MobilePhone": "+1 555 1",
        "BusinessFax": "+1 555 2",
    }
    (address,) = seen.physical_addresses
    assert (address.label, address.city, address.country) == ("Home", "Town", "USA")
    assert (seen.birthday.month, seen.birthday.day) == (2, 29)
    assert seen.spouse_name == "John"
    assert "Dog: Rex" in seen.body


def test_exchangelib_reads_a_list() -> None:
    contact = Contact("u", ContactKind.GROUP, "Team", members=("a@x.example", "b@x.example"))
    item = plan_contact(contact).item
    seen = DistributionList.from_xml(etree.fromstring(wrapped(item))[0], account=None)
    assert seen.display_name == "Team"
    assert [one.mailbox.email_address for one in seen.members] == ["a@x.example", "b@x.example"]


def wrapped(item: ContactItem | ListItem) -> str:
    return f'<r xmlns:t="{TYPES}">{write(item)}</r>'


def test_what_is_no_contact_is_refused() -> None:
    for text in (
        "<t:Message/>",
        "<t:Contact><t:Birthday>soon</t:Birthday></t:Contact>",
        "<t:Contact><t:Sensitivity>Secret</t:Sensitivity></t:Contact>",
    ):
        with pytest.raises(NotEws):
            read_contact(element(text))


def test_the_prefix_of_a_name_is_a_property() -> None:
    (contact,) = read_contacts(APPLE).contacts
    root = element(write(plan_contact(contact).item))
    item = read_contact(root)
    assert isinstance(item, ContactItem)
    assert item.name.prefix == "Dr."
    assert b"0x3A45" in ElementTree.tostring(root)
