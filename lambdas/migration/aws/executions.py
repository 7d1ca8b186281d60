"""Asks Step Functions about executions, and ends one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

_RUNNING = frozenset({"RUNNING", "PENDING_REDRIVE"})


class StepFunctions:
    """Executions. An execution is named by its ARN."""

    def __init__(self, client: SFNClient) -> None:
        self._client = client

    def is_running(self, execution: str) -> bool:
        """False for what ended, never existed or is no ARN."""
        errors = self._client.exceptions
        try:
            answer = self._client.describe_execution(executionArn=execution)
        except (errors.ExecutionDoesNotExist, errors.InvalidArn):
            return False
        return answer["status"] in _RUNNING

    def maps_at_work(self, execution: str) -> frozenset[str]:
        errors = self._client.exceptions
        pages = self._client.get_paginator("list_map_runs").paginate(executionArn=execution)
        try:
            runs = [run for page in pages for run in page["mapRuns"]]
        except (errors.ExecutionDoesNotExist, errors.InvalidArn):
            return frozenset()
        # arn:aws:states:<region>:<account>:mapRun:<state machine>/<label>:<id>
        return frozenset(
            run["mapRunArn"].split(":")[-2].rpartition("/")[2]
            for run in runs
            if "stopDate" not in run
        )

    def stop(self, execution: str, error: str, cause: str) -> None:
        errors = self._client.exceptions
        try:
            self._client.stop_execution(executionArn=execution, error=error, cause=cause)
        except (errors.ExecutionDoesNotExist, errors.InvalidArn):
            return
