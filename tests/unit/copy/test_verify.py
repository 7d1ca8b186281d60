"""The judgement of the copy: two servers and the ledger."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localrun.fakes.blobs import MemoryBlobs
from localrun.fakes.ledger import MemoryLedger
from localrun.fakes.mailbox import MemorySource, MemoryTarget
from migration.copy.engine import SliceJob, copy_slice
from migration.copy.verify import judge, verify_mailbox
from migration.errors import SourceChanged
from migration.model import (
    Agreement,
    FolderCheck,
    FolderRecord,
    Intent,
    Mailbox,
    MailboxStatus,
    Tally,
)

BOX = "mailbox1"
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


def test_an_open_batch_is_a_difference() -> None:
    check = judge(5, replace(RECORD, intent=Intent((), "9", False, "")), 5)
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


class Copied:
    """A mailbox after its first pass."""

    def __init__(self) -> None:
        self.source, self.target, self.ledger = MemorySource(), MemoryTarget(), MemoryLedger()
        self.ledger.plan_mailboxes("run1", [Mailbox(BOX, "s", "t", "u", "U")])
        for number in range(4):
            self.source.deliver(("INBOX",), b"%d" % number)
        self.source.deliver(("A",), b"x")
        self.copy(1)

    def copy(self, pass_id: int) -> None:
        job = SliceJob("acme", BOX, pass_id, "2026-11-23T10:00:00Z")
        copy_slice(self.source, self.target, self.ledger, MemoryBlobs(), job, lambda: 900.0)

    def move(self, start: str, end: str) -> None:
        """A person moves the oldest message of a target folder to another."""
        items = self.target._items
        items[end].append(items[start].pop(0))

    def verify(self, pass_id: int = 1) -> tuple[Agreement, tuple[str, ...]]:
        verdict = verify_mailbox(self.source, self.target, self.ledger, BOX, pass_id)
        return verdict.agreement, tuple(reason.split(": ")[1] for reason in verdict.reasons)


def test_a_finished_copy_agrees_and_the_verdict_is_kept() -> None:
    copied = Copied()
    assert copied.verify() == (AGREE, ())
    record = copied.ledger.mailbox(BOX)
    assert record.status is MailboxStatus.COPIED
    assert record.verdict is not None
    assert (record.verdict.total.copied, record.verdict.in_pass.copied) == (5, 5)
    assert all(each.check and each.check.agreement is AGREE for each in copied.ledger.folders(BOX))


def test_a_message_lost_at_the_target_is_found() -> None:
    copied = Copied()
    kept = copied.target.contents()[("Inbox",)][1]
    copied.target.lose("folder-2", kept.key)
    copied.target.lose("folder-1", kept.key)
    assert copied.verify() == (DIFFER, ("1 missing in the target",))


def test_a_user_who_tidies_up_between_two_passes_makes_no_difference_for_ever() -> None:
    copied = Copied()
    copied.verify()
    kept = copied.target.contents()[("Inbox",)][1]
    copied.target.lose("folder-1", kept.key)
    copied.target.lose("folder-2", kept.key)
    for pass_id in (2, 3):
        copied.copy(pass_id)
        assert copied.verify(pass_id) == (EXCEPTIONS, (f"1 {MOVED.partition(': ')[0]}",))


def test_a_user_who_moves_mail_to_another_copied_folder_makes_no_difference() -> None:
    copied = Copied()
    copied.verify()
    copied.move("folder-2", "folder-1")
    for pass_id in (2, 3):
        copied.copy(pass_id)
        agreement, reasons = copied.verify(pass_id)
        assert agreement is EXCEPTIONS
        assert sorted(reasons) == [
            "1 copied messages are no longer in their folder",
            "1 copied messages of other folders are in this one",
        ]


def test_a_move_before_the_first_check_is_a_difference() -> None:
    copied = Copied()
    copied.move("folder-2", "folder-1")
    assert copied.verify()[0] is DIFFER


def test_what_is_doubled_is_not_taken_for_a_move() -> None:
    copied = Copied()
    copied.verify()
    copied.move("folder-2", "folder-1")
    copied.target._items["folder-1"] *= 2
    agreement, reasons = copied.verify(2)
    assert agreement is DIFFER
    assert "3 more in the target than were copied" in reasons


def test_new_mail_at_the_target_is_not_counted() -> None:
    copied = Copied()
    kept = copied.target.contents()[("Inbox",)][1]
    copied.target.deliver("folder-1", kept.item)
    copied.target.deliver("folder-2", kept.item)
    assert copied.verify() == (AGREE, ())


def test_what_arrived_at_the_source_is_told_from_what_was_missed() -> None:
    copied = Copied()
    copied.source.deliver(("INBOX",), b"new")
    assert copied.verify() == (AGREE, ("1 arrived at the source since",))
    (record,) = [each for each in copied.ledger.folders(BOX) if each.path == ("INBOX",)]
    missed = replace(record, cursor="9", total=replace(record.total, copied=4))
    copied.ledger._folders[BOX][record.key] = missed
    assert copied.verify() == (DIFFER, ("1 at the source that were never copied",))


def test_a_folder_that_was_never_copied_differs_unless_it_is_empty() -> None:
    copied = Copied()
    copied.source.add_folder(("Empty",))
    assert copied.verify() == (AGREE, ())
    copied.source.deliver(("Later",), b"x")
    assert copied.verify() == (DIFFER, ("1 in a folder that was never copied",))


def test_a_folder_deleted_at_the_source_is_a_reason() -> None:
    copied = Copied()
    del copied.source._folders[("A",)]
    assert copied.verify() == (AGREE, ("1 gone from the source since",))


def test_only_this_pass_counts_as_this_pass() -> None:
    copied = Copied()
    copied.source.deliver(("INBOX",), b"new")
    copied.copy(2)
    copied.verify(2)
    verdict = copied.ledger.mailbox(BOX).verdict
    assert verdict is not None
    assert (verdict.total.copied, verdict.in_pass.copied) == (6, 1)


def test_verifying_again_writes_only_the_verdict() -> None:
    copied = Copied()
    copied.verify()
    writes = copied.ledger.writes
    copied.verify()
    assert copied.ledger.writes == writes + 1


def test_a_recreated_folder_cannot_be_judged() -> None:
    copied = Copied()
    copied.source.recreate(("A",))
    with pytest.raises(SourceChanged):
        copied.verify()
