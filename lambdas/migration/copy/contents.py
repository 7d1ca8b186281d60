"""Which messages verification looks at, and what it finds when it has both sides of one. Pure.

A target that keeps bytes is compared byte by byte (but for line ends and NUL, see mime.py), one
that rebuilds messages by what it can show (see traits.py). The date of receipt and the flags are
compared in both cases.
"""

from __future__ import annotations

import hashlib
import heapq
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from migration.copy.audit import Audit, Row
from migration.copy.traits import Traits, compare_traits, read_traits
from migration.mail import Fate, Item
from migration.mime import Fingerprint, Mime, head, pieces

ALL = -1
"""The sample that is every message."""

CONTENT, EMPTY, RECEIVED, FLAGS, KEYWORDS = "content", "empty", "received", "flags", "keywords"

DAMAGE = frozenset({CONTENT, EMPTY})
"""Codes of messages that the target does not have as they were given."""

MILD = frozenset({FLAGS, KEYWORDS})
"""Codes of what people change by reading their mail."""

_CHUNK_ITEMS = 50
_CHUNK_BYTES = 8_000_000
_HEADER_END = re.compile(rb"\r?\n\r?\n")

_HEADER_ADDED = "header-added"
_LEFT_OUT: Mapping[str, frozenset[str]] = {
    "crlf": frozenset(),
    "nul-removed": frozenset(),
    _HEADER_ADDED: frozenset(),
    "keywords-left-out": frozenset({KEYWORDS}),
    "date-left-out": frozenset({RECEIVED}),
}
"""Code of an adjustment -> what is not compared because of it. Line ends and NUL never count."""

_NO_FLAGS = frozenset({"\\recent", "\\deleted"})
_SYSTEM = frozenset({"\\seen", "\\flagged", "\\answered", "\\draft"})


def choose(rows: Mapping[str, Row], sample: int, seed: str, suspects: Collection[str]) -> list[Row]:
    """The messages to look at: `suspects` (uids) first, then the largest, then others by lot.

    The lot is drawn by `seed`: the same seed draws the same, another one others. Messages whose
    place at the target is not known cannot be looked at.
    """
    known = {uid: row for uid, row in rows.items() if row.target_id}
    first = [known[uid] for uid in sorted(suspects) if uid in known]
    if sample == ALL:
        return first + [row for uid, row in known.items() if uid not in suspects]
    if not (sample and known):
        return first
    largest = max(known.values(), key=lambda row: (row.ref.size, row.ref.uid))
    others = (row for row in known.values() if row is not largest)
    drawn = [largest, *heapq.nsmallest(sample - 1, others, key=lambda row: _lot(seed, row))]
    return first + [row for row in drawn if row.ref.uid not in suspects]


def _lot(seed: str, row: Row) -> bytes:
    return hashlib.sha256(f"{seed} {row.ref.uid}".encode()).digest()


def given(audit: Audit) -> list[Row]:
    """Every message that the target was given, once: one that was matched after its folder was
    recreated stands among the earlier ones, too."""
    rows = [*audit.held().values(), *audit.earlier]
    return [row for row in rows if row.fate is not Fate.MATCHED]


def in_chunks(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """The messages in portions that are asked for at once."""
    chunk: list[Row] = []
    size = 0
    for row in rows:
        if chunk and (len(chunk) == _CHUNK_ITEMS or size + row.ref.size > _CHUNK_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(row)
        size += row.ref.size
    if chunk:
        yield chunk


@dataclass(frozen=True, slots=True)
class Shown:
    """What one side shows of a message: its `fingerprint` if the target keeps bytes, else its
    `traits`."""

    received: datetime
    flags: frozenset[str]
    fingerprint: str = ""
    traits: Traits | None = None


def show_source(item: Item, *, by_bytes: bool) -> Shown:
    """What the source shows; uses the content up."""
    if by_bytes:
        return Shown(item.received, item.flags, _print(item.mime))
    return Shown(item.received, item.flags, traits=read_traits(item.mime))


def show_target(item: Item, row: Row, *, by_bytes: bool) -> Shown:
    """What the target shows, without a header that was added on purpose; uses the content up."""
    if by_bytes and _HEADER_ADDED in row.reason.split("+"):
        end = _HEADER_END.search(head(item.mime))
        fingerprint = _print(item.mime, end.end() if end else 0)
        return Shown(item.received, item.flags, fingerprint)
    return show_source(item, by_bytes=by_bytes)


def _print(mime: Mime, skip: int = 0) -> str:
    made = Fingerprint()
    for piece in pieces(mime):
        made.add(piece[skip:])
        skip = max(0, skip - len(piece))
    return made.text


def is_comparable(row: Row, source: Shown | None, *, by_bytes: bool) -> bool:
    """Whether it is known what the target should show. Where bytes count, the audit's fingerprint
    is enough, so that messages can be compared that have left the source."""
    if by_bytes:
        return bool(row.fingerprint or source)
    return source is not None and source.traits is not None


def compare(row: Row, source: Shown | None, target: Shown, *, by_bytes: bool) -> tuple[str, ...]:
    """Codes of what differs, without what had to be adjusted; () if nothing does.

    `source` is None if the message has left it. Flags are compared only where the source's are
    still those of the audit: if they have changed since, the next pass carries them over.
    """
    codes = [*_compare_content(row, source, target, by_bytes=by_bytes)]
    if source is not None and _seconds_apart(source, target) >= 1:
        codes.append(RECEIVED)
    known = _flags(row.flags)
    if source is None or _flags(source.flags) == known:
        codes += _compare_flags(known, _flags(target.flags))
    left_out = _left_out(row)
    return tuple(code for code in codes if code not in left_out)


def _compare_content(
    row: Row, source: Shown | None, target: Shown, *, by_bytes: bool
) -> tuple[str, ...]:
    """A source that writes messages anew each time may have altered its mind: what it gave when
    the message was copied is as right as what it gives now."""
    if not is_comparable(row, source, by_bytes=by_bytes) or not _is_understood(row):
        return ()
    if by_bytes:
        right = {row.fingerprint, source.fingerprint if source else row.fingerprint}
        return () if target.fingerprint in right else (CONTENT,)
    if target.traits is None:
        return (CONTENT,)
    assert source is not None
    assert source.traits is not None
    return compare_traits(source.traits, target.traits)


def _is_understood(row: Row) -> bool:
    """Whether it is known what an adjustment does to the content."""
    return not row.reason or all(code in _LEFT_OUT for code in row.reason.split("+"))


def _left_out(row: Row) -> frozenset[str]:
    codes = row.reason.split("+")
    return frozenset().union(*(_LEFT_OUT.get(code, frozenset()) for code in codes))


def _seconds_apart(source: Shown, target: Shown) -> int:
    """Parts of a second do not count: neither IMAP nor EWS keeps them."""
    apart = source.received.replace(microsecond=0) - target.received.replace(microsecond=0)
    return abs(int(apart.total_seconds()))


def _flags(flags: Collection[str]) -> frozenset[str]:
    return frozenset(flag.casefold() for flag in flags) - _NO_FLAGS


def _compare_flags(known: frozenset[str], target: frozenset[str]) -> list[str]:
    """Some stores have one property for answered and forwarded, so that it cannot be both."""
    if "\\answered" in known & target:
        known, target = known - {"$forwarded"}, target - {"$forwarded"}
    differing = known ^ target
    parts = ((FLAGS, differing & _SYSTEM), (KEYWORDS, differing - _SYSTEM))
    return [code for code, part in parts if part]
