"""Parallel and the inline Map, and what goes on in several branches at once."""

import queue
import threading
from typing import Any

import pytest

from localrun.engine.execution import Execution
from tests.statemachines.player import (
    Player,
    chain,
    event_types,
    inline,
    machine,
    virtual_seconds,
)

END = {"Type": "Pass", "End": True}


HOUR = 3600


def play(states: dict[str, Any], state_input: object = None, **fields: Any) -> Execution:
    return Player().play(machine(states, **fields), state_input)


def test_parallel_gives_the_outputs_in_the_order_of_its_branches() -> None:
    slow = {"A1": {"Type": "Wait", "Seconds": 9, "Output": "slow", "End": True}}
    fast = {"A2": {**END, "Output": "{% $states.input.x & $v %}"}}
    parallel = {"Type": "Parallel", "Branches": [chain(slow), chain(fast)], "End": True}
    states = {
        "V": {"Type": "Pass", "Assign": {"v": "!"}, "Next": "P"},
        "P": {**parallel, "Arguments": {"x": "hi"}},
    }
    assert play(states).output == ["slow", "hi!"]


def test_parallel_ends_its_other_branches_when_one_fails() -> None:
    long = {"W": {"Type": "Wait", "Seconds": 100 * HOUR, "Next": "Never"}, "Never": END}
    short = {
        "S": {"Type": "Wait", "Seconds": 60, "Next": "F"},
        "F": {"Type": "Fail", "Error": "Boom"},
    }
    parallel = {
        "Type": "Parallel",
        "Branches": [chain(long), chain(short)],
        "Catch": [{"ErrorEquals": ["Boom"], "Next": "C"}],
        "End": True,
    }
    ended = play({"P": parallel, "C": {"Type": "Succeed", "Output": "caught"}})
    assert ended.output == "caught"
    assert virtual_seconds(ended) < HOUR
    assert "WaitStateAborted" in event_types(ended)
    assert "ParallelStateFailed" in event_types(ended)


def test_inline_map_sees_item_index_and_outer_variables() -> None:
    states = {
        "V": {"Type": "Pass", "Assign": {"v": 10}, "Next": "M"},
        "M": inline(
            {"I": {**END, "Output": "{% $states.input.i * $v & $states.context.Map.Item.Value %}"}},
            Items="{% $states.input.l %}",
            ItemSelector={"i": "{% $states.context.Map.Item.Index %}"},
            MaxConcurrency=2,
        ),
    }
    assert play(states, {"l": ["a", "b", "c"]}).output == ["0a", "10b", "20c"]


def test_inline_map_runs_no_more_than_forty_at_once() -> None:
    wait = {"I": {"Type": "Wait", "Seconds": HOUR, "End": True}}
    ended = play({"M": inline(wait, Items="{% $range(1, 100, 1) %}")})
    assert 3 * HOUR <= virtual_seconds(ended) < 3 * HOUR + 60


def test_failed_iteration_ends_the_others() -> None:
    choice = {
        "Type": "Choice",
        "Choices": [{"Condition": "{% $states.input = 2 %}", "Next": "S"}],
        "Default": "W",
    }
    states = {
        "I": choice,
        "S": {"Type": "Wait", "Seconds": 60, "Next": "F"},
        "F": {"Type": "Fail", "Error": "Boom"},
        "W": {"Type": "Wait", "Seconds": HOUR, "End": True},
    }
    ended = play({"M": inline(states, Items=[1, 2, 3])})
    assert ended.error == "Boom"
    assert virtual_seconds(ended) < HOUR
    assert event_types(ended).count("MapIterationAborted") == 2


def test_execution_timeout_ends_a_wait_on_time_and_is_never_caught() -> None:
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "C"}]
    branch = chain({"W": {"Type": "Wait", "Seconds": HOUR, "End": True}})
    states = {
        "P": {"Type": "Parallel", "Branches": [branch], "Catch": catch, "End": True},
        "C": END,
    }
    ended = play(states, TimeoutSeconds=600)
    assert (ended.status, ended.error) == ("TIMED_OUT", "States.Timeout")
    assert 600 <= virtual_seconds(ended) < 700
    assert event_types(ended)[-1] == "ExecutionTimedOut"


def test_events_are_numbered_and_follow_each_other_within_their_branch() -> None:
    branches = [chain({name: END}) for name in ("X", "Y")]
    ended = play({"P": {"Type": "Parallel", "Branches": branches, "End": True}})
    events = ended.history.events()
    assert [event["id"] for event in events] == list(range(1, len(events) + 1))
    entered = {
        event["stateEnteredEventDetails"]["name"]: event["previousEventId"]
        for event in events
        if "stateEnteredEventDetails" in event
    }
    assert entered["X"] == entered["Y"] == 3


def test_observers_see_every_event_in_order() -> None:
    seen: list[tuple[str, int]] = []
    player = Player(observers=[lambda execution, event: seen.append((execution.arn, event["id"]))])
    ended = player.play(machine({"A": END}))
    assert seen == [(ended.arn, event["id"]) for event in ended.history.events()]


def test_a_broken_observer_fails_the_execution_and_is_heard_of(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    heard: queue.Queue[type[BaseException]] = queue.Queue()
    monkeypatch.setattr(threading, "excepthook", lambda args: heard.put(args.exc_type))

    def broken(execution: Execution, event: dict[str, Any]) -> None:
        if event["type"] == "PassStateEntered":
            raise RuntimeError

    ended = Player(observers=[broken]).play(machine({"A": END}))
    assert (ended.status, ended.error) == ("FAILED", "States.Runtime")
    assert heard.get(timeout=10) is RuntimeError
