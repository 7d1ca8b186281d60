"""What is said with a WebDAV server, and what goes wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

DAV = "{DAV:}"
CALDAV = "{urn:ietf:params:xml:ns:caldav}"
CARDDAV = "{urn:ietf:params:xml:ns:carddav}"
CALENDARSERVER = "{http://calendarserver.org/ns/}"
OWNCLOUD = "{http://owncloud.org/ns}"
NEXTCLOUD = "{http://nextcloud.com/ns}"
APPLE = "{http://apple.com/ns/ical/}"


class NotDav(Exception):
    """The answer is none of WebDAV, or cannot be read."""


class TooLarge(Exception):
    """The answer is larger than what fits into memory."""


class Refused(Exception):
    """The server did not do it; `status` is that of HTTP. It is 3xx where the server points to
    another host, to which the password must not go."""

    def __init__(self, status: int) -> None:
        super().__init__(f"http-{status}")
        self.status = status


@dataclass(frozen=True, slots=True)
class DavLogin:
    """Whose password it is."""

    user: str = field(repr=False)
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer. `url` is where it was found in the end, `headers` have lower-case
    names."""

    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Resource:
    """What a multistatus says of one resource (RFC 4918, section 13). `url` is its address,
    `status` that of HTTP for the resource as a whole, `values` the properties that it has, by their
    names as "{namespace}name"."""

    url: str
    status: int = 200
    values: Mapping[str, Element] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """The property's text, "" without one."""
        value = self.values.get(name)
        return "" if value is None else "".join(value.itertext()).strip()

    def has(self, name: str, child: str) -> bool:
        """Whether the property has such an element."""
        value = self.values.get(name)
        return value is not None and value.find(child) is not None
