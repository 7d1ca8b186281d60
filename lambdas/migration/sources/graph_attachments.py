"""The attachments of events over Microsoft Graph, with their contents."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

from migration.items.graph_files import ATTACHMENTS, BYTES, is_link
from migration.wire.graph import GraphClient
from migration.wire.graph_model import GraphRefused, Json

LARGEST = 32 * 1024 * 1024
"""So many octets of files are read of one event; of more, as many files as fit."""

_LISTED = "$select=id,name,contentType,size,isInline"
_NEXT = "@odata.nextLink"


def has_files(event: Json) -> bool:
    """Whether files are attached; those within the text alone are not counted by hasAttachments."""
    body = event.get("body") or {}
    return event.get("hasAttachments") is True or "cid:" in str(body.get("content") or "")


def read_files(client: GraphClient, paths: Sequence[str]) -> list[list[dict[str, Any]]]:
    """The attachments of each of the events at `paths`, with what is in them, as the conversion
    wants them. What Graph does not give, or is too large, has no content. Only the lists are
    asked for together: files come one after the other, and no more of them than LARGEST are in
    memory besides what was read before."""
    asked = [f"{path}/{ATTACHMENTS}?{_LISTED}" for path in paths]
    found = []
    for path, page in zip(paths, client.batch(asked), strict=True):
        found.append([] if isinstance(page, GraphRefused) else _read(client, path, page))
    return found


def _read(client: GraphClient, path: str, page: Json) -> list[dict[str, Any]]:
    left, found = LARGEST, []
    for one in _list(client, page):
        content = None
        if not is_link(one) and int(one.get("size") or 0) <= left:
            content = _read_content(client, f"{path}/{ATTACHMENTS}/{quote(one['id'], safe='')}")
        left -= len(content or b"")
        found.append({**one, **({} if content is None else {BYTES: _encode(content)})})
    return found


def _list(client: GraphClient, page: Json) -> Iterator[Json]:
    yield from page.get("value") or []
    if page.get(_NEXT):
        yield from client.values(page[_NEXT])


def _read_content(client: GraphClient, path: str) -> bytes | None:
    """None where Graph has none to give, or has no more of it."""
    content = bytearray()
    try:
        client.read(f"{path}/$value", content.extend)
    except GraphRefused:
        return None
    return bytes(content)


def _encode(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
