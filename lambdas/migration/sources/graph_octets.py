"""Files and photos over Microsoft Graph, as far as they fit into memory."""

from __future__ import annotations

from migration.wire.graph import GraphClient
from migration.wire.graph_http import TOO_LARGE
from migration.wire.graph_model import GraphRefused

LARGEST = 32 * 1024 * 1024
"""So many octets of files are read of one item; of more, as many files as fit."""

_CONTENT_TOO_LARGE = 413


def read_octets(client: GraphClient, path: str, most: int) -> bytes:
    """What is there. GraphRefused (TOO_LARGE) as soon as more than `most` octets have come: sizes
    in lists are no promise, and those of attached items are none at all."""
    content = bytearray()

    def take(piece: bytes) -> None:
        if len(content) + len(piece) > most:
            raise GraphRefused(_CONTENT_TOO_LARGE, TOO_LARGE)
        content.extend(piece)

    client.read(path, take)
    return bytes(content)
