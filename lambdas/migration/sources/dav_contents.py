"""The contents of many resources of a DAV server with few questions."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from migration.sources.dav_homes import TYPE, path_of
from migration.wire.dav import DavClient
from migration.wire.dav_model import DAV, NotDav, Refused, Resource, TooLarge
from migration.wire.dav_xml import ADDRESS_DATA, CALENDAR_DATA

ETAG = f"{DAV}getetag"
_MADE = "sha256:"
_GONE = (404, 410)
_UNKNOWN_QUESTION = (403, 404, 405, 415, 501)


@dataclass(frozen=True, slots=True)
class Content:
    """What a resource holds, and its version, "" where the server gives none."""

    version: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Failure:
    """Why the server does not give it; a code."""

    reason: str


Found = Content | Failure | None
"""None is what is not there any more."""


def digest(data: bytes) -> str:
    """A version made of the content, where the server has none. XML changes line ends."""
    return _MADE + hashlib.sha256(data.replace(b"\r\n", b"\n")).hexdigest()[:40]


def version_of(content: Content, listed: str) -> str:
    """The version of a content. Where the server gives it with its list alone, it is the one that
    was listed: if the content is newer, the next list says so."""
    if content.version:
        return content.version
    return listed if listed and not listed.startswith(_MADE) else digest(content.data)


class Contents:
    """Reads with multiget. Where an answer is too large, broken or refused, with smaller ones, and
    in the end one by one, so that one resource that no server can show hides no other."""

    def __init__(self, client: DavClient) -> None:
        self._client = client
        self._one_by_one: set[str] = set()

    def read(self, url: str, addresses: Sequence[str], *, cards: bool) -> dict[str, Found]:
        """Of each address in the collection at `url`. Raises Refused where the server fails at
        the collection, too; SourceBusy, MailboxUnreachable, CredentialsRejected."""
        if url in self._one_by_one:
            return {one: self._get(url, one) for one in addresses}
        try:
            told = self._client.read(url, addresses, cards=cards)
        except (Refused, TooLarge, NotDav) as problem:
            if isinstance(problem, Refused) and problem.status in _UNKNOWN_QUESTION:
                self._one_by_one.add(url)
            if len(addresses) == 1:
                return {addresses[0]: self._get(url, addresses[0])}
            half = len(addresses) // 2
            return {
                **self.read(url, addresses[:half], cards=cards),
                **self.read(url, addresses[half:], cards=cards),
            }
        by_path = {path_of(one.url): one for one in told}
        data = ADDRESS_DATA if cards else CALENDAR_DATA
        return {one: self._take(url, one, by_path.get(path_of(one)), data) for one in addresses}

    def _take(self, url: str, address: str, told: Resource | None, data: str) -> Found:
        if told is not None and told.status in _GONE:
            return None
        value = told.values.get(data) if told is not None and told.status < 300 else None
        if told is None or value is None or not value.text:
            return self._get(url, address)
        return Content(told.text(ETAG), value.text.encode("utf-8", "surrogatepass"))

    def _get(self, url: str, address: str) -> Found:
        try:
            answer = self._client.get(address)
        except Refused as refused:
            if refused.status in _GONE:
                return None
            if refused.status >= 500:
                self._client.find(url, (TYPE,))  # is it this resource, or the server?
            return Failure(f"http-{refused.status}")
        except TooLarge:
            return Failure("too-large")
        except NotDav:
            return Failure("broken-answer")
        version = answer.headers.get("etag", "")
        # what Apache adds when it packs an answer
        return Content(version.replace('-gzip"', '"'), answer.body)
