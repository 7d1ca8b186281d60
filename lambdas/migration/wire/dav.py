"""A WebDAV client that reads calendars and address books (RFC 4918, 4791, 6352). Nothing in it can
change anything."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from urllib.parse import urlsplit

from migration.wire import dav_xml
from migration.wire.dav_address import follow
from migration.wire.dav_http import LARGEST_ANSWER, Transport
from migration.wire.dav_model import Answer, DavLogin, NotDav, Resource

_XML = "text/xml; charset=utf-8"  # Xandikos takes no other


class DavClient:
    """Asks one server with one login. For one thread. Each method raises Refused, TooLarge, NotDav;
    SourceBusy, MailboxUnreachable, CredentialsRejected."""

    def __init__(
        self,
        url: str,
        login: DavLogin,
        *,
        context: ssl.SSLContext | None = None,
        read_seconds: float = 120.0,
        largest: int = LARGEST_ANSWER,
    ) -> None:
        """See Transport. `largest` answer in octets."""
        self._transport = Transport(
            url, login, context=context, read_seconds=read_seconds, largest=largest
        )

    @property
    def home(self) -> str:
        """The address that the operator has named."""
        return self._transport.home

    def close(self) -> None:
        """May be called twice."""
        self._transport.close()

    def follow(self, at: str, reference: str) -> str | None:
        """See dav_address.follow."""
        return follow(self.home, at, reference)

    def find(self, url: str, names: Sequence[str], *, depth: int = 0) -> list[Resource]:
        """PROPFIND: these properties of a resource, and with depth 1 of those in it."""
        return self._ask("PROPFIND", url, dav_xml.write_propfind(names), str(depth))

    def query(self, url: str, component: str) -> list[Resource]:
        """What of a calendar has a component of that name, with its versions."""
        return self._ask("REPORT", url, dav_xml.write_query(component), "1")

    def read(self, url: str, addresses: Sequence[str], *, cards: bool) -> list[Resource]:
        """Versions and contents of resources of a collection, in any order."""
        paths = [_path(one) for one in addresses]
        return self._ask("REPORT", url, dav_xml.write_multiget(paths, cards=cards), "1")

    def get(self, url: str) -> Answer:
        """A resource as it is."""
        return self._transport.ask("GET", url, {})

    def _ask(self, method: str, url: str, body: bytes, depth: str) -> list[Resource]:
        headers = {"Content-Type": _XML, "Depth": depth}
        answer = self._transport.ask(method, url, headers, body)
        found = []
        for href, status, values in dav_xml.read_multistatus(answer.body):
            address = self.follow(answer.url, href)
            if address is None:
                raise NotDav
            found.append(Resource(address, status, values))
        return found


def _path(url: str) -> str:
    where = urlsplit(url)
    return f"{where.path}?{where.query}" if where.query else where.path
