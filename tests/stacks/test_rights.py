"""Each role allows what its code calls, no more and no less: actions, resources and ledger keys.

The code is read, not run, so that ways count that no run on the laptop takes; see tools/rights.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from localrun.iam import Condition, Statement
from migration.execution_input import ExecutionInput
from stacks.config import ConfigError, TenantConfig
from stacks.function_table import TABLE
from tools.rights.comparison import MACHINE, Compared, compare, compare_role
from tools.rights.machine import called_functions, machine_needs
from tools.rights.needs import Need
from tools.rights.program import Program
from tools.rights.stack import TENANT, Stack, synthesize

ROLES = (*sorted(TABLE), MACHINE)
BUCKET, ORGANIZATION = "arn:aws:s3:::b", "arn:aws:workmail:eu-west-1:1:organization/m"
LEDGER = "arn:aws:dynamodb:eu-west-1:1:table/t"


@pytest.fixture(scope="module")
def stack() -> Stack:
    return synthesize()


@pytest.fixture(scope="module")
def compared(stack: Stack) -> Mapping[str, Compared]:
    return {each.name: each for each in compare(Program(), stack)}


@pytest.mark.slow
@pytest.mark.timeout(900)  # mypy reads the whole product for the first of them
@pytest.mark.parametrize("role", ROLES)
def test_a_role_allows_what_its_code_calls_and_nothing_else(
    role: str, compared: Mapping[str, Compared]
) -> None:
    assert compared[role].complaints() == []


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_code_is_followed_to_its_ends(compared: Mapping[str, Compared]) -> None:
    """What one knows of three functions without the tool: through adapters that call each other,
    through what Wiring makes when it is asked, and through callbacks."""

    def actions(role: str, prefix: str = "") -> set[str]:
        needed = compared[role].needed
        return {need.action for need in needed if need.action.startswith(prefix)}

    assert actions("release_lock") == {"dynamodb:DeleteItem"}
    assert actions("copy_slice", "workmail:") == {"workmail:AssumeImpersonationRole"}
    assert {"secretsmanager:GetSecretValue", "s3:PutObject"} <= actions("copy_slice")
    undone = {"DeleteUser", "DescribeUser", "DescribeGroup", "DescribeResource"}
    assert {f"workmail:{each}" for each in undone} <= actions("clean_up")
    assert not {"workmail:AssumeImpersonationRole"} & actions("clean_up")


def test_every_function_has_a_statement_for_each_kind_of_item_alone(stack: Stack) -> None:
    """A scan has no leading keys; and who erases deletes items of both kinds in one request."""
    kinds = {("T#everything",), ("M#everything#*",)}
    for handler, granted in stack.functions.items():
        both = {("T#everything", "M#everything#*")} if TABLE[handler].erases_all else set()
        for statement in granted.statements:
            if statement.actions == ("dynamodb:Scan",):
                assert TABLE[handler].counts_all
            elif any(action.startswith("dynamodb:") for action in statement.actions):
                (condition,) = statement.conditions
                assert condition.key == "dynamodb:LeadingKeys", handler
                assert condition.values in kinds | both, handler


# ---- the definition ------------------------------------------------------------------------------


def test_every_state_calls_its_own_function(stack: Stack) -> None:
    names = {arn: handler for handler, arn in stack.function_arns.items()}
    called = {state: names[arn] for state, arn in called_functions(stack.definition).items()}
    assert called
    for state, handler in called.items():
        assert re.sub(r"(?<!^)(?=[A-Z])", "_", state).lower() == handler


def test_the_rights_of_a_machine_follow_from_its_states() -> None:
    reader = {"Arguments": {"Bucket": "b", "Key": "{% $key %}", "VersionId": "{% $v %}"}}
    inner = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke"}
    arn = "arn:aws:states:eu-west-1:1:stateMachine:m"
    function = "arn:aws:lambda:eu-west-1:1:function:f"
    states: dict[str, Any] = {
        "All": {
            "Type": "Map",
            "ItemReader": reader,
            "ResultWriter": {"Arguments": {"Bucket": "b", "Prefix": "{% 'runs/' & $run %}"}},
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED"},
                "States": {"One": {**inner, "Arguments": {"FunctionName": f"{function}:7"}}},
            },
        }
    }
    needed = machine_needs({"States": states}, arn)
    assert Need("lambda:InvokeFunction", f"{function}:*") in needed
    assert Need("states:StartExecution", arn) in needed
    assert Need("s3:GetObjectVersion", f"{BUCKET}/plans/*") in needed
    assert Need("s3:PutObject", f"{BUCKET}/runs/*") in needed
    assert not [need for need in needed if need.action == "s3:DeleteObject"]


def test_maps_read_only_what_functions_write_below_plans() -> None:
    """The first folder of every key of JSON lines that the product writes, but for the audit."""
    sources = (Path(__file__).resolve().parents[2] / "lambdas" / "migration").glob("*.py")
    keys = re.compile(r'f"([a-z]+)/\{[^"]*\.jsonl"')
    assert {top for path in sources for top in keys.findall(path.read_text("utf-8"))} == {"plans"}


# ---- what the comparison notices -----------------------------------------------------------------


def judge(needed: set[Need], *statements: Statement) -> list[str]:
    return compare_role("copy_slice", needed, statements).complaints()


def test_a_row_that_lacks_something_is_told_in_which_field() -> None:
    needed = {
        Need("s3:PutObject", f"{BUCKET}/audit/*"),
        Need("workmail:DeleteUser", ORGANIZATION),
        Need("dynamodb:Query", LEDGER, "M#acme#*"),
    }
    place = "its row in stacks/function_table.py ({}), or copy_slice's code"
    assert judge(needed) == [
        f"copy_slice calls {what} and may not: change {place.format(field)}"
        for what, field in (
            ("dynamodb:Query on M#acme#*", "folders"),
            (f"s3:PutObject on {BUCKET}/audit/*", "writes"),
            (f"workmail:DeleteUser on {ORGANIZATION}", "workmail"),
        )
    ]


def test_what_is_allowed_in_vain_is_told() -> None:
    (found,) = judge(set(), Statement(True, ("sns:Publish",), ("arn:topic",)))
    assert found.startswith("copy_slice may call sns:Publish on arn:topic and never does")


def test_a_broader_resource_than_the_code_needs_is_too_much() -> None:
    needed = {Need("s3:GetObject", f"{BUCKET}/audit/*")}
    assert judge(needed, Statement(True, ("s3:GetObject",), (f"{BUCKET}/audit/*",))) == []
    assert len(judge(needed, Statement(True, ("s3:GetObject",), (f"{BUCKET}/*",)))) == 1


def test_rights_without_leading_keys_are_too_much() -> None:
    needed = {Need("dynamodb:Query", LEDGER, "M#acme#*")}
    own = (Condition("ForAllValues:StringLike", "dynamodb:LeadingKeys", ("M#acme#*",)),)
    allowed = Statement(True, ("dynamodb:Query",), (LEDGER,), own)
    assert judge(needed, allowed) == []
    assert len(judge(needed, replace(allowed, conditions=()))) == 1


def test_what_lambda_itself_does_is_not_asked_of_the_code() -> None:
    assert judge(set(), Statement(True, ("logs:PutLogEvents",), ("arn:logs",))) == []


def test_no_client_is_called_by_a_name_that_is_made_up() -> None:
    """`getattr` hides what is called, from mypy and from the tool."""
    adapters = Path(__file__).resolve().parents[2] / "lambdas" / "migration" / "aws"
    for path in adapters.glob("*.py"):
        assert not re.search(r"getattr\(\w*\.?_?(client|table)\b", path.read_text("utf-8")), path


# ---- what is taken for known of values from outside (tools/rights/values.py) ---------------------


def test_a_manifest_lies_below_intake_whoever_names_it(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="below intake/"):
        ExecutionInput.parse({"manifest": "plans/x.csv"})
    file = tmp_path / "tenant.yaml"
    file.write_text(TENANT.read_text("utf-8") + "manifest: plans/x.csv\n", "utf-8")
    with pytest.raises(ConfigError, match="manifest"):
        TenantConfig.load(file)


def test_the_tenant_of_the_comparison_uses_everything(stack: Stack) -> None:
    used = json.dumps([statement.actions for statement in _statements(stack)])
    for action in ("route53:GetChange", "ses:SendEmail", "scheduler:CreateSchedule"):
        assert action in used


def _statements(stack: Stack) -> Iterator[Statement]:
    for granted in stack.functions.values():
        yield from granted.statements
