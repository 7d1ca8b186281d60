"""The topic on which a run tells what it does."""

from __future__ import annotations

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct


class Notifications(Construct):
    """`topic`, with `emails` subscribed to it. Who else wants to be told subscribes to it: queues,
    functions and HTTPS get JSON, people get text."""

    def __init__(
        self, scope: Construct, construct_id: str, *, tenant: str, emails: Sequence[str]
    ) -> None:
        super().__init__(scope, construct_id)
        self.topic = sns.Topic(
            self,
            "Topic",
            topic_name=f"{cdk.Stack.of(self).stack_name}-notifications",
            display_name=f"Mail migration {tenant}",
            enforce_ssl=True,
        )
        for email in emails:
            self.topic.add_subscription(subscriptions.EmailSubscription(email))
