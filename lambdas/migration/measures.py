"""What is measured: the names by which CloudWatch knows it, and what each event comes to.

All metrics have the dimension Tenant. What has an `error` is counted once more by Tenant and Error,
whose values are the names in `ERROR_NAMES`. No metric is about one mailbox: each value of a
dimension is a metric of its own, with its own price, and a mailbox's name in it would be a datum.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from migration.errors import leaves
from migration.model import Agreement, Tally

NAMESPACE = "WorkMailMigration"


class Metric(StrEnum):
    """The first ones are sums: each value counts what happened, and nothing is counted twice. From
    MAILBOXES_WAITING on they are states at a moment, which MeasureProgress looks at.

    MESSAGES_QUARANTINED  refused, by the source or the target; the report names them
    ITEMS_COPIED          of calendars, address books, lists of tasks and notes; changed ones again
    ITEMS_REFUSED         of those, refused by the source or the target
    BACKOFFS              slices that ended because a server wanted to be left alone
    BACKOFF_SECONDS       how long it wanted that
    MAILBOX_FAILURES      how often a mailbox's part of a pass failed, also by the error's name
    DNS_PENDING           required records that are not right yet
    MESSAGES_EXPECTED     in the mailboxes that were begun, by the latest lists of their folders
    MESSAGES_DEALT_WITH   of those, copied, refused, left out, or gone at the source
    PROGRESS_PERCENT      of the pass that is at work
    SECONDS_LEFT          of that pass, if it goes on as in the last hour; absent if nobody can say
    MINUTES_WITHOUT_PROGRESS  while mailboxes are copied; absent in a pause and in any other wait
    QUESTION_HOURS        how long the oldest open question has waited for an answer
    """

    MESSAGES_COPIED = "MessagesCopied"
    BYTES_COPIED = "BytesCopied"
    MESSAGES_QUARANTINED = "MessagesQuarantined"
    ITEMS_COPIED = "ItemsCopied"
    ITEMS_REFUSED = "ItemsRefused"
    BACKOFFS = "Backoffs"
    BACKOFF_SECONDS = "BackoffSeconds"
    MAILBOXES_VERIFIED = "MailboxesVerified"
    MAILBOXES_DIFFERING = "MailboxesDiffering"
    MAILBOX_FAILURES = "MailboxFailures"
    MAILBOXES_WAITING = "MailboxesWaiting"
    MAILBOXES_RUNNING = "MailboxesRunning"
    MAILBOXES_PAUSED = "MailboxesPaused"
    MAILBOXES_DONE = "MailboxesDone"
    MAILBOXES_FAILED = "MailboxesFailed"
    MESSAGES_EXPECTED = "MessagesExpected"
    MESSAGES_DEALT_WITH = "MessagesDealtWith"
    MESSAGES_PER_SECOND = "MessagesPerSecond"
    PROGRESS_PERCENT = "ProgressPercent"
    SECONDS_LEFT = "SecondsLeft"
    MINUTES_WITHOUT_PROGRESS = "MinutesWithoutProgress"
    DNS_PENDING = "DnsRecordsPending"
    QUESTION_HOURS = "QuestionHours"
    RUNS_AT_WORK = "RunsAtWork"
    DAYS_TO_END_OF_SUPPORT = "DaysToEndOfSupport"


_UNITS: Mapping[Metric, str] = {
    Metric.BYTES_COPIED: "Bytes",
    Metric.BACKOFF_SECONDS: "Seconds",
    Metric.MESSAGES_PER_SECOND: "Count/Second",
    Metric.PROGRESS_PERCENT: "Percent",
    Metric.SECONDS_LEFT: "Seconds",
    # CloudWatch has no minutes, hours or days
    Metric.MINUTES_WITHOUT_PROGRESS: "None",
    Metric.QUESTION_HOURS: "None",
    Metric.DAYS_TO_END_OF_SUPPORT: "None",
}

OTHER = "Other"
ERROR_NAMES = frozenset(
    {
        *(leaf.__name__ for leaf in leaves()),
        # what Step Functions says of a function that could not answer for itself
        *("States.Timeout", "States.TaskFailed", "States.DataLimitExceeded"),
        *("Lambda.Unknown", "Lambda.TooManyRequestsException", "Sandbox.Timedout"),
        *("TooManySlices", OTHER),
    }
)
"""All values that the dimension Error may have."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A value of a metric; `error` is one of ERROR_NAMES, or "" where there is none."""

    metric: Metric
    value: float
    error: str = ""

    @property
    def unit(self) -> str:
        """As CloudWatch writes units."""
        return _UNITS.get(self.metric, "Count")


def of_slice(tally: Tally, backoff_seconds: int) -> list[Measure]:
    """What a slice has recorded; `backoff_seconds` is 0 unless it ended because of a busy
    server."""
    measures = [
        Measure(Metric.MESSAGES_COPIED, tally.copied),
        Measure(Metric.BYTES_COPIED, tally.size),
        Measure(Metric.MESSAGES_QUARANTINED, tally.rejected),
    ]
    return [*measures, *_of_backoff(backoff_seconds)]


def of_groupware_slice(tally: Tally, backoff_seconds: int) -> list[Measure]:
    """What a slice of calendars, address books, tasks and notes has recorded."""
    measures = [
        Measure(Metric.ITEMS_COPIED, tally.copied),
        Measure(Metric.ITEMS_REFUSED, tally.rejected),
    ]
    return [*measures, *_of_backoff(backoff_seconds)]


def _of_backoff(seconds: int) -> list[Measure]:
    if not seconds:
        return []
    return [Measure(Metric.BACKOFFS, 1), Measure(Metric.BACKOFF_SECONDS, seconds)]


def of_verdict(agreement: Agreement) -> list[Measure]:
    """What the verification of a mailbox comes to."""
    return [
        Measure(Metric.MAILBOXES_VERIFIED, 1),
        Measure(Metric.MAILBOXES_DIFFERING, int(agreement is Agreement.DIFFER)),
    ]


def of_failure(error: str) -> list[Measure]:
    """A mailbox that cannot go on; an error whose name nobody knows counts as Other."""
    return [Measure(Metric.MAILBOX_FAILURES, 1, error if error in ERROR_NAMES else OTHER)]


def of_dns(pending: int) -> list[Measure]:
    """What a look at the DNS comes to."""
    return [Measure(Metric.DNS_PENDING, pending)]
