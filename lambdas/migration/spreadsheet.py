"""CSV files that people open with a spreadsheet: RFC 4180, UTF-8 with a byte order mark, by which
Excel knows it. Pure.

What stands in a text came from somebody's mailbox, manifest or DNS, and a spreadsheet takes a cell
that begins like a formula for one: such a text gets an apostrophe before it
(https://owasp.org/www-community/attacks/CSV_Injection).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

from migration.figures import make_visible

Cell = str | int | None
"""Numbers stay numbers; None is an empty cell, True and False are yes and no."""

CONTENT_TYPE = "text/csv; charset=utf-8"

_FORMULA = re.compile(r"(^|;)(?=\s*[=+\-@\t\r\n\N{FULLWIDTH EQUALS SIGN}"
                      r"\N{FULLWIDTH PLUS SIGN}\N{FULLWIDTH HYPHEN-MINUS}"
                      r"\N{FULLWIDTH COMMERCIAL AT}])")  # fmt: skip
"""Where a formula could begin: also behind a semicolon, at which Excel parts cells where the comma
is the decimal sign."""


def write_sheet(names: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """The file: a line with the names of the columns, then a line for each row."""
    body = io.BytesIO()
    text = io.TextIOWrapper(body, "utf-8-sig", "replace", newline="")
    writer = csv.writer(text)
    writer.writerow(names)
    writer.writerows([_show(cell) for cell in row] for row in rows)
    text.flush()
    return body.getvalue()


def _show(cell: Cell) -> Cell:
    if isinstance(cell, str):
        return make_visible(_FORMULA.sub(r"\1'", cell))
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return cell
