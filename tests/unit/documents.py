"""The documents, taken apart: what the tests beside this one look up in the code."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/*.md")])

COMING: dict[str, tuple[str, str]] = {}
"""What documents name before the code has it, and how one sees that it has: a file, and what stands
in it. What is there is struck off here, and looked up from then on."""

_END_OF_COMMAND = re.compile(r"[;&|(){}]+")


@dataclass(frozen=True, slots=True)
class Page:
    """`prose` is the text without code blocks and addresses of links; `inline` are the pieces of
    code within it; `blocks` the code blocks; `anchors` the names of its headings in links."""

    path: Path
    prose: str
    inline: tuple[str, ...]
    blocks: tuple[str, ...]
    links: tuple[str, ...]
    anchors: frozenset[str]


@cache
def read_page(path: Path) -> Page:
    """CommonMark and its tables, as the hosts of repositories show them."""
    return parse_page(path, path.read_text("utf-8"))


def parse_page(path: Path, text: str) -> Page:
    """The page that this text would be at that place."""
    tokens = MarkdownIt().enable("table").parse(text)
    leaves = [leaf for token in tokens for leaf in (token.children or [])]
    return Page(
        path=path,
        prose="\n".join(_prose(tokens)),
        inline=tuple(leaf.content for leaf in leaves if leaf.type == "code_inline"),
        blocks=tuple(
            token.content
            for token in tokens
            if token.type == "code_block" or (token.type == "fence" and token.info != "mermaid")
        ),
        links=tuple(str(leaf.attrs["href"]) for leaf in leaves if leaf.type == "link_open"),
        anchors=frozenset(_anchors(tokens)),
    )


def _prose(tokens: list[Token]) -> Iterator[str]:
    for token in tokens:
        for leaf in token.children or []:
            if leaf.type in ("text", "code_inline"):
                yield leaf.content


def _anchors(tokens: list[Token]) -> Iterator[str]:
    """GitHub's rule: small letters, no punctuation, a dash for each space."""
    for before, token in pairwise(tokens):
        if before.type == "heading_open":
            text = "".join(leaf.content for leaf in token.children or [])
            yield re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")


@dataclass(frozen=True, slots=True)
class Command:
    """`is_named`: it stands in a sentence, which may name it without all that it needs."""

    words: tuple[str, ...]
    is_named: bool = False


def commands(page: Page) -> Iterator[Command]:
    """Every command in code blocks, and pieces of code that begin like one."""
    starts = ("aws ", "make ", "python -m ", ".venv/bin/python -m ")
    lines = [
        line
        for block in page.blocks
        for line in block.replace("\\\n", " ").splitlines()
        if any(start in line for start in starts)
    ]
    for line in lines:
        yield from map(Command, split_commands(line))
    for code in page.inline:
        if code.startswith(starts):
            yield from (Command(words, is_named=True) for words in split_commands(code))


def split_commands(line: str) -> Iterator[tuple[str, ...]]:
    """`a; b $(c) && d` is four commands. A comment is none."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=";&|(){}")
    lexer.whitespace_split = True
    command: list[str] = []
    for word in lexer:
        if _END_OF_COMMAND.fullmatch(word):
            if command:
                yield tuple(command)
            command = []
        else:
            command.append(word)
    if command:
        yield tuple(command)
