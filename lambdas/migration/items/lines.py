"""Content lines of iCalendar and vCard (RFC 5545 section 3.1, RFC 6350 section 3.3, RFC 6868).

Reading keeps the number of the line in the file with everything, so that who has to repair a file
finds the place. What is broken in one property does not hide the others.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from migration.errors import ItemMalformed
from migration.items.losses import Loss

MAX_DEPTH = 20
"""A calendar is at most four components deep; whoever nests more wants to break the reader."""

_NAME = re.compile(r"(?:([A-Za-z0-9_-]+)\.)?([A-Za-z0-9_-]+)")
_PARAMETER = re.compile(
    r'\s*([^=;:"]*?)\s*(?:=((?:"[^"]*"|[^";:,])*(?:,(?:"[^"]*"|[^";:,])*)*))?(?=[;:])'
)
_PARAMETER_VALUE = re.compile(r'(?:"[^"]*"|[^",])+')
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_CARETS = {"^n": "\n", "^^": "^", "^'": '"'}
_SOFT_BREAK = re.compile(rb"(?i);(?:encoding=)?quoted-printable[;:]")


@dataclass(frozen=True, slots=True)
class Line:
    """A property. Names are in capitals; `parameters` in the order of the file, without names where
    the file gives none (vCard 2.1)."""

    number: int
    name: str
    value: str
    parameters: tuple[tuple[str, tuple[str, ...]], ...] = ()
    group: str = ""

    def all_of(self, parameter: str) -> tuple[str, ...]:
        """All values of a parameter."""
        return tuple(one for name, values in self.parameters if name == parameter for one in values)

    def first(self, parameter: str) -> str:
        """The first value of a parameter, "" without one."""
        return next(iter(self.all_of(parameter)), "")


@dataclass(slots=True)
class Component:
    """What stands between a BEGIN and its END."""

    name: str
    number: int
    lines: list[Line] = field(default_factory=list)
    components: list[Component] = field(default_factory=list)

    def all_of(self, name: str) -> list[Line]:
        """The properties of that name."""
        return [line for line in self.lines if line.name == name]

    def first(self, name: str) -> Line | None:
        """The first property of that name."""
        return next((line for line in self.lines if line.name == name), None)

    def first_value(self, name: str) -> str:
        """Its value as it stands in the file, "" without one."""
        line = self.first(name)
        return line.value.strip() if line else ""


def make_uid(component: Component) -> str:
    """A UID from the content, the same whenever the component is read."""
    text = repr([(line.name, line.parameters, line.value) for line in component.lines])
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:40]


def parse(data: bytes, losses: list[Loss]) -> list[Component]:
    """The components of a file; lines that are none are added to `losses`. ItemMalformed, with all
    that is wrong, if components do not fit into each other."""
    roots: list[Component] = []
    within: list[Component] = []
    problems: list[str] = []
    for number, raw in unfold(data):
        line = read_line(number, raw, losses)
        if line is None:
            continue
        if line.name == "BEGIN":
            component = Component(line.value.strip().upper(), number)
            (within[-1].components if within else roots).append(component)
            within.append(component)
            if len(within) > MAX_DEPTH:
                raise ItemMalformed([f"line {number}: more than {MAX_DEPTH} components deep"])
        elif line.name == "END":
            problems += _close(within, line)
        elif within:
            within[-1].lines.append(line)
        else:
            losses.append(Loss(line.name, f"line {number}", "stands outside of every component"))
    problems += [f"line {one.number}: {_shown(one.name)} does not end" for one in within]
    if problems:
        raise ItemMalformed(problems)
    return roots


def _close(within: list[Component], line: Line) -> Iterator[str]:
    name = line.value.strip().upper()
    if within and within[-1].name == name:
        within.pop()
    elif any(one.name == name for one in within):
        while within[-1].name != name:
            open_one = within.pop()
            yield f"line {open_one.number}: {_shown(open_one.name)} does not end"
        within.pop()
    else:
        yield f"line {line.number}: {_shown(name)} ends that did not begin"


def _shown(name: str) -> str:
    """A component's name, unless it may be anything."""
    return name if re.fullmatch("[A-Z0-9-]{1,40}", name) else "a component"


def unfold(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Lines as they were before they were folded, each with its number. Octets are put together,
    since some programs fold in the middle of a character."""
    number, pieces = 0, list[bytes]()
    for at, piece in enumerate(re.split(rb"\r\n|\n|\r", data.removeprefix(b"\xef\xbb\xbf")), 1):
        soft = bool(pieces) and pieces[-1].endswith(b"=") and _is_soft(pieces)
        if pieces and (soft or piece[:1] in (b" ", b"\t")):
            if soft:
                pieces[-1] = pieces[-1][:-1]
            pieces.append(piece if soft else piece[1:])
            continue
        if pieces:
            yield number, b"".join(pieces)
        number, pieces = at, [piece] if piece.strip() else []
    if pieces:
        yield number, b"".join(pieces)


def _is_soft(pieces: Sequence[bytes]) -> bool:
    """Whether a line goes on after `=` at its end: in vCard 2.1's quoted-printable only."""
    return bool(_SOFT_BREAK.search(pieces[0]))


def read_line(number: int, raw: bytes, losses: list[Loss]) -> Line | None:
    """One property; None and a loss if it is none."""
    where = f"line {number}"
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("cp1252", "replace")
        losses.append(Loss("characters", where, "not UTF-8; read as Windows-1252"))
    if _CONTROLS.search(text):
        text = _CONTROLS.sub("", text)
        losses.append(Loss("characters", where, "control characters, which no program shows"))
    found = _NAME.match(text)
    if not found or text[found.end() : found.end() + 1] not in (";", ":"):
        losses.append(Loss("line", where, "no property begins like this"))
        return None
    at, parameters = found.end(), list[tuple[str, tuple[str, ...]]]()
    while text[at] == ";":
        one = _PARAMETER.match(text, at + 1)
        if one is None:
            losses.append(Loss(found[2].upper(), where, "its parameters cannot be read"))
            return None
        values = tuple(
            _read_parameter(value[0]) for value in _PARAMETER_VALUE.finditer(one[2] or "")
        )
        name = one[1].upper()
        parameters.append((name, values) if one[2] is not None else ("", (one[1],)))
        at = one.end()
    return Line(number, found[2].upper(), text[at + 1 :], tuple(parameters), found[1] or "")


def _read_parameter(value: str) -> str:
    plain = value.strip().replace('"', "")
    return re.sub(r"\^[n^']", lambda found: _CARETS[found[0]], plain)


# -- values --------------------------------------------------------------------------------------


def unescape(value: str) -> str:
    r"""TEXT as it was meant: \n, \, \; and \\ are read; any other backslash stands for itself."""
    return re.sub(r"\\([nN,;\\:\"])", lambda found: "\n" if found[1] in "nN" else found[1], value)


def escape(text: str) -> str:
    """TEXT as it is written."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n").replace("\\", "\\\\")
    return plain.replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def split_values(value: str, separator: str = ",") -> list[str]:
    """The parts between separators that are not escaped; themselves still escaped."""
    parts, start, at = list[str](), 0, 0
    while at < len(value):
        if value[at] == separator:
            parts.append(value[start:at])
            start = at + 1
        at += 2 if value[at] == "\\" else 1
    return [*parts, value[start:]]


# -- writing -------------------------------------------------------------------------------------


def write_line(
    name: str, value: str, parameters: Iterable[tuple[str, Sequence[str]]] = ()
) -> bytes:
    """A property, folded after 75 octets at most, never within a character. `value` is escaped by
    the caller as its type asks; a line end that is left in it cannot begin another property."""
    told = "".join(
        f";{key}={','.join(_write_parameter(one) for one in values)}"
        for key, values in parameters
        if values
    )
    plain = re.sub("\r\n?|\n", "\\\\n", _CONTROLS.sub("", value))
    return _fold(f"{name}{told}:{plain}")


def _write_parameter(value: str) -> str:
    plain = _CONTROLS.sub("", value).replace("^", "^^").replace('"', "^'")
    plain = plain.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "^n")
    return f'"{plain}"' if re.search("[,;:]", plain) or plain != plain.strip() else plain


def _fold(text: str) -> bytes:
    octets = text.encode("utf-8", "replace")
    pieces, start, room = [], 0, 75
    while start < len(octets):
        end = start + room
        while end < len(octets) and octets[end] & 0xC0 == 0x80:
            end -= 1
        pieces.append(octets[start:end])
        start, room = end, 74
    return b"\r\n ".join(pieces) + b"\r\n"
