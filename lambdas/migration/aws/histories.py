"""Asks Step Functions what an execution has done."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from migration.progress_model import HistoryEvent

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

_PAGE, _MOST = 1000, 25_000
"""Events of an answer, and of a history:
https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html"""


class StepFunctionsHistories:
    """Histories. An execution is named by its ARN."""

    def __init__(self, client: SFNClient) -> None:
        self._client = client

    def events(self, execution: str) -> Iterator[HistoryEvent]:
        """Without inputs and outputs: nothing but names is asked for."""
        errors = self._client.exceptions
        pages = self._client.get_paginator("get_execution_history").paginate(
            executionArn=execution,
            includeExecutionData=False,
            PaginationConfig={"PageSize": _PAGE, "MaxItems": _MOST},
        )
        try:
            for page in pages:
                for event in page["events"]:
                    entered = event.get("stateEnteredEventDetails", {}).get("name", "")
                    yield HistoryEvent(event["type"], _format(event["timestamp"]), entered)
        except (errors.ExecutionDoesNotExist, errors.InvalidArn):
            return


def _format(moment: datetime) -> str:
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
