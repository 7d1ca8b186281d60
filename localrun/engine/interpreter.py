"""Runs the states of a definition in JSONata mode, one after another.

https://states-language.net and
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-amazon-states-language.html
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from sfnx.testing import offset_date_time

from localrun.engine.distributed_map import run_distributed_map
from localrun.engine.failures import AbortedError, StateError
from localrun.engine.fan_out import run_inline_map, run_parallel
from localrun.engine.payload import Json, dumps
from localrun.engine.retry import Retries, matches
from localrun.engine.runtime import Runtime
from localrun.engine.step import Branch, Step
from localrun.engine.tasks import run_task

LONGEST_WAIT = 99_999_999

# What a state gives: the name of the next one, or None at the end, and its output.
Outcome = tuple[str | None, Json]


def run_states(
    runtime: Runtime, branch: Branch, machine: Mapping[str, Json], state_input: Json
) -> Json:
    """Runs from StartAt to an end and returns the last output.

    Raises StateError for an error that no state caught, AbortedError, ExecutionTimedOutError.
    """
    following: str | None = machine["StartAt"]
    while following is not None:
        branch.check()
        state = machine["States"][following]
        following, state_input = _run_state(runtime, branch, following, state, state_input)
    return state_input


def _run_state(
    runtime: Runtime, branch: Branch, name: str, state: Mapping[str, Json], state_input: Json
) -> Outcome:
    kind = state["Type"]
    whole = {"truncated": False}
    branch.record(f"{kind}StateEntered", name=name, input=dumps(state_input), inputDetails=whole)
    about = {"EnteredTime": runtime.clock.iso(), "Name": name}
    context = {**branch.context, "State": about}
    step = Step(runtime, branch, name, state, state_input, context, branch.last_event)
    try:
        following, output = _HANDLERS[kind](step)
    except AbortedError:
        if kind in _ABORTABLE and not branch.execution.scope.cancelled:
            branch.record(f"{_ABORTABLE[kind]}Aborted")
        raise
    branch.record(f"{kind}StateExited", name=name, output=dumps(output), outputDetails=whole)
    return following, output


def _pass(step: Step) -> Outcome:
    return step.following, step.settle(step.state, step.input)


def _succeed(step: Step) -> Outcome:
    return None, step.settle(step.state, step.input)


def _fail(step: Step) -> Outcome:
    raise StateError(str(step.value("Error", "")), str(step.value("Cause", "")))


def _choice(step: Step) -> Outcome:
    for index, rule in enumerate(step.state["Choices"]):
        location = f"Choices[{index}]/Condition"
        condition = step.evaluate(rule["Condition"], location)
        if not isinstance(condition, bool):
            raise step.query_failure("The Condition is not a boolean.", location)
        if condition:
            return rule["Next"], step.settle(rule, step.input)
    if "Default" not in step.state:
        raise StateError(
            "States.NoChoiceMatched", f"No rule of '{step.name}' matched, and it has no Default."
        )
    return step.state["Default"], step.settle(step.state, step.input)


def _wait(step: Step) -> Outcome:
    step.branch.sleep_until(_end_of_wait(step))
    return step.following, step.settle(step.state, step.input)


def _end_of_wait(step: Step) -> float:
    if "Timestamp" in step.state:
        moment = step.value("Timestamp")
        if not isinstance(moment, str) or not offset_date_time(moment):
            raise step.query_failure("The Timestamp is no date and time with offset.", "Timestamp")
        return datetime.fromisoformat(moment.upper()).timestamp()
    seconds = step.number("Seconds")
    if seconds is None or not float(seconds).is_integer() or seconds > LONGEST_WAIT:
        raise step.query_failure(
            f"Seconds is not a whole number from 0 to {LONGEST_WAIT}.", "Seconds"
        )
    return step.runtime.clock.now() + seconds


def _task(step: Step) -> Outcome:
    return _attempts(step, lambda: run_task(step))


def _parallel(step: Step) -> Outcome:
    return _attempts(step, lambda: run_parallel(step, run_states))


def _map(step: Step) -> Outcome:
    config = step.state["ItemProcessor"].get("ProcessorConfig", {})
    if config.get("Mode", "INLINE") == "DISTRIBUTED":
        return _attempts(step, lambda: run_distributed_map(step))
    return _attempts(step, lambda: run_inline_map(step, run_states))


def _attempts(step: Step, work: Callable[[], Json]) -> Outcome:
    """Works until it succeeds, no retrier is left, or a catcher takes over.

    Assign and Output belong to the attempt: their errors are retried and caught as well.
    """
    retries = Retries(step.state.get("Retry", ()))
    step.context["State"]["RetryCount"] = 0
    while True:
        try:
            result = work()
            return step.following, step.settle(step.state, result, result=result)
        except StateError as failure:
            delay = retries.delay(failure.error)
            if delay is None:
                return _caught(step, failure)
        step.context["State"]["RetryCount"] = retries.count
        step.branch.sleep_until(step.runtime.clock.now() + delay)


def _caught(step: Step, failure: StateError) -> Outcome:
    for catcher in step.state.get("Catch", ()):
        if matches(catcher["ErrorEquals"], failure.error):
            about = {"Error": failure.error, "Cause": failure.cause}
            return catcher["Next"], step.settle(catcher, about, errorOutput=about)
    raise failure


_HANDLERS: Mapping[str, Callable[[Step], Outcome]] = {
    "Pass": _pass,
    "Succeed": _succeed,
    "Fail": _fail,
    "Choice": _choice,
    "Wait": _wait,
    "Task": _task,
    "Parallel": _parallel,
    "Map": _map,
}

_ABORTABLE = {
    "Wait": "WaitState",
    "Task": "TaskState",
    "Parallel": "ParallelState",
    "Map": "MapState",
}
