"""The states of an execution, told from the events of its history."""

from __future__ import annotations

from migration.execution_states import find_states
from migration.progress_model import ExecutionEvent
from migration.progress_view import StateStatus

AT = "2026-12-04T18:00:00Z"
CURRENT, PASSED, FAILED = StateStatus


def events(*told: str) -> list[ExecutionEvent]:
    """`TaskStateEntered Preflight` and the like, one a second."""
    return [
        ExecutionEvent(each.split()[0], f"2026-12-04T18:00:{second:02}Z", *each.split()[1:])
        for second, each in enumerate(told)
    ]


def statuses(*told: str) -> dict[str, StateStatus]:
    return {line.name: line.status for line in find_states(events(*told))}


def test_an_execution_without_a_history_has_entered_nothing() -> None:
    assert find_states([]) == ()


def test_the_state_that_was_not_exited_is_the_current_one() -> None:
    assert statuses(
        "ExecutionStarted",
        "TaskStateEntered Prepare",
        "TaskScheduled",
        "TaskSucceeded",
        "TaskStateExited Prepare",
        "ChoiceStateEntered HasLock",
        "ChoiceStateExited HasLock",
        "TaskStateEntered Preflight",
        "TaskScheduled",
    ) == {"Prepare": PASSED, "HasLock": PASSED, "Preflight": CURRENT}


def test_a_state_that_is_entered_again_keeps_its_place_and_is_counted() -> None:
    (first, second) = find_states(
        events(
            "TaskStateEntered CheckDns",
            "TaskStateExited CheckDns",
            "WaitStateEntered WaitForDns",
            "WaitStateExited WaitForDns",
            "TaskStateEntered CheckDns",
        )
    )
    assert (first.name, first.times, first.entered) == ("CheckDns", 2, "2026-12-04T18:00:04Z")
    assert (first.status, second.status) == (CURRENT, PASSED)


def test_a_failure_that_is_tried_again_is_none() -> None:
    told = ("TaskStateEntered A", "TaskScheduled", "TaskFailed", "TaskScheduled", "TaskStarted")
    assert statuses(*told) == {"A": CURRENT}
    assert statuses(*told, "TaskSucceeded", "TaskStateExited A") == {"A": PASSED}


def test_a_state_whose_failure_was_caught_has_failed_and_the_next_has_not() -> None:
    assert statuses(
        "TaskStateEntered Preflight",
        "TaskTimedOut",
        "TaskStateExited Preflight",
        "TaskStateEntered WriteReport",
        "TaskStateExited WriteReport",
    ) == {"Preflight": FAILED, "WriteReport": PASSED}


def test_a_map_that_failed_has_failed() -> None:
    assert statuses(
        "MapStateEntered CopyMailboxes",
        "MapStateStarted",
        "MapRunStarted",
        "MapRunFailed",
        "MapStateFailed",
        "MapStateExited CopyMailboxes",
    ) == {"CopyMailboxes": FAILED}


def test_no_state_is_at_work_when_the_execution_has_ended() -> None:
    waiting = ("WaitStateEntered WaitForDns",)
    assert statuses(*waiting, "ExecutionAborted") == {"WaitForDns": FAILED}
    assert statuses(*waiting, "ExecutionTimedOut") == {"WaitForDns": FAILED}
    assert statuses("FailStateEntered Failed", "ExecutionFailed") == {"Failed": FAILED}
    succeeded = ("SucceedStateEntered Migrated", "SucceedStateExited Migrated")
    assert statuses(*succeeded, "ExecutionSucceeded") == {"Migrated": PASSED}
