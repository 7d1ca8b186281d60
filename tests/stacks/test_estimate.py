"""What the estimate takes for granted of the stack is not less than what the stack has."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from aws_cdk.assertions import Template

from localrun.estimate.terms import read_terms
from migration.estimate import bill
from migration.estimate.functions import COPY_SLICE_SECONDS, MEMORY
from migration.estimate.terms import Terms
from migration.estimate.workload import Workload
from migration.measures import Metric
from migration.settings import Settings
from stacks.config import TenantConfig
from stacks.function_table import TABLE
from tests.stacks.conftest import EXAMPLE, Resources
from tests.stacks.test_sizes import make_large, synthesize

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


@pytest.mark.parametrize(
    "config", [TenantConfig.load(EXAMPLE), make_large()], ids=["as it comes", "all settings used"]
)
def test_a_tenant_file_has_the_terms_that_its_functions_work_by(
    config: TenantConfig, context: Mapping[str, Any], tmp_path: Path
) -> None:
    stack = synthesize(context, tmp_path, config)
    functions = Template.from_stack(stack).find_resources("AWS::Lambda::Function")
    (variables,) = [
        one["Properties"]["Environment"]["Variables"]
        for one in functions.values()
        if one["Properties"].get("Handler") == "preflight.handler"
    ]
    known = {name: value if isinstance(value, str) else "x" for name, value in variables.items()}
    assert Terms.of(Settings.from_env(known)) == read_terms(config)
