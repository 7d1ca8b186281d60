"""The examples, the JSON schema and the documentation of the manifest say what the reader does."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from localrun.fakes.blobs import MemoryBlobs
from localrun.manifest_pages import make_schema, write_pages
from migration.errors import ManifestInvalid
from migration.manifest import Manifest, parse_folder, parse_manifest, read_manifest
from migration.manifest_columns import TABLES, Column, Form
from tests.unit.test_wave import settings as tenant_settings

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
DOMAINS = ("example.com",)
SCHEMA = json.loads((EXAMPLES / "manifest.schema.json").read_text("utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)


def read_folder(folder: Path) -> Manifest:
    bodies = {path.name: path.read_bytes() for path in folder.iterdir()}
    return parse_folder(bodies, DOMAINS, "acme")


def read_yaml() -> Manifest:
    return parse_manifest((EXAMPLES / "manifest.yaml").read_bytes(), DOMAINS, "acme", "m.yaml")


def without_lines(manifest: Manifest) -> Manifest:
    return replace(manifest, rows=tuple(replace(row, line=0) for row in manifest.rows))


# ---- the examples ----------------------------------------------------------------------------


def test_the_examples_are_without_fault_and_say_the_same() -> None:
    folder, document = read_folder(EXAMPLES / "manifest"), read_yaml()
    assert [fault.text for fault in (*folder.faults, *document.faults)] == []
    assert without_lines(folder) == without_lines(document)
    assert [len(rows) for rows in (folder.rows, folder.groups, folder.resources)] == [3, 2, 3]
    assert len(folder.sharings) == 2
    assert (folder.unknown, document.unknown) == ((), ())


def test_the_example_of_a_single_file_has_the_users_of_the_others() -> None:
    body = (EXAMPLES / "manifest.csv").read_bytes()
    single = parse_manifest(body, DOMAINS)
    assert single.faults == ()
    users = [replace(row, line=0, profile=replace(row.profile, role="")) for row in single.rows]
    others = without_lines(read_yaml()).rows
    assert users == [replace(row, profile=replace(row.profile, role="")) for row in others]


def test_the_example_as_json_says_the_same() -> None:
    document = yaml.safe_load((EXAMPLES / "manifest.yaml").read_text("utf-8"))
    manifest = parse_manifest(json.dumps(document, indent=2).encode(), DOMAINS, "acme", "m.json")
    assert without_lines(manifest) == without_lines(read_yaml())


def test_the_examples_are_documents_of_the_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    document = yaml.safe_load((EXAMPLES / "manifest.yaml").read_text("utf-8"))
    assert list(VALIDATOR.iter_errors(document)) == []


def test_the_schema_and_the_tables_are_those_of_the_columns() -> None:
    for name, text in write_pages(EXAMPLES).items():
        assert (EXAMPLES / name).read_text("utf-8") == text, "run `make columns`"


def test_the_schema_has_the_readers_columns() -> None:
    assert make_schema() == SCHEMA
    assert list(SCHEMA["properties"]) == list(TABLES)
    for table in TABLES.values():
        entry = SCHEMA["properties"][table.name]["items"]
        assert tuple(entry["properties"]) == table.names
        assert tuple(entry["required"]) == table.required
        assert all(value["description"] for value in entry["properties"].values())


# ---- the form by the key ---------------------------------------------------------------------


def blobs(folder: str = "intake/acme/") -> MemoryBlobs:
    filled = MemoryBlobs()
    filled.put(folder, b"")  # the S3 console makes such a file of a folder
    for path in (EXAMPLES / "manifest").iterdir():
        filled.put(f"{folder}{path.name}", path.read_bytes())
    filled.put("intake/acme.yml", (EXAMPLES / "manifest.yaml").read_bytes())
    return filled


def test_the_key_says_the_form() -> None:
    folder = read_manifest(tenant_settings(), blobs(), "intake/acme/")
    document = read_manifest(tenant_settings(), blobs(), "intake/acme.yml")
    assert folder.faults == document.faults == ()
    assert without_lines(folder) == without_lines(document)
    single = read_manifest(tenant_settings(), blobs(), "intake/acme/users.csv")
    assert (single.rows, single.groups) == (folder.rows, ())


def test_an_older_version_of_a_file_is_read_if_it_is_named() -> None:
    stored = blobs()
    before = stored.put("intake/acme.yml", (EXAMPLES / "manifest.yaml").read_bytes())
    stored.put("intake/acme.yml", b"users: []\n")
    assert read_manifest(tenant_settings(), stored, "intake/acme.yml", before).rows
    with pytest.raises(ManifestInvalid, match=r"no version 99 of intake/acme\.yml any more"):
        read_manifest(tenant_settings(), stored, "intake/acme.yml", "99")


def test_of_a_folder_it_is_the_version_of_its_users() -> None:
    stored = blobs()
    usual = read_manifest(tenant_settings(), stored, "intake/acme/")
    stored.put("intake/acme/users.csv", b"source,target\n")
    pinned = read_manifest(tenant_settings(), stored, "intake/acme/", "1")
    assert without_lines(pinned) == without_lines(usual)
    with pytest.raises(ManifestInvalid, match=r"no version 99 of intake/acme/users\.csv"):
        read_manifest(tenant_settings(), stored, "intake/acme/", "99")


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        ("intake/acme", "upload it to s3://bucket/intake/acme; a folder's name must end in /"),
        ("intake/other", "there is no manifest: upload it to s3://bucket/intake/other"),
        ("intake/other/", "there is no manifest: upload users.csv to s3://bucket/intake/other/"),
        ("intake/acm", "there is no manifest: upload it to s3://bucket/intake/acm"),
    ],
)
def test_a_manifest_that_is_not_there(key: str, problem: str) -> None:
    with pytest.raises(ManifestInvalid) as caught:
        read_manifest(tenant_settings(), blobs(), key)
    assert str(caught.value).endswith(problem)


def test_an_empty_folder_of_the_console_is_no_manifest() -> None:
    empty = MemoryBlobs()
    empty.put("intake/acme/", b"")
    with pytest.raises(ManifestInvalid, match=r"upload users\.csv"):
        read_manifest(tenant_settings(), empty, "intake/acme/")


# ---- the schema against the reader -----------------------------------------------------------

LOCAL = st.from_regex(r"[a-z0-9._%+-]{1,12}", fullmatch=True)
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=30).map(
    str.strip
)
SPECIAL: Mapping[str, st.SearchStrategy[Any]] = {
    "username": st.just(""),  # derived from the address, which no other entry has
    "name": st.just(""),
    "identity_center_id": st.uuids().map(str),
    "source": TEXTS.filter(bool),
    "display_name": TEXTS.filter(bool),
}


def values(column: Column) -> st.SearchStrategy[Any]:
    """Good values of a column that refers to no other entry."""
    if column.name in SPECIAL:
        return SPECIAL[column.name]
    if column.form is Form.YES_NO:
        return st.sampled_from([True, False, "yes", "no", ""])
    if column.form is Form.NUMBER:
        number = st.integers(1, column.most)
        return number | number.map(str) | st.just("")
    if column.choices:
        words = [*column.choices, *(word.upper() for word in column.choices)]
        return st.sampled_from(words if column.required else [*words, ""])
    if column.form is Form.LIST:
        return st.just([]) | st.just("")
    return TEXTS


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """Good documents, in which every address and every name is there once."""
    count = iter(range(1000))

    def address() -> str:
        return f"{next(count)}{draw(LOCAL)}@example.com"

    def entry(table: str) -> dict[str, Any]:
        columns = [each for each in TABLES[table].columns if each.required or draw(st.booleans())]
        made = {column.name: draw(values(column)) for column in columns}
        if "aliases" in made:
            made["aliases"] = [address() for _ in range(draw(st.integers(0, 3)))]
        return made

    users = [entry("users") | {"target": address()} for _ in range(draw(st.integers(1, 3)))]
    users = [user | {"source": f"{number}{user['source']}"} for number, user in enumerate(users)]
    document: dict[str, Any] = {"users": users}
    people = [user["target"] for user in users]
    if draw(st.booleans()):
        document["groups"] = [
            entry("groups")
            | {"address": address(), "members": draw(st.sets(st.sampled_from(people)).map(list))}
            for _ in range(draw(st.integers(0, 2)))
        ]
    if draw(st.booleans()):
        document["resources"] = [
            entry("resources") | {"address": address(), "delegates": people[:1]}
            for _ in range(draw(st.integers(0, 2)))
        ]
    if len(people) > 1:
        words = st.sets(st.sampled_from(["full_access", "SEND_AS", "send_on_behalf"]), min_size=1)
        document["permissions"] = [
            {"mailbox": people[0], "grantee": people[1], "permissions": draw(words.map(list))}
        ]
    return document


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=150)
@given(documents())
def test_good_documents_are_good_for_the_schema_and_in_every_form(document: dict[str, Any]) -> None:
    assert list(VALIDATOR.iter_errors(document)) == []
    forms = [
        parse_manifest(json.dumps(document).encode(), DOMAINS, "acme", "m.json"),
        parse_manifest(
            yaml.safe_dump(document, allow_unicode=True).encode(), DOMAINS, "acme", "m.yaml"
        ),
        parse_folder(write_csv(document), DOMAINS, "acme"),
    ]
    for manifest in forms:
        assert [fault.text for fault in manifest.faults] == []
        assert without_lines(manifest) == without_lines(forms[0])
    assert len(forms[0].rows) == len(document["users"])


def write_csv(document: Mapping[str, Any]) -> dict[str, bytes]:
    """The same as files of a folder; tables that are not there have no file."""
    files = {}
    for name, entries in document.items():
        text = io.StringIO()
        writer = csv.DictWriter(text, TABLES[name].names, quoting=csv.QUOTE_ALL)
        writer.writeheader()
        for each in entries:
            writer.writerow({column: _cell(value) for column, value in each.items()})
        files[f"{name}.csv"] = text.getvalue().encode()
    return files


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "|".join(value) if isinstance(value, list) else str(value)


BAD: list[tuple[str, str, object]] = [
    *((table.name, column, 5) for table in TABLES.values() for column in table.names
      if column != "quota_mb"),
    *((table.name, column, None) for table in TABLES.values() for column in table.names),
    *((table.name, column, {}) for table in TABLES.values() for column in table.names),
    *((table.name, column, "") for table in TABLES.values() for column in table.required),
    *((table.name, column.name, "x" * (column.longest + 1)) for table in TABLES.values()
      for column in table.columns if column.form is Form.TEXT and column.longest),
    *((table.name, column.name, "perhaps") for table in TABLES.values()
      for column in table.columns if column.form is not Form.TEXT and column.form is not Form.LIST),
    ("users", "quota_mb", 51201),
    ("users", "quota_mb", 0),
    ("users", "quota_mb", 2.5),
    ("users", "quota_mb", True),
    ("users", "role", "RESOURCE"),
    ("users", "target", "o'neill@example.com"),
    ("users", "username", "a b"),
    ("users", "identity_center_id", "anna"),
    ("users", "aliases", ["b!@example.com"]),
    ("users", "aliases", [5]),
    ("users", "aliases", ["b@example.com", "b@example.com"]),
    ("users", "aliases", [f"x{number}@example.com" for number in range(101)]),
    ("users", "nickname", "A"),
    ("groups", "name", "\u4f1a"),
    ("groups", "members", ["x"]),
    ("resources", "type", "car"),
    ("resources", "delegates", ["x@example"]),
    ("permissions", "permissions", ["owner"]),
    ("permissions", "permissions", []),
]  # fmt: skip


@pytest.mark.parametrize(("table", "column", "value"), BAD, ids=lambda part: str(part)[:20])
def test_bad_values_are_bad_for_the_schema_and_for_the_reader(
    table: str, column: str, value: object
) -> None:
    document: dict[str, list[dict[str, object]]] = {
        "users": [{"source": "a@example.com", "display_name": "A"}],
        "groups": [{"address": "g@example.com"}],
        "resources": [{"address": "r@example.com", "type": "room"}],
        "permissions": [
            {"mailbox": "a@example.com", "grantee": "b@example.com", "permissions": ["send_as"]}
        ],
    }
    assert list(VALIDATOR.iter_errors(document)) == []
    document[table][0][column] = value
    assert list(VALIDATOR.iter_errors(document))
    manifest = parse_manifest(json.dumps(document).encode(), DOMAINS, "acme", "m.json")
    (fault, *_) = manifest.faults
    known = column if column in TABLES[table].names else ""
    assert (fault.place.record, fault.place.column) == (f"{table}[0]", known)
