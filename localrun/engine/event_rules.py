"""EventBridge's rules: who is called, and which state machine is started, by what happens.

Patterns: the values that a field may have, and wildcards in them, as in
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html; that is
all that the stack uses. The event of an execution: "Step Functions Execution Status Change" in
https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html. A target that
fails is tried again after one and two minutes of virtual time, as by Lambda's own queue; what fails
then, too, is kept in `dead_letters`: the queue's ARN and the event.
"""

from __future__ import annotations

import json
import re
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from localrun.engine.clock import Clock
from localrun.engine.execution import Execution
from localrun.engine.history import Event
from localrun.engine.invocation import Invoke
from localrun.engine.machines import MachineMissingError
from localrun.engine.template import EventRuleResource, RuleTarget

_STATUSES = {
    "ExecutionStarted": "RUNNING",
    "ExecutionSucceeded": "SUCCEEDED",
    "ExecutionFailed": "FAILED",
    "ExecutionTimedOut": "TIMED_OUT",
    "ExecutionAborted": "ABORTED",
}
_WAITS = (60.0, 120.0)
_VARIABLE = re.compile(r"<([\w-]+)>")


class EventRules:
    """Delivers events to the targets of the matching rules, each in a thread.

    `invoke` blocks until the function has answered; `start` starts an execution of a state machine
    (an ARN) with this input. `settle` waits for what is under way. While it `is_out_of_order`,
    events are lost.
    """

    def __init__(
        self,
        clock: Clock,
        rules: Sequence[EventRuleResource],
        invoke: Invoke,
        start: Callable[[str, Any], object],
        region: str,
        account: str,
    ) -> None:
        self.dead_letters: list[tuple[str, Mapping[str, Any]]] = []
        self.is_out_of_order = False
        self._clock = clock
        self._rules = tuple(rules)
        self._invoke = invoke
        self._start = start
        self._place = {"region": region, "account": account}
        self._changed = threading.Condition()
        self._under_way = 0

    def observe(self, execution: Execution, event: Event) -> None:
        """An Observer of the engine."""
        status = _STATUSES.get(event["type"])
        if status is not None:
            self.tell(self._describe(execution, status, event["timestamp"]))

    def tell(self, notice: Mapping[str, Any]) -> None:
        """Something has happened: whoever waits for it is called."""
        if self.is_out_of_order:
            return
        for rule in self._rules:
            if matches(rule.pattern, notice):
                for target in rule.targets:
                    self._deliver(target, notice)

    def settle(self, timeout: float = 60.0) -> None:
        """Blocks until every delivery has ended; TimeoutError after so many real seconds."""
        with self._changed:
            if not self._changed.wait_for(lambda: not self._under_way, timeout):
                raise TimeoutError("a rule's function is still at work")

    def _describe(self, execution: Execution, status: str, moment: float) -> Mapping[str, Any]:
        return {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": "Step Functions Execution Status Change",
            "source": "aws.states",
            **self._place,
            "time": f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%dT%H:%M:%SZ}",
            "resources": [execution.arn],
            "detail": {
                "executionArn": execution.arn,
                "stateMachineArn": execution.machine.arn,
                "name": execution.name,
                "status": status,
                "input": json.dumps(execution.input),
                "stateMachineVersionArn": execution.qualified.version,
                "stateMachineAliasArn": execution.qualified.alias,
            },
        }

    def _deliver(self, target: RuleTarget, notice: Mapping[str, Any]) -> None:
        payload = transform(target.paths, target.form, notice)
        with self._changed:
            self._under_way += 1
        self._clock.enter()

        def deliver() -> None:
            try:
                if not self._try(target.arn, payload):
                    self.dead_letters.append((target.dead_letters, notice))
            finally:
                self._clock.leave()
                with self._changed:
                    self._under_way -= 1
                    self._changed.notify_all()

        threading.Thread(target=deliver, daemon=True, name="event-rule").start()

    def _try(self, target: str, payload: bytes) -> bool:
        reach = self._begin if ":stateMachine:" in target else self._call
        for wait in (0.0, *_WAITS):
            self._clock.sleep_until(self._clock.now() + wait)
            if reach(target, payload):
                return True
        return False

    def _call(self, function: str, payload: bytes) -> bool:
        answer = self._invoke(function, payload)
        return answer.status == 200 and answer.function_error is None

    def _begin(self, machine: str, payload: bytes) -> bool:
        try:
            self._start(machine, json.loads(payload))
        except (ValueError, MachineMissingError):
            return False
        return True


def matches(pattern: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """Whether an event has one of the wanted values in every field of the pattern. ValueError for
    a pattern with more than plain values and wildcards in it."""
    for name, wanted in pattern.items():
        value = event.get(name)
        if isinstance(wanted, Mapping):
            if not (isinstance(value, Mapping) and matches(wanted, value)):
                return False
            continue
        values = value if isinstance(value, list) else [value]
        if not [one for one in wanted if any(_fits(name, one, each) for each in values)]:
            return False
    return True


def _fits(name: str, wanted: Any, value: Any) -> bool:
    if not isinstance(wanted, Mapping):
        return bool(wanted == value)
    if set(wanted) != {"wildcard"}:
        raise ValueError(f"{name}: of the matchers, only wildcard is understood here")
    form = ".*".join(map(re.escape, wanted["wildcard"].split("*")))
    return isinstance(value, str) and re.fullmatch(form, value, re.DOTALL) is not None


def transform(paths: Mapping[str, str], form: str, event: Mapping[str, Any]) -> bytes:
    """What an InputTransformer makes of an event. Texts that stand alone for a value are quoted."""
    if not form:
        return json.dumps(event).encode()
    values = {name: _look_up(event, path) for name, path in paths.items()}

    def put_in(found: re.Match[str]) -> str:
        value = values[found[1]]
        within_quotes = found.string[: found.start()].count('"') % 2 == 1
        text = value if isinstance(value, str) else json.dumps(value)
        return text if within_quotes or not isinstance(value, str) else json.dumps(value)

    return _VARIABLE.sub(put_in, form).encode()


def _look_up(event: Mapping[str, Any], path: str) -> Any:
    value: Any = event
    for name in path.removeprefix("$.").split("."):
        value = value[name]
    return value
