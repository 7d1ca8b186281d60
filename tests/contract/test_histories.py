"""What Histories promise, over the Step Functions of the laptop and in memory."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from localrun.engine.api import StepFunctionsApi
from localrun.engine.clock import Clock
from localrun.engine.engine import Engine
from localrun.engine.invocation import InvokeResult
from localrun.fakes.histories import MemoryHistories
from localrun.model_service import ModelServer, ModelService
from migration.aws.histories import StepFunctionsHistories
from migration.ports import Histories

AGAIN = 700
"""Times that the loop is entered: its events are more than an answer of Step Functions holds."""
DEFINITION = {
    "QueryLanguage": "JSONata",
    "StartAt": "First",
    "States": {
        "First": {"Type": "Pass", "Assign": {"rounds": 0}, "Next": "Again"},
        "Again": {
            "Type": "Choice",
            "Choices": [{"Condition": f"{{% $rounds < {AGAIN} %}}", "Next": "Count"}],
            "Default": "Done",
        },
        "Count": {"Type": "Pass", "Assign": {"rounds": "{% $rounds + 1 %}"}, "Next": "Again"},
        "Done": {"Type": "Succeed"},
    },
}


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    def answer(*_: Any, **__: Any) -> InvokeResult:
        raise AssertionError("no function is called here")

    engine = Engine(Clock(), answer, lambda service: None)
    service = ModelService("stepfunctions", StepFunctionsApi(engine))
    with ModelServer([service]) as server:
        yield boto3.client(
            "stepfunctions",
            endpoint_url=server.url,
            region_name="eu-west-1",
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )


@pytest.fixture(scope="module")
def execution(client: Any) -> str:
    """An execution that has ended."""
    machine = client.create_state_machine(
        name="loops", definition=json.dumps(DEFINITION), roleArn="arn:aws:iam::1:role/loops"
    )["stateMachineArn"]
    arn: str = client.start_execution(stateMachineArn=machine)["executionArn"]
    until = time.monotonic() + 60
    while client.describe_execution(executionArn=arn)["status"] == "RUNNING":
        assert time.monotonic() < until
        time.sleep(0.05)
    return arn


@pytest.fixture(params=["memory", "step functions"])
def histories(request: pytest.FixtureRequest, client: Any, execution: str) -> Histories:
    real = StepFunctionsHistories(client)
    if request.param == "step functions":
        return real
    return MemoryHistories({execution: list(real.events(execution))})


def test_events_come_from_the_first_to_the_last(histories: Histories, execution: str) -> None:
    events = list(histories.events(execution))
    assert (events[0].kind, events[-1].kind) == ("ExecutionStarted", "ExecutionSucceeded")
    assert [each.at for each in events] == sorted(each.at for each in events)
    assert all(each.at.endswith("Z") for each in events)


def test_states_are_named_when_they_are_entered(histories: Histories, execution: str) -> None:
    events = list(histories.events(execution))
    assert [each.state for each in events[:4]] == ["", "First", "", "Again"]
    assert events[1].kind == "PassStateEntered"
    assert events[2].kind == "PassStateExited"


def test_a_history_of_several_answers_is_whole(histories: Histories, execution: str) -> None:
    entered = [
        each.state for each in histories.events(execution) if each.kind.endswith("StateEntered")
    ]
    assert len(entered) > 1000
    assert entered.count("Count") == AGAIN


@pytest.mark.parametrize("unknown", ["no ARN", "arn:aws:states:eu-west-1:1:execution:loops:other"])
def test_an_unknown_execution_has_no_events(histories: Histories, unknown: str) -> None:
    assert list(histories.events(unknown)) == []
