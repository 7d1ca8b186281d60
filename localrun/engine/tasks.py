"""The Task state: one attempt, its timeouts, its history events."""

import threading
from collections.abc import Callable
from functools import partial

from localrun.engine.failures import StateError
from localrun.engine.integrations import call_function, call_lambda, call_service
from localrun.engine.nested import run_nested
from localrun.engine.payload import Json, dumps, require_payload
from localrun.engine.resource import TOKEN, Resource, parse_resource
from localrun.engine.step import Branch, Step
from localrun.engine.tokens import OpenTask


def run_task(step: Step) -> Json:
    """Calls the Resource once and returns the result.

    A call is real work, and so its TimeoutSeconds are real seconds; waiting for a token or for a
    nested execution is virtual time. Raises StateError.
    """
    resource = parse_resource(step.state["Resource"])
    token, task = step.runtime.tokens.issue() if resource.has_token else ("", None)
    if token:
        step.context["Task"] = {"Token": token}
    try:
        return _attempt(step, resource, task)
    finally:
        if token:
            step.runtime.tokens.close(token)


def _attempt(step: Step, resource: Resource, task: OpenTask | None) -> Json:
    arguments = step.value("Arguments", step.input if resource.is_function else {})
    require_payload(arguments, step.name)
    timeout, heartbeat = step.number("TimeoutSeconds"), step.number("HeartbeatSeconds")
    prefix = "LambdaFunction" if resource.is_function else "Task"
    names = {} if resource.is_function else resource.event_names
    _record_scheduled(step, resource, arguments, timeout, heartbeat)
    step.branch.record(f"{prefix}Started", **names)
    try:
        result = _result(step, resource, arguments, task, timeout, heartbeat)
        require_payload(result, step.name)
    except StateError as failure:
        late = failure.error in ("States.Timeout", "States.HeartbeatTimeout")
        ending = "TimedOut" if late else "Failed"
        step.branch.record(f"{prefix}{ending}", **names, error=failure.error, cause=failure.cause)
        raise
    whole = {"output": dumps(result), "outputDetails": {"truncated": False}}
    step.branch.record(f"{prefix}Succeeded", **names, **whole)
    return result


def _record_scheduled(
    step: Step,
    resource: Resource,
    arguments: Json,
    timeout: float | None,
    heartbeat: float | None,
) -> None:
    limits = {"timeoutInSeconds": timeout, "heartbeatInSeconds": heartbeat}
    details = {name: int(value) for name, value in limits.items() if value is not None}
    if resource.is_function:
        details.pop("heartbeatInSeconds", None)
        step.branch.record(
            "LambdaFunctionScheduled", resource=resource.text, input=dumps(arguments), **details
        )
        return
    step.branch.record(
        "TaskScheduled",
        **resource.event_names,
        region=step.runtime.region,
        parameters=dumps(arguments),
        **details,
    )


def _result(
    step: Step,
    resource: Resource,
    arguments: Json,
    task: OpenTask | None,
    timeout: float | None,
    heartbeat: float | None,
) -> Json:
    runtime, branch = step.runtime, step.branch
    if resource.is_function:
        return _call_in_time(
            branch, timeout, lambda: call_function(runtime, resource.text, arguments)
        )
    if resource.service == "states" and not resource.sdk:
        response = run_nested(step, resource, arguments, timeout)
    elif resource.service == "lambda" and not resource.sdk:
        response = _call_in_time(branch, timeout, lambda: call_lambda(runtime, arguments))
    else:
        response = _call_in_time(
            branch, timeout, lambda: call_service(runtime, resource, arguments)
        )
    if resource.pattern != TOKEN or task is None:
        return response
    branch.record("TaskSubmitted", **resource.event_names, output=dumps(response))
    return _await_answer(branch, task, timeout, heartbeat)


def _call_in_time(branch: Branch, seconds: float | None, call: Callable[[], Json]) -> Json:
    """The result of the call, unless it takes more real seconds or the branch must end.

    The call then goes on unheard, as a Lambda function does whose task timed out.
    """
    outcome = _Outcome()
    threading.Thread(
        target=outcome.take, args=(call, branch.clock.poke), daemon=True, name="task"
    ).start()
    # While this thread counts as working, the clock runs at its scale and does not leap.
    until = None if seconds is None else branch.clock.now() + seconds * branch.clock.scale
    if not branch.wait_for(lambda: outcome.settled, until, working=True):
        raise StateError("States.Timeout", "")
    if outcome.failure is not None:
        raise outcome.failure
    if not outcome.succeeded:
        raise StateError("States.Runtime", "The local engine failed: its log has the exception.")
    return outcome.result


class _Outcome:
    def __init__(self) -> None:
        self.result: Json = None
        self.failure: StateError | None = None
        self.succeeded = False
        self.settled = False

    def take(self, call: Callable[[], Json], poke: Callable[[], None]) -> None:
        try:
            self.result = call()
            self.succeeded = True
        except StateError as failure:
            self.failure = failure
        finally:
            self.settled = True
            poke()


def _await_answer(
    branch: Branch, task: OpenTask, timeout: float | None, heartbeat: float | None
) -> Json:
    """What was sent for the token. Timeouts are virtual; each heartbeat starts its own anew."""
    start = branch.clock.now()
    end = None if timeout is None else start + timeout
    task.beat = max(task.beat, start)
    while not task.answered:
        late = None if heartbeat is None else task.beat + heartbeat
        moments = [moment for moment in (end, late) if moment is not None]
        noticed = branch.wait_for(
            partial(_is_alive, task, task.beat), min(moments, default=None), owed=True
        )
        if not noticed:
            if late is not None and (end is None or late < end):
                raise StateError("States.HeartbeatTimeout", "")
            raise StateError("States.Timeout", "")
    if task.failure is not None:
        raise task.failure
    return task.output


def _is_alive(task: OpenTask, beat: float) -> bool:
    return task.answered or task.beat != beat
