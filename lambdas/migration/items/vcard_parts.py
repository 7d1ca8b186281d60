"""What a contact has several of: addresses, numbers, pages, relations, with the user's labels."""

from __future__ import annotations

import re
from collections.abc import Iterator

from migration.items.contact import (
    Address,
    DayOfLife,
    Handle,
    Mail,
    Page,
    Phone,
    Place,
    Related,
    Relation,
)
from migration.items.lines import Line, unescape
from migration.items.properties import Properties
from migration.items.vcard_values import (
    is_known,
    place_of,
    plain_address,
    preference_of,
    read_day,
    read_structure,
    types_of,
    uses_of,
)

_APPLES = re.compile(r"_\$!<(.*)>!\$_")
_TOLD = ("TYPE", "PREF", "X-LABEL")
_SERVICES = {
    **{f"X-{one}": one.title() for one in ("AIM", "ICQ", "JABBER", "MSN", "SKYPE", "YAHOO", "QQ")},
    "X-SKYPE-USERNAME": "Skype",
    "X-GADUGADU": "Gadu-Gadu",
    "X-GOOGLE-TALK": "Google Talk",
    "X-GROUPWISE": "GroupWise",
    "X-TWITTER": "Twitter",
    "X-MS-IMADDRESS": "",
}
_RELATIONS = {
    "X-SPOUSE": Relation.SPOUSE,
    "X-MS-SPOUSE": Relation.SPOUSE,
    "X-EVOLUTION-SPOUSE": Relation.SPOUSE,
    "X-KADDRESSBOOK-X-SPOUSESNAME": Relation.SPOUSE,
    "X-CHILD": Relation.CHILD,
    "X-MS-CHILD": Relation.CHILD,
    "X-ASSISTANT": Relation.ASSISTANT,
    "X-MS-ASSISTANT": Relation.ASSISTANT,
    "X-EVOLUTION-ASSISTANT": Relation.ASSISTANT,
    "X-KADDRESSBOOK-X-ASSISTANTSNAME": Relation.ASSISTANT,
    "X-MANAGER": Relation.MANAGER,
    "X-MS-MANAGER": Relation.MANAGER,
    "X-EVOLUTION-MANAGER": Relation.MANAGER,
    "X-KADDRESSBOOK-X-MANAGERSNAME": Relation.MANAGER,
}
_RELATION_TYPES = {
    "spouse": Relation.SPOUSE,
    "child": Relation.CHILD,
    "assistant": Relation.ASSISTANT,
    "manager": Relation.MANAGER,
    "x-assistant": Relation.ASSISTANT,
    "x-manager": Relation.MANAGER,
}
_ANNIVERSARIES = (
    *("ANNIVERSARY", "X-ANNIVERSARY", "X-MS-ANNIVERSARY", "X-EVOLUTION-ANNIVERSARY"),
    "X-KADDRESSBOOK-X-ANNIVERSARY",
)


class Labels:
    """X-ABLabel: what the user calls a property, which is in the same group as the label. Labels of
    Apple's own stand in brackets and are in English."""

    def __init__(self, properties: Properties) -> None:
        self._told = {
            line.group: _APPLES.sub(r"\1", unescape(line.value)).strip()
            for line in properties.take_all("X-ABLABEL")
        }
        self._fields: list[tuple[str, str]] = [
            (line.first("X-LABEL"), unescape(line.value))
            for line in properties.take_all("X-FIELD", "X-LABEL")
        ]

    def of(self, line: Line) -> str:
        """The label of a property, "" without one."""
        return line.first("X-LABEL") or (self._told.get(line.group, "") if line.group else "")

    def keep(self, label: str, value: str) -> None:
        """A field that the user made."""
        self._fields.append((label, value))

    def fields(self) -> tuple[tuple[str, str], ...]:
        """All that were kept, in order."""
        return tuple(self._fields)


def _taken(properties: Properties, name: str, *parameters: str) -> Iterator[tuple[Line, Place]]:
    """The properties of the name with their places; types that have none are lost."""
    for line in properties.take_all(name, *_TOLD, *parameters):
        for one in sorted(types_of(line)):
            if not is_known(one):
                properties.lose(f"{name};TYPE", line.number, "a type that has no place")
        yield line, place_of(types_of(line))


def read_mails(properties: Properties, labels: Labels) -> tuple[Mail, ...]:
    """EMAIL, as many as there are."""
    return tuple(
        Mail(plain_address(line.value), place, preference_of(line), labels.of(line))
        for line, place in _taken(properties, "EMAIL")
        if plain_address(line.value)
    )


def read_phones(properties: Properties, labels: Labels) -> tuple[Phone, ...]:
    """TEL, as text or as tel: address."""
    return tuple(
        Phone(
            plain_address(line.value),
            place,
            uses_of(types_of(line)),
            preference_of(line),
            labels.of(line),
        )
        for line, place in _taken(properties, "TEL")
        if plain_address(line.value)
    )


def read_addresses(properties: Properties, labels: Labels) -> tuple[Address, ...]:
    """ADR; one without a word is none."""
    found = []
    for line, place in _taken(properties, "ADR", "LABEL"):
        box, extended, street, city, region, code, country = read_structure(line.value, 7)[:7]
        if any((box, extended, street, city, region, code, country, line.first("LABEL"))):
            parts = (street, city, region, code, country, box, extended, place)
            told = line.first("LABEL").replace("\\n", "\n")
            found.append(Address(*parts, preference_of(line), labels.of(line), told))
    return tuple(found)


def read_handles(properties: Properties) -> tuple[Handle, ...]:
    """IMPP, and the properties that programs had before there was one."""
    found = [
        Handle(unescape(line.value).strip(), line.first("X-SERVICE-TYPE"), place)
        for line, place in _taken(properties, "IMPP", "X-SERVICE-TYPE")
    ]
    for name, service in _SERVICES.items():
        found += [
            Handle(unescape(line.value).strip(), service, place)
            for line, place in _taken(properties, name)
        ]
    return tuple(handle for handle in found if handle.address)


def read_pages(properties: Properties, labels: Labels) -> tuple[Page, ...]:
    """URL."""
    return tuple(
        Page(unescape(line.value).strip(), place, labels.of(line))
        for line, place in _taken(properties, "URL")
        if line.value.strip()
    )


def read_dates(properties: Properties) -> tuple[DayOfLife | None, DayOfLife | None]:
    """The birthday and the anniversary."""
    birthday = properties.read("BDAY", read_day, "X-APPLE-OMIT-YEAR", "CALSCALE")
    found = [
        properties.read(name, read_day, "X-APPLE-OMIT-YEAR", "CALSCALE") for name in _ANNIVERSARIES
    ]
    return birthday, next((day for day in found if day), None)


def read_related(properties: Properties, labels: Labels) -> tuple[Related, ...]:
    """RELATED, Apple's X-ABRELATEDNAMES by its label, and a property of its own for each."""
    found = [_related(unescape(line.value), line.first("TYPE"), labels.of(line))
             for line in properties.take_all("RELATED", *_TOLD)]  # fmt: skip
    found += [
        _related(unescape(line.value), labels.of(line), labels.of(line))
        for line in properties.take_all("X-ABRELATEDNAMES", *_TOLD)
    ]
    for name, relation in _RELATIONS.items():
        found += [Related(text.strip(), relation) for text in properties.texts(name)]
    for line in properties.take_all("X-ABDATE", *_TOLD, "X-APPLE-OMIT-YEAR"):
        labels.keep(labels.of(line), unescape(line.value).strip())
    return tuple(one for one in found if one.name)


def _related(name: str, told: str, label: str) -> Related:
    relation = _RELATION_TYPES.get(told.lower(), Relation.OTHER)
    return Related(name.strip(), relation, label if relation is Relation.OTHER else "")
