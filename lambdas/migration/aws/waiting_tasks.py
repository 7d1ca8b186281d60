"""Answers tasks of Step Functions that wait for a token."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient


class WaitingTasks:
    """WaitingTasks of the ports. A token that is unknown, or of another account, waits no more."""

    def __init__(self, client: SFNClient) -> None:
        self._client = client
        errors = client.exceptions
        self._over = (errors.TaskTimedOut, errors.TaskDoesNotExist, errors.InvalidToken)

    def succeed(self, token: str, output: Mapping[str, object]) -> bool:
        try:
            self._client.send_task_success(taskToken=token, output=json.dumps(output))
        except self._over:
            return False
        return True

    def fail(self, token: str, error: str) -> bool:
        try:
            self._client.send_task_failure(taskToken=token, error=error)
        except self._over:
            return False
        return True
