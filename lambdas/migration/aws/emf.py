"""Metrics as lines of the function's log: CloudWatch's Embedded Metric Format.

CloudWatch makes metrics of such lines by itself: no call, no right and no wait is needed. The
format: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/
CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import datetime

from aws_lambda_powertools.metrics import EphemeralMetrics

from migration.measures import NAMESPACE, Measure


class EmfMetrics:
    """Metrics of one tenant. Powertools' usual `Metrics` is one object for the whole process, which
    keeps what a failed invocation has added for the next one; here each call has its own."""

    def __init__(self, tenant: str) -> None:
        self._tenant = tenant

    def emit(self, at: str, measures: Sequence[Measure]) -> None:
        """One line for each error among the measures, and one for those without."""
        for error in sorted({measure.error for measure in measures}):
            same = [measure for measure in measures if measure.error == error]
            self._write(at, same, error)

    def _write(self, at: str, measures: Sequence[Measure], error: str) -> None:
        # an empty service: otherwise a variable of the environment would become a dimension
        line = EphemeralMetrics(namespace=NAMESPACE, service="")
        line.add_dimension("Tenant", self._tenant)
        if error:
            line.add_dimensions(Tenant=self._tenant, Error=error)
        for measure in measures:
            line.add_metric(measure.metric, measure.unit, measure.value)
        # set_timestamp would warn of times that are not the machine's, which a laptop's are not
        line.timestamp = round(datetime.fromisoformat(at).timestamp() * 1000)
        text = json.dumps(line.serialize_metric_set(), separators=(",", ":"))
        # flush_metrics would write the line and its end apart, and Lambda's runtime passes each on
        # by itself: where processes share a log, another's line could come between
        sys.stdout.write(f"{text}\n")
