"""docs/fidelity.md says what is measured."""

from __future__ import annotations

from pathlib import Path

import pytest

from localrun.fidelity.exchange import measure_in_exchange
from localrun.fidelity.graph import EVENT, GRAPH_KINDS, measure_graph
from localrun.fidelity.graph_samples import GraphSample
from localrun.fidelity.outcomes import Measured, Outcome
from localrun.fidelity.page import make_page, measure
from localrun.fidelity.samples import KINDS, Sample
from migration.items.ical_read import read_calendar
from tests.unit.items import files

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


def test_what_graph_shows_is_told_apart_too() -> None:
    for properties, expected in (
        ({"subject": "a"}, Measured(Outcome.KEPT)),
        ({"subject": "a", "new": 1}, Measured(Outcome.PART, "has no place")),
        ({"new": 1}, Measured(Outcome.LOST, "has no place")),
        ({"start": None}, Measured(Outcome.REFUSED, "event has no start")),
    ):
        assert measure_graph(EVENT, GraphSample("it", properties)) == expected
    with pytest.raises(ValueError, match="says nothing"):
        measure_graph(EVENT, GraphSample("it", {}))
    for kind in GRAPH_KINDS.values():
        assert len({sample.feature for sample in kind.samples}) == len(kind.samples)


def test_each_outcome_in_exchange_is_told_apart() -> None:
    bare = read_calendar(files.event()).events
    for line, expected in (
        ("SUMMARY:a", Measured(Outcome.KEPT)),
        ("COMMENT:a", Measured(Outcome.ELSEWHERE, "the text")),
        ("COLOR:red", Measured(Outcome.LOST, "Exchange colours categories, not items")),
        ("PRIORITY:2", Measured(Outcome.PART, "Exchange has three degrees; the nearest is kept")),
    ):
        assert measure_in_exchange(read_calendar(files.event(line)).events, bare) == expected
