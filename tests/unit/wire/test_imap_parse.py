"""What a server says, read: examples, and properties against IMAPClient's parser."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from imapclient.response_parser import parse_response

from migration.wire.imap_errors import Garbled
from migration.wire.imap_parse import (
    Response,
    Value,
    format_date,
    format_uids,
    number,
    parse_date,
    parse_pairs,
    parse_uids,
    parse_values,
    quote,
)


@pytest.mark.parametrize(
    ("line", "literals", "values"),
    [
        (b'LIST () "/" INBOX', [], [b"LIST", [], b"/", b"INBOX"]),
        (b'LIST (\\Sent) NIL "a \\"b\\" \\\\c"', [], [b"LIST", [b"\\Sent"], None, b'a "b" \\c']),
        (b'LIST () "/" \0', [b"with\r\nline"], [b"LIST", [], b"/", b"with\r\nline"]),
        (b"LIST () nil NIL", [], [b"LIST", [], None, None]),
        (b'LIST () "/" "NIL"', [], [b"LIST", [], b"/", b"NIL"]),
        (b'LIST () "/" [Gmail]/Sent', [], [b"LIST", [], b"/", b"[Gmail]/Sent"]),
        (b'LIST () "/" [Gmail', [], [b"LIST", [], b"/", b"[Gmail"]),
        (b'LIST () "/" a]b', [], [b"LIST", [], b"/", b"a]b"]),
        (b'LIST () "/" "\xfcber"', [], [b"LIST", [], b"/", b"\xfcber"]),
        (b"1 FETCH (BODY[] {0)", [], [b"1", b"FETCH", [b"BODY[]", b"{0"]]),
        (b'1 FETCH (BODY[] "")', [], [b"1", b"FETCH", [b"BODY[]", b""]]),
        (
            b"1 FETCH (BODY[HEADER.FIELDS (A B)] \0 UID 3)",
            [b"x"],
            [b"1", b"FETCH", [b"BODY[HEADER.FIELDS (A B)]", b"x", b"UID", b"3"]],
        ),
        (b"SEARCH 1 2 ", [], [b"SEARCH", b"1", b"2"]),
        (b"((a)(b)) c", [], [[[b"a"], [b"b"]], b"c"]),
        (b"", [], []),
    ],
)
def test_values(line: bytes, literals: list[bytes], values: list[Value]) -> None:
    assert parse_values(line, literals) == values


@pytest.mark.parametrize(
    "line",
    [b"(a", b"a)", b'"a', b"a \0", b"\0\0", b'("a" "b)', b"a\tb", b'"a\\'],
    ids=repr,
)
def test_what_is_no_imap_is_garbled(line: bytes) -> None:
    literals = [b"x"] if line == b"\0\0" else []
    with pytest.raises(Garbled):
        parse_values(line, literals)


def test_long_lines_are_read_in_a_moment() -> None:
    assert parse_values(b"[" * 5_000)
    assert parse_values(b'"' + b"\\a" * 100_000 + b'"')
    with pytest.raises(Garbled):
        parse_values(b'"' + b"\\a" * 100_000)


ATOMS = st.from_regex(rb"[A-Za-z\\$][A-Za-z0-9.\-]{0,12}", fullmatch=True).filter(
    lambda atom: atom.upper() != b"NIL"
)
QUOTED = st.binary(max_size=20).map(lambda raw: raw.translate(None, b"\r\n\0"))
NUMBERS = st.integers(0, 2**32).map(lambda value: b"%d" % value)
LEAVES = st.one_of(
    ATOMS.map(lambda atom: ("atom", atom)),
    NUMBERS.map(lambda digits: ("number", digits)),
    QUOTED.map(lambda raw: ("quoted", raw)),
    st.binary(max_size=30).map(lambda raw: ("literal", raw)),
    st.just(("nil", b"")),
)
TREES = st.lists(
    st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=4), max_leaves=12), max_size=6
)


def written(tree: object, literals: list[bytes]) -> bytes:
    """As a server may send it, with NUL for literals."""
    if isinstance(tree, list):
        return b"(" + b" ".join(written(each, literals) for each in tree) + b")"
    assert isinstance(tree, tuple)
    kind, raw = tree
    assert isinstance(raw, bytes)
    if kind == "literal":
        literals.append(raw)
        return b"\0"
    if kind == "quoted":
        return b'"' + raw.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'
    return b"NIL" if kind == "nil" else raw


def meant(tree: object) -> object:
    if isinstance(tree, list):
        return [meant(each) for each in tree]
    assert isinstance(tree, tuple)
    return None if tree[0] == "nil" else tree[1]


@given(TREES)
def test_whatever_can_be_written_is_read(trees: list[object]) -> None:
    literals: list[bytes] = []
    line = b" ".join(written(tree, literals) for tree in trees)
    assert parse_values(line, literals) == [meant(tree) for tree in trees]


def as_imapclient(value: object) -> object:
    """Numbers are numbers there, lists are tuples."""
    if isinstance(value, list):
        return tuple(as_imapclient(each) for each in value)
    return int(value) if isinstance(value, bytes) and value.isdigit() else value


def only_atoms(tree: object) -> bool:
    """IMAPClient reads quoted digits as a number, and loses escapes in some places."""
    if isinstance(tree, list):
        return all(only_atoms(each) for each in tree)
    assert isinstance(tree, tuple)
    return tree[0] in ("atom", "number", "nil")


@given(TREES.filter(lambda trees: bool(trees) and all(only_atoms(tree) for tree in trees)))
def test_atoms_and_lists_are_read_as_imapclient_reads_them(trees: list[object]) -> None:
    line = b" ".join(written(tree, []) for tree in trees)
    assert as_imapclient(parse_values(line)) == parse_response([line])


@given(st.binary(max_size=60).map(lambda raw: raw.replace(b"\n", b" ")))
def test_no_line_breaks_the_parser(line: bytes) -> None:
    try:
        parse_values(line)
    except Garbled:
        return


@pytest.mark.parametrize("values", [[b"UID"], [[b"UID"], b"3"], b"UID", None])
def test_unpaired_values_are_garbled(values: Value) -> None:
    with pytest.raises(Garbled):
        parse_pairs(values)


@pytest.mark.parametrize("value", [b"", b"-1", b"1.5", b"x", None, [b"1"], "²".encode("latin-1")])
def test_what_is_no_number(value: Value) -> None:
    with pytest.raises(Garbled):
        number(value)


def test_the_kind_of_a_response_is_its_first_word() -> None:
    assert Response(b"a1", b"ok").kind == b"OK"
    assert Response(b"*", b"search").kind == b"SEARCH"
    assert Response(b"*", b"").kind == b""


# -- uids

UIDS = st.lists(st.integers(1, 2**32 - 1), max_size=40, unique=True)


@given(UIDS)
def test_uid_sets_keep_every_uid_in_order(uids: list[int]) -> None:
    assert parse_uids(format_uids(uids).encode()) == uids


@given(st.integers(1, 1000), st.integers(1, 300))
def test_runs_are_written_as_ranges(first: int, length: int) -> None:
    text = format_uids(range(first, first + length))
    assert text == (f"{first}:{first + length - 1}" if length > 1 else str(first))


def test_uid_sets_of_servers() -> None:
    assert parse_uids(b"3,7:9,12") == [3, 7, 8, 9, 12]
    assert parse_uids(b"9:7") == [7, 8, 9]
    assert parse_uids(b"") == []
    for wrong in (b"3:*", b"a", b"1,,2", b"1:2:3"):
        with pytest.raises(Garbled):
            parse_uids(wrong)


# -- dates

ZONES = st.integers(-12 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 28), timezones=ZONES)


@given(MOMENTS)
def test_dates_keep_their_moment_and_their_zone(moment: datetime) -> None:
    moment = moment.replace(microsecond=0)
    found = parse_date(format_date(moment).encode())
    assert found == moment
    assert found is not None
    assert found.utcoffset() == moment.utcoffset()


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        (b"17-Jul-1996 02:44:25 -0700", datetime(1996, 7, 17, 9, 44, 25, tzinfo=UTC)),
        (b" 1-Feb-2015 10:30:00 +0530", datetime(2015, 2, 1, 5, 0, tzinfo=UTC)),
        (b"1-Feb-2015 10:30:00 +0530", datetime(2015, 2, 1, 5, 0, tzinfo=UTC)),
        (b"01-FEB-2015 10:30:00 +0000", datetime(2015, 2, 1, 10, 30, tzinfo=UTC)),
        (b"01-Jan-1970 00:00:00 +0000", datetime(1970, 1, 1, tzinfo=UTC)),
        (b"31-Dec-2099 23:59:59 +1400", datetime(2099, 12, 31, 9, 59, 59, tzinfo=UTC)),
    ],
)
def test_dates_of_servers(text: bytes, moment: datetime) -> None:
    assert parse_date(text) == moment


@pytest.mark.parametrize(
    "text",
    [
        *(b"", b"NIL", b"yesterday", b"00-Jan-2020 00:00:00 +0000", b"01-Foo-2020 00:00:00 +0000"),
        *(b"01-Jan-2020 25:00:00 +0000", b"01-Jan-2020 23:59:60 +0000", b"01-Jan-2020 00:00:00"),
        *(b"01-Jan-2020 00:00:00 +9900", b"01-Jan-2020 00:00:00 GMT", b"01-Jan-0000 00:00:00 +00"),
    ],
)
def test_a_date_that_makes_no_sense_is_none(text: bytes) -> None:
    assert parse_date(text) is None


# -- strings


@given(st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\0"), max_size=30))
def test_quoted_strings_are_read_as_they_were_meant(text: str) -> None:
    assert parse_values(quote(text)) == [text.encode("latin-1")]


@pytest.mark.parametrize("text", ["a\rb", "a\n", "\0"])
def test_a_line_end_cannot_be_quoted(text: str) -> None:
    with pytest.raises(ValueError, match="line end"):
        quote(text)
