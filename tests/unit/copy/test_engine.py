"""How a slice ends, and what it costs."""

from dataclasses import replace

import pytest

from localrun.fakes.blobs import MemoryBlobs
from localrun.fakes.ledger import MemoryLedger
from localrun.fakes.mailbox import MemorySource, MemoryTarget
from migration.copy.engine import Pace, SliceJob, SliceOutcome, SliceResult, copy_slice
from migration.errors import QuotaExceeded, SourceBusy, SourceChanged, TargetBusy
from migration.model import BatchLimit, Tally

BOX = "mailbox1"
INBOX = ("INBOX",)


class Slice:
    """One mailbox and its workers; `seconds` is what each has left, used up by `cost` a fetch."""

    def __init__(self, messages: int = 5) -> None:
        self.source, self.target = MemorySource(), MemoryTarget()
        self.ledger, self.blobs = MemoryLedger(), MemoryBlobs()
        self.pace = Pace(batch=BatchLimit(items=2))
        self.seconds = 900.0
        self.cost = 0.0
        self.naps: list[float] = []
        self.source.step = self.spend
        for number in range(messages):
            self.source.deliver(INBOX, b"Subject: %d\r\n\r\n" % number)

    def spend(self, name: str) -> None:
        if name == "before fetch":
            self.seconds -= self.cost

    def run(self, pass_id: int = 1, now: str = "2026-11-23T10:00:00Z") -> SliceResult:
        job = SliceJob("acme", BOX, pass_id, now, self.pace)
        return copy_slice(
            self.source,
            self.target,
            self.ledger,
            self.blobs,
            job,
            lambda: self.seconds,
            self.naps.append,
        )

    def total(self) -> Tally:
        return self.ledger.folders(BOX)[0].total


def test_everything_is_copied_in_one_slice_if_time_allows() -> None:
    part = Slice()
    assert part.run() == SliceResult(SliceOutcome.DONE, copied=5, folders_left=0)
    assert part.total().copied == 5
    assert [kept.item.mime for kept in part.target.contents()[("Inbox",)]] == [
        b"Subject: %d\r\n\r\n" % number for number in range(5)
    ]


def test_a_batch_costs_one_ledger_write() -> None:
    costs = []
    for messages in (10, 20):
        part = Slice(messages)
        part.run()
        costs.append(part.ledger.writes)
    assert costs[1] - costs[0] == 5  # five more batches of two


def test_a_pass_over_a_quiet_mailbox_writes_nothing() -> None:
    part = Slice()
    part.source.add_folder(("Empty",))
    part.run()
    writes, files = part.ledger.writes, part.blobs.files()
    assert part.run(2) == SliceResult(SliceOutcome.DONE, copied=0, folders_left=0)
    assert part.ledger.writes == writes
    assert part.blobs.files() == files


def test_a_delta_pass_copies_only_what_is_new() -> None:
    part = Slice()
    part.run(1)
    part.source.deliver(INBOX, b"new")
    assert part.run(2).copied == 1
    (record,) = part.ledger.folders(BOX)
    assert (record.total.copied, record.in_pass.copied, record.pass_id) == (6, 1, 2)


def test_no_batch_begins_without_time_to_finish_it() -> None:
    part = Slice()
    part.seconds, part.cost = 100, 20
    first = part.run()
    assert first == SliceResult(SliceOutcome.MORE, copied=2, folders_left=1)
    assert part.seconds == 60  # more than the margin, less than twice the slowest batch
    assert part.ledger.folders(BOX)[0].intent is None


def test_a_slice_that_ended_for_time_is_continued_without_waiting() -> None:
    part = Slice()
    part.seconds, part.cost = 100, 20
    part.run()
    part.seconds = 900
    assert part.run() == SliceResult(SliceOutcome.DONE, copied=3, folders_left=0)


def test_a_slice_without_any_time_does_nothing() -> None:
    part = Slice()
    part.seconds = 5
    assert part.run() == SliceResult(SliceOutcome.MORE, copied=0, folders_left=1)
    assert part.ledger.writes == 0


class Fault:
    """A step that raises `error` the first `times` times it is at `at`."""

    def __init__(self, error: Exception, at: str, times: int = 1) -> None:
        self.error, self.at, self.times = error, at, times

    def __call__(self, name: str) -> None:
        if name == self.at and self.times:
            self.times -= 1
            raise self.error


def test_a_short_pause_is_waited_for_here() -> None:
    part = Slice()
    part.source.step = Fault(SourceBusy("throttled", 3), "before page")
    assert part.run().outcome is SliceOutcome.DONE
    assert part.naps == [3]


def test_a_long_pause_is_left_to_the_workflow() -> None:
    part = Slice()
    part.source.step = Fault(SourceBusy("throttled", 299.96), "before page")
    result = part.run()
    assert (result.outcome, result.retry_after) == (SliceOutcome.BACKOFF, 299.96)
    assert result.wait_seconds == 300
    assert part.naps == []


def test_a_pause_longer_than_the_time_left_is_left_to_the_workflow() -> None:
    part = Slice()
    part.seconds = 33
    part.source.step = Fault(SourceBusy("throttled", 4), "before page")
    assert part.run().outcome is SliceOutcome.BACKOFF
    assert part.naps == []


def test_a_server_that_stays_busy_ends_the_slice() -> None:
    part = Slice()
    part.source.step = Fault(SourceBusy("throttled", 1), "before page", times=1000)
    assert part.run().outcome is SliceOutcome.BACKOFF
    assert len(part.naps) == part.pace.short_waits


def test_a_doubtful_append_is_left_to_settle_even_if_the_pause_is_short() -> None:
    part = Slice()
    part.target.step = Fault(TargetBusy("lost", 1), "after append")
    result = part.run(now="2026-11-23T10:00:00Z")
    assert (result.outcome, result.retry_after) == (SliceOutcome.BACKOFF, 10)
    assert part.naps == []
    early = part.run(now="2026-11-23T10:00:04Z")
    assert (early.outcome, early.retry_after) == (SliceOutcome.BACKOFF, 6)
    assert part.run(now="2026-11-23T10:00:10Z").outcome is SliceOutcome.DONE
    assert len(part.target.contents()[("Inbox",)]) == 5
    assert part.total().copied == 5


def test_the_time_a_slice_has_run_counts_for_settling() -> None:
    part = Slice()
    part.cost = 40
    part.target.step = Fault(TargetBusy("lost", 1), "after append")
    part.run(now="2026-11-23T10:00:00Z")  # fails at 10:01:20
    intent = part.ledger.folders(BOX)[0].intent
    assert intent is not None
    assert intent.seen_at == "2026-11-23T10:01:20Z"


def test_a_full_target_fails_the_mailbox_and_keeps_what_was_committed() -> None:
    part = Slice()

    def fill_up(name: str) -> None:
        if name == "before append" and part.target.contents()[("Inbox",)][3:]:
            raise QuotaExceeded("the target mailbox is full")

    part.target.step = fill_up
    with pytest.raises(QuotaExceeded):
        part.run()
    assert part.total().copied == 4


def test_a_recreated_folder_fails_the_mailbox() -> None:
    part = Slice()
    part.run()
    part.source.recreate(INBOX)
    with pytest.raises(SourceChanged):
        part.run(2)


def test_a_failure_while_reading_ahead_does_not_undo_the_batch() -> None:
    part = Slice()
    calls: list[str] = []

    def lose(name: str) -> None:
        if name == "before page":
            calls.append(name)
            if len(calls) >= 2:
                raise SourceBusy("lost", 30)

    part.source.step = lose
    assert part.run().copied == 2
    record = part.ledger.folders(BOX)[0]
    assert (record.total.copied, record.intent) == (2, None)


def test_a_listed_size_that_is_wrong_is_noticed_and_does_not_change_the_counts() -> None:
    part = Slice(0)
    part.source.deliver(INBOX, b"x" * 100)
    item = part.source._folders[INBOX].items[1]
    part.source._folders[INBOX].items[1] = replace(item, mime=b"x" * 5000)
    part.target.limit_size(1000)
    part.run()
    assert part.total() == Tally(rejected=1)
    assert [each.reason for each in part.ledger.rejections(BOX)] == ["too-large"]


def test_the_audit_names_no_content() -> None:
    part = Slice(0)
    part.source.deliver(INBOX, b"From: ann@example.test\r\nSubject: secret\r\n\r\nbody")
    part.run()
    ((key, body),) = part.blobs.files().items()
    assert key.startswith(f"audit/{BOX}/")
    assert b'"outcome": "stored"' in body
    assert b"secret" not in body
    assert b"example" not in body


def test_a_folder_that_changes_its_role_later_stays_where_it_was_copied() -> None:
    part = Slice(0)
    part.source.deliver(("Sent Messages",), b"one")
    part.run(1)
    part.source.deliver(("Sent",), b"two")
    part.source.deliver(("Sent Messages",), b"three")
    part.run(2)
    contents = {
        path: [kept.item.mime for kept in kept_items]
        for path, kept_items in part.target.contents().items()
    }
    assert contents == {("Sent Items",): [b"one", b"three"], ("Sent",): [b"two"]}
