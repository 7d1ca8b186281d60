"""The little of OData's $filter that is answered here: comparisons joined by `and`.

receivedDateTime ge 2026-01-01T00:00:00Z and isRead eq false
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any

from localrun.fakes.graph.answers import GraphError, Json

_TERM = re.compile(
    r"\s*([\w/]+)\s+(eq|ne|gt|ge|lt|le)\s+('(?:[^']|'')*'|[^\s()']+)\s*(?:\s+and\s+|$)", re.I
)
_STARTS = re.compile(r"\s*startswith\(\s*([\w/]+)\s*,\s*'((?:[^']|'')*)'\s*\)\s*", re.I)
_ANY = re.compile(r"\s*(\w+)/any\(\s*(\w+)\s*:\s*\2\s+eq\s+'((?:[^']|'')*)'\s*\)\s*", re.I)
_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}
_WORDS = {"true": True, "false": False, "null": None}

_Row = tuple[str, Callable[[Any, Any], bool], object]


def matching(text: str) -> Callable[[Json], bool]:
    """Whether a resource passes. GraphError for what is not understood."""
    if not text.strip():
        return lambda resource: True
    if found := _STARTS.fullmatch(text):
        path, beginning = found[1], _quoted(found[2]).casefold()
        return lambda resource: str(_field(resource, path)).casefold().startswith(beginning)
    if found := _ANY.fullmatch(text):
        path, wanted = found[1], _quoted(found[3])
        return lambda resource: wanted in _listed(resource, path)
    terms = list(_TERM.finditer(text))
    if "".join(term[0] for term in terms) != text or text.rstrip().casefold().endswith(" and"):
        raise GraphError(400, "BadRequest", f"Invalid filter clause: {text}")
    rows = [(term[1], _OPERATORS[term[2].casefold()], _literal(term[3])) for term in terms]
    return lambda resource: all(_passes(resource, row) for row in rows)


def _listed(resource: Json, path: str) -> list[object]:
    value = _field(resource, path)
    return value if isinstance(value, list) else []


def _passes(resource: Json, row: _Row) -> bool:
    path, compare, wanted = row
    try:
        return compare(_field(resource, path), wanted)
    except TypeError:
        return False


def _field(resource: Json, path: str) -> object:
    here: object = resource
    for name in path.split("/"):
        here = here.get(name) if isinstance(here, dict) else None
    return here


def _literal(text: str) -> object:
    if text.startswith("'"):
        return _quoted(text[1:-1])
    if text.casefold() in _WORDS:
        return _WORDS[text.casefold()]
    return int(text) if re.fullmatch(r"-?\d+", text) else text


def _quoted(text: str) -> str:
    return text.replace("''", "'")
