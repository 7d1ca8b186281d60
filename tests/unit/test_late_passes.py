"""Passes that begin by themselves days after a run, and the wave that they go by."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from localrun.fakes.blobs import MemoryBlobs
from localrun.fakes.ledger import MemoryLedger
from localrun.fakes.schedules import MemorySchedules
from migration.drain import note_drain
from migration.errors import InputInvalid
from migration.late_passes import name_of, remove_late_passes, schedule_late_passes
from migration.model import Agreement, Failure, Mailbox, MailboxStatus, MailboxVerdict, Tally
from migration.wave import repeat_wave, write_wave

NOW = "2026-12-04T18:20:31.500Z"


def test_each_day_has_a_pass_for_the_mailboxes_of_the_run() -> None:
    schedules, ledger = MemorySchedules(), MemoryLedger()
    assert schedule_late_passes(schedules, ledger, (7, 1, 7), "friday", NOW) == 2
    wanted = {"phases": ["delta", "report"], "run": "friday"}
    assert schedules.waiting == {
        name_of("friday", 1): ("2026-12-05T18:20:00Z", wanted),
        name_of("friday", 7): ("2026-12-11T18:20:00Z", wanted),
    }
    (note,) = ledger.notes("friday")
    assert note.what == (
        "the old mailboxes are looked at once more at 2026-12-05 18:20, 2026-12-11 18:20 UTC"
    )


def test_a_repeated_call_makes_none_twice() -> None:
    for fatal in range(4):
        schedules, ledger = MemorySchedules(), MemoryLedger()
        steps = iter(range(100))

        def step(_: str, steps: object = steps, fatal: int = fatal) -> None:
            if next(steps) == fatal:  # type: ignore[call-overload]
                raise InterruptedError

        schedules.step = step
        with pytest.raises(InterruptedError):
            schedule_late_passes(schedules, ledger, (1, 7), "friday", NOW)
        schedules.step = lambda _: None
        schedule_late_passes(schedules, ledger, (1, 7), "friday", NOW)
        assert schedules.names() == sorted([name_of("friday", 1), name_of("friday", 7)])


def test_no_days_mean_no_pass_and_no_line() -> None:
    schedules, ledger = MemorySchedules(), MemoryLedger()
    assert schedule_late_passes(schedules, ledger, (), "friday", NOW) == 0
    assert ledger.notes("friday") == []


def test_names_fit_the_scheduler_whatever_the_run_is_called() -> None:
    names = {name_of(run, 60) for run in ("ö" * 80, "x" * 80, "a b", "a.b")}
    assert len(names) == 4
    assert all(re.fullmatch("[0-9a-zA-Z-_.]{1,64}", name) for name in names)


def test_what_has_not_begun_is_taken_back() -> None:
    schedules = MemorySchedules()
    schedule_late_passes(schedules, MemoryLedger(), (1, 7), "friday", NOW)
    assert remove_late_passes(schedules) == 2
    assert remove_late_passes(schedules) == 0


# ---- the wave of an earlier run ----------------------------------------------------------------


def mailboxes(*names: str) -> list[Mailbox]:
    return [Mailbox(name, name, f"{name}@acme.example", name, name) for name in names]


def planned(*names: str) -> tuple[MemoryBlobs, MemoryLedger]:
    blobs, ledger = MemoryBlobs(), MemoryLedger()
    ledger.plan_mailboxes("friday", mailboxes(*names))
    blobs.put("plans/friday/wave.jsonl", write_wave(names))
    return blobs, ledger


def test_the_mailboxes_of_the_run_are_planned_again_and_no_others() -> None:
    blobs, ledger = planned("a", "b")
    ledger.plan_mailboxes("other-wave", mailboxes("z"))
    verdict = MailboxVerdict(1, Agreement.AGREE, Tally(copied=9), Tally())
    ledger.set_verdict("a", verdict)
    repeated = repeat_wave(blobs, ledger, "late", "friday", NOW)
    assert (repeated.key, repeated.count) == ("plans/late/wave.jsonl", 2)
    assert blobs.get(repeated.key) == write_wave(["a", "b"])
    records = list(ledger.mailboxes("late"))
    assert [record.mailbox.id for record in records] == ["a", "b"]
    assert {record.status for record in records} == {MailboxStatus.PLANNED}
    assert ledger.last_run() == "late"


def test_a_second_late_pass_finds_what_the_first_has_planned() -> None:
    blobs, ledger = planned("a", "b")
    repeat_wave(blobs, ledger, "day-1", "friday", NOW)
    assert repeat_wave(blobs, ledger, "day-7", "friday", NOW).count == 2
    assert repeat_wave(blobs, ledger, "day-7", "friday", NOW).count == 2


def test_users_whom_workmail_has_refused_stay_refused() -> None:
    blobs, ledger = planned("a", "b")
    ledger.set_failed("b", Failure("UserRefused", "no such name"))
    assert repeat_wave(blobs, ledger, "late", "friday", NOW).count == 1
    assert ledger.mailbox("b").status is MailboxStatus.FAILED
    ledger.set_failed("a", Failure("UserRefused", "no such name"))
    with pytest.raises(InputInvalid, match="none of its mailboxes"):
        repeat_wave(blobs, ledger, "later", "late", NOW)


def test_a_run_that_never_was_is_named() -> None:
    blobs, ledger = planned("a")
    with pytest.raises(InputInvalid, match="no run of this name"):
        repeat_wave(blobs, ledger, "late", "fridya", NOW)
    assert ledger.last_run() == "friday"


# ---- the drain ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ttl", "until", "why"),
    [(3600, "20:20", "caches for 3600 seconds, and 60 minutes"), (0, "19:20", ": 60 minutes")],
)
def test_the_timeline_says_until_when_mail_may_come(ttl: int, until: str, why: str) -> None:
    ledger = MemoryLedger()
    note_drain(ledger, "friday", ttl, 60, NOW)
    note_drain(ledger, "friday", ttl, 60, NOW)
    (note,) = ledger.notes("friday")
    assert f"until 2026-12-04 {until} UTC" in note.what
    assert why in note.what
    assert replace(note, what="").state == "DrainOldMx"


def test_of_a_run_those_alone_may_be_taken_that_failed() -> None:
    blobs, ledger = planned("a", "b", "c")
    ledger.set_failed("b", Failure("CredentialsRejected", "wrong"))
    ledger.set_failed("c", Failure("UserRefused", "no such name"))
    first = repeat_wave(blobs, ledger, "rest", "friday", NOW, only_failed=True)
    assert blobs.get(first.key) == write_wave(["b"])
    # the call is made once more, when its own planning has taken the failure away
    assert repeat_wave(blobs, ledger, "rest", "friday", NOW, only_failed=True).count == 1
    with pytest.raises(InputInvalid, match="none of its mailboxes has failed"):
        repeat_wave(blobs, ledger, "again", "friday", NOW, only_failed=True)
