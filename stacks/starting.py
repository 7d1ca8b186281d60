"""Who may start the workflow by itself: only by its alias, so that it is a version that begins."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from constructs import Construct

ALIAS = "live"
"""The alias of the state machine that leads to the version deployed last."""


def alias_arn(machine: str) -> str:
    """The ARN by which the machine of that ARN is started."""
    return f"{machine}:{ALIAS}"


def may_start(machine: str) -> iam.PolicyStatement:
    """Lets a role start the machine of that ARN, through the alias alone. IAM is asked about the
    machine's own ARN, and a condition tells the alias:
    https://docs.aws.amazon.com/step-functions/latest/dg/auth-version-alias.html"""
    return iam.PolicyStatement(
        actions=["states:StartExecution"],
        resources=[machine],
        conditions={"ForAnyValue:StringEquals": {"states:StateMachineQualifier": [ALIAS]}},
    )


def make_scheduler_role(
    scope: Construct, *, description: str, group: str, machine: str, dead_letters: sqs.Queue
) -> iam.Role:
    """The role of EventBridge Scheduler for the schedules of one group: it may start the machine,
    and write to the queue what it could not start."""
    stack = cdk.Stack.of(scope)
    group_arn = stack.format_arn(
        service="scheduler", resource="schedule-group", resource_name=group
    )
    # The confused deputy: the scheduler works for every account.
    conditions = {"aws:SourceAccount": stack.account, "aws:SourceArn": group_arn}
    role = iam.Role(
        scope,
        "Role",
        description=description,
        assumed_by=iam.ServicePrincipal(
            "scheduler.amazonaws.com", conditions={"StringEquals": conditions}
        ),
    )
    role.add_to_policy(may_start(machine))
    role.add_to_policy(
        iam.PolicyStatement(actions=["sqs:SendMessage"], resources=[dead_letters.queue_arn])
    )
    return role
