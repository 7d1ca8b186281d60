"""What shows how a run does: the function that measures it, the dashboard, the alarms, and the
questions to the logs that one asks first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from stacks.alarms import Alarms, Watched
from stacks.config import TenantConfig
from stacks.dashboard import LAST_ERRORS, Dashboard
from stacks.measured import Measured

MEASURED_EVERY = 5
"""Minutes."""

_QUERIES = {
    "last errors": LAST_ERRORS,
    "slices": """fields @timestamp, state, mailbox, outcome, copied, bytes, refused, wait, seconds
| filter message in ["slice", "groupware slice"]
| sort @timestamp desc
| limit 200""",
    "slowest mailboxes": """filter message in ["slice", "groupware slice"]
| stats sum(copied) as messages_and_items, sum(bytes) / sum(seconds) as bytes_per_second,
  sum(wait) as seconds_of_waiting, sum(seconds) as seconds_of_work by mailbox
| sort seconds_of_work desc
| limit 50""",
}
"""Saved in Logs Insights, by the end of their names."""


class Observability(Construct):
    """`dashboard_url`. Comes after all queues of the stack, because it watches them."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        config: TenantConfig,
        machine: sfn.StateMachine,
        functions: Mapping[str, lambda_.Function],
        bucket: s3.Bucket,
        topic: sns.Topic,
    ) -> None:
        super().__init__(scope, construct_id)
        measured, settings = Measured(config.tenant), config.alarms
        self._measure(functions["measure_progress"])
        watched = Watched(machine, functions, topic)
        alarms = (
            Alarms(self, "Alarms", settings=settings, measured=measured, watched=watched).all
            if settings.enabled
            else []
        )
        self.dashboard_url = Dashboard(
            self,
            "Dashboard",
            measured=measured,
            functions=functions,
            alarms=alarms,
            links=_links(cdk.Stack.of(self).region, machine, bucket),
            stalled_minutes=settings.stalled_minutes,
        ).url
        self._save_queries(functions.values())

    def _measure(self, function: lambda_.Function) -> None:
        """A look that could not be made is made anew at the next time: nothing is repeated."""
        late = cdk.Duration.minutes(MEASURED_EVERY)
        function.configure_async_invoke(max_event_age=late, retry_attempts=0)
        events.Rule(
            self,
            "EveryFewMinutes",
            rule_name=f"{cdk.Stack.of(self).stack_name}-every-few-minutes",
            description="Measures how far the run at work is",
            schedule=events.Schedule.rate(late),
            targets=[
                targets.LambdaFunction(
                    function,
                    event=events.RuleTargetInput.from_object(
                        {"now": events.EventField.from_path("$.time")}
                    ),
                    max_event_age=late,
                    retry_attempts=0,
                )
            ],
        )

    def _save_queries(self, functions: Iterable[lambda_.Function]) -> None:
        groups = [one.log_group.log_group_name for one in functions]
        for name, query in _QUERIES.items():
            logs.CfnQueryDefinition(
                self,
                "".join(word.capitalize() for word in name.split()),
                name=f"{cdk.Stack.of(self).stack_name}/{name}",
                query_string=query,
                log_group_names=groups,
            )


def _links(region: str, machine: sfn.StateMachine, bucket: s3.Bucket) -> Mapping[str, str]:
    console = f"https://{region}.console.aws.amazon.com"
    name = bucket.bucket_name
    return {
        "Executions of the workflow": f"{console}/states/home?region={region}"
        f"#/statemachines/view/{machine.state_machine_arn}",
        "Reports": f"{console}/s3/buckets/{name}?region={region}&prefix=reports/",
        "Manifests": f"{console}/s3/buckets/{name}?region={region}&prefix=intake/",
        "Logs": f"{console}/cloudwatch/home?region={region}#logsV2:logs-insights",
    }
