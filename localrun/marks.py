"""What a program writes into a page of documentation stands between two marks."""

from __future__ import annotations

from pathlib import Path


def insert_between(text: str, begin: str, end: str, inner: str) -> str:
    """`text` with `inner` between the marks, in place of what was there. ValueError when there are
    none."""
    before, _, rest = text.partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise ValueError(f"there are no marks: {begin} ... {end}")
    return f"{before}{begin}\n\n{inner}\n{end}{after}"


def write_between(page: Path, begin: str, end: str, inner: str) -> None:
    """The same in a file. ValueError, with its name, when it has no marks."""
    try:
        written = insert_between(page.read_text("utf-8"), begin, end, inner)
    except ValueError as error:
        raise ValueError(f"{page.name}: {error}") from None
    page.write_text(written, "utf-8")
