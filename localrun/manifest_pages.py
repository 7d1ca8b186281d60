"""Writes down the manifest's columns for people and for editors, from manifest_columns.py.

`python -m localrun.manifest_pages FOLDER` writes FOLDER/manifest.schema.json, and the tables that
stand between markers in FOLDER/README.md.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from migration.manifest_columns import TABLES, Column, Form, Table

SCHEMA, README = "manifest.schema.json", "README.md"

_TABLE = re.compile(
    r"(<!-- columns of (\w+): make columns -->\n).*?(<!-- end of columns -->)", re.DOTALL
)


def make_schema() -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of a manifest that is one document."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Manifest of a migration to Amazon WorkMail",
        "description": "Who and what is migrated. A key that is left out, like an empty text, "
        "leaves what WorkMail has.",
        "type": "object",
        "properties": {table.name: _list_schema(table) for table in TABLES.values()},
        "required": [table.name for table in TABLES.values() if table.needed],
        "additionalProperties": False,
    }


def _list_schema(table: Table) -> dict[str, Any]:
    return {
        "description": f"One entry per {table.row}.",
        "type": "array",
        **({"minItems": 1} if table.needed else {}),
        "items": {
            "type": "object",
            "properties": {column.name: _value_schema(column) for column in table.columns},
            "required": list(table.required),
            "additionalProperties": False,
        },
    }


def _value_schema(column: Column) -> dict[str, Any]:
    value = {
        Form.TEXT: _text_schema,
        Form.LIST: _array_schema,
        Form.YES_NO: lambda _: {"enum": [True, False, "yes", "no", ""]},
        Form.NUMBER: _number_schema,
    }[column.form](column)
    return {"description": describe(column), **value}


def _text_schema(column: Column) -> dict[str, Any]:
    if column.choices:
        return {"enum": [*_spellings(column), *([] if column.required else [""])]}
    schema: dict[str, Any] = {"type": "string"}
    if column.longest:
        schema["maxLength"] = column.longest
    if column.pattern:
        pattern = column.pattern if column.required else f"({column.pattern})?"
        schema["pattern"] = f"^{pattern}$"
    elif column.required:
        schema["pattern"] = r"\S"
    return schema


def _array_schema(column: Column) -> dict[str, Any]:
    items: dict[str, Any] = {"type": "string"}
    if column.choices:
        items = {"enum": _spellings(column)}
    if column.longest:
        items["maxLength"] = column.longest
    if column.pattern:
        items["pattern"] = f"^{column.pattern}$"
    array = {"type": "array", "items": items, "uniqueItems": True}
    if column.most:
        array["maxItems"] = column.most
    text = {"type": "string"}
    if column.required:
        array["minItems"] = 1
        text["pattern"] = r"\S"
    return {"anyOf": [array, text]}


def _number_schema(column: Column) -> dict[str, Any]:
    number = {"type": "integer", "minimum": 1, "maximum": column.most}
    return {"anyOf": [number, {"type": "string", "pattern": "^[0-9]*$"}]}


def _spellings(column: Column) -> list[str]:
    """Each choice as it is documented, and in small and capital letters."""
    small = [choice.lower() for choice in column.choices]
    capital = [choice.upper() for choice in column.choices]
    return list(dict.fromkeys([*column.choices, *small, *capital]))


def describe(column: Column) -> str:
    """The column's meaning and its limits, in a sentence or two."""
    limits = ", ".join(_limits(column))
    parts = [column.meaning, limits[:1].upper() + limits[1:], "Required" * column.required]
    return ". ".join(part for part in parts if part)


def _limits(column: Column) -> Iterator[str]:
    if column.choices:
        yield f"{', '.join(column.choices[:-1])} or {column.choices[-1]}"
    if column.form is Form.YES_NO:
        yield "yes or no"
    if column.form is Form.NUMBER:
        yield f"1 to {column.most}"
    if column.form is Form.LIST and column.most:
        yield f"at most {column.most}"
    if column.form is Form.TEXT and column.longest and not column.choices:
        yield f"at most {column.longest} characters"


def insert_tables(text: str) -> str:
    """`text` with each list's columns between their markers; ValueError if a list has none."""
    missing = TABLES.keys() - {found[1] for found in _TABLE.findall(text)}
    if missing:
        raise ValueError(f"no place for the columns of {', '.join(sorted(missing))}")
    return _TABLE.sub(lambda found: found[1] + _rows(TABLES[found[2]]) + found[3], text)


def _rows(table: Table) -> str:
    lines = ["| column | meaning |", "| --- | --- |"]
    lines += [f"| `{column.name}` | {describe(column)} |" for column in table.columns]
    return "\n".join(lines) + "\n"


def write_pages(folder: Path) -> Mapping[str, str]:
    """The text of each file as it should be, by its name."""
    schema = json.dumps(make_schema(), indent=2, ensure_ascii=True) + "\n"
    readme = (folder / README).read_text("utf-8")
    return {SCHEMA: schema, README: insert_tables(readme)}


def main() -> None:
    """Rewrites the files in the folder that is named on the command line."""
    folder = Path(sys.argv[1])
    for name, text in write_pages(folder).items():
        (folder / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main()
