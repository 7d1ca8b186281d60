"""The audit of a folder is read as it was written, however many files it has."""

from __future__ import annotations

from dataclasses import replace

import pytest

from localrun.fakes.blobs import MemoryBlobs
from migration.copy.audit import Row, audit_key, audit_lines, changes_key, read_audit
from migration.mail import Fate, ItemRef
from migration.model import FolderRecord

BOX = "mailbox1"
RECORD = FolderRecord("folder", ("Work",), ("Work",), "1", "target")


def row(uid: int, fate: Fate = Fate.STORED, target_id: str = "", scope: str = "") -> Row:
    return Row(ItemRef(str(uid), 10), fate, target_id or f"item-{uid}", scope=scope)


def write(blobs: MemoryBlobs, *rows: Row) -> None:
    blobs.put(audit_key(BOX, RECORD, rows), audit_lines(rows))


def change(blobs: MemoryBlobs, pass_id: int, *rows: Row) -> None:
    blobs.put(changes_key(BOX, RECORD, pass_id), audit_lines(rows))


@pytest.mark.parametrize("files", [1, 8, 9, 450])
def test_all_files_are_read(files: int) -> None:
    blobs = MemoryBlobs()
    for number in range(files):
        write(blobs, row(2 * number), row(2 * number + 1))
    change(blobs, 7, replace(row(1), flags=frozenset({"\\Seen"})))
    audit = read_audit(blobs, BOX, RECORD)
    assert audit.rows.keys() == {str(uid) for uid in range(2 * files)}
    assert audit.rows["1"].flags == {"\\Seen"}


@pytest.mark.parametrize("first", [1, 9])
def test_a_copy_made_after_the_earlier_one_was_removed_is_the_one_that_counts(first: int) -> None:
    """In whatever order their files are called."""
    blobs = MemoryBlobs()
    write(blobs, row(5, target_id="old"), row(first + 10))
    change(blobs, 2, row(5, Fate.REMOVED, "old"))
    write(blobs, *sorted([row(5, target_id="new"), row(first)], key=lambda each: each.ref.uid))
    audit = read_audit(blobs, BOX, RECORD)
    assert audit.held()["5"].target_id == "new"
    change(blobs, 3, row(5, Fate.REMOVED, "new"))
    assert "5" not in read_audit(blobs, BOX, RECORD).held()


def test_of_two_filters_that_left_a_message_out_the_present_one_is_told() -> None:
    blobs = MemoryBlobs()
    for number, scope in enumerate(("now", "before")):
        write(blobs, row(5, Fate.SKIPPED, scope=scope), row(6 + number))
    assert "5" in read_audit(blobs, BOX, replace(RECORD, scope="now")).dealt("now")
