"""Writes down what the files of a report hold, for people and for programs, from the dataclasses of
the report and from its tables.

`python -m localrun.report_pages` writes docs/summary.schema.json, and what stands between markers
in docs/report.md.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_type_hints

from pydantic import TypeAdapter

from migration import dns_rollback
from migration.client_report import ClientsReport
from migration.report_columns import Column, Table
from migration.report_lines import Summary
from migration.report_tables import TABLES
from stacks.schema import read_docstring

ROOT = Path(__file__).resolve().parents[1]
SCHEMA, PAGE = ROOT / "docs" / "summary.schema.json", ROOT / "docs" / "report.md"

_MADE = re.compile(r"(<!-- ([\w. ]+): make report-docs -->\n).*?(<!-- end -->)", re.DOTALL)
_LATER = {"ClientsReport": ClientsReport, "DnsRollback": dns_rollback.DnsRollback}
"""Types of a summary's fields that its module imports for type checkers alone."""

Schema = dict[str, Any]


# ---- the schema ------------------------------------------------------------------------------


def make_schema() -> Schema:
    """The JSON schema (draft 2020-12) of summary.json: every field is there, and no other."""
    adapter = TypeAdapter(Summary)
    adapter.rebuild(_types_namespace=_LATER)
    made = adapter.json_schema()
    parts = made.pop("$defs")
    for one in (made, *parts.values()):
        _complete(one)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **made,
        "title": "The report of a migration to Amazon WorkMail",
        "$defs": parts,
    }


def _complete(part: Schema) -> None:
    """Adds what the docstring says, and takes away what is said of values that a program makes."""
    about, meanings = _read(part.pop("description", ""))
    part.pop("title")
    if about:
        part["description"] = about
    if properties := part.get("properties"):
        part["required"], part["additionalProperties"] = list(properties), False
    for name, value in part.get("properties", {}).items():
        value.pop("title", None)
        value.pop("default", None)
        if meaning := meanings.get(name):
            value["description"] = meaning


def _read(docstring: str) -> tuple[str, Mapping[str, str]]:
    """What it says of the whole, and of each field."""
    about, meanings, notes = read_docstring(inspect.cleandoc(docstring))
    return " ".join((*about, *notes)), meanings


# ---- the page --------------------------------------------------------------------------------


def make_page(text: str) -> str:
    """`text` with every table between its markers; ValueError if one has no place."""
    made = {f"columns of {table.file}": "\n".join(_table_rows(table)) for table in TABLES}
    made["fields of summary.json"] = "\n".join(_schema_parts(make_schema()))
    if missing := made.keys() - {found[1] for found in _MADE.findall(text)}:
        raise ValueError(f"no place for {', '.join(sorted(missing))}")
    return _MADE.sub(lambda found: f"{found[1]}{made[found[2]]}\n{found[3]}", text)


def _table_rows(table: Table[Any]) -> Iterator[str]:
    yield f"{table.about}\n\n| column | meaning |\n| --- | --- |"
    for column in table.columns:
        yield f"| `{column.name}` | {_escape(find_meaning(table, column))} |"


def find_meaning(table: Table[Any], column: Column[Any]) -> str:
    """The column's own meaning, or the one of the field that it shows; "" if that has none."""
    if not column.path:
        return column.meaning
    *outer, last = column.path.split(".")
    record = table.row
    for name in outer:
        record = get_type_hints(record)[name]
    return _read(record.__doc__ or "")[1].get(last, "")


def _schema_parts(schema: Schema) -> Iterator[str]:
    parts = schema["$defs"]
    order = list(dict.fromkeys(_references(schema, parts)))
    yield from _fields("The whole", schema)
    for name in order:
        if "properties" in parts[name]:
            yield from _fields(name, parts[name])
    yield "\n### Words\n\n| field's type | words | meaning |\n| --- | --- | --- |"
    for name in sorted(order):
        if "enum" in parts[name]:
            words = ", ".join(f"`{word}`" for word in parts[name]["enum"])
            yield f"| {name} | {words} | {_escape(parts[name].get('description', ''))} |"


def _references(part: Schema, parts: Mapping[str, Schema]) -> Iterator[str]:
    """The names of all types that are reached, in the order in which one reads of them."""
    for found in re.findall(r"#/\$defs/(\w+)", json.dumps(part.get("properties", {}))):
        yield found
        yield from _references(parts[found], parts)


def _fields(name: str, part: Schema) -> Iterator[str]:
    yield f"\n### {name}\n\n{part.get('description', '')}\n\n| field | type | meaning |"
    yield "| --- | --- | --- |"
    for field, value in part["properties"].items():
        meaning = _escape(value.get("description", ""))
        yield f"| `{field}` | {_name_type(value)} | {meaning} |"


def _name_type(value: Schema) -> str:
    if "$ref" in value:
        return str(value["$ref"].rpartition("/")[2])
    if "const" in value:
        return f"`{value['const']}`"
    if "anyOf" in value:
        return " or ".join(map(_name_type, value["anyOf"]))
    if "prefixItems" in value:
        return f"list of {' and '.join(map(_name_type, value['prefixItems']))}"
    if value["type"] == "array":
        return f"list, each {_name_type(value['items'])}"
    if value["type"] == "object":
        return f"by name, each {_name_type(value['additionalProperties'])}"
    return {"string": "text", "integer": "number", "boolean": "true or false"}.get(
        value["type"], str(value["type"])
    )


def _escape(cell: str) -> str:
    """For a Markdown table: what could be a tag is none outside of code, bars stay bars."""
    parts = re.split(r"(`[^`]*`)", cell.replace("|", "\\|"))
    return "".join(
        part if place % 2 else part.replace("<", "\\<") for place, part in enumerate(parts)
    )


def make_pages() -> Mapping[Path, str]:
    """The text of each file as it should be."""
    return {
        SCHEMA: json.dumps(make_schema(), indent=2) + "\n",
        PAGE: make_page(PAGE.read_text("utf-8")),
    }


def main() -> None:
    """Rewrites the files."""
    for path, text in make_pages().items():
        path.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
