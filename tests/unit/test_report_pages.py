"""docs/report.md and the schema of summary.json say what the code does, and all of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator

from localrun.report_pages import find_meaning, make_page, make_pages, make_schema
from migration.report import to_json
from migration.report_lines import Summary
from migration.report_tables import TABLES
from tests.unit.report_summaries import fill, summaries

VALIDATOR = Draft202012Validator(make_schema())

Steps = tuple[str | int, ...]


def objects(value: Any, path: Steps = ()) -> Iterator[tuple[Steps, Any]]:
    """Every object of the document, and where it stands."""
    if isinstance(value, dict):
        yield path, value
        for name, inner in value.items():
            yield from objects(inner, (*path, name))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from objects(inner, (*path, place))


@pytest.mark.parametrize("path", make_pages(), ids=lambda path: path.name)
def test_what_is_committed_is_what_would_be_generated(path: Path) -> None:
    assert path.read_text("utf-8") == make_pages()[path], "run `make report-docs`"


def test_the_schema_is_one_and_every_field_has_a_meaning() -> None:
    schema = make_schema()
    Draft202012Validator.check_schema(schema)
    parts = {"Summary": schema, **schema["$defs"]}
    records = {name: part for name, part in parts.items() if "properties" in part}
    assert len(records) > 15
    assert [
        f"{name}.{field}"
        for name, part in records.items()
        for field, value in part["properties"].items()
        if len(value.get("description", "")) < 4
    ] == []
    assert all("enum" in part for name, part in parts.items() if name not in records)


def test_every_column_has_a_meaning_and_a_name_of_its_own() -> None:
    for table in TABLES:
        names = [column.name for column in table.columns]
        assert len(set(names)) == len(names)
        assert [each.name for each in table.columns if len(find_meaning(table, each)) < 4] == []
        assert table.about.endswith(".")


def test_a_page_without_a_place_for_a_table_is_refused() -> None:
    text = "".join(f"<!-- columns of {table.file}: make report-docs -->\n<!-- end -->\n"
                   for table in TABLES)  # fmt: skip
    with pytest.raises(ValueError, match="no place for fields of summary"):
        make_page(text)


# ---- what is written passes the schema, and nothing else does --------------------------------


def faults(document: Any) -> list[str]:
    return [error.message for error in VALIDATOR.iter_errors(document)]


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(summaries)
def test_every_summary_passes(summary: Summary) -> None:
    assert faults(json.loads(to_json(summary))) == []


def written() -> Any:
    """A summary.json with something of every kind."""
    return json.loads(to_json(fill(Summary)))


def places() -> list[Steps]:
    """Where the objects of the document stand whose keys are fields; `fill` names others `a`."""
    return [path for path, value in objects(written()) if set(value) != {"a"}]


def find(document: Any, path: Steps) -> Any:
    for step in path:
        document = document[step]
    return document


def test_a_key_that_is_missing_or_unknown_fails_wherever_it_stands() -> None:
    assert faults(written()) == []
    assert len(places()) > 15
    for path in places():
        document = written()
        find(document, path)["unheard_of"] = ""
        assert faults(document), path
        for name in find(written(), path):
            document = written()
            del find(document, path)[name]
            assert faults(document), (*path, name)
