"""The table of how soon a report can be used, and the reports that it is measured with."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from bench.made_report import Size, make_report
from bench.report_page import BEGIN, END, PAGE, RESULTS, Figure, render
from localrun.marks import write_between

FIGURES = (
    Figure(100, 1_200_000, 0.4, 500.0, None, 21.0, 27.0, 22.0),
    Figure(10_000, 4_000_000, 12.04, 1_000.0, 288.0, 1_740.0, 207.0, 60.0),
)


def test_the_table_has_a_row_for_each_page_and_compares_the_ends() -> None:
    rows = [asdict(each) for each in FIGURES]
    lines = render({"machine": "Chromium 1", "repeat": 7, "figures": rows}).splitlines()
    assert lines[0] == "Chromium 1; the best of 7 runs each."
    assert "| 100 | 1.2 MB | 0.4 s | 500 ms | – | 21 ms | 27 ms | 22 ms |" in lines
    assert "| 10,000 | 4.0 MB | 12.0 s | 1000 ms | 288 ms | 1740 ms | 207 ms | 60 ms |" in lines
    assert lines[-1] == (
        "100 times the mailboxes: 3.3 times the page, ready after 2.0 times the time."
    )


def test_the_page_has_the_figures_of_the_last_run() -> None:
    _, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    written, end, _ = rest.partition(END)
    assert end
    assert written.strip() == render(json.loads(RESULTS.read_text("utf-8"))).strip()


def test_a_page_without_marks_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("nothing")
    with pytest.raises(ValueError, match=r"page\.md: there are no marks"):
        write_between(page, BEGIN, END, "figures")
    assert page.read_text() == "nothing"


def test_the_same_size_makes_the_same_report() -> None:
    size = Size(120, folders=3)
    report = make_report(size)
    assert report == make_report(size)
    assert report.counts["mailboxes"] == 120
    assert report.counts["failed"] == 1
    assert report.counts["exceptions"] == 3
    assert {len(each.folders) for each in report.mailboxes if not each.failure} == {3}
