"""CSV files: what a spreadsheet reads back, and that nothing in them is a formula."""

from __future__ import annotations

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration.figures import make_visible
from migration.spreadsheet import write_sheet

FORMULA = re.compile(r"\s*[=+\-@\t\r＝＋－＠]")


def read(body: bytes, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), delimiter=delimiter))


def test_it_is_rfc_4180_in_utf_8_with_a_byte_order_mark() -> None:
    body = write_sheet(("name", "size"), [('"Änne", Nöth', 12), ("", None), ("x", -3)])
    text = 'name,size\r\n"""Änne"", Nöth",12\r\n,\r\nx,-3\r\n'
    assert body == b"\xef\xbb\xbf" + text.encode()


@pytest.mark.parametrize(
    ("given_text", "expected"),
    [
        ("=1+1", "'=1+1"),
        ("+49 30 123", "'+49 30 123"),
        ("-2", "'-2"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\ufffd=1"),
        ("\r=1", "'\ufffd=1"),
        ("  =1", "'  =1"),
        ("＝1", "'＝1"),
        ("a;=1", "a;'=1"),
        ("a; -b;c", "a;' -b;c"),
        ("anna@acme.example", "anna@acme.example"),
        ("a=b", "a=b"),
        ("left\u202eright\x00", "left\ufffdright\ufffd"),
        ("two\nlines", "two\ufffdlines"),
        ("half \ud800 a sign", "half ? a sign"),
    ],
)
def test_a_text_that_begins_like_a_formula_gets_an_apostrophe(
    given_text: str, expected: str
) -> None:
    assert read(write_sheet(("text",), [(given_text,)])) == [["text"], [expected]]


def test_numbers_stay_numbers_and_truths_are_words() -> None:
    body = write_sheet(("a", "b", "c", "d"), [(-1, 10_000, True, False)])
    assert read(body)[1] == ["-1", "10000", "yes", "no"]


texts = st.text(st.one_of(st.sampled_from("=+-@;,\"'\t\r\n ＝ä"), st.characters()), max_size=12)


@given(st.lists(st.tuples(texts, texts), max_size=4))
def test_whatever_stands_in_it_no_cell_is_a_formula_and_none_is_lost(
    rows: list[tuple[str, str]],
) -> None:
    body = write_sheet(("a", "b"), rows)
    _, *found = read(body)
    assert len(found) == len(rows)
    for row, cells in zip(rows, found, strict=True):
        for text, cell in zip(row, cells, strict=True):
            assert not FORMULA.match(cell)
            expected = make_visible(text).encode("utf-8", "replace").decode()
            assert cell.replace("'", "") == expected.replace("'", "")
    assert not any(FORMULA.match(cell) for row in read(body, ";")[1:] for cell in row[1:])
