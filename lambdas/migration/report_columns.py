"""What a table of a report is made of. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import attrgetter
from typing import Generic, TypeVar

from migration.report_lines import Summary
from migration.spreadsheet import Cell, write_sheet

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Column(Generic[Row]):
    """A column has the meaning of the row's field that it shows, `path` with dots, or its own."""

    name: str
    read: Callable[[Row], Cell]
    meaning: str = ""
    path: str = ""


@dataclass(frozen=True, slots=True)
class Table(Generic[Row]):
    """`about` says what a row is; `row` is the dataclass that the rows are of."""

    file: str
    about: str
    row: type[Row]
    rows: Callable[[Summary], Iterable[Row]]
    columns: tuple[Column[Row], ...]

    def write(self, summary: Summary) -> bytes:
        """The file."""
        readers = [column.read for column in self.columns]
        rows = ([read(row) for read in readers] for row in self.rows(summary))
        return write_sheet([column.name for column in self.columns], rows)


def field(path: str, name: str) -> Column[Row]:
    """A column of that name, of a field of the row."""
    return Column(name, attrgetter(path), path=path)


def fields(*paths: str) -> tuple[Column[Row], ...]:
    """Columns that are called like their fields."""
    return tuple(field(path, path.rpartition(".")[2]) for path in paths)


def times(*names: str) -> tuple[Column[Row], ...]:
    """Columns of moments, in UTC."""
    return tuple(Column(name, _utc(attrgetter(name)), path=name) for name in names)


def _utc(read: Callable[[Row], str]) -> Callable[[Row], Cell]:
    """A time with another offset in UTC; what is none as it is: the source may have said it."""

    def read_utc(row: Row) -> Cell:
        text = read(row)
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            return text
        if moment.tzinfo is None:
            return text
        return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")

    return read_utc


def joined(path: str, between: str) -> Column[Row]:
    """A column that is called like its field, a list of texts, which stand in one cell."""
    read: Callable[[Row], Sequence[str]] = attrgetter(path)
    return Column(path.rpartition(".")[2], lambda row: between.join(read(row)), path=path)
