"""The attachments of events over Microsoft Graph, with their contents."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

from migration.items.graph_files import ATTACHMENTS, BYTES, is_link
from migration.sources.graph_octets import LARGEST, read_octets
from migration.wire.graph import GraphClient
from migration.wire.graph_model import GraphRefused, Json

_LISTED = "$select=id,name,contentType,size,isInline"
_NEXT = "@odata.nextLink"


def has_files(event: Json) -> bool:
    """Whether files are attached; those within the text alone are not counted by hasAttachments."""
    body = event.get("body") or {}
    return event.get("hasAttachments") is True or "cid:" in str(body.get("content") or "")


def read_files(client: GraphClient, paths: Sequence[str]) -> list[list[dict[str, Any]]]:
    """The attachments of an event and of its exceptions, which are at `paths`, with what is in
    them, as the conversion wants them. What Graph does not give, or is too large, has no content:
    of all together, only LARGEST octets are read, the event's own first. Only the lists are asked
    for together: files come one after the other."""
    asked = [f"{path}/{ATTACHMENTS}?{_LISTED}" for path in paths]
    left, found = LARGEST, list[list[dict[str, Any]]]()
    for path, page in zip(paths, client.batch(asked), strict=True):
        if isinstance(page, GraphRefused):
            found.append([{}])  # one at least, of which nothing is known
            continue
        files = [*_list(client, page)]
        for one in files:
            content = _read_content(client, f"{path}/{ATTACHMENTS}", one, left)
            left -= len(content or b"")
            one |= {} if content is None else {BYTES: _encode(content)}
        found.append(files)
    return found


def _list(client: GraphClient, page: Json) -> Iterator[dict[str, Any]]:
    yield from map(dict, page.get("value") or [])
    if page.get(_NEXT):
        yield from map(dict, client.values(page[_NEXT]))


def _read_content(client: GraphClient, path: str, one: Json, most: int) -> bytes | None:
    """None where Graph has none to give, or has no more of it, or has more than `most`."""
    if is_link(one) or int(one.get("size") or 0) > most:
        return None
    try:
        return read_octets(client, f"{path}/{quote(one['id'], safe='')}/$value", most)
    except GraphRefused:
        return None


def _encode(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
