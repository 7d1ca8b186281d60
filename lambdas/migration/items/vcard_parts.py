"""What a contact has several of: addresses, numbers, pages, relations, with the user's labels."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

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
        self._properties = properties
        self._told: dict[str, str] = {}
        self._unused: dict[str, int] = {}
        for line in properties.take_all("X-ABLABEL"):
            if not line.group or line.group in self._told:
                self._lose(line.number)
            else:
                self._told[line.group] = _APPLES.sub(r"\1", unescape(line.value)).strip()
                self._unused[line.group] = line.number
        self._fields: list[tuple[str, str]] = [
            (line.first("X-LABEL"), unescape(line.value))
            for line in properties.take_all("X-FIELD", "X-LABEL")
        ]

    def of(self, line: Line) -> str:
        """The label of a property, "" without one."""
        if own := line.first("X-LABEL"):
            return own
        self._unused.pop(line.group, None)
        return self._told.get(line.group, "")

    def keep(self, label: str, value: str) -> None:
        """A field that the user made."""
        self._fields.append((label, value))

    def lose_the_rest(self) -> None:
        """Tells of the labels that nobody has asked for."""
        for group, number in self._unused.items():
            if self._told[group]:
                self._lose(number)

    def _lose(self, number: int) -> None:
        self._properties.lose("X-ABLABEL", number, "a label of what has no place for one")

    def fields(self) -> tuple[tuple[str, str], ...]:
        """All that were kept, in order."""
        return tuple(self._fields)


def _unordered(properties: Properties, name: str, *parameters: str) -> Iterator[Line]:
    """The properties of the name; which of several is the preferred one is lost."""
    lines = properties.take_all(name, "TYPE", "PREF", *parameters)
    for line in lines:
        if len(lines) > 1 and preference_of(line):
            properties.lose(f"{name};PREF", line.number, "an order that has no place")
        yield line


def _placed(properties: Properties, lines: Iterable[Line]) -> Iterator[tuple[Line, Place]]:
    """The properties with their places; types that have none are lost."""
    for line in lines:
        for one in sorted(types_of(line)):
            if not is_known(one):
                properties.lose(f"{line.name};TYPE", line.number, "a type that has no place")
        yield line, place_of(types_of(line))


def read_mails(properties: Properties, labels: Labels) -> tuple[Mail, ...]:
    """EMAIL, as many as there are."""
    return tuple(
        Mail(plain_address(line.value), place, preference_of(line), labels.of(line))
        for line, place in _placed(properties, properties.take_all("EMAIL", *_TOLD))
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
        for line, place in _placed(properties, properties.take_all("TEL", *_TOLD))
        if plain_address(line.value)
    )


def read_addresses(properties: Properties, labels: Labels) -> tuple[Address, ...]:
    """ADR; one without a word is none."""
    found = []
    for line, place in _placed(properties, properties.take_all("ADR", *_TOLD, "LABEL")):
        # Programs forget to escape the comma of "1 Main St, Apt 2"; lists of streets are rare.
        read = read_structure(line.value, 7, between=", ")
        box, extended, street, city, region, code, country = read[:7]
        if any((box, extended, street, city, region, code, country, line.first("LABEL"))):
            parts = (street, city, region, code, country, box, extended, place)
            told = line.first("LABEL").replace("\\n", "\n")
            found.append(Address(*parts, preference_of(line), labels.of(line), told))
    return tuple(found)


def read_handles(properties: Properties) -> tuple[Handle, ...]:
    """IMPP, and the properties that programs had before there was one."""
    found = [
        Handle(unescape(line.value).strip(), line.first("X-SERVICE-TYPE"), place)
        for line, place in _placed(properties, _unordered(properties, "IMPP", "X-SERVICE-TYPE"))
    ]
    for name, service in _SERVICES.items():
        found += [
            Handle(unescape(line.value).strip(), service, place)
            for line, place in _placed(properties, _unordered(properties, name))
        ]
    return tuple(handle for handle in found if handle.address)


def read_pages(properties: Properties, labels: Labels) -> tuple[Page, ...]:
    """URL."""
    return tuple(
        Page(unescape(line.value).strip(), place, labels.of(line))
        for line, place in _placed(properties, _unordered(properties, "URL", "X-LABEL"))
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
    found = [
        _related(properties, line, labels.of(line))
        for line in _unordered(properties, "RELATED", "X-LABEL")
    ]
    for line in _unordered(properties, "X-ABRELATEDNAMES", "X-LABEL"):
        label = labels.of(line)
        relation = _RELATION_TYPES.get(label.lower(), Relation.OTHER)
        own = label if relation is Relation.OTHER else ""
        found.append(Related(unescape(line.value).strip(), relation, own))
    for name, relation in _RELATIONS.items():
        found += [Related(text.strip(), relation) for text in properties.texts(name)]
    for line in _unordered(properties, "X-ABDATE", "X-LABEL", "X-APPLE-OMIT-YEAR"):
        labels.keep(labels.of(line), unescape(line.value).strip())
    return tuple(one for one in found if one.name)


def _related(properties: Properties, line: Line, label: str) -> Related:
    """RELATED by its types, of which the first that has a place counts; a label is that of other
    relations, which is their type if there is no other."""
    name, types = unescape(line.value).strip(), sorted(types_of(line) - {"pref"})
    known = next((one for one in types if one in _RELATION_TYPES), None)
    if known is None and not label:
        return Related(name, label=", ".join(types))
    for one in types:
        if one != known:
            properties.lose("RELATED;TYPE", line.number, "a type that has no place")
    if known is None:
        return Related(name, label=label)
    if label:
        properties.lose("RELATED;X-LABEL", line.number, "a label of what has no place for one")
    return Related(name, _RELATION_TYPES[known])
