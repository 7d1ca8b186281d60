"""What the documentation points to exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text("utf-8")
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)", page.read_text("utf-8"))
    local = [link for link in links if not link.startswith("http")]
    assert [link for link in local if not (page.parent / link).exists()] == []


def test_the_readmes_tree_names_what_is_there() -> None:
    tree = README.split("## What is where")[1].split("- [")[0]
    names = [line.strip().split("  ")[0] for line in tree.splitlines() if line.strip()]
    parts = [part for line in names for part in line.split()]
    assert len(parts) >= 10
    assert [part for part in parts if not (ROOT / part).exists()] == []


def test_every_target_of_the_makefile_is_made_each_time() -> None:
    """Else a folder of the same name would count as its result, and nothing would be done."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z][a-z-]*):(?!=)", makefile, re.MULTILINE))
    (phony,) = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert targets == set(phony.split())
    assert "bench" in targets


def test_the_commands_of_the_readme_are_targets_of_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target in set(re.findall(r"^    make (\w+)", README, re.M)):
        assert re.search(rf"^{target}:", makefile, re.M), target
