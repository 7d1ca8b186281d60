"""What a person does at a DAV server: makes calendars and address books, changes their items."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

import httpx

from migration.groupware_port import CollectionKind
from migration.items.contact import Contact
from migration.items.event import Event
from migration.items.ical_read import Calendar
from migration.items.ical_write import write_calendar
from migration.items.item import AnyItem
from migration.items.task import Note, Task
from migration.items.vcard_write import write_contacts
from migration.sources.item_reading import COMPONENTS

_CALDAV = "urn:ietf:params:xml:ns:caldav"
_CARDDAV = "urn:ietf:params:xml:ns:carddav"
_PATIENCE = 60.0
"""Seconds: a busy machine takes a while over a large attachment."""


class DavEditor:
    """One person's login at a server. Paths are those of the server, "/ann/calendars/work/". Each
    method raises httpx.HTTPStatusError where the server refuses."""

    def __init__(
        self, url: str, user: str, password: str, context: ssl.SSLContext | None = None
    ) -> None:
        self._client = httpx.Client(
            base_url=url,
            auth=(user, password),
            verify=context or True,
            trust_env=False,
            timeout=_PATIENCE,
        )

    def close(self) -> None:
        self._client.close()

    def make(self, path: str, name: str, kinds: Sequence[CollectionKind], colour: str = "") -> None:
        """A calendar of these kinds, or an address book."""
        if CollectionKind.CONTACTS in kinds:
            self._make_address_book(path, name)
            return
        told = "".join(f"<C:comp name={quoteattr(COMPONENTS[kind])}/>" for kind in kinds)
        prop = f"<D:displayname>{escape(name)}</D:displayname>"
        prop += f"<C:supported-calendar-component-set>{told}</C:supported-calendar-component-set>"
        if colour:
            space = "http://apple.com/ns/ical/"
            prop += f'<calendar-color xmlns="{space}">{escape(colour)}</calendar-color>'
        body = f'<C:mkcalendar xmlns:D="DAV:" xmlns:C="{_CALDAV}">'
        body += f"<D:set><D:prop>{prop}</D:prop></D:set></C:mkcalendar>"
        self._send("MKCALENDAR", path, body.encode(), "text/xml")

    def _make_address_book(self, path: str, name: str) -> None:
        prop = "<D:resourcetype><D:collection/><C:addressbook/></D:resourcetype>"
        prop += f"<D:displayname>{escape(name)}</D:displayname>"
        body = f'<D:mkcol xmlns:D="DAV:" xmlns:C="{_CARDDAV}">'
        body += f"<D:set><D:prop>{prop}</D:prop></D:set></D:mkcol>"
        self._send("MKCOL", path, body.encode(), "text/xml")

    def put(self, path: str, kind: CollectionKind, data: bytes) -> None:
        """Adds or changes a resource."""
        media = "text/vcard" if kind is CollectionKind.CONTACTS else "text/calendar"
        self._send("PUT", path, data, f"{media}; charset=utf-8")

    def delete(self, path: str) -> None:
        """A resource, or a collection with all that it holds."""
        self._send("DELETE", path, b"", "text/xml")

    def _send(self, method: str, path: str, body: bytes, media: str) -> None:
        headers = {"Content-Type": media}
        self._client.request(method, path, content=body, headers=headers).raise_for_status()


def write_items(items: Sequence[AnyItem]) -> bytes:
    """A resource that holds them; all of them contacts, or none."""
    contacts = [one for one in items if isinstance(one, Contact)]
    if contacts:
        return write_contacts(contacts)
    return write_calendar(
        Calendar(
            events=tuple(one for one in items if isinstance(one, Event)),
            tasks=tuple(one for one in items if isinstance(one, Task)),
            notes=tuple(one for one in items if isinstance(one, Note)),
        )
    )


def quoted(*parts: str) -> str:
    """The path of these names, each of which may hold anything."""
    return "/".join(["", *(quote(part, safe="") for part in parts)])
