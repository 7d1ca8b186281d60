"""What an IMAP server says, read (RFC 3501 section 9). Pure functions.

A response is a line in which every literal is replaced by one NUL octet, which no line can hold,
and the literals in order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

from migration.wire.imap_errors import Garbled

PLACE = b"\0"
"""Stands in a line where a literal was."""

Value = bytes | list["Value"] | None
"""An atom, string or literal; a list in parentheses; NIL."""

_TOKEN = re.compile(
    rb'[ ]*(?:(\()|(\))|"((?:[^"\\]|\\.)*)"|(\0)|((?:[^\s()"\0\[]+|\[[^\]]*\]|\[)+))'
)
_ESCAPE = re.compile(rb"\\(.)")
_MONTHS = dict(
    zip(
        (b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec").split(),
        range(1, 13),
        strict=True,
    )
)
_MONTH_NAMES = {number: name.decode() for name, number in _MONTHS.items()}


@dataclass(frozen=True, slots=True)
class Response:
    """One response. `tag` is * for untagged ones and + for a request to go on."""

    tag: bytes
    line: bytes
    literals: Sequence[bytes] = ()

    @property
    def text(self) -> str:
        """What follows the tag, for looking at response codes."""
        return self.line.decode("latin-1")

    @property
    def kind(self) -> bytes:
        """The first word in capitals: OK, NO, BAD, LIST, SEARCH, ..."""
        return self.line.split(b" ", 1)[0].upper()

    def values(self) -> list[Value]:
        """Everything on the line, parsed. Garbled if it makes no sense."""
        return parse_values(self.line, self.literals)


def parse_values(line: bytes, literals: Sequence[bytes] = ()) -> list[Value]:
    """The values of a line. Garbled for unbalanced parentheses and what is no IMAP."""
    rest = iter(literals)
    stack: list[list[Value]] = [[]]
    at = 0
    line = line.rstrip()
    while at < len(line):
        found = _TOKEN.match(line, at)
        if found is None or found.end() == at:
            raise Garbled("unreadable-response")
        at = found.end()
        if found[1]:
            stack.append([])
        elif found[2]:
            if len(stack) == 1:
                raise Garbled("unbalanced-response")
            done = stack.pop()
            stack[-1].append(done)
        else:
            stack[-1].append(_scalar(found, rest))
    if len(stack) != 1:
        raise Garbled("unbalanced-response")
    return stack[0]


def _scalar(found: re.Match[bytes], literals: Iterator[bytes]) -> bytes | None:
    if found[3] is not None:
        return _ESCAPE.sub(rb"\1", found[3])
    if found[4]:
        literal = next(literals, None)
        if literal is None:
            raise Garbled("nul-in-a-line")
        return literal
    return None if found[5].upper() == b"NIL" else found[5]


def parse_pairs(values: Value) -> dict[bytes, Value]:
    """A list of names and values (FETCH, STATUS) as a dictionary with names in capitals."""
    if not isinstance(values, list) or len(values) % 2:
        raise Garbled("unpaired-response")
    names = values[::2]
    if not all(isinstance(name, bytes) for name in names):
        raise Garbled("unpaired-response")
    return {
        name.upper(): value
        for name, value in zip(names, values[1::2], strict=True)
        if isinstance(name, bytes)
    }


def number(value: Value) -> int:
    """A number; Garbled if it is none."""
    if isinstance(value, bytes) and value.isdigit():
        return int(value)
    raise Garbled("not-a-number")


def parse_date(text: bytes) -> datetime | None:
    """An INTERNALDATE (`17-Jul-1996 02:44:25 -0700`) with its zone; None if it makes no sense."""
    try:
        day, month, year = text[:11].strip().split(b"-")
        zone = _zone(text[-5:])
        clock = text[-14:-6]
        return datetime(
            int(year),
            _MONTHS[month.capitalize()],
            int(day),
            int(clock[:2]),
            int(clock[3:5]),
            int(clock[6:8]),
            tzinfo=zone,
        )
    except (ValueError, KeyError, IndexError):
        return None


@lru_cache(maxsize=64)
def _zone(text: bytes) -> timezone:
    if text == b"+0000":
        return UTC
    sign = {b"+": 1, b"-": -1}[text[:1]]
    return timezone(sign * timedelta(hours=int(text[1:3]), minutes=int(text[3:5])))


def format_date(moment: datetime) -> str:
    """A date for APPEND, in the zone that it has."""
    day = f"{moment.day:02}-{_MONTH_NAMES[moment.month]}-{moment.year:04}"
    clock = f"{moment.hour:02}:{moment.minute:02}:{moment.second:02}"
    return f"{day} {clock} {_format_zone(moment.utcoffset() or timedelta())}"


@lru_cache(maxsize=64)
def _format_zone(offset: timedelta) -> str:
    minutes = round(offset.total_seconds() / 60)
    sign, minutes = ("-", -minutes) if minutes < 0 else ("+", minutes)
    return f"{sign}{minutes // 60:02}{minutes % 60:02}"


def parse_uids(text: bytes) -> list[int]:
    """A uid set (`3,7:9`) in its order; a range may be written backwards. Garbled for others."""
    found: list[int] = []
    for part in text.split(b",") if text else ():
        low, _, high = part.partition(b":")
        first, last = number(low), number(high or low)
        found += range(min(first, last), max(first, last) + 1)
    return found


def format_uids(uids: Sequence[int]) -> str:
    """A uid set, runs as ranges."""
    parts: list[str] = []
    start = 0
    for position in range(1, len(uids) + 1):
        if position == len(uids) or uids[position] != uids[position - 1] + 1:
            first, last = uids[start], uids[position - 1]
            parts.append(str(first) if first == last else f"{first}:{last}")
            start = position
    return ",".join(parts)


def quote(text: str) -> bytes:
    """A quoted string. ValueError for what cannot be quoted."""
    if any(character in "\r\n\0" for character in text):
        raise ValueError("a line end cannot be quoted")
    return b'"' + text.replace("\\", "\\\\").replace('"', '\\"').encode("latin-1") + b'"'
