"""Which messages a folder holds, and how large they are."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

from migration.mail import ItemRef, Outline
from migration.wire.imap_fetch import fetched
from migration.wire.imap_parse import Response, format_uids, number, parse_date

_SIZE = re.compile(rb"\d+ FETCH \(UID (\d+) RFC822\.SIZE (\d+)\)")


@dataclass(slots=True)
class Listing:
    """All messages of a folder above the uid `after`, ascending; `end` is the uid up to which this
    is complete. `is_news` until it was used: what was listed ahead answers once, even if there is
    nothing. Compact: a folder may hold hundreds of thousands."""

    after: int
    end: int
    complete: bool
    uids: array[int] = field(default_factory=lambda: array("Q"))
    sizes: array[int] = field(default_factory=lambda: array("Q"))
    dates: list[str] = field(default_factory=list)
    is_news: bool = False

    def answers(self, cursor: int) -> bool:
        """Whether this can say what comes next. At its end, and before its beginning, the folder
        must be looked up again."""
        if self.is_news and self.after == cursor:
            return True
        return self.after <= cursor and bisect_right(self.uids, cursor) < len(self.uids)

    def beyond(self, cursor: int, limit: int) -> list[ItemRef]:
        """At most `limit` messages after the cursor."""
        start = bisect_right(self.uids, cursor)
        return [
            ItemRef(
                str(self.uids[position]),
                self.sizes[position],
                self.dates[position] if self.dates else "",
            )
            for position in range(start, min(start + limit, len(self.uids)))
        ]


def sizes_command(low: int, high: str, *, dates: bool) -> bytes:
    """Asks for the messages of a uid range, with their sizes."""
    items = "(UID RFC822.SIZE INTERNALDATE)" if dates else "(UID RFC822.SIZE)"
    return f"UID FETCH {low}:{high} {items}".encode()


def read_listing(responses: Sequence[Response], after: int, end: int, *, dates: bool) -> Listing:
    """The answer to `sizes_command`. `n:*` answers with the last message even if that is below n;
    some servers answer out of order, and a message twice."""
    found: dict[int, tuple[int, str]] = {}
    for response in responses:
        uid, size, date = _size(response)
        if uid > after:
            found[uid] = (size, date)
    uids = sorted(found)
    return Listing(
        after,
        max(end, uids[-1] if uids else 0),
        complete=True,
        uids=array("Q", uids),
        sizes=array("Q", (found[uid][0] for uid in uids)),
        dates=[found[uid][1] for uid in uids] if dates else [],
    )


def outline_command(refs: Sequence[ItemRef]) -> bytes:
    """Asks for the date and the header of messages."""
    uids = format_uids(sorted(int(ref.uid) for ref in refs))
    return f"UID FETCH {uids} (UID INTERNALDATE BODY.PEEK[HEADER])".encode()


def read_outlines(responses: Sequence[Response]) -> dict[str, Outline]:
    """The answer to `outline_command`, by uid."""
    found = {}
    for pairs in map(fetched, responses):
        header = pairs.get(b"BODY[HEADER]")
        if b"UID" in pairs and isinstance(header, bytes):
            date = pairs.get(b"INTERNALDATE")
            received = parse_date(date) if isinstance(date, bytes) else None
            found[str(number(pairs[b"UID"]))] = Outline(received, header)
    return found


def _size(response: Response) -> tuple[int, int, str]:
    """uid, size and ISO date of an answer; uid 0 if it is about something else."""
    quick = _SIZE.fullmatch(response.line)
    if quick:
        return int(quick[1]), int(quick[2]), ""
    pairs = fetched(response)
    if b"UID" not in pairs or b"RFC822.SIZE" not in pairs:
        return 0, 0, ""
    date = pairs.get(b"INTERNALDATE")
    moment = parse_date(date) if isinstance(date, bytes) else None
    size = number(pairs[b"RFC822.SIZE"])
    return number(pairs[b"UID"]), size, moment.isoformat() if moment else ""
