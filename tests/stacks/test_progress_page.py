"""Who may write the page of a run at work: nobody, unless the tenant wants it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stacks.config import TenantConfig
from stacks.function_row import Row
from stacks.function_table import TABLE
from stacks.functions import state_name
from stacks.page_rights import add_page

EXAMPLE = Path(__file__).resolve().parents[2] / "tenants" / "example.yaml"
SHOWING = {"measure_progress", "write_report", "clean_up"}


def synthesize(context: Mapping[str, Any], *, live: bool) -> dict[str, Any]:
    import aws_cdk as cdk
    from aws_cdk.assertions import Template

    from stacks.migration import MigrationStack

    config = TenantConfig.load(EXAMPLE, "example")
    config = replace(config, report=replace(config.report, live=live))
    return dict(Template.from_stack(MigrationStack(cdk.App(context=context), config)).to_json())


@pytest.fixture(scope="module")
def without(context: Mapping[str, Any]) -> dict[str, Any]:
    return synthesize(context, live=False)


@pytest.fixture(scope="module")
def live(context: Mapping[str, Any]) -> dict[str, Any]:
    return synthesize(context, live=True)


def statements(template: dict[str, Any], handler: str) -> list[dict[str, Any]]:
    """What the function's role may."""
    begin = f"Functions{state_name(handler)}RoleDefaultPolicy"
    (policy,) = (
        one["Properties"] for name, one in template["Resources"].items() if name.startswith(begin)
    )
    found: list[dict[str, Any]] = policy["PolicyDocument"]["Statement"]
    return found


def actions(template: dict[str, Any], handler: str) -> set[str]:
    told = (one["Action"] for one in statements(template, handler))
    return {each for one in told for each in ([one] if isinstance(one, str) else one)}


def readers(template: dict[str, Any]) -> set[str]:
    return {
        handler for handler in TABLE if "states:GetExecutionHistory" in actions(template, handler)
    }


def variables(template: dict[str, Any]) -> set[str]:
    return {
        one["Properties"]["Environment"]["Variables"]["REPORT_LIVE"]
        for one in template["Resources"].values()
        if one["Type"] == "AWS::Lambda::Function" and "Environment" in one["Properties"]
    }


def test_a_page_is_off_unless_it_is_wanted() -> None:
    assert not TenantConfig.load(EXAMPLE, "example").report.live


def test_without_the_page_nobody_reads_a_history_and_measuring_writes_no_file(
    without: dict[str, Any],
) -> None:
    assert readers(without) == set()
    assert "s3:PutObject" not in actions(without, "measure_progress")
    assert "s3:PutObject" not in actions(without, "clean_up")
    assert variables(without) == {"false"}
    assert "ProgressCommand" not in without["Outputs"]


def test_three_functions_write_the_page_and_read_histories_of_this_machine_alone(
    live: dict[str, Any],
) -> None:
    assert readers(live) == SHOWING
    assert variables(live) == {"true"}
    for handler in SHOWING:
        assert {"s3:PutObject", "dynamodb:Query"} <= actions(live, handler)
        (reading,) = (
            one
            for one in statements(live, handler)
            if "states:GetExecutionHistory" in one["Action"]
        )
        assert ":execution:WorkMailMigration-example-migrate-tenant:*" in json.dumps(reading)


def test_with_the_page_no_other_function_may_more(
    live: dict[str, Any], without: dict[str, Any]
) -> None:
    for handler in set(TABLE) - SHOWING:
        assert statements(live, handler) == statements(without, handler)


def test_an_output_says_how_the_page_is_opened(live: dict[str, Any]) -> None:
    told = json.dumps(live["Outputs"]["ProgressCommand"])
    assert "aws s3 presign" in told
    assert "/reports/RUN/progress.html" in told


def test_what_a_function_has_already_is_not_given_twice() -> None:
    row = add_page(Row(records=("Query", "PutItem"), folders=("Query",), writes=("reports/*",)))
    assert row.records == ("Query", "PutItem", "GetItem")
    assert (row.folders, row.writes) == (("Query",), ("reports/*",))
