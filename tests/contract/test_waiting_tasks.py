"""What WaitingTasks promise, over the Step Functions of the laptop and in memory."""

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
from localrun.fakes.waiting_tasks import MemoryTasks
from localrun.model_service import ModelServer, ModelService
from migration.aws.waiting_tasks import WaitingTasks

DEFINITION = {
    "QueryLanguage": "JSONata",
    "StartAt": "Ask",
    "States": {
        "Ask": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
            "Arguments": {"FunctionName": "ask", "Payload": "{% $states.context.Task.Token %}"},
            "TimeoutSeconds": 600,
            "End": True,
        }
    },
}


class Machine:
    """A machine whose only state waits for an answer."""

    def __init__(self, client: Any, tokens: list[str]) -> None:
        self.client = client
        self._tokens = tokens
        self._arn = client.create_state_machine(
            name="asks", definition=json.dumps(DEFINITION), roleArn="arn:aws:iam::1:role/asks"
        )["stateMachineArn"]

    def begin(self) -> tuple[str, str]:
        """An execution that waits, and its token."""
        known = len(self._tokens)
        arn = self.client.start_execution(stateMachineArn=self._arn)["executionArn"]
        until = time.monotonic() + 10
        while len(self._tokens) == known:
            assert time.monotonic() < until
            time.sleep(0.01)
        return arn, self._tokens[-1]

    def end(self, arn: str) -> dict[str, Any]:
        until = time.monotonic() + 10
        while True:
            described: dict[str, Any] = self.client.describe_execution(executionArn=arn)
            if described["status"] != "RUNNING":
                return described
            assert time.monotonic() < until
            time.sleep(0.01)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    tokens: list[str] = []

    def invoke(_function: str, payload: bytes) -> InvokeResult:
        tokens.append(json.loads(payload))
        return InvokeResult(200, None, b"{}", "id")

    engine = Engine(
        Clock(),
        invoke=invoke,
        client=lambda _service: None,
        region="eu-west-1",
        account="123456789012",
    )
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    api = ModelService("stepfunctions", StepFunctionsApi(engine))
    with ModelServer([api]) as server:
        client = boto3.client("stepfunctions", region_name="eu-west-1", endpoint_url=server.url)
        yield Machine(client, tokens)


def test_an_answer_is_the_tasks_result_and_counts_once(machine: Machine) -> None:
    arn, token = machine.begin()
    tasks = WaitingTasks(machine.client)
    assert tasks.succeed(token, {"answer": "approve"}) is True
    assert json.loads(machine.end(arn)["output"]) == {"answer": "approve"}
    assert tasks.succeed(token, {"answer": "reject"}) is False
    assert tasks.fail(token, "RollbackRejected") is False


def test_a_failure_is_the_tasks_error(machine: Machine) -> None:
    arn, token = machine.begin()
    assert WaitingTasks(machine.client).fail(token, "RollbackRejected") is True
    described = machine.end(arn)
    assert (described["status"], described["error"]) == ("FAILED", "RollbackRejected")


def test_an_unknown_token_waits_for_nothing(machine: Machine) -> None:
    tasks = WaitingTasks(machine.client)
    assert tasks.succeed("x" * 600, {}) is False
    assert tasks.fail("x" * 600, "E") is False


def test_the_memory_does_the_same() -> None:
    tasks = MemoryTasks("a", "b")
    assert tasks.succeed("a", {"x": 1}) is True
    assert tasks.succeed("a", {"x": 2}) is False
    assert tasks.fail("b", "E") is True
    assert tasks.fail("c", "E") is False
    assert tasks.answered == {"a": {"x": 1}, "b": "E"}
