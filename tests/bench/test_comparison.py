"""The comparison notices what it must."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.comparison import Mailbox, Print, difference

ONE = Print(b"1", 1_000.0, frozenset({b"\\Seen"}))
TWO = Print(b"2", 2_000.0, frozenset({b"\\Flagged", b"todo"}))
THREE = Print(b"3", 3_000.0, frozenset())


def mailbox(*inbox: Print, **others: tuple[Print, ...]) -> Mailbox:
    return Mailbox({"INBOX": inbox, **others}, 100)


def test_a_copy_is_identical() -> None:
    assert difference(mailbox(ONE, TWO, Empty=()), mailbox(ONE, TWO, Empty=())) == ""


@pytest.mark.parametrize(
    ("copy", "said"),
    [
        (mailbox(ONE, replace(TWO, digest=b"x"), THREE), "1 altered"),
        (mailbox(ONE, replace(TWO, instant=2_001.0), THREE), "1 with another date"),
        (mailbox(ONE, replace(TWO, flags=frozenset({b"todo"})), THREE), "1 with other flags"),
        (mailbox(ONE, replace(TWO, flags=TWO.flags | {b"x"}), THREE), "1 with other flags"),
        (mailbox(ONE, THREE), "1 missing"),
        (mailbox(ONE, TWO, THREE, THREE), "1 added"),
        (mailbox(ONE, THREE, TWO), "1 folder in another order"),
        (mailbox(ONE, TWO, THREE, Other=()), "folders added: Other"),
        (mailbox(TWO), "2 missing"),
        (Mailbox({}, 0), "folders missing: INBOX; 3 missing"),
    ],
)
def test_a_difference_is_said(copy: Mailbox, said: str) -> None:
    assert difference(mailbox(ONE, TWO, THREE), copy) == said


def test_a_missing_empty_folder_is_a_difference() -> None:
    assert difference(mailbox(ONE, Empty=()), mailbox(ONE)) == "folders missing: Empty"


def test_one_of_two_duplicates_is_missed() -> None:
    assert difference(mailbox(ONE, ONE), mailbox(ONE)) == "1 missing"


def test_what_is_in_another_folder_is_missing_here() -> None:
    said = difference(mailbox(ONE, Other=(TWO,)), mailbox(ONE, TWO, Other=()))
    assert said == "1 added; 1 missing"


def test_swapped_flags_of_duplicates_are_only_another_order() -> None:
    other = replace(ONE, flags=frozenset())
    assert difference(mailbox(ONE, other), mailbox(other, ONE)) == "1 folder in another order"


def test_counts() -> None:
    assert mailbox(ONE, TWO, Other=(THREE,)).count == 3
