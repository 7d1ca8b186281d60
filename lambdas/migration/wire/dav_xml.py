"""XML of WebDAV, CalDAV and CardDAV: questions written, answers read.

Answers come from whoever keeps the calendars: documents that define entities are refused, and so
are those that are deep or made of very many elements.
"""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from migration.wire.dav_model import CALDAV, CARDDAV, DAV, NotDav

MAX_DEPTH = 50
MAX_ELEMENTS = 1_500_000
"""A collection of 200,000 items is listed in fewer."""

_ETAG = f"{DAV}getetag"
CALENDAR_DATA = f"{CALDAV}calendar-data"
ADDRESS_DATA = f"{CARDDAV}address-data"


# -- questions -----------------------------------------------------------------------------------


def write_propfind(names: Iterable[str]) -> bytes:
    """PROPFIND for these properties (RFC 4918, section 9.1)."""
    return _write(f'<propfind xmlns="DAV:">{_write_prop(names)}</propfind>')


def write_query(component: str) -> bytes:
    """calendar-query for the versions of all that has a component of that name (RFC 4791, 7.8)."""
    inner = f'<C:comp-filter name="VCALENDAR"><C:comp-filter name={quoteattr(component)}/>'
    body = f"{_write_prop([_ETAG])}<C:filter>{inner}</C:comp-filter></C:filter>"
    namespaces = f'xmlns="DAV:" xmlns:C="{CALDAV[1:-1]}"'
    return _write(f"<C:calendar-query {namespaces}>{body}</C:calendar-query>")


def write_multiget(hrefs: Iterable[str], *, cards: bool) -> bytes:
    """calendar-multiget, or addressbook-multiget (RFC 4791, 7.9, and RFC 6352, 8.7)."""
    space, name = (CARDDAV, "addressbook") if cards else (CALDAV, "calendar")
    data = ADDRESS_DATA if cards else CALENDAR_DATA
    told = "".join(f"<href>{escape(href)}</href>" for href in hrefs)
    body = f"{_write_prop([_ETAG, data])}{told}"
    namespaces = f'xmlns="DAV:" xmlns:C="{space[1:-1]}"'
    return _write(f"<C:{name}-multiget {namespaces}>{body}</C:{name}-multiget>")


def _write_prop(names: Iterable[str]) -> str:
    told = ""
    for name in names:
        space, _, local = name[1:].partition("}")
        told += f"<{local} xmlns={quoteattr(space)}/>"
    return f'<prop xmlns="DAV:">{told}</prop>'


def _write(text: str) -> bytes:
    return b'<?xml version="1.0" encoding="utf-8"?>' + text.encode("utf-8")


# -- answers -------------------------------------------------------------------------------------


def parse_xml(data: bytes) -> Element:
    """The document's element; names as "{namespace}name". NotDav."""
    builder = _Builder()
    parser = expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True
    parser.StartElementHandler = builder.begin
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = _refuse
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise NotDav from error
    return builder.close()


def _refuse(*_: object) -> None:
    raise NotDav


class _Builder(TreeBuilder):
    def __init__(self) -> None:
        super().__init__()
        self._depth = self._elements = 0

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._elements += 1
        if self._depth > MAX_DEPTH or self._elements > MAX_ELEMENTS:
            raise NotDav
        self.start(_clark(name), {_clark(key): value for key, value in attributes.items()})

    def end(self, name: str) -> Element:
        self._depth -= 1
        return super().end(_clark(name))


def _clark(name: str) -> str:
    return f"{{{name}" if "}" in name else name


def read_multistatus(data: bytes) -> list[tuple[str, int, dict[str, Element]]]:
    """Of each response its href, its status, and the properties that were found. NotDav."""
    root = parse_xml(data)
    if root.tag != f"{DAV}multistatus":
        raise NotDav
    return [
        (href.text or "", _status(response), _values(response))
        for response in root.iterfind(f"{DAV}response")
        for href in response.iterfind(f"{DAV}href")
    ]


def _values(response: Element) -> dict[str, Element]:
    return {
        value.tag: value
        for told in response.iterfind(f"{DAV}propstat")
        if 200 <= _status(told) < 300
        for prop in told.iterfind(f"{DAV}prop")
        for value in prop
    }


def _status(element: Element) -> int:
    """The number in a status line; 200 where there is none."""
    line = element.findtext(f"{DAV}status")
    if line is None:
        return 200
    parts = line.split()
    if len(parts) < 2 or not parts[1].isascii() or not parts[1].isdigit():
        raise NotDav
    return int(parts[1])
