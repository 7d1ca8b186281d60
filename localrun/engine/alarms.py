"""CloudWatch's alarms, judged after the fact over the metrics of a run.

An alarm looks at the end of each of its periods at the latest ones, as many as it evaluates; all of
them (or `DatapointsToAlarm`) must breach. CloudWatch also looks further back where values are
missing, and later where they come late: both are left out.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from localrun.engine.metric_math import Value, evaluate
from localrun.engine.metric_store import MetricName, MetricStore
from localrun.engine.template import Template

_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanOrEqualToThreshold": operator.le,
    "LessThanThreshold": operator.lt,
}
_STATISTICS: Mapping[str, Callable[[Sequence[float]], float]] = {
    "Sum": sum,
    "Maximum": max,
    "Minimum": min,
    "Average": lambda values: sum(values) / len(values),
    "SampleCount": len,
}


@dataclass(frozen=True, slots=True)
class Watched:
    """A metric, or an expression over others, by its id in the alarm."""

    id: str
    expression: str = ""
    metric: MetricName | None = None
    statistic: str = ""

    @classmethod
    def of_query(cls, query: Mapping[str, Any]) -> Self:
        """From an entry of an alarm's Metrics."""
        if "Expression" in query:
            return cls(query["Id"], expression=query["Expression"])
        return cls.of_metric(query["Id"], query["MetricStat"]["Metric"], query["MetricStat"])

    @classmethod
    def of_metric(cls, id_: str, metric: Mapping[str, Any], around: Mapping[str, Any]) -> Self:
        """`around` has the statistic."""
        where = {each["Name"]: str(each["Value"]) for each in metric.get("Dimensions", ())}
        name = MetricName.of(metric["Namespace"], metric["MetricName"], where)
        return cls(id_, metric=name, statistic=around.get("Stat") or around["Statistic"])


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm of a template; `returned` is the id of what is compared."""

    name: str
    period: int
    periods: int
    enough: int
    compare: Callable[[float, float], bool]
    threshold: float
    missing: str
    watched: Sequence[Watched]
    returned: str

    @classmethod
    def of(cls, properties: Mapping[str, Any]) -> Self:
        """From the properties of an AWS::CloudWatch::Alarm."""
        if "Metrics" in properties:
            queries = properties["Metrics"]
            watched = [Watched.of_query(query) for query in queries]
            (returned,) = (query["Id"] for query in queries if query.get("ReturnData", True))
            (period,) = {each["MetricStat"]["Period"] for each in queries if "MetricStat" in each}
        else:
            watched = [Watched.of_metric("m", properties, properties)]
            returned, period = "m", properties["Period"]
        periods = properties["EvaluationPeriods"]
        return cls(
            name=properties["AlarmName"],
            period=period,
            periods=periods,
            enough=properties.get("DatapointsToAlarm", periods),
            compare=_COMPARISONS[properties["ComparisonOperator"]],
            threshold=float(properties["Threshold"]),
            missing=properties.get("TreatMissingData", "missing"),
            watched=watched,
            returned=returned,
        )


@dataclass(frozen=True, slots=True)
class Raised:
    """An alarm began at that moment (epoch seconds)."""

    alarm: str
    at: float

    @property
    def name(self) -> str:
        """Without the stack's name."""
        return self.alarm.rpartition("-")[2]


def read_alarms(template: Template) -> list[Alarm]:
    """The alarms of a stack."""
    return [Alarm.of(properties) for _, properties in template.resources("AWS::CloudWatch::Alarm")]


def watch(alarm: Alarm, store: MetricStore, start: float, end: float) -> Iterator[Raised]:
    """When the alarm began, if periods are looked at from the one that holds `start` to the one
    that holds `end`. Before, it is taken to be quiet."""
    period = alarm.period
    is_on = False
    for number in range(math.floor(start / period), math.floor(end / period) + 1):
        places = range(number - alarm.periods + 1, number + 1)
        values = [_value(alarm, store, place * period) for place in places]
        was_on, is_on = is_on, _judge(alarm, values, is_on=is_on)
        if is_on and not was_on:
            yield Raised(alarm.name, float((number + 1) * period))


def _judge(alarm: Alarm, values: Sequence[Value], *, is_on: bool) -> bool:
    known = [value for value in values if value is not None]
    if not known and alarm.missing == "ignore":
        return is_on
    breaching = sum(alarm.compare(value, alarm.threshold) for value in known)
    if alarm.missing == "breaching":
        breaching += len(values) - len(known)
    return breaching >= alarm.enough


def _value(alarm: Alarm, store: MetricStore, start: float) -> Value:
    """What is compared, in the period that begins at `start`."""
    found: dict[str, Value] = {}
    for each in alarm.watched:
        if each.metric is not None:
            values = store.values(each.metric, start, start + alarm.period)
            found[each.id] = float(_STATISTICS[each.statistic](values)) if values else None
    for each in alarm.watched:
        if each.expression:
            found[each.id] = evaluate(each.expression, found)
    return found[alarm.returned]
