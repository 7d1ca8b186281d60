"""What pages are made of: rows that are packed, policies, scripts of others."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from migration.figures import make_visible
from migration.web import render, rows
from migration.web.rows import Column, lay_out
from tools.vendor import BUNDLES, ENTRIES, VENDOR

NAMES = Column("Name")


def unpack(text: Any) -> Any:
    return json.loads(gzip.decompress(base64.b64decode(text)))


def made(number: int) -> Iterator[tuple[list[str | int], Markup]]:
    return (([f"name {at}", at], Markup(f"<tbody>{at}")) for at in range(number))


@pytest.mark.parametrize("number", [0, 1, 99, 100, 101, 600, 601, 1234])
def test_every_row_is_in_the_page_or_packed_in_its_place(number: int) -> None:
    laid = lay_out((NAMES, Column("Size", number=True)), made(number), "names")
    assert laid.total == number
    assert unpack(laid.packed["values"]) == [[f"name {at}", at] for at in range(number)]
    chunks: Any = laid.packed["rest"]
    packed = [markup for chunk in chunks for markup in unpack(chunk)]
    assert [*laid.first, *packed] == [f"<tbody>{at}" for at in range(number)]
    assert len(laid.first) == min(number, rows.FIRST)
    assert all(len(unpack(chunk)) == laid.packed["chunk"] for chunk in chunks[:-1])


def test_a_row_with_too_few_values_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="1 values for 2 columns"):
        lay_out((NAMES, NAMES), [(["only"], Markup())], "names")


@given(st.text(), st.text())
def test_nothing_that_is_packed_is_lost_or_changed(value: str, markup: str) -> None:
    many = [([value], Markup(markup))] * (rows.FIRST + 1)
    laid = lay_out((NAMES,), many, "names")
    chunks: Any = laid.packed["rest"]
    assert unpack(laid.packed["values"])[0] == [value]
    assert unpack(chunks[0]) == [markup]


def test_the_same_rows_make_the_same_page() -> None:
    columns = (NAMES, Column("Size", number=True))
    assert lay_out(columns, made(300), "x") == lay_out(columns, made(300), "x")


@given(st.recursive(st.text() | st.integers(), lambda inner: st.lists(inner), max_leaves=5))
def test_embedded_data_cannot_end_its_element(value: object) -> None:
    text = str(render.embed(value))
    assert not set(text) & set("<>&")
    assert json.loads(text) == value


def test_halves_of_surrogate_pairs_survive_in_embedded_data() -> None:
    assert json.loads(str(render.embed("\ud800 </script><!--"))) == "\ud800 </script><!--"


def test_without_scripts_none_may_run() -> None:
    assert render.make_policy(()).endswith("; script-src 'none'")


def test_a_script_that_would_end_its_own_element_is_refused(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(render, "_FOLDER", tmp_path)
    (tmp_path / "bad.js").write_text('const text = "</script>";')
    with pytest.raises(ValueError, match=r"bad\.js cannot stand in a page"):
        render.read_script("bad.js")


def test_whatever_is_printed_is_shown_without_what_would_disguise_it() -> None:
    made = render.environment().from_string("{{ name }}{{ number }}{{ mark }}")
    shown = made.render(name="\u202egnp.exe<b>", number=7, mark=Markup("<i>\n</i>"))
    assert shown == "\ufffdgnp.exe&lt;b&gt;7<i>\n</i>"


@pytest.mark.parametrize("name", ["Ann", "Zoë", "日本", "👩‍👩‍👧"])
def test_ordinary_names_are_shown_as_they_are(name: str) -> None:
    assert make_visible(name) == name


@pytest.mark.parametrize("file", BUNDLES)
def test_a_bundle_is_what_its_row_says(file: str) -> None:
    row = json.loads((VENDOR / "vendor.json").read_text("utf-8"))[file]
    script = (VENDOR / file).read_bytes()
    assert hashlib.sha256(script).hexdigest() == row["sha256"], "run: make vendor"
    assert (ENTRIES / file.replace(".js", ".mjs")).exists()
    name, version = BUNDLES[file].rsplit("@", 1)
    assert [name, version] in [package[:2] for package in row["packages"]]
    notices = (VENDOR / "NOTICES.txt").read_text("utf-8")
    for package, package_version, licence in row["packages"]:
        assert re.search(rf"^{re.escape(package)} {package_version}$", notices, re.MULTILINE)
        assert licence in ("ISC", "MIT", "BSD-3-Clause"), package
        assert f"{package} {package_version} ({licence})" in script.decode().splitlines()[0]
