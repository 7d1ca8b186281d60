"""Where in a file of iCalendar or vCard its items are. Pure.

The file is looked through once for the lines that begin and end components; only the items that
are asked for are read. So a file of 100 MB costs its own size and a little for each item.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from migration.groupware_port import CollectionKind
from migration.items.lines import read_line, unescape, unfold
from migration.sources.item_reading import COMPONENTS

_MARK = re.compile(
    rb"(?i)(?<![^\r\n])(?:[a-z0-9_-]+\.)?(?:(BEGIN|END)[ \t]*:[ \t]*([a-z0-9-]+)"
    rb"|(UID|TZID)(?=[:;])|(X-WR-TIMEZONE)(?=[:;]))"
)
_LINE_END = re.compile(rb"\r\n|\n|\r")
_STAMP = re.compile(rb"(?i)(?<![^\r\n])DTSTAMP[:;][^\r\n]*")  # of the export, not of the item
_SOFT = re.compile(rb"(?i);(?:encoding=)?quoted-printable[;:]")
_PLAIN = re.compile(rb"[A-Za-z0-9/_+ -]+")  # the same however it is written
_LONGEST_VALUE = 4000
_KINDS = {name: kind for kind, name in COMPONENTS.items()} | {"VCARD": CollectionKind.CONTACTS}


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of the file, from octet to octet, and the number of its first line."""

    start: int
    end: int
    line: int


@dataclass(slots=True)
class Root:
    """A VCALENDAR: its own properties, which come before its components; its zones by their TZID,
    and where it names the one of its floating times."""

    head: Piece
    zones: list[tuple[bytes, Piece]] = field(default_factory=list)
    zone_name: Piece | None = None
    _is_at_head: bool = True

    def end_head(self, end: int) -> None:
        """Its own properties end there, if not before."""
        if self._is_at_head:
            self.head = Piece(self.head.start, end, self.head.line)
            self._is_at_head = False


@dataclass(slots=True)
class Indexed:
    """An item: all components of one kind and UID. `root` is None for vCards."""

    kind: CollectionKind
    root: Root | None
    pieces: list[Piece] = field(default_factory=list)


@dataclass(slots=True)
class Index:
    """All items by kind and uid, in the file's order. `strays` are the names and the lines of other
    components. The uid of an item without UID is a digest of its text."""

    roots: list[Root] = field(default_factory=list)
    items: dict[tuple[CollectionKind, str], Indexed] = field(default_factory=dict)
    strays: list[tuple[str, int]] = field(default_factory=list)


@dataclass(slots=True)
class _Open:
    """A component that did not end yet."""

    name: str
    start: int
    line: int
    uid: str = ""


def index_file(data: bytes) -> Index:
    """The index. What does not end, or ends what did not begin, is within the item around it, so
    that reading that item tells it; other items are as they are."""
    index, within = Index(), list[_Open]()
    for found, line in _marks(data):
        depth = len(within)
        if found[1] and found[1].upper() == b"BEGIN":
            _begin(data, index, within, _Open(found[2].decode().upper(), found.start(), line))
        elif found[1]:
            name = found[2].decode().upper()
            if name == "VCALENDAR" and depth == 1 and index.roots:
                index.roots[-1].end_head(found.start())
            _end(data, index, within, name, _end_of_line(data, found.end()))
        elif found[3] and depth and depth == (2 if _is_calendar(within) else 1):
            within[-1].uid = within[-1].uid or _value(data, found.start())
        elif found[4] and depth == 1 and index.roots:
            end = _end_of_line(data, found.end())
            index.roots[-1].zone_name = Piece(found.start(), end, line)
    while within:
        _close(data, index, within, len(data))
    return index


def _is_calendar(within: Sequence[_Open]) -> bool:
    return within[0].name == "VCALENDAR"


def _begin(data: bytes, index: Index, within: list[_Open], component: _Open) -> None:
    if not within and component.name == "VCALENDAR":
        index.roots.append(Root(Piece(component.start, len(data), component.line)))
    elif len(within) == 1 and _is_calendar(within):
        index.roots[-1].end_head(component.start)
    within.append(component)


def _end(data: bytes, index: Index, within: list[_Open], name: str, end: int) -> None:
    if not any(one.name == name for one in within):
        return
    while within[-1].name != name:
        _close(data, index, within, end)
    _close(data, index, within, end)


def _close(data: bytes, index: Index, within: list[_Open], end: int) -> None:
    one = within.pop()
    piece = Piece(one.start, end, one.line)
    if not within and one.name == "VCALENDAR":
        index.roots[-1].end_head(end)
    elif not within and one.name == "VCARD":
        _keep(data, index, one, piece, None)
    elif len(within) == 1 and _is_calendar(within):
        root = index.roots[-1]
        if one.name == "VTIMEZONE":
            root.zones.append((one.uid.encode(), piece))
        elif one.name in COMPONENTS.values():
            _keep(data, index, one, piece, root)
        else:
            index.strays.append((one.name, one.line))
    elif not within:
        index.strays.append((one.name, one.line))


def _keep(data: bytes, index: Index, one: _Open, piece: Piece, root: Root | None) -> None:
    kind = _KINDS[one.name]
    uid = one.uid
    if not uid:
        made = hashlib.sha256(_STAMP.sub(b"", data[piece.start : piece.end])).hexdigest()[:40]
        number = 1
        uid = f"sha256:{made}"
        while (kind, uid) in index.items:
            number += 1
            uid = f"sha256:{made}#{number}"
    index.items.setdefault((kind, uid), Indexed(kind, root)).pieces.append(piece)


def _marks(data: bytes) -> Iterator[tuple[re.Match[bytes], int]]:
    line, counted = 1, 0
    for found in _MARK.finditer(data):
        start = found.start()
        line += count_lines(data, counted, start)
        counted = start
        if not _goes_on(data, start):
            yield found, line


def count_lines(data: bytes, start: int, end: int) -> int:
    """How many lines end in that part of the file."""
    breaks = data.count(b"\n", start, end) + data.count(b"\r", start, end)
    return breaks - data.count(b"\r\n", start, end)


def _goes_on(data: bytes, start: int) -> bool:
    """Whether the line before goes on here: after `=` at the end of quoted-printable."""
    while start > 0:
        end = start - 2 if data[start - 2 : start] == b"\r\n" else start - 1
        if data[end - 1 : end] != b"=":
            return False
        start = max(data.rfind(b"\n", 0, end), data.rfind(b"\r", 0, end)) + 1
        if _SOFT.search(data, start, end):
            return True
    return False


def _end_of_line(data: bytes, at: int) -> int:
    found = _LINE_END.search(data, at)
    return found.end() if found else len(data)


def _value(data: bytes, start: int) -> str:
    """The value of the property that begins there; "" if it is none."""
    for number, raw in unfold(data[start : start + _LONGEST_VALUE]):
        line = read_line(number, raw, [])
        return unescape(line.value).strip() if line else ""
    return ""


# -- one item ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Text:
    """What a reader needs for one item. `origins` tell, by the first line of each part, which line
    of the file it is."""

    data: bytes
    origins: tuple[tuple[int, int], ...]

    def renumber(self, told: str) -> str:
        """A text that names lines of `data`, with those of the file."""
        return re.sub(r"\bline (\d+)", lambda found: f"line {self._line(int(found[1]))}", told)

    def _line(self, number: int) -> int:
        here, there = max(one for one in self.origins if one[0] <= number)
        return there + number - here


def cut_item(data: bytes, item: Indexed) -> Text:
    """The item's components, with the zones that they name."""
    if item.root is None:
        return _compose(data, item.pieces)
    root = item.root
    text = b"".join(data[one.start : one.end] for one in item.pieces)
    if root.zone_name:
        text += data[root.zone_name.start : root.zone_name.end]
    zones = [piece for name, piece in root.zones if not _PLAIN.fullmatch(name) or name in text]
    before = [root.zone_name] if root.zone_name else []
    return _compose(data, [*before, *zones, *item.pieces], b"BEGIN:VCALENDAR\n", b"END:VCALENDAR\n")


def cut_head(data: bytes, root: Root) -> Text:
    """The calendar's own properties and its zones."""
    return _compose(
        data, [root.head, *(piece for _, piece in root.zones)], after=b"END:VCALENDAR\n"
    )


def version_of(data: bytes, item: Indexed) -> str:
    """A digest of the item's components, but not of when they were exported."""
    digest = hashlib.sha256()
    for piece in item.pieces:
        digest.update(_STAMP.sub(b"", data[piece.start : piece.end]))
    return digest.hexdigest()[:40]


def _compose(data: bytes, pieces: Sequence[Piece], before: bytes = b"", after: bytes = b"") -> Text:
    parts, origins = [before], [(1, pieces[0].line if pieces else 1)]
    line = 1 + count_lines(before, 0, len(before))
    for piece in pieces:
        part = data[piece.start : piece.end]
        if not part.endswith((b"\r", b"\n")):
            part += b"\n"
        origins.append((line, piece.line))
        line += count_lines(part, 0, len(part))
        parts.append(part)
    return Text(b"".join([*parts, after]), tuple(origins))
