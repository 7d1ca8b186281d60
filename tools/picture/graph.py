"""The workflow as graphs, one a chapter: as ELK takes them, and as pages get them.

An arrow that leaves its chapter is no line but a name in the state: `away`, where the workflow goes
on, and `caught`, where it goes on if the state fails. Nearly every state has the same one there.
https://eclipse.dev/elk/documentation/tooldevelopers/graphdatastructure/jsonformat.html
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from localrun.diagram import find_caught, find_next
from tools.picture.chapters import CHAPTERS, find_chapter

_LETTER, _MARGIN, _HEIGHT, _LINE = 7.6, 30, 32, 16
"""Pixels: a letter of a name, what is beside the name, how high a state is, and a line more."""
_OPTIONS = {
    "elk.algorithm": "layered",
    "elk.direction": "DOWN",
    "elk.edgeRouting": "ORTHOGONAL",
    "elk.layered.considerModelOrder.strategy": "NODES_AND_EDGES",
    "elk.layered.cycleBreaking.strategy": "MODEL_ORDER",
    "elk.layered.nodePlacement.strategy": "BRANDES_KOEPF",
    "elk.layered.nodePlacement.bk.fixedAlignment": "BALANCED",
    "elk.layered.spacing.nodeNodeBetweenLayers": "26",
    "elk.layered.spacing.edgeNodeBetweenLayers": "12",
    "elk.layered.spacing.edgeEdgeBetweenLayers": "8",
    "elk.spacing.nodeNode": "14",
    "elk.spacing.edgeNode": "10",
    "elk.spacing.edgeEdge": "8",
    "elk.aspectRatio": "0.6",
    "elk.padding": "[top=8,left=8,bottom=8,right=8]",
}
_ENDS = {"elk.layered.layering.layerConstraint": "LAST"}
"""Ends stand below everything else: beside it they would make a picture too wide for a phone."""
_INSIDE = {
    **_OPTIONS,
    "elk.layered.layering.strategy": "STRETCH_WIDTH",
    "elk.padding": "[top=36,left=10,bottom=10,right=10]",
}
"""Of what is inside a Map: rather high than wide, with room for the Map's name."""

Json = dict[str, Any]


def digest(definition: Mapping[str, Any]) -> str:
    """What the picture shows, as a hash: it is another one exactly if it must be laid out anew."""
    told = json.dumps([CHAPTERS, make_graphs(definition)], sort_keys=True)
    return hashlib.sha256(told.encode("utf-8")).hexdigest()


def make_graphs(definition: Mapping[str, Any]) -> list[Json]:
    """A graph for each chapter, not laid out yet. A state that no chapter has is a KeyError."""
    states = definition["States"]
    chapters: dict[str, dict[str, Any]] = {name: {} for name in CHAPTERS}
    for name, state in states.items():
        chapters[find_chapter(name)][name] = state
    return [_make_chapter(name, inside) for name, inside in chapters.items()]


def _make_chapter(name: str, states: Mapping[str, Any]) -> Json:
    order = CHAPTERS[name].split()
    return {
        "id": name,
        "layoutOptions": _OPTIONS,
        **_inside(order, states),
    }


def _inside(order: Sequence[str], states: Mapping[str, Any]) -> Json:
    """The states in this order, and the arrows between them."""
    return {
        "children": [_make_node(each, states[each], states) for each in order],
        "edges": [edge for each in order for edge in _make_edges(each, states[each], states)],
    }


def _make_node(name: str, state: Mapping[str, Any], near: Mapping[str, Any]) -> Json:
    away = [target for target in find_next(state) if target not in near]
    caught = [target for target in find_caught(state) if target not in near]
    node: Json = {"id": name, "kind": state["Type"], "away": away, "caught": caught}
    node |= _measure(name, away)
    if state["Type"] == "Map":
        inside = state["ItemProcessor"]["States"]
        node |= {**_inside(tuple(inside), inside), "layoutOptions": _INSIDE}
    return node


def _make_edges(name: str, state: Mapping[str, Any], near: Mapping[str, Any]) -> Iterator[Json]:
    for kind, targets in (("next", find_next(state)), ("catch", find_caught(state))):
        for target in targets:
            if target in near:
                yield {"id": f"{name} {kind} {target}", "sources": [name], "targets": [target]}


def _measure(name: str, away: Sequence[str]) -> Json:
    letters = max(len(name), *(len(each) + 1 for each in away), 0)
    return {"width": round(letters * _LETTER + _MARGIN), "height": _HEIGHT + _LINE * len(away)}


def read_layout(graphs: Sequence[Mapping[str, Any]]) -> list[Json]:
    """The chapters with places for everything that is drawn, in pixels from their upper left."""
    return [
        {
            "name": graph["id"],
            "w": round(graph["width"]),
            "h": round(graph["height"]),
            "nodes": list(_read_nodes(graph, 0, 0)),
            "edges": list(_read_edges(graph, 0, 0)),
        }
        for graph in graphs
    ]


def _read_nodes(
    graph: Mapping[str, Any], left: float, top: float, parent: str = ""
) -> Iterator[Json]:
    for node in graph.get("children", []):
        x, y = left + node["x"], top + node["y"]
        yield {
            "name": node["id"],
            "kind": node["kind"],
            "away": node["away"],
            "caught": node["caught"],
            "parent": parent,
            "x": round(x),
            "y": round(y),
            "w": round(node["width"]),
            "h": round(node["height"]),
        }
        yield from _read_nodes(node, x, y, node["id"])


def _read_edges(graph: Mapping[str, Any], left: float, top: float) -> Iterator[Json]:
    for edge in graph.get("edges", []):
        (section,) = edge["sections"]
        corners = [section["startPoint"], *section.get("bendPoints", []), section["endPoint"]]
        yield {
            "from": edge["sources"][0],
            "to": edge["targets"][0],
            "kind": edge["id"].split()[1],
            "points": [[round(left + at["x"]), round(top + at["y"])] for at in corners],
        }
    for node in graph.get("children", []):
        yield from _read_edges(node, left + node["x"], top + node["y"])
