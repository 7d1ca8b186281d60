"""What a slice of calendars, contacts, tasks and notes tells of itself."""

from __future__ import annotations

import pytest

from localrun.fakes.metrics import MemoryMetrics
from migration import logs
from migration.copy.slices import SliceJob, SliceOutcome, SliceResult
from migration.errors import MailboxUnreachable, SourceBusy
from migration.groupware_run import run_groupware
from migration.measures import Metric
from migration.model import Mailbox, MailboxStatus
from tests.crash.groupware_world import PACE, GroupwareWorld, fill
from tests.crash.worker import BOX

NOW = "2026-12-04T18:00:00Z"


def run(world: GroupwareWorld, metrics: MemoryMetrics) -> SliceResult:
    world.ledger.plan_mailboxes("run1", [Mailbox(BOX, "s", "t", "u", "U")])
    parts = (world.source, world.target, world.ledger, world.blobs)
    job = SliceJob("acme", BOX, 1, NOW, PACE, run="run1")
    return run_groupware(*parts, metrics, job, NOW, lambda: 900.0)


@pytest.fixture
def world() -> GroupwareWorld:
    made = GroupwareWorld()
    fill(made)
    return made


def test_items_are_counted_and_logged_without_names(
    world: GroupwareWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[tuple[str, dict[str, object]]] = []
    monkeypatch.setattr(logs.logger, "info", lambda text, extra: lines.append((text, extra)))
    metrics = MemoryMetrics()
    assert run(world, metrics).copied == 15
    assert metrics.total(Metric.ITEMS_COPIED) == 15
    assert metrics.total(Metric.ITEMS_REFUSED) == 2
    assert metrics.total(Metric.MESSAGES_COPIED) == 0
    ((text, extra),) = lines
    assert text == "groupware slice"
    assert extra["outcome"] == "done"
    assert (extra["copied"], extra["refused"], extra["skipped"]) == (15, 2, 1)


def test_a_busy_source_is_measured(world: GroupwareWorld) -> None:
    def busy(name: str) -> None:
        raise SourceBusy("throttled", 45)

    world.source.step = busy
    metrics = MemoryMetrics()
    assert run(world, metrics).outcome is SliceOutcome.BACKOFF
    assert metrics.total(Metric.BACKOFF_SECONDS) == 45


def test_an_error_is_raised_and_what_was_recorded_is_told(world: GroupwareWorld) -> None:
    def gone(name: str) -> None:
        if name == "before entries":
            raise MailboxUnreachable("gone")

    world.source.step = gone
    metrics = MemoryMetrics()
    with pytest.raises(MailboxUnreachable):
        run(world, metrics)
    assert metrics.total(Metric.ITEMS_COPIED) == 0
    assert [each.metric for _, each in metrics.emitted] == [
        Metric.ITEMS_COPIED,
        Metric.ITEMS_REFUSED,
    ]


def test_a_pause_is_noted_at_the_mailbox(world: GroupwareWorld) -> None:
    world.ledger.want_pause(True)
    assert run(world, MemoryMetrics()).outcome is SliceOutcome.PAUSED
    assert world.ledger.mailbox(BOX).status is MailboxStatus.PAUSED
