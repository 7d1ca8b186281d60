"""Findings of AWS Solutions' rules (cdk-nag) that stay, each with its reason.

A construct acknowledges its own findings (`acknowledge`); rights on more than one resource are
explained by what they are about (`explain_wildcards`). `make nag` holds findings and reasons
together: it fails for a finding that nobody has acknowledged, and for a reason without a finding.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import aws_cdk as cdk
from constructs import IConstruct

_PACK = "AwsSolutions::AwsSolutions-"

SEVERAL: Mapping[str, str] = {
    r"/intake/\*": "The operator names the manifests.",
    r"/(plans|reports|runs)/\*": "A key per run, whose name is known when it starts.",
    r"/clients/\*": "A folder per mailbox.",
    r"/audit/\*": "A key per mailbox, folder and batch.",
    r"/quarantine/\*": "A key per message that was put aside.",
    r"/groupware/\*": "A key per mailbox, collection and batch.",
    r"/verify/\*": "A key per mailbox and pass.",
    r"/erased/\*": "A proof per run.",
    r"<StorageBucket\w+\.Arn>/\*": "Who erases a tenant erases whatever its bucket holds, but for "
    "the proofs.",
    r"<Functions\w+\.Arn>:\*": "Versions of this function: executions keep the one with which they "
    "began.",
    r":secret:workmail-migration/[^/]+/waves/\*": "A secret per run, whose name is known when it "
    "starts.",
    r":secret:workmail-migration/[^/]+/administrator\*": "One secret; its ARN ends in random "
    "characters, and must be known before it exists.",
    r":schedule/[^/]+/\*": "A schedule is named after its run.",
    r":execution:[^:/]+:\*": "Executions of this state machine; a name is known when it starts.",
    r":execution:[^:/]+/\*": "Children of this state machine's Distributed Maps.",
    r":hostedzone/\*": "A zone is found by its domain at run time; conditions bound changes to the "
    "tenant's domains and to MX, TXT and CNAME.",
    r":change/\*": "A change's id is known when it is made.",
}
"""Why a right is about several resources, by how their ARN ends (a pattern)."""

_LOG_DELIVERY = "Log delivery knows no narrower resource."
ALL: Mapping[str, str] = {
    **{
        f"logs:{action}": _LOG_DELIVERY
        for action in (
            *("CreateLogDelivery", "DeleteLogDelivery", "DescribeLogGroups"),
            *("DescribeResourcePolicies", "GetLogDelivery", "ListLogDeliveries"),
            *("PutResourcePolicy", "UpdateLogDelivery"),
        )
    },
    **dict.fromkeys(
        ("xray:PutTraceSegments", "xray:PutTelemetryRecords", "xray:GetSamplingRules"),
        "Traces have no resource.",
    ),
    "xray:GetSamplingTargets": "Traces have no resource.",
    "secretsmanager:ListSecrets": "It has no resource; the call names the tenant's prefix.",
    "route53:ListHostedZonesByName": "It has no resource.",
    "scheduler:ListSchedules": "IAM knows no narrower resource; the call names the group.",
}
"""Why an action is given for `*`."""


def acknowledge(construct: IConstruct, reasons: Mapping[str, str]) -> None:
    """Lets findings of the construct and of what is below it stay. `reasons`: sentences by rule,
    such as SQS3 or IAM5[Resource::*]."""
    given = [
        cdk.Acknowledgment(id=f"{_PACK}{rule}", reason=reason) for rule, reason in reasons.items()
    ]
    cdk.Validations.of(construct).acknowledge(*given)


def explain_wildcards(stack: cdk.Stack) -> None:
    """Acknowledges each policy's rights on more than one resource, where SEVERAL or ALL know why.
    What they do not know remains a finding. To be called when all policies are complete."""
    for node in stack.node.find_all():
        if not cdk.CfnResource.is_cfn_resource(node):
            continue
        resource: Any = node
        if resource.cfn_resource_type == "AWS::IAM::Policy":
            document = stack.resolve(resource.policy_document)
            acknowledge(resource, dict(_explained(document["Statement"])))


def _explained(statements: list[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Findings and their reasons, for those that have one."""
    everywhere: set[str] = set()
    for statement in statements:
        for resource in map(flatten, _as_list(statement["Resource"])):
            if resource == "*":
                everywhere |= set(_as_list(statement["Action"]))
            elif "*" in resource:
                for pattern, reason in SEVERAL.items():
                    if re.search(f"{pattern}$", resource):
                        yield f"IAM5[Resource::{resource}]", reason
    if everywhere and everywhere <= set(ALL):
        yield "IAM5[Resource::*]", " ".join(sorted({ALL[action] for action in everywhere}))


def flatten(value: Any) -> str:
    """A resource as cdk-nag writes it: <LogicalId.Arn> for Fn::GetAtt, <LogicalId> for Ref."""
    if isinstance(value, str):
        return value
    ((function, argument),) = value.items()
    if function == "Fn::Join":
        separator, parts = argument
        return str(separator).join(map(flatten, parts))
    return f"<{'.'.join(argument) if isinstance(argument, list) else argument}>"


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
