"""What the estimate takes for granted of the stack is not less than what the stack has."""

from __future__ import annotations

import pytest

from migration.estimate import bill
from migration.estimate.functions import COPY_SLICE_SECONDS, MEMORY
from migration.estimate.workload import Workload
from migration.measures import Metric
from stacks.function_table import TABLE
from tests.stacks.conftest import Resources

KEYS = Workload(1, 1.0, 1).keys


@pytest.mark.parametrize(
    ("kind", "most"),
    [
        ("AWS::CloudWatch::Alarm", bill.ALARMS),
        ("AWS::CloudWatch::Dashboard", bill.DASHBOARDS),
        ("AWS::SecretsManager::Secret", bill.SECRETS),
        ("AWS::KMS::Key", KEYS),
    ],
)
def test_what_is_billed_by_the_month_is_counted(resources: Resources, kind: str, most: int) -> None:
    assert len(resources(kind)) <= most


def test_metrics_are_counted_with_some_by_the_names_of_errors() -> None:
    assert len(Metric) + 10 <= bill.METRICS


def test_nothing_is_billed_by_the_hour(resources: Resources) -> None:
    by_the_hour = ("AWS::EC2::NatGateway", "AWS::EC2::VPCEndpoint", "AWS::RDS::DBInstance")
    assert [kind for kind in by_the_hour if resources(kind)] == []
    assert resources("AWS::Lambda::Function")


def test_functions_are_reckoned_as_large_as_they_are() -> None:
    assert {handler: TABLE[handler].memory for handler in MEMORY} == MEMORY
    assert TABLE["copy_slice"].timeout == COPY_SLICE_SECONDS
