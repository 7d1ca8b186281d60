"""Writes the last full run into docs/performance.md, between its two marks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bench import ROOT
from bench.claims import claim_lines, judge
from bench.rows import Row
from bench.table import all_tables

PAGE = ROOT / "docs" / "performance.md"
BEGIN = "<!-- from bench/results/latest.json: python -m bench --document -->"
END = "<!-- end -->"


def update_document(rows: Sequence[Row], page: Path = PAGE) -> None:
    """Replaces what stands between the marks. ValueError when there are none."""
    text = page.read_text("utf-8")
    before, _, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise ValueError(f"{page.name} has no marks: {BEGIN} ... {END}")
    page.write_text(f"{before}{BEGIN}\n\n{render(rows)}\n{END}{after}", "utf-8")


def render(rows: Sequence[Row]) -> str:
    """Tables and claims."""
    claims = "\n".join(claim_lines(judge(rows)))
    return f"{all_tables(rows)}\n```text\n{claims}\n```\n"
