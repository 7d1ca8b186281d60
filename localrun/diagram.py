"""Draws the workflow as a Mermaid diagram, from the definition itself.

`python -m localrun.diagram FILE` replaces what stands between the marks in FILE.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from localrun.marks import write_between

DEFINITION = Path(__file__).resolve().parents[1] / "statemachines" / "migrate_tenant.asl.json"
BEGIN, END = "<!-- diagram: make diagram -->", "<!-- end of diagram -->"
_SHAPES = {
    "Choice": ("{", "}"),
    "Wait": ("([", "])"),
    "Succeed": ("((", "))"),
    "Fail": ("((", "))"),
}


def draw(definition: Mapping[str, Any]) -> str:
    """The diagram's text: solid arrows for what follows, dotted ones for what is caught."""
    lines = ["```mermaid", "flowchart TD", *_draw_states(definition, "  "), "```"]
    return "\n".join(lines)


def _draw_states(machine: Mapping[str, Any], indent: str) -> Iterator[str]:
    for name, state in machine["States"].items():
        if state["Type"] == "Map":
            yield f'{indent}subgraph {name}["{name} (one child per item)"]'
            yield from _draw_states(state["ItemProcessor"], indent + "  ")
            yield f"{indent}end"
        else:
            left, right = _SHAPES.get(state["Type"], ("[", "]"))
            yield f"{indent}{name}{left}{name}{right}"
        yield from _draw_arrows(name, state, indent)


def _draw_arrows(name: str, state: Mapping[str, Any], indent: str) -> Iterator[str]:
    for target in find_next(state):
        yield f"{indent}{name} --> {target}"
    for target in find_caught(state):
        yield f"{indent}{name} -.-> {target}"


def find_next(state: Mapping[str, Any]) -> list[str]:
    """The states that may follow this one, each once, as the definition has them."""
    targets = [rule["Next"] for rule in state.get("Choices", [])]
    targets += [state[key] for key in ("Default", "Next") if key in state]
    return list(dict.fromkeys(targets))


def find_caught(state: Mapping[str, Any]) -> list[str]:
    """The states that follow this one only if it fails, each once."""
    follow = find_next(state)
    targets = dict.fromkeys(catcher["Next"] for catcher in state.get("Catch", []))
    return [target for target in targets if target not in follow]


def main() -> None:
    """Rewrites the file that is named on the command line."""
    diagram = draw(json.loads(DEFINITION.read_text("utf-8")))
    write_between(Path(sys.argv[1]), BEGIN, END, diagram)


if __name__ == "__main__":
    main()
