"""Requests and answers of Graph against Microsoft's OpenAPI descriptions, which nobody here wrote.

They are of 2021. What has come since, and what is in none of the three files, is by name, with its
page, in documented.py and documented_types.py. Three things in them are read otherwise than they
stand: `additionalProperties: {type: object}` would forbid every property of a base type, and
annotations, so here annotations (with an @) are allowed and other unknown names are not; a property
that refers to a type may be null, which OpenAPI 3.0 cannot say of a reference; and `allOf` is one
type.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator

from localrun.fakes.graph.answers import Answer, Ask
from localrun.fakes.graph.routing import plain_path
from tests.graph.documented import LATER, Later
from tests.graph.documented_types import ADDED, EXPANDABLE, OPTIONS, PREFERENCES, TYPES

Json = dict[str, Any]

FILES = ("Calendar.yml", "Mail.yml", "PersonalContacts.yml")
REPO = Path(__file__).resolve().parents[2]
_REF = "#/components/schemas/"
_PREFERENCE = re.compile(r'([\w.\-]+)\s*(?:=\s*("[^"]*"|[^",\s]*))?\s*(?:,|$)')
_PAGED = frozenset({"$skiptoken"})


def contracts_folder() -> Path | None:
    """Where the files are; None if they are not at hand: they are Microsoft's, and no part of this
    repository."""
    told = os.environ.get("GRAPH_CONTRACTS_DIR") or REPO.parent / "shared/contracts/graph"
    folder = Path(told)
    return folder if all((folder / name).exists() for name in FILES) else None


@dataclass(frozen=True, slots=True)
class Operation:
    """What may be asked of a path, and how it is answered. `options` are the query options, with
    the names that $select and $expand may have, or None if any value will do; `shape` is a JSON
    schema, None for octets."""

    path: re.Pattern[str]
    options: Mapping[str, frozenset[str] | None]
    shape: Json | None
    headers: frozenset[str] = frozenset()


class Contract:
    """All operations that read. `problems` are sentences without anything of the content."""

    def __init__(self, operations: Sequence[Operation], types: Mapping[str, Json]) -> None:
        self._operations = operations
        self._types = types
        self._validators: dict[int, Draft202012Validator] = {}

    def problems(self, ask: Ask, answer: Answer) -> list[str]:
        """What is wrong with a request, or with its answer; nothing if all is well."""
        path = plain_path(ask.path)
        operation = self.find(ask.method, path)
        if operation is None:
            return [f"{ask.method} {path}: no operation"]
        found = [*_request_problems(operation, ask), *self._answer_problems(operation, ask, answer)]
        return [f"{ask.method} {path}: {problem}" for problem in found]

    def in_files(self, path: str) -> bool:
        """Whether the files themselves have this path."""
        here = _pattern(path)
        return any(one.path == here for one in self._operations[len(LATER) :])

    def find(self, method: str, path: str) -> Operation | None:
        if method == "POST" and path != "/$batch":
            return None
        return next((one for one in self._operations if one.path.fullmatch(path)), None)

    def _answer_problems(self, operation: Operation, ask: Ask, answer: Answer) -> Iterator[str]:
        if answer.status == 302:
            return
        if answer.status >= 400:
            yield from self._differences(_ERROR, answer.body)
        elif operation.shape is None:
            if not isinstance(answer.body, bytes):
                yield "octets expected"
        else:
            yield from self._differences(operation.shape, answer.body)
            yield from _unselected(ask, answer.body)

    def _differences(self, shape: Json, body: object) -> Iterator[str]:
        key = id(shape)
        if key not in self._validators:
            self._validators[key] = Draft202012Validator({**shape, "$defs": self._types})
        for error in self._validators[key].iter_errors(body):
            place = "/".join("*" if isinstance(one, int) else one for one in error.absolute_path)
            yield f"answer: {place or 'it'} is not of its type: {_why(error.message)}"


_ERROR: Json = {"$ref": "#/$defs/odata.error"}


def _why(message: str) -> str:
    return message if len(message) < 200 else f"...{message[-200:]}"


def _request_problems(operation: Operation, ask: Ask) -> Iterator[str]:
    for name, value in ask.query.items():
        if name not in operation.options and name not in _PAGED:
            yield f"request: option {name} is not documented"
            continue
        known = operation.options.get(name)
        for word in _words(value) if known is not None else ():
            if word not in (known or ()):
                yield f"request: {name} may not have {word}"
    for name, _ in _PREFERENCE.findall(ask.headers.get("prefer", "")):
        if name not in PREFERENCES:
            yield f"request: preference {name} is not documented"
    if "consistencylevel" in ask.headers and "consistencylevel" not in operation.headers:
        yield "request: ConsistencyLevel means nothing here"


def _words(value: str) -> list[str]:
    """Names in $select and $expand, without what is in brackets behind them."""
    bare = re.sub(r"\((?:[^()']|'[^']*')*\)", "", value)
    return [word.strip() for word in bare.split(",") if word.strip()]


def _unselected(ask: Ask, body: object) -> Iterator[str]:
    """An answer with $select tells nothing else, but ids, annotations and what is expanded."""
    if "$select" not in ask.query or not isinstance(body, dict):
        return
    wanted = {"id", *_words(ask.query["$select"]), *_words(ask.query.get("$expand", ""))}
    for one in body.get("value", [body]):
        for name in one:
            if name not in wanted and "@" not in name:
                yield f"answer: {name} was not selected"


# -- reading the files


@lru_cache(maxsize=1)
def load_contract(folder: Path) -> Contract:
    """The three files, reduced to what reads; it takes some seconds, once."""
    types: dict[str, Json] = {}
    rows: list[tuple[str, Json, Json]] = []
    for name in FILES:
        text = (folder / name).read_text("utf-8")
        document = yaml.load(text, Loader=yaml.CSafeLoader)
        schemas = document["components"]["schemas"]
        for title in schemas:
            types.setdefault(title, _reduced(schemas[title], schemas, title))
        for path, methods in document["paths"].items():
            if path.startswith("/users/{") and "get" in methods:
                rows.append((path, methods["get"], document["components"]["parameters"]))
    types |= TYPES
    later = [_later(row, types) for row in LATER]
    return Contract([*later, *(_operation(*row) for row in rows)], types)


def _operation(path: str, told: Json, parameters: Json) -> Operation:
    options: dict[str, frozenset[str] | None] = {}
    for given in told["parameters"]:
        one = parameters[given["$ref"].rpartition("/")[2]] if "$ref" in given else given
        if one["in"] == "query":
            listed = (
                one["schema"].get("items", {}).get("enum") if one["name"] != "$orderby" else None
            )
            options[one["name"]] = frozenset(listed) if listed else None
    content = told["responses"]["200"]["content"]
    shape = (
        _converted(content["application/json"]["schema"]) if "application/json" in content else None
    )
    title = _title(shape)
    if shape is not None and "$ref" not in shape:
        options |= dict.fromkeys(OPTIONS.get(title, ()))
    for name, more in (("$select", ADDED.get(title, {})), ("$expand", EXPANDABLE.get(title, ()))):
        known = options.get(name)
        if known is not None:
            options[name] = known | set(more)
    return Operation(_pattern(path), options, shape)


def _later(row: Later, types: Mapping[str, Json]) -> Operation:
    """What $select may name follows from the type."""
    options: dict[str, frozenset[str] | None] = dict.fromkeys(row.options)
    if row.type is None:
        return Operation(_pattern(row.path), options, None, row.headers)
    shape: Json = {"$ref": f"#/$defs/{row.type}"}
    if row.is_list:
        shape = _object({"value": {"type": "array", "items": shape}})
    if "$select" in options:
        options["$select"] = frozenset(types[row.type]["properties"])
    if "$expand" in options:
        options["$expand"] = frozenset(EXPANDABLE[row.type])
    return Operation(_pattern(row.path), options, shape, row.headers)


def _pattern(path: str) -> re.Pattern[str]:
    parts = re.split(r"\{[^}]+\}", path)
    return re.compile(r"[^/$][^/]*".join(re.escape(part) for part in parts))


def _title(shape: Json | None) -> str:
    """The type of what is told, or of the members of a list."""
    if shape is None:
        return ""
    if "$ref" in shape:
        return str(shape["$ref"]).rpartition("/")[2]
    members = shape["properties"].get("value", {}).get("items", {})
    return str(members.get("$ref", "")).rpartition("/")[2]


def _reduced(told: Json, schemas: Json, title: str) -> Json:
    """One type, with the properties of those that it is based on, and those that came later."""
    if "enum" in told:
        return {"enum": [*told["enum"], *ADDED.get(title, ())]}
    found = _object(dict(_properties(told, schemas)))
    found["properties"] |= ADDED.get(title, {})
    if "required" in told:
        found["required"] = told["required"]
    return found


def _properties(told: Json, schemas: Json) -> Iterator[tuple[str, Json]]:
    if "$ref" in told:
        told = schemas[told["$ref"].removeprefix(_REF)]
    for part in told.get("allOf", ()):
        yield from _properties(part, schemas)
    for name, value in told.get("properties", {}).items():
        shape = _converted(value)
        yield name, {"anyOf": [shape, {"type": "null"}]} if "$ref" in value else shape


def _converted(told: Json) -> Json:
    """A schema of OpenAPI 3.0 as JSON Schema has it."""
    if "$ref" in told:
        return {"$ref": f"#/$defs/{told['$ref'].removeprefix(_REF)}"}
    for choice in ("anyOf", "oneOf"):
        if choice in told:
            return {choice: [_converted(one) for one in told[choice]]}
    if told.get("type") == "object":
        return _object({name: _converted(it) for name, it in told.get("properties", {}).items()})
    shape: Json = {
        key: told[key] for key in ("type", "pattern", "minimum", "maximum") if key in told
    }
    if "items" in told:
        shape["items"] = _converted(told["items"])
    if "enum" in told:
        shape["enum"] = [*told["enum"], *([None] if told.get("nullable") else [])]
    if told.get("nullable") and "type" in shape:
        shape["type"] = [shape["type"], "null"]
    return shape


def _object(properties: Json) -> Json:
    return {
        "type": "object",
        "properties": properties,
        "patternProperties": {"@": {}},
        "additionalProperties": False,
    }


class Judge:
    """Holds each request of a server, and its answer, against the contract: set it as the server's
    `observe`. Requests that are refused as wrong are problems, too."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self.seen: list[tuple[str, str]] = []
        self.problems: list[str] = []

    def __call__(self, ask: Ask, answer: Answer) -> None:
        self.seen.append((ask.method, plain_path(ask.path)))
        self.problems += self._contract.problems(ask, answer)
