"""vCard 2.1, 3.0 and 4.0, read into the model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from migration.errors import ItemMalformed
from migration.items.contact import Contact, ContactKind, Name
from migration.items.ical_zones import Zones
from migration.items.lines import Component, Line, make_uid, parse, split_values, unescape
from migration.items.losses import Loss
from migration.items.properties import Properties, find_word
from migration.items.vcard_parts import (
    Labels,
    read_addresses,
    read_dates,
    read_handles,
    read_mails,
    read_pages,
    read_phones,
    read_related,
)
from migration.items.vcard_values import normalise, plain_address, read_photo, read_structure

_OF_THE_FILE = ("VERSION", "PRODID", "PROFILE", "SOURCE")


@dataclass(frozen=True, slots=True)
class Cards:
    """A file of vCards."""

    contacts: tuple[Contact, ...] = ()
    losses: tuple[Loss, ...] = ()


def read_contacts(data: bytes) -> Cards:
    """Reads a file. ItemMalformed, with all that is wrong, if it is none of vCards. A single card
    is read whatever it says: what cannot be read of it is a loss."""
    losses: list[Loss] = []
    roots = parse(data, losses)
    cards = [one for one in roots if one.name == "VCARD"]
    if not cards:
        raise ItemMalformed(["line 1: there is no VCARD"])
    for other in roots:
        if other.name != "VCARD":
            where = f"line {other.number}"
            losses.append(Loss(other.name, where, "a component that has no place"))
    return Cards(tuple(_read_card(card, losses) for card in cards), tuple(losses))


def _read_card(card: Component, losses: list[Loss]) -> Contact:
    component = replace(card, lines=list(_normalised(card, losses)), components=[])
    properties = Properties(component, Zones(component, losses), losses)
    properties.uid = plain_uid(properties.uid) or make_uid(component)
    for other in card.components:
        properties.lose(other.name, other.number, "a component that has no place")
    labels = Labels(properties)
    revised = properties.moment("REV")
    for name in _OF_THE_FILE:
        properties.take_all(name)
    contact = _read_contact(properties, labels)
    labels.lose_the_rest()
    properties.lose_the_rest()
    return replace(contact, revised=revised)


def _normalised(card: Component, losses: list[Loss]) -> Iterator[Line]:
    for line in card.lines:
        try:
            yield normalise(line)
        except ValueError as problem:
            losses.append(Loss(line.name, f"VCARD, line {line.number}", str(problem)))


def plain_uid(uid: str) -> str:
    """The UID without the scheme that vCard 4 puts before it."""
    plain = uid.strip()
    return plain[9:] if plain.lower().startswith("urn:uuid:") else plain


def _read_contact(properties: Properties, labels: Labels) -> Contact:
    name = _read_name(properties, "N")
    organization, *departments = _read_organization(properties)
    mails = read_mails(properties, labels)
    return Contact(
        properties.uid,
        _read_kind(properties),
        properties.text("FN", "SORT-AS", "LANGUAGE"),
        name,
        properties.listed("NICKNAME"),
        properties.text("X-FILE-AS") or properties.text("SORT-STRING"),
        properties.text("X-INITIALS"),
        _read_phonetic(properties),
        organization,
        tuple(departments),
        properties.text("X-OFFICE"),
        properties.text("TITLE"),
        properties.text("ROLE"),
        mails,
        read_phones(properties, labels),
        read_addresses(properties, labels),
        read_handles(properties),
        read_pages(properties, labels),
        *read_dates(properties),
        read_related(properties, labels),
        "\n\n".join(properties.texts("NOTE")),
        properties.listed("CATEGORIES"),
        properties.read("PHOTO", read_photo, "TYPE", "MEDIATYPE", "X-ABCROP-RECTANGLE"),
        _read_members(properties),
        properties.listed("X-COMPANIES"),
        properties.text("X-MILEAGE"),
        properties.text("X-BILLING"),
        properties.text("CLASS").strip().upper() in ("PRIVATE", "CONFIDENTIAL"),
        labels.fields(),
    )


def _read_kind(properties: Properties) -> ContactKind:
    apple = properties.take("X-ADDRESSBOOKSERVER-KIND")
    is_company = properties.text("X-ABSHOWAS").strip().upper() == "COMPANY"
    default = ContactKind.ORGANIZATION if is_company else ContactKind.INDIVIDUAL

    def read(line: Line) -> ContactKind:
        return find_word(line.value, ContactKind)

    found = properties.try_read(apple, read) if apple else None
    return properties.read("KIND", read) or found or default


def _read_name(properties: Properties, name: str) -> Name:
    line = properties.take(name, "SORT-AS", "LANGUAGE")
    return Name(*read_structure(line.value, 5)[:5]) if line else Name()


def _read_phonetic(properties: Properties) -> Name:
    return Name(
        properties.text("X-PHONETIC-LAST-NAME"),
        properties.text("X-PHONETIC-FIRST-NAME"),
        properties.text("X-PHONETIC-MIDDLE-NAME"),
    )


def _read_organization(properties: Properties) -> list[str]:
    """The organization and its units; a comma in them separates nothing."""
    line = properties.take("ORG", "SORT-AS", "TYPE")
    parts = [unescape(part).strip() for part in split_values(line.value, ";")] if line else [""]
    return [parts[0], *filter(None, parts[1:])]


def _read_members(properties: Properties) -> tuple[str, ...]:
    return tuple(
        plain_address(line.value)
        for name in ("MEMBER", "X-ADDRESSBOOKSERVER-MEMBER")
        for line in properties.take_all(name)
    )
