"""Contacts as far as both sides can say the same."""

from __future__ import annotations

from dataclasses import replace

from migration.items.contact import Address, Contact, Mail, Page, Phone, Place, Use
from migration.items.ews_slots import in_order


def make_plain(contact: Contact) -> Contact:
    """The contact in the form in which Exchange has it: what is preferred comes first, what is said
    of no place belongs to another one, several nicknames are one text, and so are departments."""
    return replace(
        contact,
        nicknames=tuple(filter(None, (", ".join(contact.nicknames),))),
        departments=tuple(filter(None, ("; ".join(contact.departments),))),
        mails=tuple(Mail(one.address) for one in in_order(contact.mails)),
        phones=tuple(sorted(map(_phone, contact.phones), key=repr)),
        addresses=tuple(sorted(map(_address, contact.addresses), key=repr)),
        pages=tuple(Page(one.address, Place.WORK) for one in contact.pages),
        related=tuple(sorted(contact.related, key=repr)),
        photo=replace(contact.photo, name="") if contact.photo else None,
    )


def _phone(one: Phone) -> Phone:
    uses = tuple(use for use in one.uses if use is not Use.VOICE)
    if one.place is Place.UNSAID and uses in ((), (Use.FAX,)):
        return Phone(one.number, Place.OTHER, uses)
    return Phone(one.number, one.place, uses)


def _address(one: Address) -> Address:
    street = "\n".join(filter(None, (one.box, one.extended, one.street)))
    place = Place.OTHER if one.place is Place.UNSAID else one.place
    return Address(street, one.city, one.region, one.postal_code, one.country, place=place)
