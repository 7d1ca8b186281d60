"""Figures in a page of documentation stand between two marks; their bench writes them anew."""

from __future__ import annotations

from pathlib import Path


def write_between(page: Path, begin: str, end: str, text: str) -> None:
    """Replaces what stands between the marks. ValueError when there are none."""
    before, _, rest = page.read_text("utf-8").partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise ValueError(f"{page.name} has no marks: {begin} ... {end}")
    page.write_text(f"{before}{begin}\n\n{text}\n{end}{after}", "utf-8")
