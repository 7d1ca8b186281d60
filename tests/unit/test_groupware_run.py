"""What a slice of calendars, contacts, tasks and notes tells of itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from localrun.fakes.metrics import MemoryMetrics
from migration import logs
from migration.copy.slices import SliceJob, SliceOutcome, SliceResult
from migration.dns_model import DnsWatch
from migration.errors import ItemRejected, MailboxUnreachable, SourceBusy, TargetBusy
from migration.groupware_run import run_groupware
from migration.mailbox_settings import (
    Audience,
    AutomaticReply,
    MailboxSettings,
    ReplyStatus,
    Rule,
    SettingsEnds,
)
from migration.measures import Metric
from migration.model import Mailbox, MailboxStatus
from migration.settings_file import read_settings
from tests.crash.groupware_world import PACE, GroupwareWorld, fill
from tests.crash.worker import BOX

NOW = "2026-12-04T18:00:00Z"


class Told:
    """A source of settings: an answer, or an error."""

    def __init__(self, answer: MailboxSettings | Exception) -> None:
        self.answer = answer

    def read(self) -> MailboxSettings:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def close(self) -> None: ...


def run(
    world: GroupwareWorld, metrics: MemoryMetrics, settings: SettingsEnds | None = None
) -> SliceResult:
    world.ledger.plan_mailboxes("run1", [Mailbox(BOX, "s", "t", "u", "U")])
    parts = (world.source, world.target, world.ledger, world.blobs)
    job = SliceJob("acme", BOX, 1, NOW, PACE, run="run1")
    return run_groupware(*parts, metrics, job, NOW, lambda: 900.0, settings)


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


RULE = Rule("Bills", 1, True, ("it is from a@b.example",), (), ("delete it for good",), ("x@y.z",))
REPLY = AutomaticReply(ReplyStatus.SCHEDULED, "in", "out", Audience.CONTACTS, NOW, NOW)


def test_rules_and_a_reply_are_written_down_when_nothing_is_left(
    world: GroupwareWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[object] = []
    monkeypatch.setattr(logs.logger, "info", lambda text, extra: lines.append((text, extra)))
    settings = MailboxSettings((RULE,), REPLY, ("reply:denied",))
    assert run(world, MemoryMetrics(), SettingsEnds(Told(settings))).outcome is SliceOutcome.DONE
    assert read_settings(world.blobs, BOX) == settings
    assert "b.example" not in repr(lines) and "Bills" not in repr(lines)


def test_without_a_source_of_settings_there_are_none(world: GroupwareWorld) -> None:
    assert run(world, MemoryMetrics()).outcome is SliceOutcome.DONE
    assert read_settings(world.blobs, BOX) == MailboxSettings()


def test_a_source_that_is_busy_over_settings_is_asked_in_the_next_slice(
    world: GroupwareWorld,
) -> None:
    result = run(world, MemoryMetrics(), SettingsEnds(Told(SourceBusy("throttled", 45))))
    assert (result.outcome, result.copied, result.wait_seconds) == (SliceOutcome.BACKOFF, 15, 45)
    result = run(world, MemoryMetrics(), SettingsEnds(Told(MailboxSettings((RULE,)))))
    assert (result.outcome, result.copied) == (SliceOutcome.DONE, 0)
    assert read_settings(world.blobs, BOX).rules == (RULE,)


def test_settings_wait_until_nothing_is_left(world: GroupwareWorld) -> None:
    def busy(name: str) -> None:
        raise SourceBusy("throttled", 45)

    world.source.step = busy
    run(world, MemoryMetrics(), SettingsEnds(Told(MailboxSettings((RULE,)))))
    assert read_settings(world.blobs, BOX) == MailboxSettings()


class Desk:
    """A mailbox's automatic reply in WorkMail."""

    def __init__(self, there: AutomaticReply, error: Exception | None = None) -> None:
        self.there, self.error = there, error

    def find(self) -> AutomaticReply:
        if self.error:
            raise self.error
        return self.there

    def put(self, reply: AutomaticReply) -> None:
        self.there = reply

    def close(self) -> None: ...


NONE = AutomaticReply(ReplyStatus.OFF)
ON = AutomaticReply(ReplyStatus.ON, "in", "out", Audience.EVERYBODY)
LATER, BEFORE = "2026-12-24T00:00:00Z", "2026-12-01T00:00:00Z"
READY = DnsWatch(ready=BEFORE)


@pytest.mark.parametrize(
    ("reply", "watch", "there", "is_written"),
    [
        (ON, READY, NONE, True),
        (replace(REPLY, end=LATER), READY, NONE, True),
        (replace(REPLY, end=BEFORE), READY, NONE, False),
        (replace(REPLY, begin=""), READY, NONE, False),
        (replace(ON, status=ReplyStatus.OFF), READY, NONE, False),
        (ON, DnsWatch(), NONE, False),
        (ON, replace(READY, went_back=BEFORE), NONE, False),
        (ON, READY, replace(NONE, inside="was away"), False),
        (ON, READY, replace(ON, inside="own"), False),
        (ON, READY, replace(NONE, inside="<html><body>&nbsp;</body></html>"), True),
    ],
)
def test_a_reply_is_written_after_the_cut_over_where_there_is_none(
    world: GroupwareWorld,
    reply: AutomaticReply,
    watch: DnsWatch,
    there: AutomaticReply,
    is_written: bool,
) -> None:
    desk = Desk(there)
    world.ledger.write_dns("run1", NOW, [], watch)
    ends = SettingsEnds(Told(MailboxSettings(reply=reply)), desk)
    assert run(world, MemoryMetrics(), ends).outcome is SliceOutcome.DONE
    assert desk.there == (reply if is_written else there)


def test_a_reply_is_written_once(world: GroupwareWorld) -> None:
    """Who has come back has switched it off, and whatever they did it with may have left no text.
    Also where the DNS went back and forth meanwhile."""
    desk = Desk(NONE)
    ends = SettingsEnds(Told(MailboxSettings(reply=ON)), desk)
    world.ledger.write_dns("run1", NOW, [], READY)
    assert run(world, MemoryMetrics(), ends).outcome is SliceOutcome.DONE
    assert desk.there == ON
    desk.there = NONE
    for watch in (replace(READY, went_back=BEFORE), READY):
        world.ledger.write_dns("run1", NOW, [], watch)
        assert run(world, MemoryMetrics(), ends).outcome is SliceOutcome.DONE
        assert desk.there == NONE
        assert read_settings(world.blobs, BOX).is_at_target


def test_a_reply_that_workmail_refuses_is_told_and_one_that_is_busy_waits(
    world: GroupwareWorld,
) -> None:
    world.ledger.write_dns("run1", NOW, [], READY)
    told = Told(MailboxSettings(reply=ON))
    refusing = SettingsEnds(told, Desk(NONE, ItemRejected("ErrorInvalidUserOofSettings")))
    assert run(world, MemoryMetrics(), refusing).outcome is SliceOutcome.DONE
    kept = read_settings(world.blobs, BOX)
    assert kept == MailboxSettings(reply=ON, problems=("workmail:ErrorInvalidUserOofSettings",))
    busy = SettingsEnds(told, Desk(NONE, TargetBusy("busy", 45)))
    assert run(world, MemoryMetrics(), busy).outcome is SliceOutcome.BACKOFF
    assert run(world, MemoryMetrics(), SettingsEnds(told, Desk(NONE))).outcome is SliceOutcome.DONE
    assert read_settings(world.blobs, BOX).is_at_target
