"""What is tried when a server refuses a message: each step changes a little more."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration.mime import fingerprint
from migration.targets.append_ladder import (
    LONGEST_KEYWORD,
    Attempt,
    join_codes,
    ladder,
    split_flags,
    without_note,
)

DATE = datetime(2020, 1, 1, tzinfo=UTC)
CODES = ["crlf", "nul-removed", "header-added", "keywords-left-out", "date-left-out"]

CONTENTS = st.one_of(
    st.binary(max_size=60),
    st.lists(st.sampled_from([b"\r", b"\n", b"\0", b"\r\n", b"a", b":", b" "]), max_size=20).map(
        b"".join
    ),
)
FLAGS = st.lists(st.sampled_from(["\\Seen", "\\Deleted", "$Work", "x"]), unique=True).map(tuple)
ATTEMPTS = st.builds(Attempt, CONTENTS, FLAGS, st.sampled_from([DATE, None]))


@given(ATTEMPTS)
def test_each_step_changes_something_and_says_what(first: Attempt) -> None:
    before, codes = first, list[str]()
    for attempt in ladder(first):
        added = attempt.altered.split("+")
        assert added[:-1] == codes
        codes = added
        changed = (attempt.mime, attempt.flags, attempt.received)
        assert changed != (before.mime, before.flags, before.received)
        before = attempt
    assert codes == [code for code in CODES if code in codes], "in the order of the ladder"
    assert before.received is None
    assert all(flag.startswith("\\") for flag in before.flags)
    assert set(before.flags) <= set(first.flags)
    assert b"\0" not in before.mime
    assert b"\n" not in before.mime.replace(b"\r\n", b"")
    assert b"\r" not in before.mime.replace(b"\r\n", b"")


@given(ATTEMPTS)
def test_what_is_sent_is_known_again(first: Attempt) -> None:
    for attempt in ladder(first):
        assert fingerprint(without_note(attempt.mime)) == fingerprint(first.mime)
        if "header-added" not in attempt.altered:
            assert fingerprint(attempt.mime) == fingerprint(first.mime)


@pytest.mark.parametrize(
    ("mime", "codes"),
    [
        (b"Subject: x\r\n\r\nbody\r\n", []),
        (b"Subject: x\n\nbody\n", ["crlf"]),
        (b"Subject: x\r\n\r\n\0", ["nul-removed"]),
        (b"no header", ["header-added"]),
        (b"", ["header-added"]),
        (b"\r\nbody only", ["header-added"]),
        (b"X-Odd-Name!: x\r\n\r\n", []),
        (b"From ann@example.test Mon Jan 1 00:00:00 2020\r\n", ["header-added"]),
    ],
)
def test_steps_that_change_nothing_are_left_out(mime: bytes, codes: list[str]) -> None:
    attempts = list(ladder(Attempt(mime, (), None)))
    assert (attempts[-1].altered.split("+") if attempts else []) == codes


@given(st.frozensets(st.text(max_size=60)))
def test_flags_are_split_into_atoms_and_others(flags: frozenset[str]) -> None:
    fit, others = split_flags(flags)
    assert sorted([*fit, *others]) == sorted(flags)
    for flag in fit:
        assert flag.isascii()
        assert 0 < len(flag) <= LONGEST_KEYWORD
        assert not set(flag) & set(' ()[]{%*"')
        assert flag.isprintable()


@pytest.mark.parametrize("flag", ["\\Seen", "\\FLAGGED", "$Forwarded", "2020", "a.b", "NonJunk"])
def test_flags_that_fit(flag: str) -> None:
    assert split_flags(frozenset({flag})) == ((flag,), ())


@pytest.mark.parametrize(
    "flag", ["\\Recent", "\\Custom", "a b", "a]b", 'a"b', "a\\b", "ü", "", "x" * 51, "a\tb", "a*"]
)
def test_flags_that_do_not_fit(flag: str) -> None:
    assert split_flags(frozenset({flag})) == ((), (flag,))


def test_codes_are_joined() -> None:
    assert join_codes("", "a", "", "b") == "a+b"
    assert join_codes() == join_codes("") == ""
