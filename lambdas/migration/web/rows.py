"""Tables of any length in a page: the first rows stand in it, the others are packed.

A row is a `tbody` of its own, which the page's template has made, so that there is one way in
which a row looks. scripts/rows.js sorts and filters by the values that are given beside it, and
takes out of the packed rows only those that are to be seen.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from markupsafe import Markup

FIRST = 100
"""How many rows are in the page as they are. Those are what is seen without scripts."""
_CHUNK = 500
"""So many rows are unpacked together when one of them is to be seen."""

Value = str | int


@dataclass(frozen=True, slots=True)
class Column:
    """A column in which each row has a value. Numbers begin with the largest when they are sorted
    by first. `choices` are offered to filter by, in the order in which they sort: value and what it
    is called. One that is not `shown` has no cell, and is searched all the same."""

    heading: str
    number: bool = False
    choices: tuple[tuple[str, str], ...] = ()
    shown: bool = True


@dataclass(frozen=True, slots=True)
class Rows:
    """`first` are as they stand in the page; `packed` is what rows.js reads: columns, the values
    of all rows, and the markup of those that are not among the first."""

    columns: tuple[Column, ...]
    total: int
    first: tuple[Markup, ...]
    packed: dict[str, object]


def lay_out(
    columns: Sequence[Column], rows: Iterable[tuple[Sequence[Value], Markup]], noun: str
) -> Rows:
    """Splits and packs rows, in one pass over them. `noun` is what they are called together, such
    as `mailboxes`; each row has one value a column, and its markup."""
    values: list[Sequence[Value]] = []
    first: list[Markup] = []
    chunks: list[str] = []
    waiting: list[str] = []
    for of_row, markup in rows:
        if len(of_row) != len(columns):
            raise ValueError(f"{len(of_row)} values for {len(columns)} columns")
        values.append(of_row)
        if len(values) <= FIRST:
            first.append(markup)
            continue
        waiting.append(str(markup))
        if len(waiting) == _CHUNK:
            chunks.append(_pack(waiting))
            waiting = []
    if waiting:
        chunks.append(_pack(waiting))
    packed = {
        "noun": noun,
        "columns": [asdict(column) for column in columns],
        "values": _pack(values),
        "chunk": _CHUNK,
        "rest": chunks,
    }
    return Rows(tuple(columns), len(values), tuple(first), packed)


def _pack(value: object) -> str:
    """JSON, gzip, Base64: what `DecompressionStream` and `atob` take apart again. The same for the
    same value at any time."""
    text = json.dumps(value, separators=(",", ":"))
    return base64.b64encode(gzip.compress(text.encode("ascii"), 6, mtime=0)).decode("ascii")
