"""The tenant's dashboard: how far a run is, how fast, what holds it up, and where to look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks.alarms import WORKERS
from stacks.measured import Measured, add_up

_WIDTH = 24
LAST_ERRORS = """fields @timestamp, state, error, run, mailbox, message
| filter level in ["WARNING", "ERROR"]
| sort @timestamp desc
| limit 25"""


class Dashboard(Construct):
    """`url`: where the console shows it. `links` (label and URL) stand in its first corner; log
    lines are read from `functions`."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        measured: Measured,
        functions: Mapping[str, lambda_.Function],
        alarms: Sequence[cloudwatch.IAlarm],
        links: Mapping[str, str],
        stalled_minutes: int,
    ) -> None:
        super().__init__(scope, construct_id)
        stack = cdk.Stack.of(self)
        self._measured = measured
        self._functions = functions
        dashboard = cloudwatch.Dashboard(
            self,
            "Dashboard",
            dashboard_name=stack.stack_name,
            default_interval=cdk.Duration.hours(12),
        )
        dashboard.add_widgets(_links(links), *self._how_far())
        dashboard.add_widgets(*self._how_fast())
        dashboard.add_widgets(*self._what_holds_it_up(stalled_minutes))
        dashboard.add_widgets(*self._what_waits())
        dashboard.add_widgets(*self._how_functions_do())
        if alarms:
            dashboard.add_widgets(
                cloudwatch.AlarmStatusWidget(alarms=list(alarms), title="Alarms", width=_WIDTH)
            )
        dashboard.add_widgets(self._last_errors())
        self.url = (
            f"https://{stack.region}.console.aws.amazon.com/cloudwatch/home?region={stack.region}"
            f"#dashboards/dashboard/{stack.stack_name}"
        )

    def _how_far(self) -> list[cloudwatch.IWidget]:
        of = self._measured.of
        left = cloudwatch.MathExpression(
            expression="seconds / 3600",
            using_metrics={"seconds": of("SecondsLeft", "Minimum", 5)},
            label="hours left of this pass",
            period=cdk.Duration.minutes(5),
        )
        return [
            cloudwatch.GaugeWidget(
                title="This pass, percent",
                metrics=[of("ProgressPercent", "Maximum", 5, "done")],
                left_y_axis=cloudwatch.YAxisProps(min=0, max=100),
                width=4,
                height=6,
            ),
            cloudwatch.SingleValueWidget(
                title="Mailboxes, and the time that is left",
                metrics=[
                    of("MailboxesDone", "Maximum", 5, "done"),
                    of("MailboxesRunning", "Maximum", 5, "being copied"),
                    of("MailboxesWaiting", "Maximum", 5, "waiting"),
                    of("MailboxesPaused", "Maximum", 5, "paused"),
                    of("MailboxesFailed", "Maximum", 5, "failed"),
                    left,
                    of("DaysToEndOfSupport", "Minimum", 60, "days until WorkMail ends"),
                ],
                width=12,
                height=6,
            ),
        ]

    def _how_fast(self) -> list[cloudwatch.IWidget]:
        of = self._measured.of
        return [
            _graph(
                "Messages and bytes",
                [
                    of("MessagesCopied", "Sum", 5, "messages"),
                    of("ItemsCopied", "Sum", 5, "calendar items, contacts, tasks, notes"),
                ],
                [of("BytesCopied", "Sum", 5, "bytes")],
            ),
            _graph(
                "Messages, of those that are known",
                [
                    of("MessagesExpected", "Maximum", 5, "expected"),
                    of("MessagesDealtWith", "Maximum", 5, "dealt with"),
                ],
                [of("MessagesPerSecond", "Average", 5, "a second")],
            ),
            _graph(
                "Mailboxes verified",
                [
                    of("MailboxesVerified", "Sum", 5, "verified"),
                    of("MailboxesDiffering", "Sum", 5, "of those, differing"),
                ],
            ),
        ]

    def _what_holds_it_up(self, stalled_minutes: int) -> list[cloudwatch.IWidget]:
        of = self._measured.of
        return [
            _graph(
                "Minutes without progress",
                [of("MinutesWithoutProgress", "Maximum", 5, "minutes")],
                line=cloudwatch.HorizontalAnnotation(value=stalled_minutes, label="alarm"),
            ),
            _graph(
                "Servers that want to be left alone",
                [of("Backoffs", "Sum", 5, "waits")],
                [of("BackoffSeconds", "Sum", 5, "seconds of waiting")],
            ),
            _graph(
                "Refused messages, and mailboxes that failed by error",
                [
                    of("MessagesQuarantined", "Sum", 15, "messages refused"),
                    of(
                        "ItemsRefused",
                        "Sum",
                        15,
                        "calendar items, contacts, tasks and notes refused",
                    ),
                ],
                [self._measured.failures_by_error(15)],
            ),
        ]

    def _what_waits(self) -> list[cloudwatch.IWidget]:
        of = self._measured.of
        return [
            _graph(
                "DNS records that are not right yet",
                [of("DnsRecordsPending", "Maximum", 5, "records")],
            ),
            _graph(
                "Hours that a question waits for an answer",
                [of("QuestionHours", "Maximum", 5, "hours")],
            ),
            _graph("Runs at work", [of("RunsAtWork", "Maximum", 5, "runs")]),
        ]

    def _how_functions_do(self) -> list[cloudwatch.IWidget]:
        minutes = cdk.Duration.minutes(5)
        workers = [self._functions[name] for name in WORKERS]
        slices = self._functions["copy_slice"]
        return [
            _graph(
                "Functions: errors and refused calls",
                [add_up([one.metric_errors(period=minutes) for one in workers], 5, "errors")],
                [add_up([one.metric_throttles(period=minutes) for one in workers], 5, "refused")],
            ),
            _graph(
                "Milliseconds of a slice",
                [
                    slices.metric_duration(period=minutes, statistic=which, label=which)
                    for which in ("Average", "Maximum")
                ],
            ),
            _graph(
                "Slices at the same time",
                [
                    slices.metric(
                        "ConcurrentExecutions", period=minutes, statistic="Maximum", label="slices"
                    )
                ],
            ),
        ]

    def _last_errors(self) -> cloudwatch.IWidget:
        groups = [one.log_group.log_group_name for one in self._functions.values()]
        return cloudwatch.LogQueryWidget(
            title="The last errors",
            log_group_names=groups,
            query_string=LAST_ERRORS,
            width=_WIDTH,
            height=8,
        )


def _links(links: Mapping[str, str]) -> cloudwatch.IWidget:
    lines = "\n".join(f"- [{label}]({url})" for label, url in links.items())
    return cloudwatch.TextWidget(
        markdown=f"{lines}\n\nWhat each graph and alarm means: docs/monitoring.md",
        width=8,
        height=6,
    )


def _graph(
    title: str,
    left: Sequence[cloudwatch.IMetric],
    right: Sequence[cloudwatch.IMetric] = (),
    line: cloudwatch.HorizontalAnnotation | None = None,
) -> cloudwatch.GraphWidget:
    """A third of a row."""
    return cloudwatch.GraphWidget(
        title=title,
        left=list(left),
        right=list(right),
        left_annotations=[line] if line else [],
        left_y_axis=cloudwatch.YAxisProps(min=0),
        width=_WIDTH // 3,
        height=6,
    )
