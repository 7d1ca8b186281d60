"""Pause, resume and abort, said to whoever has the tenant's lock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from localrun.fakes.ledger import MemoryLedger
from localrun.fakes.schedules import MemorySchedules
from migration.control import COPY, Said, run_of, say
from migration.runs import cleaner_of
from tests.statemachines.test_migrate_tenant import DEFINITION

SINCE = "2026-12-04T18:00:00.000Z"
ME = "arn:aws:states:eu-west-1:123456789012:execution:acme-migrate-tenant:friday"
NEXT = ME.replace("friday", "saturday")


class Workflow:
    """Executions, of which one may have workers that obey after so many looks."""

    def __init__(self, *running: str, at_work_for: int = 0) -> None:
        self.running = set(running)
        self.stopped: list[str] = []
        self._at_work_for = at_work_for

    def is_running(self, execution: str) -> bool:
        return execution in self.running

    def maps_at_work(self, execution: str) -> frozenset[str]:
        self._at_work_for -= 1
        return frozenset({COPY} if self._at_work_for >= 0 else {"Users"})

    def stop(self, execution: str, error: str, cause: str) -> None:
        self.stopped.append(execution)
        self.running.discard(execution)


def ledger_of(owner: str = ME) -> MemoryLedger:
    ledger = MemoryLedger()
    if owner:
        ledger.acquire_lock(owner, SINCE)
    return ledger


def speak(
    ledger: MemoryLedger, workflow: Workflow, word: str, schedules: MemorySchedules | None = None
) -> Iterator[Said]:
    """What each look answers, with its waits."""
    owner, now = "", datetime.fromisoformat(SINCE)
    while True:
        said = say(
            ledger,
            workflow,
            schedules or MemorySchedules(),
            word,
            owner,
            SINCE,
            now.isoformat().replace("+00:00", "Z"),
        )
        yield said
        if not said.wait_seconds:
            return
        owner, now = said.owner, now + timedelta(seconds=said.wait_seconds)


def test_a_pause_names_the_run_and_how_it_goes_on() -> None:
    ledger = ledger_of()
    (said,) = speak(ledger, Workflow(ME), "pause")
    assert (said.verdict, said.owner) == ("paused", ME)
    assert "paused run friday" in said.text
    assert '{"phases": ["resume"]}' in said.text
    assert ledger.pause_wanted("friday")
    assert [note.what for note in ledger.notes("friday")] == [
        "the operator wants a pause: the copy stops"
    ]
    (said,) = speak(ledger, Workflow(ME), "resume")
    assert (said.verdict, said.owner) == ("resumed", ME)
    assert not ledger.pause_wanted("friday")


@pytest.mark.parametrize("owner", ["", ME, cleaner_of(ME, SINCE)])
@pytest.mark.parametrize(
    ("word", "verdict"), [("pause", "paused"), ("resume", "resumed"), ("abort", "nothing runs")]
)
def test_with_nothing_running_the_answer_says_so(owner: str, word: str, verdict: str) -> None:
    ledger, workflow = ledger_of(owner), Workflow()
    (said,) = speak(ledger, workflow, word)
    assert (said.verdict, said.owner, workflow.stopped) == (verdict, "", [])
    assert "nothing runs" in said.text
    assert not any(ledger.pause_wanted(run) for run in ("friday", "")) or word == "pause"


def test_an_abort_lets_the_workers_stop_then_ends_the_run_then_waits_for_the_clean_up() -> None:
    ledger, workflow = ledger_of(), Workflow(ME, at_work_for=2)
    schedules = MemorySchedules()
    schedules.add("late-1", SINCE, {})
    looks = speak(ledger, workflow, "abort", schedules)
    for _ in range(2):
        assert next(looks).verdict == "aborting"
        assert ledger.pause_wanted("friday")
        assert workflow.stopped == []
    assert next(looks).text == "run friday is ended"
    assert workflow.stopped == [ME]
    ledger.take_over_lock(cleaner_of(ME, SINCE), ME, SINCE)
    assert next(looks).verdict == "aborting"
    ledger.release_lock(cleaner_of(ME, SINCE))
    said = next(looks)
    assert (said.verdict, said.wait_seconds) == ("aborted", 0)
    assert "aborted run friday: the administrator has no rights any more" in said.text
    assert "; 1 late passes will not begin; " in said.text
    assert schedules.names() == []
    assert not ledger.pause_wanted("saturday"), "the next run is not meant"


def test_a_run_that_only_waits_is_ended_at_once() -> None:
    ledger, workflow = ledger_of(), Workflow(ME)
    looks = speak(ledger, workflow, "abort")
    next(looks)
    assert workflow.stopped == [ME]


def test_workers_that_do_not_stop_are_not_waited_for_for_ever() -> None:
    ledger, workflow = ledger_of(), Workflow(ME, at_work_for=1000)
    verdicts = []
    for said in speak(ledger, workflow, "abort"):
        verdicts.append(said.verdict)
        if workflow.stopped:
            ledger.release_lock(ME)
    assert verdicts[-1] == "aborted"
    assert len(verdicts) == 5 * 60 // 15 + 2


def test_a_clean_up_that_never_comes_is_said() -> None:
    *_, said = speak(ledger_of(), Workflow(ME), "abort")
    assert said.verdict == "aborted"
    assert "not cleaned up" in said.text


def test_an_abort_does_not_meet_the_run_that_has_begun_since() -> None:
    ledger, workflow = ledger_of(), Workflow(ME)
    looks = speak(ledger, workflow, "abort")
    next(looks)
    workflow.running.add(NEXT)
    ledger.take_over_lock(NEXT, ME, SINCE)
    assert next(looks).verdict == "aborted"
    assert workflow.stopped == [ME]
    assert not ledger.pause_wanted(run_of(NEXT))


def test_a_killed_look_is_repeated_with_the_same_end() -> None:
    """Every write of an abort is its last; the state is tried again then."""

    class Killed(Exception):
        pass

    for fatal in range(4):
        ledger, workflow = ledger_of(), Workflow(ME)
        writes = iter(range(100))

        def step(_: str, writes: Iterator[int] = writes, fatal: int = fatal) -> None:
            if next(writes) == fatal:
                raise Killed

        ledger.step = step
        with pytest.raises(Killed):
            list(speak(ledger, workflow, "abort"))
        ledger.step = lambda _: None
        looks = speak(ledger, workflow, "abort")
        next(looks)
        assert workflow.stopped == [ME]
        ledger.release_lock(ME)
        assert next(looks).verdict == "aborted"


def test_nobody_is_told_anything_else() -> None:
    with pytest.raises(ValueError, match="told to dance"):
        list(speak(ledger_of(), Workflow(ME), "dance"))


def test_the_map_whose_workers_look_at_the_ledger_has_the_name_that_is_looked_for() -> None:
    assert DEFINITION["States"]["CopyMailboxes"]["Label"] == COPY
