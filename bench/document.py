"""Writes the last full run into docs/performance.md, between its two marks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bench import ROOT
from bench.claims import claim_lines, judge
from bench.rows import Row
from bench.table import all_tables
from localrun.marks import write_between

PAGE = ROOT / "docs" / "performance.md"
BEGIN = "<!-- from bench/results/latest.json: python -m bench --document -->"
END = "<!-- end -->"


def update_document(rows: Sequence[Row], page: Path = PAGE) -> None:
    """Replaces what stands between the marks. ValueError when there are none."""
    write_between(page, BEGIN, END, render(rows))


def render(rows: Sequence[Row]) -> str:
    """Tables and claims."""
    claims = "\n".join(claim_lines(judge(rows)))
    return f"{all_tables(rows)}\n```text\n{claims}\n```\n"
