"""Property paths of EWS: what a request names, and the values behind the names.

A path is either a first-class field (`item:Subject`, kept as that string) or an extended property
(a MAPI property, by tag or by property set and name or number).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

import pybase64
from lxml import etree

from localrun.fakes.workmail_ews.soap import ItemRefused, children, local_name


@dataclass(frozen=True, slots=True)
class Property:
    """An extended property's identity. The type is no part of it: one name, one value."""

    tag: int = 0
    property_set: str = ""
    name: str = ""
    number: int = 0


@dataclass(frozen=True, slots=True)
class PropertyPath:
    """An extended property as a request spells it."""

    property: Property
    type: str
    attributes: tuple[tuple[str, str], ...]


FieldPath = str | PropertyPath

# MAPI property tags that a message has even if nobody set them ([MS-OXPROPS]).
SUBJECT = Property(tag=0x0037)
DELIVERY_TIME = Property(tag=0x0E06)
MESSAGE_FLAGS = Property(tag=0x0E07)
MESSAGE_SIZE = Property(tag=0x0E08)
SUBMIT_TIME = Property(tag=0x0039)
MESSAGE_ID = Property(tag=0x1035)
FLAG_STATUS = Property(tag=0x1090)
LAST_VERB = Property(tag=0x1081)
READ_RECEIPT = Property(tag=0x0029)
NON_READ_RECEIPT = Property(tag=0x0C06)

FLAG_READ = 0x1
FLAG_UNSENT = 0x8


def read_path(element: etree._Element) -> FieldPath:
    """A FieldURI, IndexedFieldURI or ExtendedFieldURI element as a path."""
    kind = local_name(element)
    if kind == "FieldURI":
        return element.get("FieldURI", "")
    if kind == "IndexedFieldURI":
        return f"{element.get('FieldURI', '')}:{element.get('FieldIndex', '')}"
    return _read_property(tuple(element.items()))


@lru_cache(maxsize=1024)
def _read_property(attributes: tuple[tuple[str, str], ...]) -> PropertyPath:
    named = dict(attributes)
    tag, name = named.get("PropertyTag", ""), named.get("PropertyName", "")
    property_set = named.get("PropertySetId") or named.get("DistinguishedPropertySetId") or ""
    number = named.get("PropertyId", "")
    if bool(tag) == bool(property_set) or (property_set and not (name or number)):
        raise ItemRefused("ErrorInvalidExtendedProperty")
    return PropertyPath(
        Property(
            tag=int(tag, 0) if tag else 0,
            property_set=property_set.casefold(),
            name=name,
            number=int(number or 0),
        ),
        named.get("PropertyType", ""),
        attributes,
    )


def first_path(element: etree._Element) -> FieldPath:
    """The path among an element's children; a path is what every filter and change has."""
    names = ("FieldURI", "IndexedFieldURI", "ExtendedFieldURI")
    found = next((child for child in children(element) if local_name(child) in names), None)
    if found is None:
        raise ItemRefused("ErrorSchemaValidation")
    return read_path(found)


def read_values(element: etree._Element) -> tuple[PropertyPath, tuple[str, ...]]:
    """The path and the value or values of an ExtendedProperty element."""
    uri, *values = children(element) or [element]
    path = read_path(uri)
    if not isinstance(path, PropertyPath):
        raise ItemRefused("ErrorInvalidExtendedProperty")
    if values and local_name(values[0]) == "Values":
        values = children(values[0])
    return path, tuple(value.text or "" for value in values)


def read_time(text: str) -> datetime:
    """An xs:dateTime; without a zone it is UTC. ErrorInvalidExtendedPropertyValue otherwise."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ItemRefused("ErrorInvalidExtendedPropertyValue") from error
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def read_integer(text: str) -> int:
    """A decimal integer. ErrorInvalidExtendedPropertyValue otherwise."""
    try:
        return int(text)
    except ValueError as error:
        raise ItemRefused("ErrorInvalidExtendedPropertyValue") from error


def write_time(moment: datetime) -> str:
    """Exchange's spelling: whole seconds, UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read_base64(text: str) -> bytes:
    """An xs:base64Binary. ItemRefused ErrorMimeContentInvalidBase64String otherwise."""
    try:
        return pybase64.b64decode(text, validate=True)
    except ValueError:
        clean = "".join(text.split())  # which is rare, and slow
    try:
        return pybase64.b64decode(clean, validate=True)
    except ValueError as error:
        raise ItemRefused("ErrorMimeContentInvalidBase64String") from error


def write_base64(content: bytes) -> str:
    """The xs:base64Binary spelling."""
    return pybase64.b64encode(content).decode()


def write_boolean(value: bool) -> str:
    """The xs:boolean spelling."""
    return "true" if value else "false"
