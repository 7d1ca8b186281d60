"""The judgement of one folder from its counts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration.copy.audit import Row
from migration.copy.judge import Looked, judge
from migration.mail import Fate, ItemRef
from migration.model import Agreement, FolderCheck, FolderRecord, Intent, Tally

RECORD = FolderRecord("f1", ("A",), ("A",), "1", "t1", cursor="9", total=Tally(5, 50))
AGREE, EXCEPTIONS, DIFFER = Agreement.AGREE, Agreement.EXCEPTIONS, Agreement.DIFFER


@pytest.mark.parametrize(
    ("source", "rejected", "target", "arrived", "agreement", "reason"),
    [
        (5, 0, 5, 0, AGREE, ""),
        (7, 0, 5, 2, AGREE, "2 arrived at the source since"),
        (3, 0, 5, 0, AGREE, "2 gone from the source since"),
        (6, 1, 5, 0, EXCEPTIONS, "1 refused"),
        (5, 0, 4, 0, DIFFER, "1 missing in the target"),
        (5, 0, 6, 0, DIFFER, "1 more in the target than were copied"),
        (7, 0, 5, 0, DIFFER, "2 at the source that were never copied"),
        (6, 1, 3, 0, DIFFER, "2 missing in the target; 1 refused"),
        (0, 0, 0, 0, DIFFER, "5 missing in the target; 5 gone from the source since"),
    ],
)
def test_three_counts_are_judged(
    source: int, rejected: int, target: int, arrived: int, agreement: Agreement, reason: str
) -> None:
    record = replace(RECORD, total=replace(RECORD.total, rejected=rejected))
    assert judge(source, record, target, arrived) == FolderCheck(
        source, 5, target, agreement, reason
    )


def test_vanished_messages_are_not_expected_anywhere() -> None:
    record = replace(RECORD, total=replace(RECORD.total, gone=3))
    assert judge(5, record, 5).agreement is AGREE


def test_what_filters_leave_out_is_expected_at_the_source_alone() -> None:
    record = replace(RECORD, total=replace(RECORD.total, skipped=3))
    check = judge(8, record, 5)
    assert (check.agreement, check.reason) == (AGREE, "3 left out by the tenant's filters")
    assert judge(9, record, 5).agreement is DIFFER


def test_an_open_batch_is_a_difference() -> None:
    check = judge(5, replace(RECORD, intent=Intent((), "9")), 5)
    assert (check.agreement, check.reason) == (DIFFER, "a batch is not finished")


MOVED = (
    "copied messages are no longer in their folder: "
    "moved or deleted in WorkMail after they were verified"
)


@pytest.mark.parametrize(
    ("before", "target", "agreement", "reason"),
    [
        (None, 4, DIFFER, "1 missing in the target"),
        (FolderCheck(5, 5, 4, DIFFER, "x"), 4, DIFFER, "1 missing in the target"),
        (FolderCheck(5, 5, 5, AGREE), 4, EXCEPTIONS, f"1 {MOVED}"),
        (FolderCheck(5, 5, 5, EXCEPTIONS, "x"), 0, EXCEPTIONS, f"5 {MOVED}"),
        (FolderCheck(5, 5, 4, EXCEPTIONS, "x"), 0, EXCEPTIONS, f"5 {MOVED}"),
        (FolderCheck(3, 3, 3, AGREE), 2, EXCEPTIONS, f"3 {MOVED}"),
        (FolderCheck(3, 3, 3, AGREE), 1, DIFFER, f"1 missing in the target; 3 {MOVED}"),
        (FolderCheck(0, 0, 0, AGREE), 4, DIFFER, "1 missing in the target"),
    ],
)
def test_what_was_verified_once_may_be_moved_by_its_owner(
    before: FolderCheck | None, target: int, agreement: Agreement, reason: str
) -> None:
    check = judge(5, replace(RECORD, check=before), target)
    assert (check.agreement, check.reason) == (agreement, reason)


COUNT = st.integers(0, 50)
CHECKS = st.none() | st.builds(FolderCheck, COUNT, COUNT, COUNT, st.sampled_from(Agreement))


@given(COUNT, COUNT, CHECKS)
def test_a_shortfall_is_never_taken_for_agreement(
    copied: int, target: int, before: FolderCheck | None
) -> None:
    record = replace(RECORD, total=Tally(copied), check=before)
    found = judge(copied, record, target).agreement
    assert (found is AGREE) == (target == copied)
    if before is None or before.agreement is DIFFER:
        assert (found is DIFFER) == (target != copied)
    elif copied - target > before.ledger:
        assert found is DIFFER, "more is missing than was ever seen"


ROW = Row(ItemRef("1", 10), Fate.STORED, "t")


@pytest.mark.parametrize(
    ("looked", "agreement", "reason"),
    [
        (Looked(5), AGREE, ""),
        (Looked(5, differing=((ROW, ("flags",)),)), AGREE, "1 with other flags in the target"),
        (
            Looked(5, differing=((ROW, ("received", "flags")),)),
            EXCEPTIONS,
            "1 shown otherwise by the target",
        ),
        (Looked(5, differing=((ROW, ("content", "flags")),)), DIFFER, "1 damaged in the target"),
        (Looked(5, differing=((ROW, ("empty",)),)), DIFFER, "1 damaged in the target"),
        (
            Looked(5, gone=(ROW,)),
            DIFFER,
            "1 missing in the target, and as many others in their place",
        ),
        (Looked(5, doubled=2), DIFFER, "2 more in the target than were copied"),
    ],
)
def test_what_was_looked_at_counts(looked: Looked, agreement: Agreement, reason: str) -> None:
    check = judge(5, RECORD, 5, looked=looked)
    assert (check.agreement, check.reason) == (agreement, reason)


def test_who_verified_a_folder_does_not_take_its_owners_moves_for_losses() -> None:
    verified = replace(RECORD, check=FolderCheck(5, 5, 5, AGREE))
    assert judge(5, verified, 5, looked=Looked(5, gone=(ROW,))).agreement is AGREE
