"""What calls functions beside the state machine: rules on EventBridge."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_destinations as destinations
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from stacks.dead_letters import as_destination, make_dead_letters

ENDED_EARLY = ("ABORTED", "FAILED", "TIMED_OUT")
"""Statuses of executions that may have left rights and the lock behind. A failed one has taken
them away itself, unless it failed as a whole: by a full history, or by too much data."""


class Triggers(Construct):
    """`rule`: `clean_up` is called with a typed event after each execution of `machine` that ended
    early. What could not be delivered in six hours, or failed three times, stands in `dead_letters`
    for two weeks."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        machine: sfn.StateMachine,
        clean_up: lambda_.Function,
        key: kms.IKey,
    ) -> None:
        super().__init__(scope, construct_id)
        self.dead_letters = make_dead_letters(self, "DeadLetters", key)
        clean_up.configure_async_invoke(
            max_event_age=cdk.Duration.hours(6),
            retry_attempts=2,
            on_failure=destinations.SqsDestination(as_destination(self.dead_letters)),
        )
        field = events.EventField.from_path
        self.rule = events.Rule(
            self,
            "EndedEarly",
            # The key's policy knows rules by the stack's name, which CloudFormation would cut off.
            rule_name=f"{cdk.Stack.of(self).stack_name}-ended-early",
            description="Takes rights and the lock from executions that were stopped from outside",
            event_pattern=events.EventPattern(
                source=["aws.states"],
                detail_type=["Step Functions Execution Status Change"],
                detail={
                    "stateMachineArn": [machine.state_machine_arn],
                    "status": list(ENDED_EARLY),
                },
            ),
            targets=[
                targets.LambdaFunction(
                    clean_up,
                    event=events.RuleTargetInput.from_object(
                        {
                            "execution": field("$.detail.executionArn"),
                            "run": field("$.detail.name"),
                            "status": field("$.detail.status"),
                            "now": field("$.time"),
                        }
                    ),
                    dead_letter_queue=self.dead_letters,
                    max_event_age=cdk.Duration.hours(6),
                    retry_attempts=24,
                )
            ],
        )
