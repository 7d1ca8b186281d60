"""states:startExecution: an execution inside an execution."""

from localrun.engine.execution import Execution
from localrun.engine.failures import AbortedError, ExecutionTimedOutError, StateError
from localrun.engine.machines import (
    ExecutionExistsError,
    InvalidNameError,
    MachineMissingError,
)
from localrun.engine.payload import Json, dumps
from localrun.engine.resource import SYNC, Resource
from localrun.engine.step import Step


def run_nested(step: Step, resource: Resource, arguments: Json, timeout: float | None) -> Json:
    """Starts the execution; with .sync or .sync:2 waits for it and returns its description.

    .sync gives Input and Output as JSON text, .sync:2 parsed. An execution that does not succeed is
    States.TaskFailed with its description as the Cause; whatever its own error was.
    """
    child = _start(step, arguments)
    started = {"ExecutionArn": child.arn, "StartDate": step.runtime.clock.iso(child.started)}
    if resource.pattern not in SYNC:
        return started
    step.branch.record("TaskSubmitted", **resource.event_names, output=dumps(started))
    until = None if timeout is None else step.runtime.clock.now() + timeout
    try:
        in_time = step.branch.wait_for(child.ended.is_set, until)
    except (AbortedError, ExecutionTimedOutError):
        step.runtime.stop(child)
        raise
    if not in_time:
        step.runtime.stop(child)
        raise StateError("States.Timeout", "")
    return _description(step, child, parsed=resource.pattern == ".sync:2")


def _start(step: Step, arguments: Json) -> Execution:
    machine_arn = arguments.get("StateMachineArn", "")
    try:
        return step.runtime.start(machine_arn, arguments.get("Name"), arguments.get("Input", {}))
    except MachineMissingError as reason:
        raise StateError("StepFunctions.StateMachineDoesNotExistException", str(reason)) from reason
    except ExecutionExistsError as reason:
        raise StateError("StepFunctions.ExecutionAlreadyExistsException", str(reason)) from reason
    except InvalidNameError as reason:
        raise StateError("StepFunctions.InvalidNameException", str(reason)) from reason


def _description(step: Step, child: Execution, *, parsed: bool) -> Json:
    clock = step.runtime.clock
    about = {
        "ExecutionArn": child.arn,
        "Input": child.input if parsed else dumps(child.input),
        "InputDetails": {"Included": True},
        "Name": child.name,
        "StartDate": clock.iso(child.started),
        "StateMachineArn": child.machine.arn,
        "Status": child.status,
        "StopDate": clock.iso(child.stopped),
    }
    if child.status != "SUCCEEDED":
        about |= {"Input": dumps(child.input), "Error": child.error, "Cause": child.cause}
        raise StateError("States.TaskFailed", dumps(about))
    about["Output"] = child.output if parsed else dumps(child.output)
    about["OutputDetails"] = {"Included": True}
    return about
