"""AWS Solutions' rules (cdk-nag): every finding is put right, or stands here with its reason."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks

from stacks.config import TenantConfig
from stacks.migration import MigrationStack

EXAMPLE = Path(__file__).resolve().parents[2] / "tenants" / "example.yaml"

ACCEPTED = {
    "S1": "An access log of the bucket would be a second bucket with object keys, read by nobody; "
    "CloudTrail data events are the account's own choice.",
    "SQS3": "It is a dead-letter queue itself, of a rule's target and of its function.",
    "SMG4": "The logins are the source's: only its own administrator can change them.",
    "SF2": "The history of an execution shows every call and its time already.",
    "IAM5[Resource::<bucket>/intake/*]": "The operator names the manifests.",
    "IAM5[Resource::<bucket>/plans/*]": "A run's name is known when it starts.",
    "IAM5[Resource::<bucket>/reports/*]": "As above.",
    "IAM5[Resource::<bucket>/clients/*]": "A folder per mailbox.",
    "IAM5[Resource::<bucket>/runs/*]": "As above.",
    "IAM5[Resource::<bucket>/audit/*]": "A key per mailbox, folder and batch.",
    "IAM5[Resource::<bucket>/quarantine/*]": "A key per message that was put aside.",
    "IAM5[Resource::<bucket>/verify/*]": "A key per mailbox and pass.",
    "IAM5[Resource::<waves>*]": "A secret per run, whose name is known when it starts.",
    "IAM5[Resource::<machine>:*]": "Executions of this machine; a name is known when it starts.",
    "IAM5[Resource::<machine>/*]": "The children of this machine's Distributed Maps.",
    "IAM5[Resource::*]": "Log delivery has no narrower resource; a test lists its actions.",
}


def test_every_finding_has_its_reason_and_every_reason_its_finding(
    tmp_path: Path, context: Mapping[str, Any]
) -> None:
    app = cdk.App(context=context, outdir=str(tmp_path))
    MigrationStack(app, TenantConfig.load(EXAMPLE))
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
    assert found == set(ACCEPTED)


def shorten(rule: str) -> str:
    """Without the pack's name, and with words for the names that CDK has made."""
    rule = rule.removeprefix("AwsSolutions-")
    rule = re.sub(r"<StorageBucket\w+\.Arn>", "<bucket>", rule)
    rule = re.sub(r"arn:aws:secretsmanager:.*:secret:[\w/-]+/waves/", "<waves>", rule)
    return re.sub(r"arn:aws:states:.*:execution:[\w-]+-migrate-tenant", "<machine>", rule)
