"""The bench of Graph: what it measures, and that the page shows the last run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bench.graph import PAGE, Figures, judge, measure, update_document

GOOD = Figures(1000, 0.08, 1025, 30, 10, 4, 0, 48.0, 16.0, 15.6)


def test_the_page_shows_the_last_run(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE.read_text("utf-8"), "utf-8")
    update_document(page)
    assert page.read_text("utf-8") == PAGE.read_text("utf-8")


def test_a_small_mailbox_is_copied_with_few_questions() -> None:
    figures = measure(120, 0.0)
    assert figures.messages == 120
    assert 120 < figures.questions < 180
    assert 0 < figures.second_pass < 40
    assert figures.at_once <= 4
    assert figures.refused == 0


def test_each_claim_can_fail() -> None:
    assert all(holds for _, holds, _ in judge(GOOD))
    bad = [{"questions": 1200}, {"messages_rate": 14.0}, {"at_once": 5}, {"refused": 1}]
    for place, changed in enumerate(bad):
        found = [holds for _, holds, _ in judge(replace(GOOD, **changed))]  # type: ignore[arg-type]
        assert [at for at, holds in enumerate(found) if not holds] == [place]
