"""AWS Solutions' rules (cdk-nag): every finding is put right or has its reason, and every reason
has its finding."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs

from stacks.acknowledgements import ALL, SEVERAL, acknowledge, explain_wildcards
from stacks.config import TenantConfig
from stacks.migration import MigrationStack
from stacks.protection_config import Protection
from tools.nag import Finding, Report, check

EXAMPLE = Path(__file__).resolve().parents[2] / "tenants" / "example.yaml"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory, context: Mapping[str, Any]) -> Report:
    """Of a tenant with all settings that bring resources or rights."""
    config = TenantConfig.load(EXAMPLE)
    config = replace(
        config,
        dns=replace(config.dns, publish="route53"),
        clients=replace(config.clients, send="new", sender="it@example.com"),
        protection=Protection(
            quarantine_readers=("arn:aws:iam::123456789012:role/Helpdesk",),
            quarantine_days=90,
            permissions_boundary="bounded",
        ),
    )
    app = cdk.App(context=context, outdir=str(tmp_path_factory.mktemp("nag")))
    MigrationStack(app, config)
    return check(app)


def test_every_finding_has_its_reason_and_every_reason_its_finding(report: Report) -> None:
    assert report.unexplained == []
    assert report.vain == []
    assert {"S1", "SMG4", "SQS3"} <= {finding.rule for finding in report.findings}


def test_a_tenant_with_defaults_alone_has_no_reason_in_vain(
    tmp_path: Path, context: Mapping[str, Any]
) -> None:
    app = cdk.App(context=context, outdir=str(tmp_path))
    MigrationStack(app, TenantConfig.load(EXAMPLE))
    report = check(app)
    assert (report.unexplained, report.vain) == ([], [])


def test_no_explanation_of_wildcards_is_left_over(report: Report) -> None:
    found = {finding.rule for finding in report.findings if finding.rule.startswith("IAM5")}
    for pattern in SEVERAL:
        assert [rule for rule in found if re.search(rf"{pattern}\]$", rule)], pattern
    given = " ".join(each.reason for each in report.findings if each.rule == "IAM5[Resource::*]")
    for action, reason in ALL.items():
        assert reason in given, action


# ---- what the check itself sees -----------------------------------------------------------------


@pytest.fixture
def stack(tmp_path: Path, context: Mapping[str, Any]) -> cdk.Stack:
    return cdk.Stack(cdk.App(context=context, outdir=str(tmp_path)), "S")


def check_app_of(stack: cdk.Stack) -> Report:
    app = stack.node.root
    assert isinstance(app, cdk.App)
    return check(app)


def test_a_finding_without_a_reason_is_seen(stack: cdk.Stack) -> None:
    sqs.Queue(stack, "Explained", enforce_ssl=True)
    acknowledge(stack.node.find_child("Explained"), {"SQS3": "Because."})
    sqs.Queue(stack, "Forgotten", enforce_ssl=True)
    report = check_app_of(stack)
    assert report.unexplained == [Finding("SQS3", "Forgotten", "")]
    assert report.vain == []
    assert report.as_markdown().splitlines()[2:] == [
        "| `SQS3` | Explained | Because. |",
        "| `SQS3` | Forgotten | **none** |",
    ]


def test_a_reason_without_a_finding_is_seen(stack: cdk.Stack) -> None:
    queue = sqs.Queue(stack, "Queue", enforce_ssl=True)
    acknowledge(queue, {"SQS3": "Because.", "SQS4": "It was not encrypted once."})
    report = check_app_of(stack)
    assert report.unexplained == []
    assert report.vain == ["S/Queue: AwsSolutions::AwsSolutions-SQS4"]


def test_a_wildcard_that_nobody_has_explained_remains_a_finding(stack: cdk.Stack) -> None:
    bucket = s3.Bucket(stack, "Bucket", enforce_ssl=True)
    acknowledge(bucket, {"S1": "A test."})
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    for action, resource in (
        ("s3:GetObject", bucket.arn_for_objects("audit/*")),
        ("s3:GetObject", bucket.arn_for_objects("elsewhere/*")),
        ("scheduler:ListSchedules", "*"),
        ("dynamodb:Query", "*"),
    ):
        role.add_to_policy(iam.PolicyStatement(actions=[action], resources=[resource]))
    explain_wildcards(stack)
    report = check_app_of(stack)
    assert [re.sub(r"<Bucket\w+\.Arn>", "<bucket>", one.rule) for one in report.unexplained] == [
        "IAM5[Resource::*]",
        "IAM5[Resource::<bucket>/elsewhere/*]",
    ]
    assert report.vain == []
