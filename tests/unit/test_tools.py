"""The check of the machine, and the diagram in the documentation."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from localrun.diagram import BEGIN, DEFINITION, END, draw
from localrun.marks import insert_between
from tools.check_machine import find_problems

ROOT = Path(__file__).resolve().parents[2]


def test_a_fit_machine_has_no_problems() -> None:
    assert find_problems((3, 11), "Linux", "x86_64", ["venv", "ensurepip"]) == []


@pytest.mark.parametrize(
    ("version", "system", "machine", "modules", "advice"),
    [
        ((3, 9), "Linux", "x86_64", ["venv", "ensurepip"], "install Python 3.11"),
        ((3, 12), "Linux", "aarch64", ["venv"], "apt install python3-venv"),
        ((3, 12), "Darwin", "arm64", ["venv", "ensurepip"], "use a Linux machine"),
    ],
)
def test_what_is_missing_is_named_with_what_to_install(
    version: tuple[int, int], system: str, machine: str, modules: list[str], advice: str
) -> None:
    (problem,) = find_problems(version, system, machine, modules)
    assert advice in problem


def test_the_documented_diagram_is_the_definitions() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    diagram = draw(json.loads(DEFINITION.read_text("utf-8")))
    assert insert_between(text, BEGIN, END, diagram) == text, "run `make diagram`"


def test_the_diagram_has_every_state_and_what_is_caught() -> None:
    diagram = draw(json.loads(DEFINITION.read_text("utf-8")))
    assert "subgraph CopyMailboxes" in diagram
    assert "CopySlice -.-> FailMailbox" in diagram
    assert "WaitForDns --> CheckDns" in diagram


def test_what_is_written_into_a_page_stands_between_its_marks() -> None:
    with pytest.raises(ValueError, match="no marks"):
        insert_between("# nothing", BEGIN, END, "x")
    written = insert_between(f"a{BEGIN}old{END}b", BEGIN, END, "new")
    assert written == f"a{BEGIN}\n\nnew\n{END}b"
