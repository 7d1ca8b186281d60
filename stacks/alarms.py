"""What is said of a run that does not say it itself: alarms on the metrics.

Each has its heading in docs/monitoring.md, which says what to do. How missing values count is
chosen one by one, and the reason stands beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from stacks.alarms_config import Alarms as AlarmSettings
from stacks.measured import Measured, add_up

_AT_LEAST = cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
_BELOW = cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD
_QUIET = cloudwatch.TreatMissingData.NOT_BREACHING
_KEEP = cloudwatch.TreatMissingData.IGNORE

WORKERS = ("provision_user", "copy_slice", "copy_groupware", "verify_mailbox")
"""Handlers that are called for every mailbox, and so by thousands."""
COPIERS = ("copy_slice", "copy_groupware", "verify_mailbox")
"""Those of them that seldom end by an error. provision_user does for every user: that WorkMail does
not show a new user at once is an error to Lambda, and a wait to the workflow."""
_FEW_MESSAGES = 100
"""Of fewer, a percentage says nothing."""
_OFTEN = 5
"""So often in a quarter of an hour a mailbox may be told to wait."""


@dataclass(frozen=True, slots=True)
class Watched:
    """What is watched. `functions` by handler."""

    machine: sfn.IStateMachine
    functions: Mapping[str, lambda_.IFunction]
    topic: sns.ITopic


class Alarms(Construct):
    """`all`: the alarms. Each tells the topic when it begins, and when it is over unless it never
    is. Every queue of the stack is one of dead letters; those that come after this construct are
    not watched."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: AlarmSettings,
        measured: Measured,
        watched: Watched,
    ) -> None:
        super().__init__(scope, construct_id)
        self._watched = watched
        self._measured = measured
        self._action = actions.SnsAction(watched.topic)
        self.all: list[cloudwatch.Alarm] = []
        self._watch_runs(settings)
        self._watch_servers(settings)
        self._watch_throttling()
        self._watch_errors()
        self._watch_dead_letters()
        self._watch_end_of_support(settings)

    def _watch_runs(self, settings: AlarmSettings) -> None:
        machine = self._watched.machine
        minutes = cdk.Duration.minutes(5)
        self._add(
            "RunFailed",
            "run-failed",
            "A run has failed, was stopped, or was at work for too long. The report of the run, or "
            "its execution, says why; started again, it goes on where it stopped.",
            add_up(
                [
                    machine.metric_failed(period=minutes),
                    machine.metric_timed_out(period=minutes),
                    machine.metric_aborted(period=minutes),
                ],
                5,
                "runs that ended badly",
            ),
            1,
            missing=_QUIET,  # values come only when an execution ends
        )
        self._add(
            "NoProgress",
            "no-progress",
            f"Mailboxes are copied, and nothing has moved for {settings.stalled_minutes} minutes. "
            "The log lines of copy-slice say what it waits for: mostly a server that is busy.",
            self._measured.of("MinutesWithoutProgress", "Maximum", 5),
            settings.stalled_minutes,
            missing=_QUIET,  # there is a value only while mailboxes are copied
        )

    def _watch_servers(self, settings: AlarmSettings) -> None:
        copied = self._measured.of("MessagesCopied", "Sum", 15)
        refused = self._measured.of("MessagesQuarantined", "Sum", 15)
        self._add(
            "QuarantineRate",
            "quarantine-rate",
            f"{settings.quarantined_percent} % of the messages or more are refused. They are kept "
            "aside and the copy goes on; the report names each with its reason. Pause the run if "
            "one reason stands for all of them.",
            cloudwatch.MathExpression(
                expression=f"IF(copied + refused >= {_FEW_MESSAGES}, "
                "100 * refused / (copied + refused), 0)",
                using_metrics={"copied": copied, "refused": refused},
                label="percent refused",
                period=cdk.Duration.minutes(15),
            ),
            settings.quarantined_percent,
            missing=_QUIET,  # no slice has ended: nothing was refused
        )
        self._add(
            "ServersThrottle",
            "servers-throttle",
            f"For half an hour every mailbox was told {_OFTEN} times a quarter of an hour to wait. "
            "Nothing is lost; fewer mailboxes at once (source.max_connections, limits.mailboxes) "
            "are faster then.",
            cloudwatch.MathExpression(
                expression="IF(running > 0, FILL(backoffs, 0) / running, 0)",
                using_metrics={
                    "backoffs": self._measured.of("Backoffs", "Sum", 15),
                    "running": self._measured.of("MailboxesRunning", "Maximum", 15),
                },
                label="waits for each mailbox",
                period=cdk.Duration.minutes(15),
            ),
            _OFTEN,
            periods=2,
            missing=_QUIET,  # no run is at work
        )

    def _watch_throttling(self) -> None:
        quarter = cdk.Duration.minutes(15)
        workers = [self._watched.functions[name] for name in WORKERS]
        self._add(
            "FunctionsThrottled",
            "functions-throttled",
            "Lambda refuses calls because the account has too many functions at work. They are "
            "tried again; ask AWS for a higher limit of concurrent executions, or lower "
            "limits.mailboxes.",
            add_up(
                [one.metric_throttles(period=quarter) for one in workers],
                15,
                "calls refused",
            ),
            10,
            missing=_QUIET,  # no value: not called
        )

    def _watch_errors(self) -> None:
        quarter = cdk.Duration.minutes(15)
        copiers = [self._watched.functions[name] for name in COPIERS]
        errors = [one.metric_errors(period=quarter) for one in copiers]
        calls = [one.metric_invocations(period=quarter) for one in copiers]
        names = [f"m{place}" for place in range(len(copiers))]
        failed = " + ".join(f"FILL({name}e, 0)" for name in names)
        called = " + ".join(f"FILL({name}c, 0)" for name in names)
        self._add(
            "FunctionErrors",
            "function-errors",
            "A fifth of the calls that copy or verify end by an error, or their functions die. "
            "They are tried again; the log lines of level WARNING and ERROR have the errors' "
            "names.",
            cloudwatch.MathExpression(
                expression=f"IF({failed} >= 5, 100 * ({failed}) / ({called}), 0)",
                using_metrics={
                    **{f"{name}e": each for name, each in zip(names, errors, strict=True)},
                    **{f"{name}c": each for name, each in zip(names, calls, strict=True)},
                },
                label="percent of calls with errors",
                period=quarter,
            ),
            20,
            missing=_QUIET,  # not called
        )
        self._add(
            "NotMeasured",
            "not-measured",
            "The function measure-progress fails: the dashboard stands still, and nobody would "
            "notice a run that does. Its log lines of level ERROR say why.",
            self._watched.functions["measure_progress"].metric_errors(period=quarter),
            3,
            missing=_QUIET,  # not called
        )

    def _watch_dead_letters(self) -> None:
        found = cdk.Stack.of(self).node.find_all()
        queues = [one for one in found if isinstance(one, sqs.Queue)]
        for queue in queues:
            # Triggers for <stack>/Triggers/DeadLetters
            place = "".join(queue.node.path.split("/")[1:]).replace("DeadLetters", "")
            self._add(
                f"DeadLetters{place}",
                "dead-letters",
                f"Something was to begin by itself and did not: the queue of {place} holds what. "
                "Read the message, do by hand what it asks for, and delete it.",
                queue.metric_approximate_number_of_messages_visible(
                    period=cdk.Duration.minutes(5), statistic="Maximum"
                ),
                1,
                # after six hours without a request, SQS gives no values: the messages are there
                missing=_KEEP,
            )

    def _watch_end_of_support(self, settings: AlarmSettings) -> None:
        for days in settings.end_of_support_days:
            self._add(
                f"EndOfSupport{days}",
                "end-of-support",
                f"Fewer than {days} days until Amazon WorkMail ends, and with it every mailbox. "
                "Plan the move to what comes after it.",
                self._measured.of("DaysToEndOfSupport", "Minimum", 60),
                days,
                compared=_BELOW,
                missing=_KEEP,  # days do not come back because nobody counts them
                recovers=False,
            )

    def _add(
        self,
        construct_id: str,
        heading: str,
        description: str,
        metric: cloudwatch.IMetric,
        threshold: int,
        *,
        missing: cloudwatch.TreatMissingData,
        periods: int = 1,
        compared: cloudwatch.ComparisonOperator = _AT_LEAST,
        recovers: bool = True,
    ) -> None:
        name = f"{cdk.Stack.of(self).stack_name}-{construct_id}"
        alarm = cloudwatch.Alarm(
            self,
            construct_id,
            alarm_name=name,
            alarm_description=f"{description} See docs/monitoring.md#{heading}.",
            metric=metric,
            threshold=threshold,
            comparison_operator=compared,
            evaluation_periods=periods,
            treat_missing_data=missing,
        )
        alarm.add_alarm_action(self._action)
        if recovers:
            alarm.add_ok_action(self._action)
        self.all.append(alarm)
