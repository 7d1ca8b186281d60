"""The topic on which a run tells what it does."""

from __future__ import annotations

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from stacks.keys import from_alarms


class Notifications(Construct):
    """`topic`, with `emails` subscribed to it. Who else wants to be told subscribes to it: queues,
    functions and HTTPS get JSON, people get text. Only who has the right in IAM may publish, and
    the alarms of this stack. What waits for delivery is encrypted with `key`."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        tenant: str,
        emails: Sequence[str],
        key: kms.IKey,
    ) -> None:
        super().__init__(scope, construct_id)
        self.topic = sns.Topic(
            self,
            "Topic",
            topic_name=f"{cdk.Stack.of(self).stack_name}-notifications",
            display_name=f"Mail migration {tenant}",
            enforce_ssl=True,
            master_key=key,
        )
        # A policy of its own takes the place of the default, by which alarms may publish.
        self.topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid="Alarms",
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[self.topic.topic_arn],
                conditions=from_alarms(cdk.Stack.of(self)),
            )
        )
        for email in emails:
            self.topic.add_subscription(subscriptions.EmailSubscription(email))
