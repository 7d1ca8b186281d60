"""What a slice tells of itself."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from localrun.fakes.blobs import MemoryBlobs
from localrun.fakes.ledger import MemoryLedger
from localrun.fakes.mailbox import MemorySource, MemoryTarget
from localrun.fakes.metrics import MemoryMetrics
from migration import logs
from migration.copy.engine import Pace
from migration.copy.slices import SliceJob, SliceResult
from migration.errors import FencedOff, MailboxUnreachable, QuotaExceeded, SourceBusy
from migration.mail import BatchLimit
from migration.measures import Metric
from migration.model import Mailbox, MailboxStatus
from migration.slice_run import run_slice

BOX, NOW = "mailbox1", "2026-12-04T18:00:00Z"


class Place:
    """One mailbox of ten messages, and what is known of it."""

    def __init__(self, *, overlap: bool = False) -> None:
        self.source, self.target = MemorySource(), MemoryTarget()
        self.ledger, self.blobs, self.metrics = MemoryLedger(), MemoryBlobs(), MemoryMetrics()
        self.pace = Pace(batch=BatchLimit(items=2), settle=0, overlap=overlap)
        self.ledger.plan_mailboxes("run1", [Mailbox(BOX, "s", "t", "u", "U")])
        for number in range(10):
            self.source.deliver(("INBOX",), b"Subject: %d\r\n\r\n" % number)

    def run(self, left: Callable[[], float] = lambda: 900.0) -> SliceResult:
        job = SliceJob("acme", BOX, 1, NOW, self.pace, run="run1")
        return run_slice(
            self.source, self.target, self.ledger, self.blobs, self.metrics, job, NOW, left
        )

    def fail_at(self, step: str, times: int, error: BaseException) -> None:
        """The source raises the error when it does that for so many times."""
        left = times

        def count(name: str) -> None:
            nonlocal left
            left -= name == step
            if left == 0:
                left -= 1
                raise error

        self.source.step = count


def test_a_slice_counts_messages_and_bytes_and_how_many_there_are() -> None:
    place = Place()
    assert place.run().copied == 10
    assert place.metrics.total(Metric.MESSAGES_COPIED) == 10
    size = place.ledger.folders(BOX)[0].total.size
    assert place.metrics.total(Metric.BYTES_COPIED) == size > 0
    record = place.ledger.mailbox(BOX)
    assert (record.status, record.expected) == (MailboxStatus.COPYING, 10)


@pytest.mark.parametrize("overlap", [False, True])
def test_a_busy_server_is_counted_beside_what_was_copied_before(overlap: bool) -> None:
    place = Place(overlap=overlap)
    place.fail_at("before fetch", 3, SourceBusy("not now", 70))
    result = place.run()
    assert (result.outcome.value, result.wait_seconds) == ("backoff", 70)
    assert place.metrics.total(Metric.MESSAGES_COPIED) == result.copied
    assert place.metrics.total(Metric.BACKOFFS) == 1
    assert place.metrics.total(Metric.BACKOFF_SECONDS) == 70


def test_a_slice_that_ends_by_an_error_has_counted_what_it_recorded() -> None:
    place = Place()
    place.fail_at("before fetch", 3, QuotaExceeded("full"))
    with pytest.raises(QuotaExceeded):
        place.run()
    recorded = place.ledger.folders(BOX)[0].total.copied
    assert place.metrics.total(Metric.MESSAGES_COPIED) == recorded > 0


@pytest.mark.parametrize("dies_at", range(1, 6))
def test_whatever_is_interrupted_every_message_is_counted_once(dies_at: int) -> None:
    place = Place()
    place.fail_at("before fetch", dies_at, MailboxUnreachable("gone"))
    with pytest.raises(MailboxUnreachable):
        place.run()
    while place.run().outcome.value != "done":
        pass
    assert place.metrics.total(Metric.MESSAGES_COPIED) == 10
    assert place.ledger.folders(BOX)[0].total.copied == 10


@pytest.mark.parametrize("lost", range(1, 5))
def test_a_batch_whose_record_gets_no_answer_is_not_counted_twice(lost: int) -> None:
    place = Place()
    left = lost

    def lose(name: str) -> None:
        nonlocal left
        left -= name == "after advance"
        if not left:
            place.ledger.step = lambda name: None
            raise MailboxUnreachable("the answer of the ledger was lost")

    place.ledger.step = lose
    with pytest.raises((MailboxUnreachable, FencedOff)):
        place.run()
    while place.run().outcome.value != "done":
        pass
    assert place.ledger.folders(BOX)[0].total.copied == 10
    assert place.metrics.total(Metric.MESSAGES_COPIED) in (8, 10)


def test_a_slice_that_pauses_marks_its_mailbox() -> None:
    place = Place()
    place.ledger.want_pause(True)
    assert place.run().outcome.value == "paused"
    assert place.ledger.mailbox(BOX).status is MailboxStatus.PAUSED


def test_one_line_of_the_log_tells_how_it_went(monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[tuple[str, dict[str, object]]] = []

    def keep(message: str, extra: dict[str, object]) -> None:
        lines.append((message, extra))

    monkeypatch.setattr(logs.logger, "info", keep)
    clock = iter([900.0] + [898.5] * 1000)
    Place().run(lambda: next(clock))
    ((message, told),) = lines
    assert message == "slice"
    assert told["outcome"] == "done"
    assert told["seconds"] == 1.5
    assert (told["copied"], told["refused"], told["wait"]) == (10, 0, 0)
