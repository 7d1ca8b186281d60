"""docs/fidelity.md says what is measured."""

from __future__ import annotations

from pathlib import Path

import pytest

from localrun.fidelity.outcomes import Measured, Outcome
from localrun.fidelity.page import make_page, measure
from localrun.fidelity.samples import KINDS, Sample

PAGE = Path(__file__).resolve().parents[3] / "docs" / "fidelity.md"


def test_the_page_is_what_is_measured() -> None:
    assert PAGE.read_text("utf-8") == make_page(), "run `make fidelity`"


def test_features_have_names_of_their_own() -> None:
    for samples in KINDS.values():
        assert len({sample.feature for sample in samples}) == len(samples)


def test_each_outcome_is_told_apart() -> None:
    for lines, expected in (
        (("SUMMARY:a",), Measured(Outcome.KEPT)),
        (("SUMMARY:a", "X-A:1"), Measured(Outcome.PART, "a property of one program's own")),
        (("X-A:1",), Measured(Outcome.LOST, "a property of one program's own")),
        (("DURATION:long",), Measured(Outcome.REFUSED, "DURATION is no duration")),
    ):
        assert measure("Events", Sample("it", lines)) == expected
    with pytest.raises(ValueError, match="says nothing"):
        measure("Events", Sample("it", ()))
