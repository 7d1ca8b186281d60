"""The bench of cold imports: what it lays out, and that the page shows the last run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench import ROOT
from bench.cold_import import (
    BEGIN,
    END,
    LAYER,
    PAGE,
    RESULTS,
    list_handlers,
    measure,
    render,
    update_document,
)


def test_the_page_shows_the_last_run(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE.read_text("utf-8"), "utf-8")
    update_document(page)
    assert page.read_text("utf-8") == PAGE.read_text("utf-8")


def test_a_page_without_marks_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("nothing", "utf-8")
    with pytest.raises(ValueError, match=r"page\.md: there are no marks"):
        update_document(page)


def test_a_handler_is_loaded_from_what_would_be_deployed() -> None:
    (figure,) = measure(["release_lock"], 1)
    assert "release_lock" in list_handlers()
    assert figure.handler == "release_lock"
    assert figure.modules > 100
    assert figure.seconds > 0
    assert figure.uncompiled > 0


def test_the_layer_that_is_laid_out_is_the_one_of_the_functions() -> None:
    lines = (ROOT / "lambdas" / "requirements.txt").read_text("utf-8").splitlines()
    assert set(LAYER) == {line.partition("==")[0] for line in lines if not line.startswith("#")}


def test_the_table_names_what_takes_too_long() -> None:
    rows = [
        {"handler": "slow", "modules": 9, "seconds": 0.51, "uncompiled": 0.9},
        {"handler": "quick", "modules": 5, "seconds": 0.5, "uncompiled": 0.6},
    ]
    measured = {"machine": "Python 3 on 2 cores", "repeat": 3, "figures": rows}
    assert render(measured).endswith("NO: slow\n")
    assert render({**measured, "figures": rows[1:]}).endswith("yes\n")


def test_marks_and_results_are_there() -> None:
    text = PAGE.read_text("utf-8")
    assert text.index(BEGIN) < text.index(END)
    assert json.loads(RESULTS.read_text("utf-8"))["figures"]
