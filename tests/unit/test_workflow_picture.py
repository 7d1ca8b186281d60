"""The picture of the workflow: that it is the definition's, and how pages draw it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

import pytest

from localrun.diagram import DEFINITION, find_caught, find_next
from migration.web.render import environment, read_workflow
from tools.picture.chapters import CHAPTERS
from tools.picture.graph import digest, make_graphs, read_layout

Json = dict[str, Any]


@dataclass(frozen=True)
class Line:
    name: str
    times: int
    entered: str
    status: str


def draw(*states: Line) -> str:
    template = '{% from "workflow.html.j2" import picture %}{{ picture(states) }}'
    return environment().from_string(template).render(states=states)


@pytest.fixture(scope="module")
def definition() -> Json:
    read: Json = json.loads(DEFINITION.read_text("utf-8"))
    return read


def nodes() -> list[Json]:
    return [node for chapter in read_workflow()["chapters"] for node in chapter["nodes"]]


def test_the_picture_is_the_definitions(definition: Json) -> None:
    assert read_workflow()["of"] == digest(definition), "run `make picture`"


def test_another_arrow_is_another_picture(definition: Json) -> None:
    changed = json.loads(json.dumps(definition))
    changed["States"]["PlanWave"]["Next"] = "WriteReport"
    assert digest(changed) != digest(definition)
    changed = json.loads(json.dumps(definition))
    changed["States"]["PlanWave"]["Comment"] = "said in other words"
    assert digest(changed) == digest(definition)


def test_a_state_without_a_chapter_is_named(definition: Json) -> None:
    more = {**definition["States"], "BrandNew": {"Type": "Succeed"}}
    with pytest.raises(KeyError, match="BrandNew"):
        make_graphs({**definition, "States": more})


def test_every_state_is_drawn_once_where_its_chapter_says(definition: Json) -> None:
    inside = [
        name
        for state in definition["States"].values()
        for name in state.get("ItemProcessor", {}).get("States", {})
    ]
    drawn = [node["name"] for node in nodes()]
    assert sorted(drawn) == sorted([*definition["States"], *inside])
    for chapter in read_workflow()["chapters"]:
        outer = [node["name"] for node in chapter["nodes"] if not node["parent"]]
        assert outer == CHAPTERS[chapter["name"]].split()


def test_every_arrow_is_a_line_or_a_name(definition: Json) -> None:
    lines = {
        (edge["from"], edge["to"], edge["kind"])
        for chapter in read_workflow()["chapters"]
        for edge in chapter["edges"]
    }
    named = {node["name"]: node for node in nodes()}
    for name, state in definition["States"].items():
        for target in find_next(state):
            assert (name, target, "next") in lines or target in named[name]["away"]
        for target in find_caught(state):
            assert (name, target, "catch") in lines or target in named[name]["caught"]


def test_states_stand_apart_and_arrows_touch_them() -> None:
    for chapter in read_workflow()["chapters"]:
        named = {node["name"]: node for node in chapter["nodes"]}
        leaves = [node for node in chapter["nodes"] if node["kind"] != "Map"]
        for i, one in enumerate(leaves):
            assert 0 <= one["x"] <= chapter["w"] - one["w"]
            assert 0 <= one["y"] <= chapter["h"] - one["h"]
            assert not any(_overlap(one, other) for other in leaves[i + 1 :]), one["name"]
        for edge in chapter["edges"]:
            assert _touches(named[edge["from"]], edge["points"][0])
            assert _touches(named[edge["to"]], edge["points"][-1])


def _overlap(one: Json, other: Json) -> bool:
    beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
    apart = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
    return not beside and not apart


def _touches(node: Json, point: list[int]) -> bool:
    x, y = point
    within = node["x"] - 1 <= x <= node["x"] + node["w"] + 1
    return within and any(abs(y - end) <= 1 for end in (node["y"], node["y"] + node["h"]))


def test_places_inside_a_map_are_those_of_the_chapter() -> None:
    inner = {"id": "Inner", "kind": "Task", "away": [], "caught": [], "x": 10, "y": 36}
    outer = {"id": "Outer", "kind": "Map", "away": [], "caught": [], "x": 5, "y": 7}
    size = {"width": 100, "height": 32}
    corners = {"startPoint": {"x": 1, "y": 2}, "endPoint": {"x": 3, "y": 4}}
    edge = {"id": "Inner next Inner", "sources": ["Inner"], "targets": ["Inner"]}
    inside = {"children": [inner | size], "edges": [edge | {"sections": [corners]}]}
    graph = {"id": "One", "width": 120, "height": 90, "children": [outer | size | inside]}
    (chapter,) = read_layout([graph])
    assert [(n["name"], n["x"], n["y"], n["parent"]) for n in chapter["nodes"]] == [
        ("Outer", 5, 7, ""),
        ("Inner", 15, 43, "Outer"),
    ]
    assert chapter["edges"][0]["points"] == [[6, 9], [8, 11]]


def test_states_are_lit_and_told_in_words() -> None:
    page = draw(
        Line("Prepare", 1, "2026-12-01T10:00:00+00:00", "passed"),
        Line("CheckDns", 1240, "2026-12-02T10:00:00+00:00", "failed"),
        Line("WaitForDns", 1240, "2026-12-02T11:00:00+00:00", "current"),
    )
    assert '<g class="current" data-state="WaitForDns">' in page
    assert '<g class="failed" data-state="CheckDns">' in page
    assert '<g class="" data-state="Preflight">' in page
    assert "1,240×" in page
    assert "<li>WaitForDns: at work now, entered 1,240 times, last " in page
    told = re.search(r'aria-label="(Cut-over, [^"]+)"', page)
    assert told
    assert "WaitForDns: at work now." in told[1]
    assert '<a class="current" href="#chapter-6" aria-current="step">Cut-over: now</a>' in page


def test_the_picture_of_a_run_that_has_not_begun_has_all_states() -> None:
    page = draw()
    assert page.count("data-state=") == len(nodes())
    assert "No state has been entered yet." in page
    assert "aria-current" not in page
