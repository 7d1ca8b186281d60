"""The model, written as vCard 4.0 (RFC 6350)."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence

from migration.items.contact import Address, Contact, ContactKind, DayOfLife, Name, Phone
from migration.items.content import Attachment, write_address
from migration.items.ical_values import write_time
from migration.items.lines import escape, write_line

Told = list[tuple[str, Sequence[str]]]


def write_contacts(contacts: Sequence[Contact]) -> bytes:
    """A file of vCards."""
    return b"".join(line for contact in contacts for line in _write_card(contact))


def _write_card(contact: Contact) -> Iterator[bytes]:
    yield write_line("BEGIN", "VCARD")
    yield write_line("VERSION", "4.0")
    yield write_line("UID", escape(contact.uid))
    if contact.kind is not ContactKind.INDIVIDUAL:
        yield write_line("KIND", contact.kind)
    yield write_line("FN", escape(contact.display))
    if contact.name != Name():
        yield write_line("N", _structure(*_parts(contact.name)))
    organization = (contact.organization, *contact.departments)
    if any(organization):
        yield write_line("ORG", _structure(*organization))
    yield from _write_texts(contact)
    yield from _write_ways(contact)
    yield from _write_dates(contact)
    if contact.photo is not None:
        yield _write_photo(contact.photo)
    if contact.revised is not None:
        yield write_line("REV", write_time(contact.revised) + "Z")
    yield write_line("END", "VCARD")


def _parts(name: Name) -> tuple[str, ...]:
    return name.family, name.given, name.additional, name.prefix, name.suffix


def _structure(*parts: str) -> str:
    return ";".join(map(escape, parts))


def _write_texts(contact: Contact) -> Iterator[bytes]:
    for name, text in (
        ("X-FILE-AS", contact.file_as),
        ("X-INITIALS", contact.initials),
        ("X-PHONETIC-LAST-NAME", contact.phonetic.family),
        ("X-PHONETIC-FIRST-NAME", contact.phonetic.given),
        ("X-PHONETIC-MIDDLE-NAME", contact.phonetic.additional),
        ("X-OFFICE", contact.office),
        ("TITLE", contact.title),
        ("ROLE", contact.role),
        ("NOTE", contact.note),
        ("X-MILEAGE", contact.mileage),
        ("X-BILLING", contact.billing),
        ("CLASS", "PRIVATE" if contact.private else ""),
    ):
        if text:
            yield write_line(name, escape(text))
    for name, values in (
        ("NICKNAME", contact.nicknames),
        ("CATEGORIES", contact.categories),
        ("X-COMPANIES", contact.companies),
    ):
        if values:
            yield write_line(name, ",".join(map(escape, values)))
    for member in contact.members:
        yield write_line("MEMBER", escape(write_address(member)))
    for label, value in contact.fields:
        yield write_line("X-FIELD", escape(value), _told(label=label))


def _told(place: str = "", uses: Sequence[str] = (), preference: int = 0, label: str = "") -> Told:
    types = [one for one in (place, *uses) if one]
    pairs: Told = [("TYPE", types)] if types else []
    if preference:
        pairs.append(("PREF", [str(preference)]))
    if label:
        pairs.append(("X-LABEL", [label]))
    return pairs


def _write_ways(contact: Contact) -> Iterator[bytes]:
    """How to reach the contact."""
    for mail in contact.mails:
        told = _told(mail.place, (), mail.preference, mail.label)
        yield write_line("EMAIL", escape(mail.address), told)
    yield from map(_write_phone, contact.phones)
    yield from map(_write_address, contact.addresses)
    for handle in contact.handles:
        service: Told = [("X-SERVICE-TYPE", [handle.service])] if handle.service else []
        yield write_line("IMPP", escape(handle.address), [*_told(handle.place), *service])
    for page in contact.pages:
        yield write_line("URL", escape(page.address), _told(page.place, label=page.label))
    for one in contact.related:
        told = _told(one.relation, label=one.label)
        yield write_line("RELATED", escape(one.name), [("VALUE", ["text"]), *told])


def _write_phone(phone: Phone) -> bytes:
    told = _told(phone.place, phone.uses, phone.preference, phone.label)
    return write_line("TEL", escape(phone.number), told)


def _write_address(address: Address) -> bytes:
    told = _told(address.place, (), address.preference, address.label)
    if address.told:
        told.append(("LABEL", [address.told]))
    parts = (address.box, address.extended, address.street, address.city)
    value = _structure(*parts, address.region, address.postal_code, address.country)
    return write_line("ADR", value, told)


def _write_dates(contact: Contact) -> Iterator[bytes]:
    for name, day in (("BDAY", contact.birthday), ("ANNIVERSARY", contact.anniversary)):
        if day is not None:
            yield write_line(name, _day(day))


def _day(day: DayOfLife) -> str:
    year = "--" if day.year is None else f"{day.year:04}"
    return f"{year}{day.month:02}{day.day:02}"


def _write_photo(photo: Attachment) -> bytes:
    if photo.data is None:
        kind: Told = [("MEDIATYPE", [photo.media_type])] if photo.media_type else []
        return write_line("PHOTO", photo.uri, kind)
    value = base64.b64encode(photo.data).decode("ascii")
    return write_line("PHOTO", f"data:{photo.media_type};base64,{value}")
