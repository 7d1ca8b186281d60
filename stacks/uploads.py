"""The upload of a manifest starts the workflow, by a rule on EventBridge."""

from __future__ import annotations

from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from stacks.starting import ALIAS, may_start

MANIFESTS = ("manifest.csv", "manifest.yaml", "manifest.yml", "manifest.json", "users.csv")
"""How the names of files end whose upload starts a run. groups.csv, resources.csv and
permissions.csv are not among them: a folder is complete with its users.csv. Nor are templates,
which lie below intake/ as well."""


class Uploads(Construct):
    """`rule`: an upload of a manifest below intake/ in `bucket` starts an execution by `alias`. Its
    input names the file, the version, and S3's sequencer, by which the workflow knows an event
    again that comes twice or too late. What could not be started in six hours goes to
    `dead_letters`."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        bucket: s3.Bucket,
        manifest: str,
        machine: sfn.StateMachine,
        alias: sfn.CfnStateMachineAlias,
        dead_letters: sqs.Queue,
    ) -> None:
        super().__init__(scope, construct_id)
        _tell_event_bridge(bucket)
        name = f"{cdk.Stack.of(self).stack_name}-uploads"
        role = self._make_role(name)
        role.add_to_policy(may_start(machine.state_machine_arn))
        self.rule = events.Rule(
            self,
            "Manifests",
            rule_name=name,
            description="Starts a run when a manifest is uploaded",
            event_pattern=events.EventPattern(
                source=["aws.s3"],
                detail_type=["Object Created"],
                detail={
                    "bucket": {"name": [bucket.bucket_name]},
                    "object": {"key": _keys(manifest)},
                },
            ),
            targets=[self._start(f"{machine.state_machine_name}:{ALIAS}", role, dead_letters)],
        )
        self.rule.node.add_dependency(alias)  # which the target has by its name

    def _start(self, alias: str, role: iam.Role, dead_letters: sqs.Queue) -> events.IRuleTarget:
        field = events.EventField.from_path
        return targets.SfnStateMachine(
            sfn.StateMachine.from_state_machine_name(self, "Live", alias),
            input=events.RuleTargetInput.from_object(
                {
                    "manifest": field("$.detail.object.key"),
                    "version": field("$.detail.object.version-id"),
                    "trigger": "upload",
                    "sequence": field("$.detail.object.sequencer"),
                }
            ),
            # the target would grant what IAM does not look at: the alias's own ARN
            role=role.without_policy_updates(),
            dead_letter_queue=dead_letters,
            max_event_age=cdk.Duration.hours(6),
            retry_attempts=24,
        )

    def _make_role(self, rule_name: str) -> iam.Role:
        stack = cdk.Stack.of(self)
        rule = stack.format_arn(service="events", resource="rule", resource_name=rule_name)
        conditions = {"aws:SourceAccount": stack.account, "aws:SourceArn": rule}
        return iam.Role(
            self,
            "Role",
            description="Starts the workflow for uploaded manifests",
            assumed_by=iam.ServicePrincipal(
                "events.amazonaws.com", conditions={"StringEquals": conditions}
            ),
        )


def _tell_event_bridge(bucket: s3.Bucket) -> None:
    """By the bucket's own property: CDK's Bucket would bring a function of its own to set it."""
    resource = cast(s3.CfnBucket, bucket.node.default_child)
    resource.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
        event_bridge_configuration=s3.CfnBucket.EventBridgeConfigurationProperty(
            event_bridge_enabled=True
        )
    )


def _keys(manifest: str) -> list[object]:
    """What EventBridge compares the key of an uploaded file with."""
    keys: list[object] = [{"wildcard": f"intake/*{ending}"} for ending in MANIFESTS]
    is_file = not manifest.endswith("/")
    return [*keys, manifest] if is_file and not manifest.endswith(MANIFESTS) else keys
