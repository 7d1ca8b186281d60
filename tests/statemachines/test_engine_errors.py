"""Retry, Catch, and the limits that end an execution."""

from typing import Any

import pytest

from localrun.engine.execution import Execution
from localrun.engine.history import EVENT_LIMIT
from tests.statemachines.player import (
    HandlerError,
    Player,
    event_types,
    machine,
    task,
    virtual_seconds,
)

END = {"Type": "Pass", "End": True}


def fail_with(kind: str) -> Any:
    def handler(event: object) -> object:
        raise HandlerError(kind)

    return handler


def play(states: dict[str, Any], state_input: object = None, **fields: Any) -> Execution:
    return Player().play(machine(states, **fields), state_input)


def test_retry_waits_with_backoff_up_to_its_longest_delay() -> None:
    answers = iter([HandlerError("Busy")] * 5)

    def flaky(event: object) -> object:
        for error in answers:
            raise error
        return "done"

    retrier = {
        "ErrorEquals": ["Busy"],
        "IntervalSeconds": 10,
        "BackoffRate": 3,
        "MaxAttempts": 5,
        "MaxDelaySeconds": 100,
    }
    ended = Player({"flaky": flaky}).play(machine({"A": task("flaky", Retry=[retrier])}))
    assert ended.output == "done"
    assert event_types(ended).count("TaskFailed") == 5
    assert 0 <= virtual_seconds(ended) - (10 + 30 + 90 + 100 + 100) < 10


def test_full_jitter_waits_at_most_the_delay() -> None:
    retrier = {"ErrorEquals": ["Busy"], "IntervalSeconds": 1000, "MaxAttempts": 1}
    states = {"A": task("busy", Retry=[{**retrier, "JitterStrategy": "FULL"}])}
    player = Player({"busy": fail_with("Busy")})
    waits = {virtual_seconds(player.play(machine(states))) for _ in range(5)}
    assert max(waits) < 1010
    assert len({round(wait) for wait in waits}) > 1


def test_only_the_first_retrier_that_names_an_error_counts() -> None:
    retriers = [
        {"ErrorEquals": ["Busy"], "MaxAttempts": 1},
        {"ErrorEquals": ["States.ALL"], "MaxAttempts": 9},
    ]
    ended = Player({"busy": fail_with("Busy")}).play(machine({"A": task("busy", Retry=retriers)}))
    assert ended.error == "Busy"
    assert event_types(ended).count("TaskScheduled") == 2


def test_catch_matches_the_handlers_error_type_and_assigns() -> None:
    catcher = {
        "ErrorEquals": ["Other", "Busy"],
        "Assign": {"caught": "{% $states.errorOutput.Error %}"},
        "Output": "{% $parse($states.errorOutput.Cause).errorMessage %}",
        "Next": "B",
    }
    states = {
        "A": task("busy", Catch=[catcher]),
        "B": {**END, "Output": ["{% $caught %}", "{% $states.input %}"]},
    }
    ended = Player({"busy": fail_with("Busy")}).play(machine(states))
    assert ended.output == ["Busy", "as told"]


@pytest.mark.parametrize(
    ("kind", "names", "caught"),
    [
        ("Busy", ["States.TaskFailed"], True),
        ("Busy", ["States.ALL"], True),
        ("Busy", ["Bus"], False),
        ("States.Timeout", ["States.TaskFailed"], False),
        ("States.HeartbeatTimeout", ["States.Timeout"], True),
        ("States.Runtime", ["States.ALL"], False),
        ("States.DataLimitExceeded", ["States.ALL"], False),
        ("States.DataLimitExceeded", ["States.DataLimitExceeded"], True),
    ],
)
def test_what_catches_what(kind: str, names: list[str], caught: bool) -> None:
    states = {
        "A": task("broken", Catch=[{"ErrorEquals": names, "Next": "B"}]),
        "B": {"Type": "Succeed", "Output": "caught"},
    }
    ended = Player({"broken": fail_with(kind)}).play(machine(states))
    assert (ended.output == "caught", ended.error) == (caught, None if caught else kind)


def test_errors_in_a_tasks_output_are_caught_by_the_task() -> None:
    catch = [{"ErrorEquals": ["States.QueryEvaluationError"], "Next": "B"}]
    states = {
        "A": task("echo", Output="{% $states.result.Nothing %}", Catch=catch),
        "B": {"Type": "Succeed", "Output": "caught"},
    }
    assert Player({"echo": lambda event: event}).play(machine(states)).output == "caught"


@pytest.mark.parametrize("place", ["Output", "task", "Arguments"])
def test_more_than_256_kib_is_a_data_limit_that_states_all_does_not_catch(place: str) -> None:
    large = "{% $pad('', 300000, 'x') %}"
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "C"}]
    first = {
        "Output": {**END, "Output": large},
        "task": task("large", Output="small", Catch=catch),
        "Arguments": task("large", large, Catch=catch),
    }[place]
    states = {"A": first} | ({} if place == "Output" else {"C": END})
    ended = Player({"large": lambda event: "x" * 300_000}).play(machine(states), {})
    assert ended.error == "States.DataLimitExceeded"


def test_the_limit_counts_bytes_not_characters() -> None:
    states = {"A": {**END, "Output": "{% $pad('', $states.input, 'é') %}"}}
    assert play(states, 131_000).status == "SUCCEEDED"
    assert play(states, 132_000).error == "States.DataLimitExceeded"


def test_history_ends_at_25_000_events() -> None:
    states = {
        "A": {"Type": "Pass", "Next": "B"},
        "B": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% false %}", "Next": "C"}],
            "Default": "A",
        },
        "C": END,
    }
    ended = play(states)
    assert (ended.status, ended.error) == ("FAILED", "States.Runtime")
    assert len(ended.history.events()) == EVENT_LIMIT
    assert event_types(ended)[-1] == "ExecutionFailed"
