"""Elements of an EWS item with one value each: written, and read."""

from __future__ import annotations

from datetime import UTC, datetime
from xml.etree.ElementTree import Element

from migration.wire.ews_body import escape
from migration.wire.ews_model import TYPES

T = TYPES
"""The namespace of types, as ElementTree writes it."""


def tag(name: str, text: str) -> str:
    """An element of types."""
    return f"<t:{name}>{escape(text)}</t:{name}>"


def optional(name: str, text: str) -> str:
    """The same; nothing for an empty text."""
    return tag(name, text) if text else ""


def flag(name: str, value: bool) -> str:
    """An xs:boolean."""
    return f"<t:{name}>{'true' if value else 'false'}</t:{name}>"


def strings(name: str, values: tuple[str, ...]) -> str:
    """An ArrayOfStringsType; nothing for none."""
    made = "".join(tag("String", value) for value in values)
    return f"<t:{name}>{made}</t:{name}>" if made else ""


def write_body(text: str, *, is_html: bool) -> str:
    """The Body of an item."""
    return f'<t:Body BodyType="{"HTML" if is_html else "Text"}">{escape(text)}</t:Body>'


def utc(at: datetime) -> str:
    """An xs:dateTime of an instant."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def text_of(element: Element, name: str) -> str:
    """The text of a child, "" without one."""
    return element.findtext(f"{T}{name}") or ""


def number_of(element: Element, name: str) -> int:
    """The xs:int of a child. ValueError if it is none."""
    return int(text_of(element, name))


def is_true(element: Element, name: str) -> bool:
    """The xs:boolean of a child; false without one."""
    return text_of(element, name).strip() in ("true", "1")


def strings_of(element: Element, name: str) -> tuple[str, ...]:
    """The texts of an ArrayOfStringsType."""
    return tuple(found.text or "" for found in element.iterfind(f"{T}{name}/{T}String"))


def body_of(element: Element) -> tuple[str, bool]:
    """The text of the Body, and whether it is HTML."""
    body = element.find(f"{T}Body")
    return ("", False) if body is None else (body.text or "", body.get("BodyType") == "HTML")


def instant_of(text: str) -> datetime:
    """An xs:dateTime; one without an offset is in UTC."""
    at = datetime.fromisoformat(text.strip())
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
