"""The schedules of the tenant file: EventBridge Scheduler starts the workflow at their times."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from stacks.start_config import Schedule
from stacks.starting import make_scheduler_role


class Schedules(Construct):
    """One schedule for each of `schedules`, in a group of their own: an abort takes back what runs
    have scheduled, not what the tenant file says. What could not be started in a day goes to
    `dead_letters`.

    The scheduler puts the time of the start into the input, by which the workflow knows one again
    that comes twice. A schedule that has had its time stays until the tenant file is without it:
    CloudFormation cannot say that it shall delete itself."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        schedules: Sequence[Schedule],
        machine: sfn.StateMachine,
        alias: sfn.CfnStateMachineAlias,
        dead_letters: sqs.Queue,
    ) -> None:
        super().__init__(scope, construct_id)
        name = f"{cdk.Stack.of(self).stack_name}-schedules"
        group = scheduler.CfnScheduleGroup(self, "Group", name=name)
        role = make_scheduler_role(
            self,
            description="Starts the workflow at the times of the tenant file",
            group=name,
            machine=machine.state_machine_arn,
            dead_letters=dead_letters,
        )
        target = _target_of(alias, role, dead_letters)
        for schedule in schedules:
            made = scheduler.CfnSchedule(
                self,
                schedule.name,
                name=schedule.name,
                group_name=name,
                description=f"Starts the workflow with {', '.join(schedule.phases)}",
                schedule_expression=schedule.expression,
                schedule_expression_timezone=schedule.timezone,
                flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
                target=target(_input_of(schedule)),
            )
            # the group has it by its name; a role without its policy yet would be refused
            made.node.add_dependency(group, role)


def _target_of(
    alias: sfn.CfnStateMachineAlias, role: iam.Role, dead_letters: sqs.Queue
) -> Callable[[str], scheduler.CfnSchedule.TargetProperty]:
    """Makes the target of a schedule from its input."""
    kept = scheduler.CfnSchedule.DeadLetterConfigProperty(arn=dead_letters.queue_arn)
    again = scheduler.CfnSchedule.RetryPolicyProperty(
        maximum_event_age_in_seconds=86_400, maximum_retry_attempts=185
    )
    return lambda state_input: scheduler.CfnSchedule.TargetProperty(
        arn=alias.attr_arn,
        role_arn=role.role_arn,
        input=state_input,
        dead_letter_config=kept,
        retry_policy=again,
    )


def _input_of(schedule: Schedule) -> str:
    """https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html"""
    return json.dumps(
        {
            "phases": list(schedule.phases),
            "trigger": schedule.name,
            "sequence": "<aws.scheduler.scheduled-time>",
        }
    )
