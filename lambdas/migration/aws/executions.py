"""Asks Step Functions about executions."""

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
