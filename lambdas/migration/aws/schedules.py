"""One-time starts of the workflow, in EventBridge Scheduler.

A schedule deletes itself when it has begun. What the scheduler cannot start in a day it puts into
the dead-letter queue.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NotConnected

from migration.errors import ProvisioningPending, TenantMisconfigured

if TYPE_CHECKING:
    from mypy_boto3_scheduler import EventBridgeSchedulerClient
    from mypy_boto3_scheduler.type_defs import RetryPolicyTypeDef

_RETRY_AFTER = 10.0
_LATER = frozenset({"InternalServerException", "ThrottlingException", "ServiceUnavailable"})
_BY_THE_OPERATOR = {
    "AccessDeniedException": "the functions may not use it: deploy the stack again, and look for a "
    "policy that denies it",
    "ResourceNotFoundException": "the tenant's schedule group is gone: deploy the stack again",
    "ServiceQuotaExceededException": "a quota of EventBridge Scheduler is used up",
    "ValidationException": "it refuses the schedule, whose time may have passed",
}
_RETRIES: RetryPolicyTypeDef = {"MaximumEventAgeInSeconds": 86_400, "MaximumRetryAttempts": 185}


@dataclass(frozen=True, slots=True)
class Destination:
    """The tenant's schedule group by its name; by their ARNs the state machine to start, the role
    that may do so, and the queue for what could not be started."""

    group: str
    machine: str
    role: str
    dead_letters: str


class EventBridgeSchedules:
    """Schedules. Only those of the tenant's group are seen and touched. `client` is boto3's
    "scheduler"."""

    def __init__(self, client: EventBridgeSchedulerClient, destination: Destination) -> None:
        self._client = client
        self._to = destination

    def add(self, name: str, at: str, state_input: Mapping[str, object]) -> bool:
        with _translated("CreateSchedule"):
            try:
                self._client.create_schedule(
                    GroupName=self._to.group,
                    Name=name,
                    ScheduleExpression=f"at({_utc(at)})",
                    ScheduleExpressionTimezone="UTC",
                    FlexibleTimeWindow={"Mode": "OFF"},
                    ActionAfterCompletion="DELETE",
                    Target={
                        "Arn": self._to.machine,
                        "RoleArn": self._to.role,
                        "Input": json.dumps(state_input),
                        "DeadLetterConfig": {"Arn": self._to.dead_letters},
                        "RetryPolicy": _RETRIES,
                    },
                )
            except self._client.exceptions.ConflictException:
                return False
        return True

    def names(self) -> list[str]:
        with _translated("ListSchedules"):
            pages = self._client.get_paginator("list_schedules").paginate(GroupName=self._to.group)
            return sorted(each["Name"] for page in pages for each in page["Schedules"])

    def remove(self, name: str) -> None:
        with _translated("DeleteSchedule"):
            try:
                self._client.delete_schedule(GroupName=self._to.group, Name=name)
            except self._client.exceptions.ResourceNotFoundException:
                return


def _utc(at: str) -> str:
    """As the scheduler writes a time: to the second, without a zone."""
    return f"{datetime.fromisoformat(at).astimezone(UTC):%Y-%m-%dT%H:%M:%S}"


@contextmanager
def _translated(operation: str) -> Iterator[None]:
    """What boto3 raises, as the errors of this product; other codes are bugs and pass."""
    try:
        yield
    except (NotConnected, HTTPClientError):
        raise ProvisioningPending(
            f"{operation}: the scheduler is out of reach", _RETRY_AFTER
        ) from None
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in _LATER:
            raise ProvisioningPending(f"{operation}: {code}", _RETRY_AFTER) from None
        if code in _BY_THE_OPERATOR:
            problem = f"EventBridge Scheduler, {operation}: {code}: {_BY_THE_OPERATOR[code]}"
            raise TenantMisconfigured([problem]) from None
        raise
