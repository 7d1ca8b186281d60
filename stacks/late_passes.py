"""What starts the workflow by itself, days after a run: EventBridge Scheduler."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

from stacks.dead_letters import make_dead_letters
from stacks.starting import alias_arn, make_scheduler_role


class LatePasses(Construct):
    """`group`: the name of the tenant's schedule group, which goes with the stack, and with it what
    has not begun. `role` may start the machine of that name, for schedules of this group alone.
    What could not be started in a day stands in `dead_letters` for two weeks. The runs make the
    schedules themselves; `machine` is the ARN by which they start it, that of its alias."""

    def __init__(
        self, scope: Construct, construct_id: str, *, machine_name: str, key: kms.IKey
    ) -> None:
        super().__init__(scope, construct_id)
        stack = cdk.Stack.of(self)
        self.group = f"{stack.stack_name}-late-passes"
        scheduler.CfnScheduleGroup(self, "Group", name=self.group)
        # From its name: a reference from a function to the machine that calls it is a circle.
        machine = stack.format_arn(
            service="states",
            resource="stateMachine",
            resource_name=machine_name,
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        self.machine = alias_arn(machine)
        self._schedules = stack.format_arn(
            service="scheduler", resource="schedule", resource_name=f"{self.group}/*"
        )
        self.dead_letters = make_dead_letters(self, "DeadLetters", key)
        self.role = make_scheduler_role(
            self,
            description="Starts the workflow for late passes",
            group=self.group,
            machine=machine,
            dead_letters=self.dead_letters,
        )

    def statements(self, actions: Sequence[str], *, lists: bool) -> Iterator[iam.PolicyStatement]:
        """What a function needs that does this to the tenant's schedules. IAM knows no narrower
        resource for ListSchedules than all; the call names the group."""
        if actions:
            yield iam.PolicyStatement(
                actions=[f"scheduler:{action}" for action in actions], resources=[self._schedules]
            )
        if lists:
            yield iam.PolicyStatement(actions=["scheduler:ListSchedules"], resources=["*"])
        if "CreateSchedule" in actions:
            yield iam.PolicyStatement(
                actions=["iam:PassRole"],
                resources=[self.role.role_arn],
                conditions={"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}},
            )
