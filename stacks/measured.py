"""The metrics that the dashboard draws and the alarms watch, as the CDK knows them.

Names in the namespace WorkMailMigration are those of migration/measures.py, the others AWS's own; a
test holds both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch

NAMESPACE = "WorkMailMigration"


@dataclass(frozen=True, slots=True)
class Measured:
    """Metrics of one tenant."""

    tenant: str

    def of(
        self, name: str, statistic: str, minutes: int, label: str | None = None
    ) -> cloudwatch.Metric:
        """A metric that the functions write, over so many minutes."""
        return cloudwatch.Metric(
            namespace=NAMESPACE,
            metric_name=name,
            dimensions_map={"Tenant": self.tenant},
            statistic=statistic,
            period=cdk.Duration.minutes(minutes),
            label=label,
        )

    def failures_by_error(self, minutes: int) -> cloudwatch.MathExpression:
        """One line for each error's name. Only a dashboard can show it: alarms do not search."""
        where = f'{{{NAMESPACE},Tenant,Error}} Tenant="{self.tenant}" MetricName="MailboxFailures"'
        return cloudwatch.MathExpression(
            expression=f"SEARCH('{where}', 'Sum', {minutes * 60})",
            label="",
            period=cdk.Duration.minutes(minutes),
        )


def add_up(
    metrics: Sequence[cloudwatch.IMetric], minutes: int, label: str
) -> cloudwatch.MathExpression:
    """Their sum; one without a value counts as 0. In a graph, no two sums may have the same
    label: the metrics' ids begin with it."""
    names = [f"{label.replace(' ', '_')}_{place}" for place in range(len(metrics))]
    return cloudwatch.MathExpression(
        expression=" + ".join(f"FILL({name}, 0)" for name in names),
        using_metrics=dict(zip(names, metrics, strict=True)),
        label=label,
        period=cdk.Duration.minutes(minutes),
    )
