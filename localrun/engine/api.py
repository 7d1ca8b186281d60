"""The Step Functions API in front of the engine, for a `ModelService("stepfunctions", ...)`.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_Operations.html
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from localrun.engine.api_records import (
    execution_record,
    execution_summary,
    map_run_record,
    map_run_summary,
    moment,
)
from localrun.engine.api_versions import VersionsApi
from localrun.engine.definition import definition_problems
from localrun.engine.execution import Execution, Machine
from localrun.engine.machines import (
    ExecutionExistsError,
    InvalidNameError,
    MachineMissingError,
)
from localrun.engine.map_run import MapRun
from localrun.engine.payload import Json
from localrun.engine.tokens import ClosedTokenError, UnknownTokenError
from localrun.model_service import ApiError

Answer = dict[str, Any]

PAGE = 100
"""Entries of an answer when maxResults does not say how many."""

STOP_SECONDS = 10.0
"""How long StopExecution waits for the execution to have ended."""


class StepFunctionsApi(VersionsApi):
    """One method per operation, with the members that a client may send; those on versions and
    aliases are in api_versions.py."""

    # The engine locks for itself, and StopExecution blocks.
    serialise = False

    def validate_state_machine_definition(
        self,
        definition: str,
        type: str = "STANDARD",  # noqa: A002 (the API's own name)
        severity: str = "ERROR",
        max_results: int = PAGE,
    ) -> Answer:
        problems = definition_problems(definition)
        diagnostics = [
            {"severity": "ERROR", "code": "SCHEMA_VALIDATION_FAILED", "message": problem}
            for problem in problems[: max_results or PAGE]
        ]
        return {"result": "FAIL" if problems else "OK", "diagnostics": diagnostics}

    def create_state_machine(
        self,
        name: str,
        definition: str,
        role_arn: str,
        type: str = "STANDARD",  # noqa: A002
        logging_configuration: Json = None,
        tracing_configuration: Json = None,
        tags: Json = None,
    ) -> Answer:
        """Idempotent for the same name, definition, role and type."""
        problems = definition_problems(definition)
        if problems:
            text = "; ".join(problems)
            raise ApiError("InvalidDefinition", f"Invalid State Machine Definition: '{text}'")
        known = self._engine.machines.get(self._engine.machine_arn(name))
        if known is None:
            try:
                known = self._engine.add_machine(name, definition, role_arn, type)
            except InvalidNameError as reason:
                raise ApiError("InvalidName", str(reason)) from reason
        elif (known.text, known.role_arn, known.kind) != (definition, role_arn, type):
            raise ApiError(
                "StateMachineAlreadyExists", f"State Machine Already Exists: '{known.arn}'"
            )
        return {"stateMachineArn": known.arn, "creationDate": moment(known.created)}

    def describe_state_machine(
        self, state_machine_arn: str, included_data: str = "ALL_DATA"
    ) -> Answer:
        machine = self._machine(state_machine_arn)
        version = self._engine.versions.resolve(state_machine_arn).version
        return {
            "stateMachineArn": version or machine.arn,
            "name": machine.name,
            "status": "ACTIVE",
            "definition": machine.text,
            "roleArn": machine.role_arn,
            "type": machine.kind,
            "creationDate": moment(machine.created),
        }

    def update_state_machine(
        self, state_machine_arn: str, definition: str, role_arn: str | None = None
    ) -> Answer:
        """For executions that begin after it; those that run keep what they have."""
        machine = self._engine.machines.get(state_machine_arn)
        if machine is None:
            raise ApiError("StateMachineDoesNotExist", str(MachineMissingError(state_machine_arn)))
        problems = definition_problems(definition)
        if problems:
            text = "; ".join(problems)
            raise ApiError("InvalidDefinition", f"Invalid State Machine Definition: '{text}'")
        role = role_arn or machine.role_arn
        self._engine.add_machine(machine.name, definition, role, machine.kind)
        return {"updateDate": moment(self._engine.clock.now())}

    def list_state_machines(self, max_results: int = PAGE, next_token: str | None = None) -> Answer:
        machines = [
            {
                "stateMachineArn": machine.arn,
                "name": machine.name,
                "type": machine.kind,
                "creationDate": moment(machine.created),
            }
            for machine in list(self._engine.machines.values())
        ]
        return _page("stateMachines", machines, max_results, next_token)

    def start_execution(
        self,
        state_machine_arn: str,
        name: str | None = None,
        input: str = "{}",  # noqa: A002
        trace_header: str | None = None,
    ) -> Answer:
        try:
            parsed = json.loads(input)
        except ValueError as reason:
            message = f"Invalid State Machine Execution Input: '{reason}'"
            raise ApiError("InvalidExecutionInput", message) from reason
        try:
            execution = self._engine.start(state_machine_arn, name, parsed)
        except MachineMissingError as reason:
            raise ApiError("StateMachineDoesNotExist", str(reason)) from reason
        except ExecutionExistsError as reason:
            raise ApiError("ExecutionAlreadyExists", str(reason)) from reason
        except InvalidNameError as reason:
            raise ApiError("InvalidName", str(reason)) from reason
        return {"executionArn": execution.arn, "startDate": moment(execution.started)}

    def describe_execution(self, execution_arn: str, included_data: str = "ALL_DATA") -> Answer:
        return execution_record(self._execution(execution_arn))

    def get_execution_history(
        self,
        execution_arn: str,
        max_results: int = PAGE,
        reverse_order: bool = False,
        next_token: str | None = None,
        include_execution_data: bool = True,
    ) -> Answer:
        events = self._execution(execution_arn).history.events()
        if reverse_order:
            events.reverse()
        answer = _page("events", events, max_results, next_token)
        answer["events"] = [
            {**event, "timestamp": datetime.fromtimestamp(event["timestamp"], UTC)}
            for event in answer["events"]
        ]
        return answer

    def stop_execution(self, execution_arn: str, error: str = "", cause: str = "") -> Answer:
        execution = self._execution(execution_arn)
        self._engine.stop(execution, error, cause)
        execution.ended.wait(STOP_SECONDS)
        return {"stopDate": moment(execution.stopped or self._engine.clock.now())}

    def list_executions(
        self,
        state_machine_arn: str | None = None,
        status_filter: str | None = None,
        max_results: int = PAGE,
        next_token: str | None = None,
        map_run_arn: str | None = None,
    ) -> Answer:
        """The executions of a machine, or the children of a Map Run; the newest first."""
        if (state_machine_arn is None) == (map_run_arn is None):
            raise ApiError("ValidationException", "Give a stateMachineArn or a mapRunArn")
        found: Iterable[Execution]
        if map_run_arn is not None:
            found = list(self._map_run(map_run_arn).children)
        else:
            arn = state_machine_arn or ""
            self._machine(arn)
            found = (
                one
                for one in self._all_executions()
                if arn in (one.machine.arn, one.qualified.version, one.qualified.alias)
            )
        wanted = [one for one in found if status_filter in (None, one.status)]
        wanted.sort(key=lambda one: -one.started)
        return _page("executions", list(map(execution_summary, wanted)), max_results, next_token)

    def list_map_runs(
        self, execution_arn: str, max_results: int = PAGE, next_token: str | None = None
    ) -> Answer:
        execution = self._execution(execution_arn)
        runs = [
            map_run_summary(run)
            for run in list(self._engine.map_runs.values())
            if run.execution_arn == execution.arn
        ]
        return _page("mapRuns", runs, max_results, next_token)

    def describe_map_run(self, map_run_arn: str) -> Answer:
        return map_run_record(self._map_run(map_run_arn))

    def send_task_success(self, task_token: str, output: str) -> None:
        try:
            parsed = json.loads(output)
        except ValueError as reason:
            raise ApiError("InvalidOutput", f"Invalid Output: '{reason}'") from reason
        with _TokenErrors():
            self._engine.tokens.succeed(task_token, parsed)

    def send_task_failure(self, task_token: str, error: str = "", cause: str = "") -> None:
        with _TokenErrors():
            self._engine.tokens.fail(task_token, error, cause)

    def send_task_heartbeat(self, task_token: str) -> None:
        with _TokenErrors():
            self._engine.tokens.beat(task_token)

    def _machine(self, arn: str) -> Machine:
        try:
            return self._engine.find_machine(arn)[0]
        except MachineMissingError as reason:
            raise ApiError("StateMachineDoesNotExist", str(reason)) from reason

    def _execution(self, arn: str) -> Execution:
        execution = self._engine.executions.get(arn)
        if execution is None:
            raise ApiError("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")
        return execution

    def _map_run(self, arn: str) -> MapRun:
        run = self._engine.map_runs.get(arn)
        if run is None:
            raise ApiError("ResourceNotFound", f"Resource not found: '{arn}'")
        return run

    def _all_executions(self) -> list[Execution]:
        return list(self._engine.executions.values())


class _TokenErrors:
    """Turns the token book's errors into the API's."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, reason: BaseException | None, trace: object) -> None:
        if isinstance(reason, ClosedTokenError):
            raise ApiError("TaskTimedOut", "Task Timed Out: 'The task has ended'") from reason
        if isinstance(reason, UnknownTokenError):
            raise ApiError("InvalidToken", "Invalid Token: 'Invalid token'") from reason


def _page(
    member: str, entries: Sequence[Mapping[str, Any]], max_results: int, token: str | None
) -> Answer:
    """A page from the place that the token, a number, says."""
    if token is not None and not token.isdecimal():
        raise ApiError("InvalidToken", f"Invalid Token: '{token}'")
    start = int(token or 0)
    end = start + (max_results or PAGE)
    return {
        member: list(entries[start:end]),
        "nextToken": str(end) if end < len(entries) else None,
    }
