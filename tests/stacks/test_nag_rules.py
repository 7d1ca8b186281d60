"""AWS Solutions' rules (cdk-nag): every finding is put right, or stands here with its reason."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from cdk_nag import AwsSolutionsChecks

from stacks.config import TenantConfig
from stacks.migration import MigrationStack

EXAMPLE = Path(__file__).resolve().parents[2] / "tenants" / "example.yaml"

ACCEPTED = {
    "S1": "An access log of the bucket would be a second bucket with object keys, read by nobody; "
    "CloudTrail data events are the account's own choice.",
    "SQS3": "They are dead-letter queues themselves: of a rule's target and of its function, and "
    "of the schedules.",
    "SMG4": "The logins are the source's: only its own administrator can change them.",
    "IAM5[Resource::<bucket>/intake/*]": "The operator names the manifests.",
    "IAM5[Resource::<bucket>/plans/*]": "A run's name is known when it starts.",
    "IAM5[Resource::<bucket>/reports/*]": "As above.",
    "IAM5[Resource::<bucket>/clients/*]": "A folder per mailbox.",
    "IAM5[Resource::<bucket>/runs/*]": "As above.",
    "IAM5[Resource::<bucket>/audit/*]": "A key per mailbox, folder and batch.",
    "IAM5[Resource::<bucket>/quarantine/*]": "A key per message that was put aside.",
    "IAM5[Resource::<bucket>/verify/*]": "A key per mailbox and pass.",
    "IAM5[Resource::<waves>*]": "A secret per run, whose name is known when it starts.",
    "IAM5[Resource::<secret>/administrator*]": "One secret, and its ARN before it exists.",
    "IAM5[Resource::<schedules>/*]": "A schedule's name is made from the run's.",
    "IAM5[Resource::<function>:*]": "Versions of this function: executions keep the one with which "
    "they began.",
    "IAM5[Resource::<machine>:*]": "Executions of this machine; a name is known when it starts.",
    "IAM5[Resource::<machine>/*]": "The children of this machine's Distributed Maps.",
    "IAM5[Resource::*]": "Log delivery, X-Ray, ListSchedules and ListSecrets have no narrower "
    "resource; a test lists the actions.",
    "IAM5[Resource::<bucket>/*]": "Who erases a tenant erases whatever its bucket holds, but for "
    "the proofs.",
    "IAM5[Resource::<bucket>/erased/*]": "A proof per run.",
}

WITH_ROUTE53 = {
    "IAM5[Resource::<route53>hostedzone/*]": "A zone is found by its domain at run time; "
    "conditions bound changes to the tenant's domains and to MX, TXT and CNAME.",
    "IAM5[Resource::<route53>change/*]": "A change's id is known when it is made.",
}
"""What comes on top for a tenant whose records the run publishes; `Resource::*` is accepted already
and means ListHostedZonesByName then, too, which has no narrower resource."""


@pytest.mark.parametrize("publish", ["none", "route53"])
def test_every_finding_has_its_reason_and_every_reason_its_finding(
    publish: str, tmp_path: Path, context: Mapping[str, Any]
) -> None:
    app = cdk.App(context=context, outdir=str(tmp_path))
    config = TenantConfig.load(EXAMPLE)
    MigrationStack(app, replace(config, dns=replace(config.dns, publish=publish)))
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    try:
        app.synth()
    except RuntimeError as error:
        assert "ValidationFailed" in str(error)
    report = json.loads((tmp_path / "validation-report.json").read_text("utf-8"))
    found = {
        shorten(violation["ruleName"])
        for plugin in report["pluginReports"]
        for violation in plugin["violations"]
    }
    assert found == set(ACCEPTED) | (set(WITH_ROUTE53) if publish == "route53" else set())


def shorten(rule: str) -> str:
    """Without the pack's name, and with words for the names that CDK has made."""
    rule = rule.removeprefix("AwsSolutions-")
    rule = re.sub("arn:aws:route53:::", "<route53>", rule)
    rule = re.sub(r"<StorageBucket\w+\.Arn>", "<bucket>", rule)
    rule = re.sub(r"<Functions\w+\.Arn>", "<function>", rule)
    rule = re.sub(r"arn:aws:secretsmanager:.*:secret:[\w/-]+/waves/", "<waves>", rule)
    rule = re.sub(r"arn:aws:secretsmanager:.*:secret:[\w/-]+(/administrator)", r"<secret>\1", rule)
    rule = re.sub(r"arn:aws:scheduler:.*:schedule/[\w-]+-late-passes", "<schedules>", rule)
    return re.sub(r"arn:aws:states:.*:execution:[\w-]+-migrate-tenant", "<machine>", rule)
