"""What the remark on a message knows: its date at the source, and its subject if that is wanted."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from localrun.fakes.blobs import MemoryBlobs
from localrun.fakes.ledger import MemoryLedger
from localrun.fakes.mailbox import MemorySource, MemoryTarget
from migration.copy.audit import Row, remarks
from migration.copy.engine import Pace, SliceJob, SliceOutcome, copy_slice
from migration.copy.recorder import InlineRecorder
from migration.mail import BatchLimit, Fate, ItemRef, Remark
from migration.mime import STREAM_FROM

BOX = "mailbox1"
INBOX = ("INBOX",)
NOW = "2026-11-23T10:00:00Z"
RECEIVED = datetime(2019, 5, 3, 9, 30, tzinfo=timezone(timedelta(hours=2)))
TEXT = b"From: a@b.example\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\nwords"
DATE, SUBJECT = "2019-05-03T07:30:00Z", "Grüße"


class Copied:
    """A mailbox with one message, and its copy."""

    def __init__(self, mime: bytes = TEXT, *, overlap: bool = False) -> None:
        self.source, self.target = MemorySource(), MemoryTarget()
        self.ledger, self.blobs = MemoryLedger(), MemoryBlobs()
        self.pace = Pace(batch=BatchLimit(items=2), overlap=overlap)
        self.source.deliver(INBOX, mime)
        ((uid, item),) = self.source._folders[INBOX].items.items()
        self.source._folders[INBOX].items[uid] = replace(item, received=RECEIVED)

    def run(self, *, subjects: bool, now: str = NOW) -> SliceOutcome:
        job = SliceJob("acme", BOX, 1, now, self.pace, subjects=subjects)
        ends = (self.source, self.target, self.ledger, self.blobs)
        return copy_slice(*ends, job, lambda: 900.0, lambda seconds: None).outcome

    @property
    def remark(self) -> Remark:
        (remark,) = self.ledger.remarks(BOX)
        return remark


@pytest.mark.parametrize("overlap", [False, True])
@pytest.mark.parametrize(("subjects", "subject"), [(False, ""), (True, SUBJECT)])
def test_a_refused_message_keeps_its_date_and_its_subject_if_wanted(
    subjects: bool, subject: str, overlap: bool
) -> None:
    copied = Copied(overlap=overlap)
    copied.target.refuse = lambda item: "bad-mime"
    copied.run(subjects=subjects)
    remark = copied.remark
    assert (remark.fate, remark.received, remark.subject) == (Fate.REJECTED, DATE, subject)


def test_a_large_message_that_was_streamed_and_refused_is_known_as_well() -> None:
    copied = Copied(TEXT + b"x" * STREAM_FROM)
    copied.target.refuse = lambda item: "bad-mime"
    copied.run(subjects=True)
    assert (copied.remark.received, copied.remark.subject) == (DATE, SUBJECT)


def test_one_that_turns_out_too_large_is_known_because_it_was_read() -> None:
    copied = Copied(b"x" * 100)
    ((uid, item),) = copied.source._folders[INBOX].items.items()
    copied.source._folders[INBOX].items[uid] = replace(item, mime=TEXT + b"x" * 5000)
    copied.target.limit_size(1000)
    copied.run(subjects=True)
    assert copied.remark == replace(
        copied.remark, reason="too-large", received=DATE, subject=SUBJECT
    )


@pytest.mark.parametrize(("subjects", "subject"), [(False, ""), (True, SUBJECT)])
def test_one_that_is_listed_as_too_large_is_not_fetched_and_known_by_its_header(
    subjects: bool, subject: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied = Copied()
    copied.target.limit_size(10)
    monkeypatch.setattr(copied.source, "_answer", None)
    copied.run(subjects=subjects)
    remark = copied.remark
    assert (remark.reason, remark.received, remark.subject) == ("too-large", DATE, subject)


def test_one_that_vanished_before_its_header_was_asked_for_is_remarked_without_a_date(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    copied = Copied()
    copied.target.limit_size(10)
    monkeypatch.setattr(copied.source, "outline", lambda folder, refs: {})
    copied.run(subjects=True)
    assert (copied.remark.reason, copied.remark.received, copied.remark.subject) == (
        "too-large",
        "",
        "",
    )


def test_neither_audit_nor_findings_have_them() -> None:
    copied = Copied(b"Subject: Zqsubject\r\n\r\n")
    copied.target.refuse = lambda item: "bad-mime"
    copied.run(subjects=True)
    assert copied.remark.subject == "Zqsubject"
    assert not [body for body in copied.blobs.files().values() if b"Zqsubject" in body]


def test_what_was_only_listed_has_the_date_of_the_listing() -> None:
    listed = Row(ItemRef("1", 9, RECEIVED.isoformat()), Fate.REJECTED, reason="too-large")
    unasked = Row(ItemRef("2", 9), Fate.UNREADABLE, reason="no-body")
    far = Row(ItemRef("3", 9), Fate.ADJUSTED, received=datetime.min.replace(tzinfo=RECEIVED.tzinfo))
    stored = Row(ItemRef("4", 9), Fate.STORED, received=RECEIVED)
    assert [each.received for each in remarks([listed, unasked, far, stored], "f")] == [
        DATE,
        "",
        "0001-01-01T00:00:00+02:00",
    ]


def test_a_worker_that_writes_an_earlier_ones_remarks_again_forgets_nothing() -> None:
    """It has them from the audit, which knows less."""
    copied = Copied()
    copied.target.refuse = lambda item: "bad-mime"
    advance, died = copied.ledger.advance, list[bool]()

    def die(*args: object) -> object:
        if copied.ledger.remarks(BOX) and not died:
            died.append(True)
            raise RuntimeError("the worker dies")
        return advance(*args)  # type: ignore[arg-type]

    copied.ledger.advance = die  # type: ignore[method-assign, assignment]
    with pytest.raises(RuntimeError):
        copied.run(subjects=True)
    before = copied.remark
    assert (before.received, before.subject) == (DATE, SUBJECT)
    copied.run(subjects=True)
    later = "2026-11-23T11:00:00Z"
    assert copied.run(subjects=True, now=later) is SliceOutcome.DONE
    assert copied.remark == before


def test_a_remark_is_written_from_its_row() -> None:
    """Whoever writes rows down writes all that they know."""
    ledger = MemoryLedger()
    recorder = InlineRecorder(ledger, MemoryBlobs(), BOX, lambda tally: None)
    row = Row(ItemRef("7", 9), Fate.QUARANTINED, reason="x", received=RECEIVED, subject=SUBJECT)
    copied = Copied()
    copied.run(subjects=True)
    (record,) = copied.ledger.folders(BOX)
    recorder.write_down(record, [row])
    expected = Remark(record.key, "7", 9, "x", Fate.QUARANTINED, DATE, SUBJECT)
    assert ledger.remarks(BOX) == [expected]
    assert datetime.fromisoformat(expected.received) == RECEIVED.astimezone(UTC)
