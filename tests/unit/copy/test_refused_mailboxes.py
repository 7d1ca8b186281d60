"""A mailbox that cannot be written to: how often the workflow tries, and what it fails with.

The slices are started as the state CopySlice starts them, by its own Retry; a BACKOFF is a success,
after which that counts anew."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from localrun.fakes.mailbox import MemoryReceipt, MemoryTarget
from migration.copy.engine import Pace, SliceOutcome
from migration.errors import (
    AdministratorPending,
    BatchStuck,
    FolderGone,
    MailboxUnreachable,
    MigrationError,
    QuotaExceeded,
    SourceBusy,
    TargetBusy,
)
from migration.mail import BatchLimit, Outcome, Rejected, Stamped
from migration.ports import Receipt
from tests.unit.copy.test_engine import Slice

ILL = MailboxUnreachable("WorkMail refuses to go on with the mailbox (ErrorMailboxConfiguration)")
PENDING = AdministratorPending("the mailbox does not let the administrator in yet", 30)
HOUR = timedelta(hours=1)


def copy_slice_state() -> dict[str, Any]:
    definition = Path(__file__).parents[3] / "statemachines" / "migrate_tenant.asl.json"
    copying = json.loads(definition.read_text("utf-8"))["States"]["CopyMailboxes"]
    state: dict[str, Any] = copying["ItemProcessor"]["States"]["CopySlice"]
    return state


@dataclass(frozen=True)
class End:
    """With what the mailbox ended, None if it was copied; after how many slices and how long."""

    error: MigrationError | None
    slices: int
    took: timedelta


class Naps(list[float]):
    """Sleeping takes a worker's time."""

    def __init__(self, part: Slice) -> None:
        super().__init__()
        self._part = part

    def append(self, seconds: float) -> None:
        super().append(seconds)
        self._part.seconds -= seconds


def follow(part: Slice, jitter: float) -> End:
    """Starts slices until the workflow would start no more. `jitter` is what part of its delays
    each Retry waits."""
    start = now = datetime(2026, 11, 23, tzinfo=UTC)
    retriers = copy_slice_state()["Retry"]
    used = [0] * len(retriers)
    part.naps = naps = Naps(part)
    for slices in range(1, 4_000):
        part.seconds = 900.0
        naps.clear()
        try:
            result = part.run(now=now.isoformat())
        except MigrationError as error:
            name = type(error).__name__
            at = next(at for at, each in enumerate(retriers) if name in each["ErrorEquals"])
            retrier = retriers[at]
            if used[at] >= retrier["MaxAttempts"]:
                return End(error, slices, now - start)
            now += timedelta(seconds=sum(naps))
            delay = retrier["IntervalSeconds"] * retrier["BackoffRate"] ** used[at]
            now += timedelta(seconds=jitter * min(delay, retrier["MaxDelaySeconds"]))
            used[at] += 1
            continue
        if result.outcome is SliceOutcome.DONE:
            return End(None, slices, now - start)
        now += timedelta(seconds=result.wait_seconds + sum(naps))
        used = [0] * len(retriers)
    raise AssertionError("the workflow tries for ever")


@pytest.mark.parametrize("jitter", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("overlap", [False, True])
@pytest.mark.parametrize(("error", "tries"), [(ILL, 7), (PENDING, 13), (QuotaExceeded("full"), 1)])
def test_a_mailbox_that_takes_nothing_fails_with_what_the_target_says(
    error: MigrationError, tries: int, overlap: bool, jitter: float
) -> None:
    part = Slice(30)
    part.pace = replace(part.pace, overlap=overlap)

    def refuse(name: str) -> None:
        if name == "before append":
            raise error

    part.target.step = refuse
    end = follow(part, jitter)
    assert (end.error, end.slices) == (error, tries)
    assert end.took <= HOUR
    assert not part.target.contents()[("Inbox",)]


@pytest.mark.parametrize("jitter", [0.0, 1.0])
def test_a_mailbox_that_refuses_every_message_fails_with_the_reason(jitter: float) -> None:
    part = Slice(100)
    part.pace = Pace(batch=BatchLimit(items=20))
    part.target.refuse = lambda _: "ErrorInvalidExtendedProperty"
    end = follow(part, jitter)
    assert isinstance(end.error, MailboxUnreachable)
    assert "ErrorInvalidExtendedProperty" in str(end.error)
    assert end.slices == 7
    assert end.took <= HOUR
    assert not part.ledger.remarks("mailbox1")


def test_a_mailbox_that_is_ill_for_some_minutes_is_copied() -> None:
    part = Slice(30)
    tries = 0

    def refuse(name: str) -> None:
        nonlocal tries
        if name == "before append" and tries < 6:
            tries += 1
            raise ILL

    part.target.step = refuse
    end = follow(part, 1.0)
    assert (end.error, end.slices) == (None, 7)
    assert part.total().copied == len(part.target.contents()[("Inbox",)]) == 30


class Doubtful(MemoryTarget):
    """Does not say what became of what it has taken over when it fails."""

    def __init__(self, error: MigrationError) -> None:
        super().__init__()
        self.error = error

    def append(self, folder_id: str, batch: Iterable[Stamped]) -> Receipt:
        next(iter(batch))
        raise self.error


@pytest.mark.parametrize("jitter", [0.0, 1.0])
@pytest.mark.parametrize("error", [ILL, FolderGone("a folder is gone, and is there")])
def test_where_what_was_sent_stays_in_doubt_the_batch_is_given_up_within_hours(
    error: MigrationError, jitter: float
) -> None:
    """Each try rests until it has settled: 25 of them."""
    part = Slice()
    part.target = Doubtful(error)
    end = follow(part, jitter)
    assert isinstance(end.error, BatchStuck)
    assert end.took <= 4 * HOUR


def test_what_is_in_doubt_settles_before_it_is_tried_again() -> None:
    part = Slice()
    part.target = Doubtful(ILL)
    with pytest.raises(MailboxUnreachable):
        part.run(now="2026-11-23T10:00:00Z")
    result = part.run(now="2026-11-23T10:01:00Z")
    assert (result.outcome, result.retry_after) == (SliceOutcome.BACKOFF, 480)


class LateReceipt:
    """Stores when it is asked."""

    def __init__(self, store: Callable[[], Receipt]) -> None:
        self._store = store

    def outcomes(self) -> Sequence[Outcome]:
        return self._store().outcomes()

    mark = ""


class LateTarget(MemoryTarget):
    """What is sent takes effect when its receipt is asked, or else when it arrives. `first` answers
    the first batch, of which nothing is stored."""

    def __init__(self, first: Callable[[Sequence[Stamped]], Receipt]) -> None:
        super().__init__()
        self.first: Callable[[Sequence[Stamped]], Receipt] | None = first
        self.under_way: list[Callable[[], Receipt]] = []

    def append(self, folder_id: str, batch: Iterable[Stamped]) -> Receipt:
        taken = list(batch)
        first, self.first = self.first, None
        if first is not None:
            return first(taken)

        def store() -> Receipt:
            if store in self.under_way:
                self.under_way.remove(store)
            return MemoryTarget.append(self, folder_id, taken)

        self.under_way.append(store)
        return LateReceipt(store)

    def arrive(self) -> None:
        """What is still under way is stored now."""
        for store in list(self.under_way):
            store()


@pytest.mark.parametrize("busy", [TargetBusy("answer lost", 120), SourceBusy("lost", 30)])
def test_batches_beside_one_that_is_lost_are_let_settle(busy: MigrationError) -> None:
    part = Slice(60)
    part.pace = Pace(batch=BatchLimit(items=20))
    part.target = target = LateTarget(lambda _: MemoryReceipt((), error=busy))
    first = part.run(now="2026-11-23T10:00:00Z")
    assert first.outcome is SliceOutcome.BACKOFF
    early = part.run(now="2026-11-23T10:00:29Z")
    assert early.outcome is SliceOutcome.BACKOFF
    assert early.retry_after > 0
    target.arrive()
    assert part.run(now="2026-11-23T10:10:00Z").outcome is SliceOutcome.DONE
    assert len(target.contents()[("Inbox",)]) == part.total().copied == 60


def test_batches_beside_one_that_is_refused_wholly_are_waited_for() -> None:
    part = Slice(60)
    part.pace = Pace(batch=BatchLimit(items=20))

    def refused(batch: Sequence[Stamped]) -> Receipt:
        return MemoryReceipt([Rejected(each.key, "ErrorInvalidExtendedProperty") for each in batch])

    part.target = target = LateTarget(refused)
    with pytest.raises(MailboxUnreachable, match="every message"):
        part.run(now="2026-11-23T10:00:00Z")
    assert not target.under_way
    assert len(target.contents()[("Inbox",)]) == 40
    assert part.run(now="2026-11-23T10:00:05Z").outcome is SliceOutcome.DONE
    target.arrive()
    assert len(target.contents()[("Inbox",)]) == part.total().copied == 60
