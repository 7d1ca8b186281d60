"""Plays small definitions on the engine, with Python functions for Lambda functions."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from localrun.engine.clock import Clock
from localrun.engine.definition import definition_problems
from localrun.engine.engine import Engine
from localrun.engine.execution import Execution
from localrun.engine.invocation import InvokeResult

REAL_SECONDS = 20
"""After this an execution hangs, and its test fails."""

ROLE = "arn:aws:iam::123456789012:role/machine"
INVOKE = "arn:aws:states:::lambda:invoke"

Handler = Callable[[Any], object]


class HandlerError(Exception):
    """Raised by a handler: the function fails with this errorType."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class Player:
    """An engine with the given handlers as functions, by the last part of their ARN."""

    def __init__(
        self,
        handlers: Mapping[str, Handler] | None = None,
        *,
        clock: Clock | None = None,
        clients: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> None:
        self.handlers = dict(handlers or {})
        self.clock = clock or Clock("jump")
        self.engine = Engine(self.clock, self.invoke, (clients or {}).__getitem__, **options)

    def invoke(self, function: str, payload: bytes) -> InvokeResult:
        handler = self.handlers.get(function.split(":")[-1])
        if handler is None:
            return InvokeResult(404, None, b"Function not found", "request")
        try:
            answer = handler(json.loads(payload))
        except HandlerError as error:
            failure = {"errorType": error.kind, "errorMessage": "as told"}
            return InvokeResult(200, "Unhandled", json.dumps(failure).encode(), "request")
        return InvokeResult(200, None, json.dumps(answer).encode(), "request")

    def start(self, definition: dict[str, Any], state_input: object = None) -> Execution:
        text = json.dumps(definition)
        assert definition_problems(text) == []
        name = f"machine-{len(self.engine.machines)}"
        machine = self.engine.add_machine(name, text, ROLE)
        return self.engine.start(machine.arn, state_input=state_input)

    def play(self, definition: dict[str, Any], state_input: object = None) -> Execution:
        """Runs to the end."""
        return finish(self.start(definition, state_input))


def finish(execution: Execution) -> Execution:
    assert execution.ended.wait(REAL_SECONDS), "the execution hangs"
    return execution


def machine(states: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A definition that starts with the first of the states."""
    return {"QueryLanguage": "JSONata", **chain(states), **fields}


def chain(states: dict[str, Any]) -> dict[str, Any]:
    return {"StartAt": next(iter(states)), "States": states}


def task(function: str, payload: object = "{% $states.input %}", **fields: Any) -> dict[str, Any]:
    """A Task that ends the machine with the function's answer."""
    state = {
        "Type": "Task",
        "Resource": INVOKE,
        "Arguments": {"FunctionName": function, "Payload": payload},
        "Output": "{% $states.result.Payload %}",
        **fields,
    }
    return state if "Next" in state else {**state, "End": True}


def distributed(states: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A distributed Map that ends the machine."""
    config = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    processor = {"ProcessorConfig": config, **chain(states)}
    return {"Type": "Map", "ItemProcessor": processor, "End": True, **fields}


def inline(states: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """An inline Map that ends the machine."""
    return {"Type": "Map", "ItemProcessor": chain(states), "End": True, **fields}


def event_types(execution: Execution) -> list[str]:
    return [event["type"] for event in execution.history.events()]


def virtual_seconds(execution: Execution) -> float:
    assert execution.stopped is not None
    return execution.stopped - execution.started
