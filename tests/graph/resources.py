"""The properties of Graph's resources, by Microsoft's own descriptions (OpenAPI)."""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

VARIABLE = "GRAPH_CONTRACTS_DIR"


def properties_of(file: str, resource: str) -> dict[str, Any]:
    """The schema of each property that the resource has, inherited ones too, by its name. `file` is
    Mail, Calendar or PersonalContacts. The test is skipped where the files are not there."""
    folder = os.environ.get(VARIABLE, "")
    if not folder:
        pytest.skip(f"{VARIABLE} does not say where Graph's OpenAPI files are")
    schemas = _load(Path(folder) / f"{file}.yml")["components"]["schemas"]
    return _collect(schemas, schemas[resource])


@functools.cache
def _load(path: Path) -> dict[str, Any]:
    loaded = yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader)
    assert isinstance(loaded, dict)
    return loaded


def _collect(schemas: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        return _collect(schemas, schemas[schema["$ref"].rpartition("/")[2]])
    found: dict[str, Any] = {}
    for part in schema.get("allOf", ()):
        found |= _collect(schemas, part)
    found.update(schema.get("properties", {}))
    return found
