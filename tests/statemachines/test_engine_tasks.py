"""Tasks: Lambda, tokens, nested executions, AWS APIs, and what ends them early."""

import json
import threading
import time
from typing import Any

import pytest

from localrun.engine.clock import Clock
from localrun.engine.engine import Engine
from localrun.engine.invocation import InvokeResult
from localrun.engine.tokens import ClosedTokenError, UnknownTokenError
from tests.statemachines.player import (
    Player,
    chain,
    event_types,
    finish,
    machine,
    task,
    virtual_seconds,
)

REGION = "eu-west-1"
HOUR = 3600
DAY = 24 * HOUR
CAUGHT = {"Type": "Succeed", "Output": "{% $states.input.Error %}"}
CATCH_ALL = [{"ErrorEquals": ["States.ALL"], "Next": "C"}]
TOKEN = "{% $states.context.Task.Token %}"


def echo(event: Any) -> Any:
    return event


def ask(**fields: Any) -> dict[str, Any]:
    """A Task that waits for its token, which the function `ask` is given."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "Arguments": {"FunctionName": "ask", "Payload": {"token": TOKEN}},
        "Catch": CATCH_ALL,
        "End": True,
        **fields,
    }


def test_lambda_invoke_gives_the_payload_beside_its_metadata() -> None:
    states = {"A": task("echo", {"n": 1}, Output="{% $states.result %}")}
    output = Player({"echo": echo}).play(machine(states)).output
    assert (output["Payload"], output["StatusCode"]) == ({"n": 1}, 200)
    assert output["SdkResponseMetadata"] == {"RequestId": "request"}


def test_function_arn_as_resource_gives_the_payload_alone() -> None:
    arn = "arn:aws:lambda:eu-west-1:123456789012:function:echo"
    states = {"A": {"Type": "Task", "Resource": arn, "End": True}}
    ended = Player({"echo": echo}).play(machine(states), {"n": 1})
    assert ended.output == {"n": 1}
    assert "LambdaFunctionSucceeded" in event_types(ended)


def test_unknown_function_is_a_lambda_error() -> None:
    states = {"A": task("nobody", Catch=CATCH_ALL), "C": CAUGHT}
    assert Player().play(machine(states)).output == "Lambda.ResourceNotFoundException"


def test_request_response_task_has_no_token() -> None:
    ended = Player({"echo": echo}).play(machine({"A": task("echo", TOKEN)}))
    assert ended.error == "States.QueryEvaluationError"


def test_task_timeout_is_real_time_even_when_the_clock_races() -> None:
    release = threading.Event()
    player = Player({"slow": lambda event: release.wait(20)}, clock=Clock("scale", 3600))
    states = {"A": task("slow", TimeoutSeconds=1, Catch=CATCH_ALL), "C": CAUGHT}
    began = time.monotonic()
    ended = player.play(machine(states))
    release.set()
    assert ended.output == "States.Timeout"
    assert time.monotonic() - began >= 0.9
    assert "TaskTimedOut" in event_types(ended)


def test_time_does_not_leap_while_a_task_works() -> None:
    def work(event: object) -> str:
        time.sleep(0.3)
        return "worked"

    branches = [
        chain({"W": {"Type": "Wait", "Seconds": HOUR, "End": True}}),
        chain({"T": task("work", TimeoutSeconds=60)}),
    ]
    player = Player({"work": work})
    ended = player.play(machine({"P": {"Type": "Parallel", "Branches": branches, "End": True}}))
    assert ended.output[1] == "worked"
    kinds = event_types(ended)
    assert kinds.index("TaskSucceeded") < kinds.index("WaitStateExited")


def test_stopped_execution_ends_at_once_while_its_function_works_on() -> None:
    started, release = threading.Event(), threading.Event()

    def work(event: object) -> None:
        started.set()
        release.wait(20)

    player = Player({"work": work})
    execution = player.start(machine({"A": task("work", Catch=CATCH_ALL), "C": CAUGHT}))
    assert started.wait(10)
    player.engine.stop(execution, "Enough", "by hand")
    finish(execution)
    release.set()
    assert (execution.status, execution.error, execution.cause) == ("ABORTED", "Enough", "by hand")
    assert event_types(execution)[-1] == "ExecutionAborted"


def test_answer_to_a_token_is_the_result() -> None:
    player = Player()
    player.handlers["ask"] = lambda event: player.clock.at(
        2 * DAY, lambda: player.engine.tokens.succeed(event["token"], {"go": True})
    )
    ended = player.play(machine({"A": ask(TimeoutSeconds=14 * DAY), "C": CAUGHT}))
    assert ended.output == {"go": True}
    assert 2 * DAY <= virtual_seconds(ended) < 2 * DAY + 60
    assert "TaskSubmitted" in event_types(ended)


def test_refusal_of_a_token_is_the_error() -> None:
    player = Player()
    player.handlers["ask"] = lambda event: player.engine.tokens.fail(event["token"], "No", "why")
    ended = player.play(machine({"A": ask(), "C": CAUGHT}))
    assert ended.output == "No"


def test_unanswered_token_times_out_when_the_clock_may_leap_over_it() -> None:
    player = Player({"ask": echo}, clock=Clock("jump", leap_over_tokens=True))
    ended = player.play(machine({"A": ask(TimeoutSeconds=3 * DAY), "C": CAUGHT}))
    assert ended.output == "States.Timeout"
    assert 3 * DAY <= virtual_seconds(ended) < 3 * DAY + 60


def test_time_waits_for_an_answer_that_somebody_owes() -> None:
    asked = threading.Event()
    tokens: list[str] = []

    def note(event: Any) -> None:
        tokens.append(event["token"])
        asked.set()

    player = Player({"ask": note})
    execution = player.start(machine({"A": ask(TimeoutSeconds=3 * DAY), "C": CAUGHT}))
    assert asked.wait(10)
    time.sleep(0.2)
    assert execution.status == "RUNNING"
    player.engine.tokens.succeed(tokens[0], "at last")
    assert finish(execution).output == "at last"
    assert virtual_seconds(execution) < HOUR


def test_missed_heartbeat_ends_the_task_and_a_sent_one_prolongs_it() -> None:
    player = Player()

    def beat_once(event: Any) -> None:
        player.clock.at(HOUR / 2, lambda: player.engine.tokens.beat(event["token"]))
        player.clock.at(2 * DAY, lambda: None)

    player.handlers["ask"] = beat_once
    definition = machine({"A": ask(TimeoutSeconds=DAY, HeartbeatSeconds=HOUR), "C": CAUGHT})
    ended = player.play(definition)
    assert ended.output == "States.HeartbeatTimeout"
    assert 1.5 * HOUR <= virtual_seconds(ended) < 1.5 * HOUR + 60


def test_token_is_good_once_and_unknown_ones_are_refused() -> None:
    player = Player()
    kept: list[str] = []

    def answer_at_once(event: Any) -> None:
        kept.append(event["token"])
        player.engine.tokens.succeed(event["token"], 1)

    player.handlers["ask"] = answer_at_once
    player.play(machine({"A": ask(), "C": CAUGHT}))
    with pytest.raises(ClosedTokenError):
        player.engine.tokens.succeed(kept[0], 2)
    with pytest.raises(UnknownTokenError):
        player.engine.tokens.beat("never given out")


@pytest.mark.parametrize(
    ("result", "error"),
    [
        (InvokeResult(200, "Unhandled", b"{}", "r"), "Lambda.Unknown"),
        (InvokeResult(200, "Unhandled", b"killed", "r"), "Lambda.Unknown"),
        (InvokeResult(429, None, b"slow down", "r"), "Lambda.TooManyRequestsException"),
        (InvokeResult(500, None, b"broken", "r"), "Lambda.AWSLambdaException"),
    ],
)
def test_functions_that_do_not_say_what_is_wrong(result: InvokeResult, error: str) -> None:
    engine = Engine(Clock("jump"), lambda function, payload: result, lambda service: None)
    definition = machine({"A": task("strange", Catch=CATCH_ALL), "C": CAUGHT})
    arn = engine.add_machine("strange", json.dumps(definition), "role").arn
    assert finish(engine.start(arn)).output == error
