"""What the documentation points to exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.unit.documents import COMING, PAGES, ROOT, parse_page, read_page

README = (ROOT / "README.md").read_text("utf-8")
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")

every_page = pytest.mark.parametrize(
    "path", PAGES, ids=lambda path: str(path.relative_to(ROOT)) if isinstance(path, Path) else None
)


def broken_links(path: Path, links: tuple[str, ...]) -> list[str]:
    """Those of a page at `path` that lead to no file, or to no heading of it."""
    return [link for link in links if not _leads_somewhere(path, link)]


def _leads_somewhere(path: Path, link: str) -> bool:
    if re.match("[a-z]+:", link):
        return True
    name, _, anchor = link.partition("#")
    target = (path.parent / name).resolve() if name else path
    if str(target.relative_to(ROOT)) in COMING:
        return True
    if not target.exists():
        return False
    return not anchor or target.suffix != ".md" or anchor in read_page(target).anchors


@every_page
def test_links_lead_somewhere(path: Path) -> None:
    assert broken_links(path, read_page(path).links) == []


def test_a_broken_link_is_found() -> None:
    text = "[a](limits.md#quotas) [b](limits.md#nowhere) [c](nothing.md) [d](#here)\n\n# Here\n"
    path = ROOT / "docs" / "limits.md"
    assert broken_links(path, parse_page(path, text).links)[:2] == [
        "limits.md#nowhere",
        "nothing.md",
    ]


def test_the_readmes_tree_names_what_is_there() -> None:
    tree = README.split("## What is where")[1].split("- [")[0]
    names = [line.strip().split("  ")[0] for line in tree.splitlines() if line.strip()]
    parts = [part for line in names for part in line.split()]
    assert len(parts) >= 10
    assert [part for part in parts if not (ROOT / part).exists()] == []


def test_every_document_can_be_reached_from_the_readme() -> None:
    reached, new = set(), {ROOT / "README.md"}
    while new:
        reached |= new
        links = {(page.parent / link.partition("#")[0], link) for page in new
                 for link in read_page(page).links if not re.match("[a-z]+:", link)}  # fmt: skip
        targets = {target.resolve() for target, _ in links if target.is_file()}
        new = {target for target in targets if target.suffix == ".md"} - reached
    assert [str(page.relative_to(ROOT)) for page in PAGES if page not in reached] == []


def test_every_target_of_the_makefile_is_made_each_time() -> None:
    """Else a folder of the same name would count as its result, and nothing would be done."""
    targets = set(re.findall(r"^([a-z][a-z-]*):(?!=)", MAKEFILE, re.MULTILINE))
    phony = re.findall(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)
    assert targets == set(" ".join(phony).split())
    assert "bench" in targets


def test_nothing_is_said_to_be_coming_that_is_there() -> None:
    """Documents may name a thing before it comes, but not without being looked up after it has."""
    there = [
        name
        for name, (file, pattern) in COMING.items()
        if (ROOT / file).exists()
        and re.search(pattern, (ROOT / file).read_text("utf-8"), re.MULTILINE)
    ]
    assert there == []
