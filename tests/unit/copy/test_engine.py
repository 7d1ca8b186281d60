"""How a slice ends, and what it costs."""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from localrun.fakes.blobs import MemoryBlobs
from localrun.fakes.ledger import MemoryLedger
from localrun.fakes.mailbox import MemorySource, MemoryTarget
from localrun.fakes.steps import Step, no_step
from migration.copy.engine import Pace, SliceJob, SliceOutcome, SliceResult, copy_slice
from migration.errors import (
    AdministratorPending,
    Busy,
    FencedOff,
    MailboxUnreachable,
    ProvisioningPending,
    QuotaExceeded,
    SourceBusy,
    TargetBusy,
)
from migration.mail import BatchLimit
from migration.model import CopyPolicy, DeltaPolicy, Tally

BOX = "mailbox1"
INBOX = ("INBOX",)


class Slice:
    """One mailbox and its workers; `seconds` is what each has left, used up by `cost` a fetch."""

    def __init__(self, messages: int = 5) -> None:
        self.source: MemorySource = MemorySource()
        self.target = MemoryTarget()
        self.ledger, self.blobs = MemoryLedger(), MemoryBlobs()
        self.pace = Pace(batch=BatchLimit(items=2), overlap=False)
        self.policy = CopyPolicy()
        self.seconds = 900.0
        self.cost = 0.0
        self.naps: list[float] = []
        self.source.step = self.spend
        for number in range(messages):
            self.source.deliver(INBOX, b"Subject: %d\r\n\r\n" % number)

    def spend(self, name: str) -> None:
        if name == "before fetch":
            self.seconds -= self.cost

    def run(
        self, pass_id: int = 1, now: str = "2026-11-23T10:00:00Z", run: str = ""
    ) -> SliceResult:
        job = SliceJob("acme", BOX, pass_id, now, self.pace, self.policy, run)
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


class CountingSource(MemorySource):
    """Counts what it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: Counter[str] = Counter()
        self.step = self.count

    def count(self, name: str) -> None:
        self.asked[name.removeprefix("before ")] += 1


@pytest.mark.parametrize("overlap", [False, True])
def test_a_mailbox_costs_few_ledger_writes_and_a_quiet_pass_none(overlap: bool) -> None:
    part = Slice(0)
    part.source = CountingSource()
    part.pace = Pace(overlap=overlap)
    for folder in range(15):
        for number in range(5000 // 15):
            part.source.deliver((f"Folder {folder}",), b"Subject: %d\r\n\r\n" % number)
    assert part.run().copied == 15 * (5000 // 15)
    assert part.ledger.writes / 5000 <= 0.05
    writes, files = part.ledger.writes, part.blobs.files()
    part.source.asked.clear()
    assert part.run(2) == SliceResult(SliceOutcome.DONE, copied=0, folders_left=0)
    assert (part.ledger.writes, part.blobs.files()) == (writes, files)
    assert part.source.asked == {"folders": 1}


@pytest.mark.parametrize("overlap", [False, True])
def test_a_slice_stops_in_order_when_its_time_is_over_and_the_next_goes_on(overlap: bool) -> None:
    part = Slice(100)
    part.pace = replace(part.pace, overlap=overlap)
    outcomes, copied = [], 0
    while SliceOutcome.DONE not in outcomes:
        part.seconds, part.cost = 300, 5
        result = part.run()
        outcomes.append(result.outcome)
        copied += result.copied
        assert part.seconds >= 0
        assert (result.folders_left, result.retry_after) in ((1, 0), (0, 0))
        assert part.ledger.folders(BOX)[0].intent is None
        assert part.total().copied == copied
    assert len(outcomes) >= 3
    assert set(outcomes[:-1]) == {SliceOutcome.MORE}
    assert copied == 100


@pytest.mark.parametrize("overlap", [False, True])
def test_a_pause_stops_the_slice_after_what_was_begun(overlap: bool) -> None:
    part = Slice(100)
    part.pace = replace(part.pace, overlap=overlap, pause_check=0.0)

    def pause(name: str) -> None:
        if name == "before append" and len(part.target.contents()[("Inbox",)]) == 9:
            part.ledger.want_pause(True)

    part.target.step = pause
    result = part.run()
    assert result.outcome is SliceOutcome.PAUSED
    assert 10 <= result.copied < 100
    assert part.ledger.folders(BOX)[0].intent is None
    assert part.run().outcome is SliceOutcome.PAUSED
    part.ledger.want_pause(False)
    assert part.run() == SliceResult(SliceOutcome.DONE, 100 - result.copied, folders_left=0)


def test_an_abort_stops_its_own_run_and_no_other() -> None:
    part = Slice(100)
    part.ledger.want_abort("run-1")
    assert part.run(run="run-1").outcome is SliceOutcome.PAUSED
    assert part.run(run="run-2").outcome is SliceOutcome.DONE


def test_changes_for_which_no_time_is_left_are_carried_by_the_next_slice() -> None:
    part = Slice()
    part.run(1)
    part.source.flag(INBOX, "2", ("\\Seen",))
    part.seconds = 5
    assert part.run(2).outcome is SliceOutcome.MORE
    part.seconds = 900
    assert part.run(2).outcome is SliceOutcome.DONE
    kept = part.target.contents()[("Inbox",)][1]
    assert kept.item.flags == {"\\Seen"}


def test_what_one_pass_removed_in_two_slices_stays_counted() -> None:
    part = Slice()
    part.policy = CopyPolicy(delta=DeltaPolicy.FOLLOW)
    part.run(1)
    for uid in ("2", "3"):
        part.source.delete(INBOX, uid)
        part.run(2)
    assert part.total().copied == 3
    part.source.flag(INBOX, "1", ("\\Seen",))
    for pass_id in (3, 4):
        part.run(pass_id)
        assert part.total().copied == 3


def test_a_slice_without_any_time_does_nothing() -> None:
    part = Slice()
    part.seconds = 5
    assert part.run() == SliceResult(SliceOutcome.MORE, copied=0, folders_left=1)
    assert part.ledger.writes == 0


def test_a_worker_that_is_overtaken_while_it_reads_appends_nothing() -> None:
    part = Slice(2)

    def overtake(name: str) -> None:
        if name == "before fetch":
            part.source.step = lambda _: None
            first = part.run(now="2026-11-23T10:00:00Z")
            assert first.outcome is SliceOutcome.BACKOFF  # it lets the open intent settle
            second = part.run(now="2026-11-23T10:09:00Z")
            assert second.copied == 2
            part.seconds -= 660  # they have passed for the other worker, too

    part.source.step = overtake
    with pytest.raises(FencedOff):
        part.run(now="2026-11-23T09:59:00Z")
    assert len(part.target.contents()[("Inbox",)]) == 2
    assert part.total().copied == 2


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


def test_a_doubtful_append_rests_as_long_as_the_target_says() -> None:
    part = Slice()
    part.target.step = Fault(TargetBusy("lost", 120), "after append")
    result = part.run(now="2026-11-23T10:00:00Z")
    assert (result.outcome, result.retry_after) == (SliceOutcome.BACKOFF, 120)
    early = part.run(now="2026-11-23T10:01:30Z")
    assert (early.outcome, early.retry_after) == (SliceOutcome.BACKOFF, 30)
    assert part.run(now="2026-11-23T10:02:00Z").outcome is SliceOutcome.DONE
    assert len(part.target.contents()[("Inbox",)]) == 5
    assert part.total().copied == 5


def test_a_batch_of_another_worker_rests_until_that_must_be_over() -> None:
    part = Slice()
    part.target.step = die_at("after append")
    with pytest.raises(Died):
        part.run(now="2026-11-23T10:00:00Z")
    result = part.run(now="2026-11-23T10:01:00Z")
    assert (result.outcome, result.retry_after) == (SliceOutcome.BACKOFF, 540)
    early = part.run(now="2026-11-23T10:09:00Z")
    assert (early.outcome, early.retry_after) == (SliceOutcome.BACKOFF, 60)
    part.target.step = no_step
    assert part.run(now="2026-11-23T10:10:00Z").outcome is SliceOutcome.DONE
    assert len(part.target.contents()[("Inbox",)]) == 5


def test_the_time_a_slice_has_run_counts_for_settling() -> None:
    part = Slice()
    part.cost = 40
    part.target.step = Fault(TargetBusy("lost", 120), "after append")
    part.run(now="2026-11-23T10:00:00Z")  # fails at 10:00:40
    part.seconds, part.cost = 900, 0
    assert part.run(now="2026-11-23T10:02:39Z").retry_after == 1
    assert part.run(now="2026-11-23T10:02:40Z").outcome is SliceOutcome.DONE


def test_a_source_that_is_lost_while_a_batch_is_read_costs_only_its_pause() -> None:
    part = Slice()
    part.source.step = Fault(SourceBusy("lost", 30), "before fetch")
    assert part.run(now="2026-11-23T10:00:00Z").retry_after == 30
    assert part.run(now="2026-11-23T10:00:30Z").outcome is SliceOutcome.DONE


@pytest.mark.parametrize("error", [AdministratorPending, ProvisioningPending])
@pytest.mark.parametrize("at", ["before folders", "before append", "before mark"])
def test_what_the_tenant_waits_for_leaves_the_slice(error: type[Busy], at: str) -> None:
    part = Slice()
    side = part.source if at == "before folders" else part.target
    side.step = Fault(error("not yet", 30), at)
    with pytest.raises(error):
        part.run(now="2026-11-23T10:00:00Z")
    assert part.run(now="2026-11-23T10:00:30Z").outcome is SliceOutcome.DONE
    assert part.total().copied == 5


class Died(BaseException):
    """The process ends: nothing may catch this."""


def die_at(step: str) -> Step:
    def die(name: str) -> None:
        if name == step:
            raise Died

    return die


@pytest.mark.parametrize("wait", [0, 1, 5, 30, 120])
@pytest.mark.parametrize(
    ("error", "at"), [(TargetBusy, "before append"), (SourceBusy, "before fetch")]
)
def test_a_server_that_slows_its_clients_down_for_hours_is_waited_for(
    error: type[Busy], at: str, wait: float
) -> None:
    part = Slice()
    now = datetime(2026, 11, 23, tzinfo=UTC)
    opens_at = now + timedelta(hours=2)

    def slow_down(name: str) -> None:
        if name == at and now + timedelta(seconds=sum(part.naps)) < opens_at:
            raise error("slow down", wait)

    part.source.step = part.target.step = slow_down
    for _ in range(100):
        result = part.run(now=now.isoformat())
        now += timedelta(seconds=result.wait_seconds + sum(part.naps))
        part.naps.clear()
        if result.outcome is SliceOutcome.DONE:
            break
    assert part.total().copied == 5


def test_progress_starts_the_count_anew() -> None:
    """Each worker stores one message of the batch and dies."""
    part = Slice(40)
    part.pace = Pace(batch=BatchLimit(items=40))
    part.target.step = die_at("after append")
    now = datetime(2026, 11, 23, tzinfo=UTC)
    for _ in range(200):
        with suppress(Died):
            if part.run(now=now.isoformat()).outcome is SliceOutcome.DONE:
                break
        now += timedelta(seconds=301)
    assert part.total().copied == 40


@pytest.mark.parametrize("at", ["before since", "before folders"])
def test_a_server_that_is_busy_for_hours_does_not_look_like_a_bad_batch(at: str) -> None:
    part = Slice()
    part.target.step = die_at("before append")
    with pytest.raises(Died):
        part.run(now="2026-11-22T00:00:00Z")
    busy = Fault(TargetBusy("down", 30), at, times=100)
    part.target.step, part.source.step = (busy, busy)
    now = datetime(2026, 11, 23, tzinfo=UTC)
    for _ in range(110):
        if part.run(now=now.isoformat()).outcome is SliceOutcome.DONE:
            break
        now += timedelta(seconds=301)
    assert part.total().copied == 5


def test_a_target_that_refuses_a_whole_batch_fails_the_mailbox_before_the_commit() -> None:
    part = Slice(30)
    part.pace = Pace(batch=BatchLimit(items=10))
    part.target.refuse = lambda item: (
        "ErrorInvalidExtendedProperty" if int(item.ref.uid) > 10 else ""
    )
    with pytest.raises(MailboxUnreachable, match="batch: ErrorInvalidExtendedProperty"):
        part.run(now="2026-11-23T10:00:00Z")
    assert part.total() == Tally(copied=10, size=part.total().size)
    assert part.ledger.remarks(BOX) == []
    part.target.refuse = lambda item: ""
    # What was on its way has arrived, and is found after a moment.
    assert part.run(now="2026-11-23T10:00:05Z").outcome is SliceOutcome.DONE
    assert part.total().copied == 30


@pytest.mark.parametrize(
    ("messages", "reason_of"),
    [(9, lambda number: "a"), (10, lambda number: "a" if number else "b")],
)
def test_a_few_refusals_or_different_ones_are_about_the_messages(
    messages: int, reason_of: Callable[[int], str]
) -> None:
    part = Slice(messages)
    part.pace = Pace()
    part.target.refuse = lambda item: reason_of(int(item.ref.uid) - 1)
    assert part.run().outcome is SliceOutcome.DONE
    assert part.total().rejected == messages


def test_a_full_target_fails_the_mailbox_and_keeps_what_was_committed() -> None:
    part = Slice()

    def fill_up(name: str) -> None:
        if name == "before append" and part.target.contents()[("Inbox",)][3:]:
            raise QuotaExceeded("the target mailbox is full")

    part.target.step = fill_up
    with pytest.raises(QuotaExceeded):
        part.run()
    assert part.total().copied == 4


def test_a_listed_size_that_is_wrong_is_noticed_and_does_not_change_the_counts() -> None:
    part = Slice(0)
    part.source.deliver(INBOX, b"x" * 100)
    item = part.source._folders[INBOX].items[1]
    part.source._folders[INBOX].items[1] = replace(item, mime=b"x" * 5000)
    part.target.limit_size(1000)
    part.run()
    assert part.total() == Tally(rejected=1)
    assert [each.reason for each in part.ledger.remarks(BOX)] == ["too-large"]


def test_a_listed_size_that_is_an_estimate_refuses_nothing() -> None:
    part = Slice(0)
    part.source.capabilities = replace(part.source.capabilities, estimates_sizes=True)
    part.source.deliver(INBOX, b"x" * 2000)
    part.source.deliver(INBOX, b"y" * 2000)
    item = part.source._folders[INBOX].items[1]
    part.source._folders[INBOX].items[1] = replace(item, mime=b"x" * 900)
    part.target.limit_size(1000)
    part.run()
    total = part.total()
    assert (total.copied, total.rejected) == (1, 1)
    assert [each.reason for each in part.ledger.remarks(BOX)] == ["too-large"]


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
