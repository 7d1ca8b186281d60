"""Positions in the delta rounds of Microsoft Graph's mail folders. Pure.

Graph pages through a folder by links that only it understands: each answer has one to the next page
(@odata.nextLink), or to what changes from now on (@odata.deltaLink). The product's pages may be
smaller than Graph's, so a position is a link, and digests of what was given already of the page it
leads to: asked again, that page may hold other messages, or the same in another order.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

_AT_END = "="
_DIGEST = 12  # characters of 6 bits: no two messages of one folder have the same


@dataclass(frozen=True, slots=True)
class Position:
    """`link` is relative, "" for the beginning. `is_end`: everything before it was given, and the
    link asks what has changed since. `given` holds digests."""

    link: str = ""
    is_end: bool = False
    given: frozenset[str] = field(default_factory=frozenset)

    def has_given(self, uid: str) -> bool:
        """Whether a message of the page that the link leads to was given already."""
        return bool(self.given) and _digest(uid) in self.given

    def after(self, uids: Iterable[str]) -> Position:
        """The position in the same page when these were given, too."""
        return Position(self.link, self.is_end, self.given | {_digest(uid) for uid in uids})


def read_cursor(cursor: str) -> Position:
    """The position in a cursor that `write_cursor` made; the beginning for ""."""
    marks, slash, link = cursor.partition("/")
    is_end = marks.startswith(_AT_END)
    digests = marks.removeprefix(_AT_END)
    given = {digests[at : at + _DIGEST] for at in range(0, len(digests), _DIGEST)}
    return Position(f"{slash}{link}", is_end, frozenset(given))


def write_cursor(position: Position) -> str:
    """The position as text; its link begins with a slash."""
    marks = _AT_END if position.is_end else ""
    return f"{marks}{''.join(sorted(position.given))}{position.link}"


def _digest(uid: str) -> str:
    digest = hashlib.sha256(uid.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode("ascii")[:_DIGEST]
