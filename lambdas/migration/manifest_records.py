"""The entries of a manifest, whatever file they come from, and what is wrong with them.

CSV files and documents both become Records; the rules see nothing else. A Fault names file, line,
column and characters. It never holds an address or a name, because it ends in the execution's
history.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands.

    `line` counts from 1; 0 means the file as a whole, which may be missing. `record` is the entry,
    counted from 0 (`users[3]`), or its list alone (`users`) where no entry is meant; `item` counts
    from 0 within the column's list, -1 without one. `character` counts from 1 within the line of a
    document; it is 0 in a table, where the column's name says enough.
    """

    file: str
    line: int
    record: str = ""
    column: str = ""
    item: int = -1
    character: int = 0

    @property
    def path(self) -> str:
        """`groups[2].members[1]`, as far as it is known."""
        item = f"[{self.item}]" if self.item >= 0 else ""
        return ".".join(part for part in (self.record, self.column) if part) + item

    @property
    def column_text(self) -> str:
        """The column's name; in a document `column 9 (groups[2].members[1])`. "" for the whole
        line of a table."""
        if not self.character:
            return self.column
        return f"column {self.character}" + (f" ({self.path})" if self.path else "")

    def seen_from(self, other: Place) -> str:
        """Where this entry is, said at another one."""
        if self.record == other.record:
            return "this entry" if self.character else "this line"
        if self.character:
            return f"{self.record} (line {self.line})"
        return f"line {self.line}" + (f" of {self.file}" if self.file != other.file else "")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong in the manifest, where, and what to write instead."""

    place: Place
    problem: str
    remedy: str

    @property
    def file(self) -> str:
        return self.place.file

    @property
    def line(self) -> int:
        """From 1, a header included; 0 for the file as a whole."""
        return self.place.line

    @property
    def column(self) -> str:
        return self.place.column_text

    @property
    def text(self) -> str:
        """One sentence for the operator: `users.csv, line 3, target: ...`."""
        line = f"line {self.line}" if self.line else ""
        where = ", ".join(part for part in (self.file, line, self.column) if part)
        return f"{where}: {self.problem}; {self.remedy}"


@dataclass(frozen=True, slots=True)
class Record:
    """One entry: a line of a table, or a mapping of a document.

    `texts` holds the columns that are there, without the space around them; a list that is written
    as one text stands in both. A required key that a document leaves out is an empty text; a column
    that a table lacks is not there, because its header has been blamed; nor is a value of a wrong
    type. `marks` tells where each value of a document stands (by column and item, -1 for the value
    as a whole).
    """

    place: Place
    texts: Mapping[str, str]
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    marks: Mapping[tuple[str, int], Place] = field(default_factory=dict)

    def text(self, column: str) -> str:
        """ "" if nothing is written."""
        return self.texts.get(column, "")

    def has(self, column: str) -> bool:
        """Whether the value is there to be judged, be it empty."""
        return column in self.texts or column in self.lists

    def items(self, column: str) -> tuple[str, ...]:
        """The list of the column; empty if nothing is written."""
        return self.lists.get(column, ())

    def at(self, column: str, item: int = -1) -> Place:
        """Where the value, or the item of its list, stands."""
        if self.place.character:
            whole = self.marks.get((column, -1)) or replace(self.place, column=column)
            return self.marks.get((column, item), whole)
        return replace(self.place, column=column, item=item)

    def nth(self, column: str, item: int) -> int:
        """What number the item has for people, from 1: those before it count even if they could not
        be read."""
        mark = self.marks.get((column, item))
        return (mark.item if mark else item) + 1

    def fault(self, column: str, problem: str, remedy: str, item: int = -1) -> Fault:
        """What is wrong with the value, or with the item of its list."""
        return Fault(self.at(column, item), problem, remedy)


@dataclass(frozen=True, slots=True)
class Contents:
    """What the files hold: the entries of every list, and the faults of the writing itself."""

    records: Mapping[str, tuple[Record, ...]]
    faults: tuple[Fault, ...] = ()

    def of(self, table: str) -> tuple[Record, ...]:
        """The entries of that list; none if it is not there."""
        return self.records.get(table, ())
