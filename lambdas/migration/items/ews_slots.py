"""Which of a contact's numbers and addresses stands where in Exchange, and which in the text. Pure.

Exchange has a fixed number of places of each kind. Those that are preferred come first; what finds
none goes into the text.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

from migration.items.contact import Address, Contact, Phone, Place, Use
from migration.items.ews_contact import PostalAddress, Slot
from migration.items.ews_notes import Note

PLACES = {Place.HOME: "Home", Place.WORK: "Business", Place.OTHER: "Other", Place.UNSAID: "Other"}

BY_USE = {
    Use.CELL: "MobilePhone",
    Use.PAGER: "Pager",
    Use.CAR: "CarPhone",
    Use.ISDN: "Isdn",
    Use.TEXT_PHONE: "TtyTddPhone",
    Use.MAIN: "PrimaryPhone",
    Use.ASSISTANT: "AssistantPhone",
    Use.CALLBACK: "Callback",
    Use.COMPANY: "CompanyMainPhone",
    Use.RADIO: "RadioPhone",
    Use.TELEX: "Telex",
}
BY_PLACE = {
    Place.WORK: ("BusinessPhone", "BusinessPhone2"),
    Place.HOME: ("HomePhone", "HomePhone2"),
    Place.OTHER: ("OtherTelephone",),
    Place.UNSAID: ("OtherTelephone",),
}


class _Preferred(Protocol):
    @property
    def preference(self) -> int: ...


_Any = TypeVar("_Any", bound=_Preferred)


def in_order(some: Iterable[_Any]) -> Sequence[_Any]:
    """The preferred ones first; of equals in the order of the source."""
    return sorted(some, key=lambda one: one.preference or 101)


def place_mails(contact: Contact) -> tuple[tuple[Slot, ...], tuple[Note, ...]]:
    """Three addresses have a place."""
    mails = in_order(contact.mails)
    slots = tuple((f"EmailAddress{number}", one.address) for number, one in enumerate(mails[:3], 1))
    labels = [Note("EMAIL", one.address, one.label) for one in mails[:3] if one.label]
    rest = [Note("EMAIL", one.label or "E-mail", one.address) for one in mails[3:]]
    return slots, (*labels, *rest)


def place_phones(contact: Contact) -> tuple[tuple[Slot, ...], tuple[Note, ...]]:
    """Each kind of number has a place, some have two."""
    slots: dict[str, str] = {}
    notes: list[Note] = []
    for phone in in_order(contact.phones):
        key = next((key for key in _keys(phone) if key not in slots), None)
        if key is None:
            notes.append(Note("TEL", phone.label or "Telephone", phone.number))
            continue
        slots[key] = phone.number
        if phone.label:
            notes.append(Note("TEL", phone.number, phone.label))
    return tuple(slots.items()), tuple(notes)


def _keys(phone: Phone) -> tuple[str, ...]:
    for use in phone.uses:
        if use is Use.FAX:
            return (f"{PLACES[phone.place]}Fax",)
        if use in BY_USE:
            return (BY_USE[use],)
    return BY_PLACE[phone.place]


def keeps_all(phone: Phone) -> bool:
    """Whether the place of a number says all of its uses, and where it belongs."""
    uses = [use for use in phone.uses if use is not Use.VOICE]
    if not uses or uses == [Use.FAX]:
        return True
    return len(uses) == 1 and uses[0] in BY_USE and phone.place is Place.UNSAID


def place_addresses(contact: Contact) -> tuple[tuple[PostalAddress, ...], tuple[Note, ...]]:
    """One address at home, one at work, one elsewhere."""
    slots: dict[str, PostalAddress] = {}
    notes: list[Note] = []
    for one in in_order(contact.addresses):
        key = PLACES[one.place]
        if key in slots:
            notes.append(Note("ADR", one.label or "Address", one.told or ", ".join(_lines(one))))
            continue
        street = "\n".join(filter(None, (one.box, one.extended, one.street)))
        slots[key] = PostalAddress(key, street, one.city, one.region, one.country, one.postal_code)
        if one.label:
            notes.append(Note("ADR", f"{key} address", one.label))
        if one.told:
            notes.append(Note("LABEL", f"{key} address, as printed", one.told))
    return tuple(slots.values()), tuple(notes)


def _lines(one: Address) -> Iterable[str]:
    parts = (one.box, one.extended, one.street, one.postal_code, one.city, one.region, one.country)
    return filter(None, parts)


def place_handles(contact: Contact) -> tuple[tuple[Slot, ...], tuple[Note, ...]]:
    """Three names in chats have a place; it does not say in which network."""
    slots = tuple(
        (f"ImAddress{number}", one.address) for number, one in enumerate(contact.handles[:3], 1)
    )
    notes = [Note("IMPP", one.address, one.service) for one in contact.handles[:3] if one.service]
    notes += [Note("IMPP", one.service or "Chat", one.address) for one in contact.handles[3:]]
    return slots, tuple(notes)
