"""Makes pages from templates: one self-contained file each, which nothing is fetched for."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from migration.figures import (
    format_bytes,
    format_duration,
    format_moment,
    format_second,
    make_visible,
)

_FOLDER = Path(__file__).parent


def render(template: str, **values: object) -> bytes:
    """The page, UTF-8. Everything that is printed is escaped; a value that the template asks for
    and does not get is an UndefinedError."""
    text = environment().get_template(template).render(**values)
    return text.encode("utf-8", "xmlcharrefreplace")


def macros(template: str, *functions: Callable[..., object]) -> Any:
    """What a template defines, as the attributes of an object: rows are made by them one after
    the other. `functions` can be called in it by their names."""
    known = {function.__name__: function for function in functions}
    return environment().get_template(template, globals=known).module


@cache
def environment() -> Environment:
    """What all templates share: filters for figures and names, and the scripts by name."""
    made = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_show,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "bytes": format_bytes,
        "duration": format_duration,
        "moment": format_moment,
        "number": "{:,}".format,
        "second": format_second,
    }
    made.globals |= {
        "policy": make_policy,
        "script": read_script,
        "style": read_style,
        "data": embed,
        "workflow": read_workflow,
    }
    return made


def _show(value: object) -> object:
    """What is printed, whatever it is: text from outside may hold what disguises it."""
    return value if isinstance(value, Markup) or not isinstance(value, str) else make_visible(value)


@cache
def read_script(name: str) -> Markup:
    """A script below this folder, such as `scripts/rows.js`, as the content of its element."""
    text = (_FOLDER / name).read_text("utf-8")
    if "</script" in text.lower() or "<!--" in text:
        raise ValueError(f"{name} cannot stand in a page: it would end its own element")
    return Markup(text)  # noqa: S704 - it is ours, and has no end of its element in it


@cache
def read_style() -> Markup:
    """page.css."""
    return Markup((_FOLDER / "page.css").read_text("utf-8"))  # noqa: S704 - it is ours


@cache
def read_workflow() -> Any:
    """workflow.json: the workflow in chapters, with the places of its states and arrows in pixels.
    tools/picture lays it out; workflow.html.j2 draws it."""
    return json.loads((_FOLDER / "workflow.json").read_text("utf-8"))


def make_policy(scripts: Sequence[str], connects: str = "") -> str:
    """The page's Content-Security-Policy: nothing is loaded, and no scripts run but these, known by
    their hashes, which may ask nobody but `connects`.
    https://www.w3.org/TR/CSP3/#grammardef-hash-source"""
    hashes = [f"'sha256-{_hash(read_script(name))}'" for name in scripts]
    allowed = " ".join(hashes) or "'none'"
    policy = f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src {allowed}"
    return f"{policy}; connect-src {connects}" if connects else policy


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")


def embed(value: object) -> Markup:
    """JSON, dataclasses as objects, as the content of a `script` element of type application/json:
    no character in it can end the element. ASCII, so that halves of surrogate pairs survive."""
    text = json.dumps(value, separators=(",", ":"), default=asdict)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 - see the loop
