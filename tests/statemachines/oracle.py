"""Runs a definition with the same answers on the engine and on sfnx.testing, to be compared.

sfnx.testing follows what was measured against AWS, but knows no time and no concurrency. So the
engine runs branches and children one after another here, and the states are entered in one order.

The answers are a table from what a task calls to a list of results: the first call gets the first,
and when the list is used up, the last one counts again and again. Its keys are

- the name of a function: `CopySlice` for `${CopySliceArn}` or `...:function:CopySlice`. Of a task
  that waits for its token, the result is what is sent for the token.
- an integration: `dynamodb:putItem`, `aws-sdk:workmail:describeOrganization`. The result is spelled
  as Step Functions spells it.
- `s3:getObject`: the text of the file that an ItemReader reads.

A `StubError` in place of a result is the error that the call ends with. Two differences are known:
sfnx runs the children of a Map Run that has failed already to the end, and the place that a
ResultWriter returns has other names. Nested executions are not played.
"""

import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError
from sfnx import integrations as naming
from sfnx import testing as sfnx

from localrun.engine.clock import Clock
from localrun.engine.definition import places
from localrun.engine.engine import Engine
from localrun.engine.execution import Execution
from localrun.engine.history import Event
from localrun.engine.invocation import InvokeResult
from localrun.engine.item_reader import decode_items
from localrun.engine.payload import Json, dumps
from localrun.engine.sdk_shapes import to_boto

_REAL_SECONDS = 30
_ARN = "arn:aws:lambda:eu-west-1:123456789012:function:"


@dataclass(frozen=True, slots=True)
class StubError:
    """The call fails. A service's error has its full name, as in `S3.NoSuchKeyException`."""

    error: str
    cause: str = "told to fail"

    @property
    def payload(self) -> str:
        """What a function that raised this answers, and Step Functions reports as the Cause."""
        return dumps({"errorType": self.error, "errorMessage": self.cause})


@dataclass(frozen=True, slots=True)
class Trace:
    """The names of the entered states in their order, children's included, and the end."""

    states: tuple[str, ...]
    output: Json
    error: str | None


Stubs = Mapping[str, Sequence[object]]


def states_entered_by_engine(definition: Json, state_input: Json, stubs: Stubs) -> Trace:
    """Raises AssertionError when something was called that the table does not have."""
    answers = _Answers(stubs)
    entered: list[str] = []

    def observe(execution: Execution, event: Event) -> None:
        if "stateEnteredEventDetails" in event:
            entered.append(event["stateEnteredEventDetails"]["name"])

    cloud = _Cloud(answers)
    # A token that nobody answers times out at once instead of hanging the run.
    clock = Clock("jump", leap_over_tokens=True)
    engine = Engine(clock, cloud.invoke, cloud.client, observers=[observe], max_workers=1)
    cloud.engine = engine
    machine = engine.add_machine("machine", dumps(_substituted(definition)), "role")
    execution = engine.start(machine.arn, state_input=state_input)
    assert execution.ended.wait(_REAL_SECONDS), f"the engine hangs after {entered[-1:]}"
    answers.require_complete()
    return Trace(tuple(entered), execution.output, execution.error)


def states_entered_by_sfnx(definition: Json, state_input: Json, stubs: Stubs) -> Trace:
    """Raises AssertionError when something was called that the table does not have."""
    answers = _Answers(stubs)
    whole = _substituted(definition)
    states = {place.name: place.state for place in places(whole)}

    def tasks(call: Any) -> Json:
        key = _key_of(call.resource, call.arguments)
        answer = answers.take(key)
        if isinstance(answer, StubError):
            cause = answer.cause if ":" in key or call.resource.endswith("Token") else None
            raise sfnx.Failure(answer.error, answer.payload if cause is None else cause)
        if key == "s3:getObject":
            return decode_items(
                str(answer).encode(), states[call.state]["ItemReader"]["ReaderConfig"]
            )
        if call.resource.endswith(":lambda:invoke"):
            return {"Payload": answer, "StatusCode": 200}
        return answer

    run = sfnx.run(whole, state_input, tasks)
    answers.require_complete()
    return Trace(run.states, None if run.error else run.output, run.error)


def _substituted(definition: Json) -> Json:
    """`${CopySliceArn}` becomes the ARN of a function, any other substitution its own name."""
    text = re.sub(r"\$\{(\w+)Arn\}", rf"{_ARN}\1", json.dumps(definition))
    return json.loads(re.sub(r"\$\{(\w+)\}", r"\1", text))


def _key_of(resource: str, arguments: Json) -> str:
    name = resource.removeprefix("arn:aws:states:::").removesuffix(".waitForTaskToken")
    if name == "lambda:invoke":
        name = arguments["FunctionName"]
    return name.removeprefix(_ARN).partition(":")[0] if name.startswith(_ARN) else name


class _Answers:
    """The table, and how far each list was used."""

    def __init__(self, stubs: Stubs) -> None:
        self._stubs = stubs
        self._used = dict.fromkeys(stubs, 0)
        self._missing: set[str] = set()

    def names(self) -> Sequence[str]:
        return list(self._stubs)

    def take(self, key: str) -> object:
        if key not in self._stubs:
            self._missing.add(key)
            return StubError("States.Runtime", f"there is no answer for {key}")
        results = self._stubs[key]
        index = min(self._used[key], len(results) - 1)
        self._used[key] += 1
        return results[index]

    def require_complete(self) -> None:
        assert not self._missing, f"there are no answers for {sorted(self._missing)}"


class _Cloud:
    """Lambda and AWS APIs that answer from the table."""

    def __init__(self, answers: _Answers) -> None:
        self.engine: Engine | None = None
        self._answers = answers

    def invoke(self, function: str, payload: bytes) -> InvokeResult:
        answer = self._answers.take(_key_of(function, {}))
        if self.send_for_token(payload.decode(), answer):
            return InvokeResult(200, None, b"null", "request")
        if isinstance(answer, StubError):
            return InvokeResult(200, "Unhandled", answer.payload.encode(), "request")
        return InvokeResult(200, None, dumps(answer).encode(), "request")

    def client(self, service: str) -> "_Client":
        return _Client(service, self, self._answers)

    def send_for_token(self, text: str, answer: Any) -> bool:
        """Whether the text has the token of a waiting task, which then was answered."""
        assert self.engine is not None
        for token in self.engine.tokens.outstanding():
            if token in text:
                if isinstance(answer, StubError):
                    self.engine.tokens.fail(token, answer.error, answer.cause)
                else:
                    self.engine.tokens.succeed(token, answer)
                return True
        return False


class _Client:
    """A boto3 client of which the engine uses only the operations."""

    def __init__(self, service: str, cloud: _Cloud, answers: _Answers) -> None:
        self._service = service
        self._cloud = cloud
        self._answers = answers

    def put_object(self, **parameters: Any) -> Json:
        """What a ResultWriter writes is not kept."""
        return {}

    def __getattr__(self, method: str) -> Any:
        return lambda **parameters: self._call(method, parameters)

    def _call(self, method: str, parameters: Json) -> Json:
        key = self._key(method)
        answer: Any = self._answers.take(key)
        if key == "s3:getObject" and isinstance(answer, str):
            return {"Body": io.BytesIO(answer.encode())}
        if self._cloud.send_for_token(json.dumps(parameters, default=str), answer):
            return {}
        operation = self._operation(key)
        if isinstance(answer, StubError):
            code = answer.error.rpartition(".")[2]
            for shape in operation.service_model.error_shapes:
                if code in (shape.name, f"{shape.name}Exception"):
                    code = shape.name
            raise ClientError({"Error": {"Code": code, "Message": answer.cause}}, operation.name)
        spell = naming.sdk_member if key.startswith("aws-sdk:") else naming.pascal
        result: Json = to_boto(answer, operation.output_shape, spell)
        return result

    def _key(self, method: str) -> str:
        for key in self._answers.names():
            if ":" in key and xform_name(key.rpartition(":")[2]) == method:
                model = naming.service_model(key.split(":")[-2])
                if model is not None and model.service_name == self._service:
                    return key
        return f"{self._service}:{method}"

    def _operation(self, key: str) -> Any:
        service, action = key.split(":")[-2:]
        return naming.find_operation(service, naming.service_model(service), action)
