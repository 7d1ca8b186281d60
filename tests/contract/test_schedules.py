"""What every Schedules promises; and what EventBridge Scheduler is asked, as the emulator, which is
held to botocore's model, and moto, which is not ours, understand it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from localrun.engine.clock import Clock
from localrun.fakes.scheduler import FakeScheduler
from localrun.fakes.schedules import MemorySchedules
from localrun.model_service import ModelService
from localrun.rest_server import RestServer
from migration.aws.schedules import Destination, EventBridgeSchedules
from migration.errors import ProvisioningPending, TenantMisconfigured
from migration.ports import Schedules

REGION, ACCOUNT = "eu-west-1", "123456789012"
if TYPE_CHECKING:
    from mypy_boto3_scheduler import EventBridgeSchedulerClient

GROUP = "WorkMailMigration-acme-late-passes"
MACHINE = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:acme-migrate-tenant"
TO = Destination(
    GROUP,
    MACHINE,
    f"arn:aws:iam::{ACCOUNT}:role/late-passes",
    f"arn:aws:sqs:{REGION}:{ACCOUNT}:dead-letters",
)
START = 1_796_407_200.0  # 2026-12-04T18:00:00Z
SOON, LATER = "2026-12-05T18:00:00Z", "2026-12-11T18:00:00.250Z"
INPUT = {"phases": ["delta", "report"], "run": "friday"}


class Emulated:
    """The emulator behind its server, with a clock of its own."""

    def __init__(self, server: RestServer, scheduler: FakeScheduler, clock: Clock) -> None:
        self.scheduler, self.clock = scheduler, clock
        self.started: list[tuple[str, Any]] = []
        self.client = boto3.client(
            "scheduler",
            endpoint_url=server.url,
            region_name=REGION,
            aws_access_key_id=ACCOUNT,
            aws_secret_access_key="x",
            config=Config(retries={"total_max_attempts": 1}),
        )
        self.client.create_schedule_group(Name=GROUP)

    def pass_until(self, moment: float) -> None:
        self.clock.enter()
        self.clock.sleep_until(moment)
        self.clock.leave()


@pytest.fixture
def emulated() -> Iterator[Emulated]:
    clock = Clock("jump", start=START)
    started: list[tuple[str, Any]] = []
    scheduler = FakeScheduler(
        clock, lambda arn, state_input: started.append((arn, state_input)), REGION, ACCOUNT
    )
    with RestServer("scheduler", ModelService("scheduler", scheduler)) as server:
        made = Emulated(server, scheduler, clock)
        made.started = started
        yield made


@pytest.fixture
def moto(aws: None) -> Any:
    client = boto3.client("scheduler")
    client.create_schedule_group(Name=GROUP)
    return client


@pytest.fixture(params=["memory", "emulator", "moto"])
def schedules(request: pytest.FixtureRequest) -> Schedules:
    if request.param == "memory":
        return MemorySchedules()
    if request.param == "emulator":
        return EventBridgeSchedules(request.getfixturevalue("emulated").client, TO)
    return EventBridgeSchedules(request.getfixturevalue("moto"), TO)


def test_what_was_added_waits_until_it_is_removed(schedules: Schedules) -> None:
    assert schedules.names() == []
    assert schedules.add("late-b", LATER, INPUT) is True
    assert schedules.add("late-a", SOON, INPUT) is True
    assert schedules.names() == ["late-a", "late-b"]
    schedules.remove("late-a")
    assert schedules.names() == ["late-b"]


def test_the_same_name_again_is_an_answer_and_changes_nothing(schedules: Schedules) -> None:
    assert schedules.add("late-a", SOON, INPUT) is True
    assert schedules.add("late-a", SOON, INPUT) is False
    assert schedules.add("late-a", LATER, INPUT) is False
    assert schedules.names() == ["late-a"]


def test_removing_what_never_was_is_no_error(schedules: Schedules) -> None:
    schedules.remove("late-a")


def test_many_are_listed_page_after_page(schedules: Schedules) -> None:
    names = sorted(f"late-{number}" for number in range(130))
    for name in names:
        schedules.add(name, SOON, INPUT)
    assert schedules.names() == names


# ---- what the scheduler is asked ---------------------------------------------------------------


@pytest.mark.parametrize("kind", ["emulator", "moto"])
def test_a_schedule_says_what_to_start_when_and_what_if_it_cannot(
    kind: str, request: pytest.FixtureRequest
) -> None:
    if kind == "emulator":
        client = request.getfixturevalue("emulated").client
    else:
        client = request.getfixturevalue("moto")
    EventBridgeSchedules(client, TO).add("late-a", LATER, INPUT)
    shown = client.get_schedule(GroupName=GROUP, Name="late-a")
    assert shown["ScheduleExpression"] == "at(2026-12-11T18:00:00)"
    assert shown["ScheduleExpressionTimezone"] == "UTC"
    assert shown["ActionAfterCompletion"] == "DELETE"
    assert shown["FlexibleTimeWindow"] == {"Mode": "OFF"}
    target = shown["Target"]
    assert (target["Arn"], target["RoleArn"]) == (MACHINE, TO.role)
    assert json.loads(target["Input"]) == INPUT
    assert target["DeadLetterConfig"] == {"Arn": TO.dead_letters}
    assert target["RetryPolicy"] == {
        "MaximumEventAgeInSeconds": 86_400,
        "MaximumRetryAttempts": 185,
    }


def test_schedules_of_other_groups_are_not_seen(emulated: Emulated) -> None:
    emulated.client.create_schedule_group(Name="another")
    neighbour = Destination("another", MACHINE, TO.role, TO.dead_letters)
    EventBridgeSchedules(emulated.client, neighbour).add("late-a", SOON, INPUT)
    mine = EventBridgeSchedules(emulated.client, TO)
    assert mine.names() == []
    mine.remove("late-a")
    assert EventBridgeSchedules(emulated.client, neighbour).names() == ["late-a"]


ERRORS = [
    ("ThrottlingException", ProvisioningPending),
    ("InternalServerException", ProvisioningPending),
    ("AccessDeniedException", TenantMisconfigured),
    ("ServiceQuotaExceededException", TenantMisconfigured),
]


class Refusing:
    """A client that answers every call with this."""

    class exceptions:  # noqa: N801 - boto3's own name
        class ConflictException(Exception):
            pass

        class ResourceNotFoundException(Exception):
            pass

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Any:
        def call(*_: Any, **__: Any) -> Any:
            raise self._error

        return call


@pytest.mark.parametrize(("code", "meaning"), ERRORS)
def test_what_the_scheduler_refuses_becomes_an_error_of_ours(
    code: str, meaning: type[Exception]
) -> None:
    error = ClientError({"Error": {"Code": code, "Message": "to be kept"}}, "CreateSchedule")
    refused = EventBridgeSchedules(cast("EventBridgeSchedulerClient", Refusing(error)), TO)
    for call in (
        lambda: refused.add("a", SOON, INPUT),
        refused.names,
        lambda: refused.remove("a"),
    ):
        with pytest.raises(meaning) as caught:
            call()
        assert code in str(caught.value)
        assert "to be kept" not in str(caught.value)


@pytest.mark.parametrize(
    "error", [EndpointConnectionError(endpoint_url="x"), ReadTimeoutError(endpoint_url="x")]
)
def test_an_outage_is_tried_again(error: Exception) -> None:
    with pytest.raises(ProvisioningPending):
        EventBridgeSchedules(cast("EventBridgeSchedulerClient", Refusing(error)), TO).names()


# ---- the emulator's own time -------------------------------------------------------------------


def test_a_schedule_begins_at_its_time_once_and_is_gone(emulated: Emulated) -> None:
    schedules = EventBridgeSchedules(emulated.client, TO)
    schedules.add("late-a", SOON, INPUT)
    emulated.pass_until(START + 86_390)
    assert emulated.started == []
    emulated.pass_until(START + 86_410)
    assert emulated.started == [(MACHINE, INPUT)]
    assert schedules.names() == []
    emulated.pass_until(START + 30 * 86_400)
    assert len(emulated.started) == 1
    schedules.remove("late-a")


def recurring(emulated: Emulated, expression: str) -> None:
    emulated.client.create_schedule(
        GroupName=GROUP,
        Name="again",
        ScheduleExpression=expression,
        ScheduleExpressionTimezone="Europe/Berlin",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={
            "Arn": MACHINE,
            "RoleArn": TO.role,
            "Input": '{"sequence": "<aws.scheduler.scheduled-time>"}',
        },
    )


def test_a_recurring_schedule_begins_again_and_tells_its_time(emulated: Emulated) -> None:
    recurring(emulated, "cron(0 20 * * ? *)")
    emulated.pass_until(START + 2 * 86_400)
    times = ["2026-12-04T19:00:00Z", "2026-12-05T19:00:00Z"]
    assert emulated.started == [(MACHINE, {"sequence": time}) for time in times]
    assert EventBridgeSchedules(emulated.client, TO).names() == ["again"]
    emulated.client.delete_schedule(GroupName=GROUP, Name="again")
    emulated.pass_until(START + 4 * 86_400)
    assert len(emulated.started) == 2


def test_an_expression_that_is_none_is_refused(emulated: Emulated) -> None:
    with pytest.raises(emulated.client.exceptions.ValidationException, match="Invalid Schedule"):
        recurring(emulated, "cron(0 20 * *)")


def test_what_was_removed_never_begins(emulated: Emulated) -> None:
    schedules = EventBridgeSchedules(emulated.client, TO)
    schedules.add("late-a", SOON, INPUT)
    schedules.remove("late-a")
    schedules.add("late-a", LATER, {"phases": ["report"]})
    emulated.pass_until(START + 2 * 86_400)
    assert emulated.started == []
    emulated.pass_until(START + 8 * 86_400)
    assert emulated.started == [(MACHINE, {"phases": ["report"]})]


def test_a_time_that_has_passed_is_refused(emulated: Emulated) -> None:
    with pytest.raises(TenantMisconfigured, match="time may have passed"):
        EventBridgeSchedules(emulated.client, TO).add("late-a", "2026-12-04T17:59:00Z", INPUT)
