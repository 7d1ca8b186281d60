"""CSV files of a manifest become records.

UTF-8 with or without a byte order mark, separated by commas or semicolons; the first line names
the columns, in any order; blank lines and lines that begin with # do not count. Each line stands
for itself: a value cannot go on in the next one, so that one open quotation mark hides no other
line.
"""

from __future__ import annotations

import codecs
import csv
import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from migration.manifest_columns import Form, Table
from migration.manifest_records import Fault, Place, Record

UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

_LINE_END = re.compile(rb"\r\n|\n|\r")
_SEPARATORS = re.compile(r"[\s|]+")
_NOT_UTF_8 = "the line is not UTF-8"
_SAVE_AS_UTF_8 = 'save the file as "CSV UTF-8"'


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    text: str
    readable: bool


def read_table(table: Table, file: str, body: bytes) -> tuple[list[Record], list[Fault]]:
    """The entries of one file, and the faults of its writing."""
    start = Place(file, 1, table.name)
    if body.startswith(UTF_16):
        return [], [Fault(start, "the file is UTF-16, not UTF-8", _SAVE_AS_UTF_8)]
    lines = _split(body)
    if not lines:
        remedy = f"begin with the line {','.join(table.usual)}"
        return [], [Fault(start, "the file is empty", remedy)]
    header, *rest = lines
    place = replace(start, line=header.number)
    delimiter = ";" if header.text.count(";") > header.text.count(",") else ","
    names, faults = _read_header(table, place, header.text, delimiter)
    if not header.readable:
        faults.append(Fault(place, _NOT_UTF_8, _SAVE_AS_UTF_8))
    records: list[Record] = []
    blamed: list[Fault] = []
    for number, line in enumerate(rest):
        place = Place(file, line.number, f"{table.name}[{number}]")
        if not line.readable:
            blamed.append(Fault(place, _NOT_UTF_8, _SAVE_AS_UTF_8))
        elif names:
            values, line_faults = _read_values(table, place, line.text, delimiter, names)
            blamed += line_faults
            if any(values.values()):
                records.append(Record(place, values, _read_lists(table, values)))
    if table.needed and names and not records and not blamed:
        place = replace(start, line=header.number)
        remedy = f"add one line per {table.row}"
        faults.append(Fault(place, "no line follows the header", remedy))
    return records, faults + blamed


def split_list(text: str) -> tuple[str, ...]:
    """The items of a list that is written as one text."""
    return tuple(item for item in _SEPARATORS.split(text) if item)


def name_hint(name: str, known: Sequence[str]) -> str:
    """What was probably meant by an unknown name, or what is known."""
    close = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}"


def _read_lists(table: Table, values: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    return {
        column.name: split_list(values[column.name])
        for column in table.columns
        if column.form is Form.LIST and column.name in values
    }


def _split(body: bytes) -> list[_Line]:
    """The lines that count. Each is decoded alone, so that one bad line hides no other."""
    lines = []
    raw_lines = _LINE_END.split(body.removeprefix(codecs.BOM_UTF8))
    for number, raw in enumerate(raw_lines, 1):
        if raw.strip() and not raw.lstrip().startswith(b"#"):
            try:
                lines.append(_Line(number, raw.decode("utf-8"), readable=True))
            except UnicodeDecodeError:
                lines.append(_Line(number, raw.decode("utf-8", "replace"), readable=False))
    return lines


def _cells(text: str, delimiter: str) -> list[str] | None:
    """The line's values without the space around them; None if its quotation marks are wrong."""
    try:
        row = next(csv.reader([text], delimiter=delimiter, skipinitialspace=True, strict=True))
    except csv.Error:
        return None
    return [cell.strip() for cell in row]


def _read_header(
    table: Table, place: Place, text: str, delimiter: str
) -> tuple[list[str], list[Fault]]:
    """The names of the columns. No names if the line is no header at all: then whatever follows
    cannot be told. Its words are not quoted, since they may be somebody's address."""
    names = [cell.lower() for cell in _cells(text, delimiter) or []]
    if not set(names) & set(table.names):
        if set(text.lower().split("\t")) & set(table.names):
            remedy = "save the file as CSV, with commas or semicolons"
            return [], [Fault(place, "tabs stand between the columns", remedy)]
        remedy = f"write {','.join(table.usual)} above it"
        return [], [Fault(place, "the first line does not name the columns", remedy)]
    faults = []
    for position, name in enumerate(names, 1):
        if name not in table.names:
            problem = f"column {position} is unknown"
            faults.append(Fault(place, problem, name_hint(name, table.names)))
        elif name in names[: position - 1]:
            problem = f"column {position} is there a second time"
            faults.append(Fault(replace(place, column=name), problem, "remove one of the two"))
    faults += [
        Fault(replace(place, column=name), "the column is missing", "add it")
        for name in table.required
        if name not in names
    ]
    return names, faults


def _read_values(
    table: Table, place: Place, text: str, delimiter: str, names: Sequence[str]
) -> tuple[Mapping[str, str], list[Fault]]:
    """The values of the known columns; none if they cannot be told apart."""
    cells = _cells(text, delimiter)
    if cells is None:
        remedy = 'close every " on the line where it opens, and write "" for one inside'
        return {}, [Fault(place, "its quotation marks do not fit", remedy)]
    if len(cells) != len(names) and any(cells):
        problem = f"it has {len(cells)} values, and the header names {len(names)} columns"
        remedy = f'give one value per column, and put values that hold {delimiter} into "..."'
        return {}, [Fault(place, problem, remedy)]
    pairs = zip(names, cells, strict=False)  # a line of separators alone counts as blank
    return {name: cell for name, cell in pairs if name in table.names}, []
