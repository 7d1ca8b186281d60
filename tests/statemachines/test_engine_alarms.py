"""Alarms: which values raise them, and when."""

from __future__ import annotations

from typing import Any

import pytest

from localrun.engine.alarms import Alarm, watch
from localrun.engine.metric_math import MathError, Value, evaluate
from localrun.engine.metric_store import MetricName, MetricStore

MINUTE = 60.0
WHERE = {"Tenant": "acme"}
NAME = MetricName.of("Here", "Still", WHERE)
DIMENSIONS = [{"Name": "Tenant", "Value": "acme"}]


def alarm(**changed: Any) -> Alarm:
    simple = {
        "AlarmName": "stack-Still",
        "Namespace": "Here",
        "MetricName": "Still",
        "Dimensions": DIMENSIONS,
        "Statistic": "Maximum",
        "Period": 300,
        "EvaluationPeriods": 1,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "Threshold": 30,
        "TreatMissingData": "notBreaching",
    }
    return Alarm.of({**simple, **changed})


def store(*values: tuple[float, float], name: MetricName = NAME) -> MetricStore:
    """Values by their minute."""
    made = MetricStore()
    for minute, value in values:
        made.put(name, minute * MINUTE, value)
    return made


def raised(found: Alarm, values: MetricStore, end: float = 60) -> list[float]:
    """The minutes in which the alarm begins."""
    return [each.at / MINUTE for each in watch(found, values, 0, end * MINUTE)]


def test_an_alarm_begins_at_the_end_of_the_period_that_breaches() -> None:
    assert raised(alarm(), store((2, 29), (7, 30), (12, 31))) == [10]


def test_it_begins_again_after_it_was_over() -> None:
    assert raised(alarm(), store((2, 40), (7, 1), (12, 40))) == [5, 15]


def test_below_the_threshold_nothing_begins() -> None:
    assert raised(alarm(), store(*((minute, 29.9) for minute in range(60)))) == []


@pytest.mark.parametrize(
    ("statistic", "threshold"), [("Sum", 6), ("Maximum", 3), ("Average", 2), ("SampleCount", 3)]
)
def test_statistics(statistic: str, threshold: float) -> None:
    values = store((0, 1), (1, 2), (2, 3))
    assert raised(alarm(Statistic=statistic, Threshold=threshold), values) == [5]
    assert raised(alarm(Statistic=statistic, Threshold=threshold + 0.1), values) == []


def test_a_minimum_and_what_lies_below() -> None:
    below = alarm(Statistic="Minimum", ComparisonOperator="LessThanThreshold", Threshold=60)
    assert raised(below, store((1, 61), (6, 60), (11, 59))) == [15]


def test_all_of_the_periods_must_breach_unless_fewer_are_enough() -> None:
    values = store((1, 40), (6, 1), (11, 40), (16, 40))
    assert raised(alarm(EvaluationPeriods=2), values) == [20]
    assert raised(alarm(EvaluationPeriods=3, DatapointsToAlarm=2), values) == [15]


@pytest.mark.parametrize(
    ("missing", "begins"), [("notBreaching", [5, 15]), ("ignore", [5]), ("breaching", [5])]
)
def test_missing_values_count_as_the_alarm_says(missing: str, begins: list[float]) -> None:
    values = store((1, 40), (11, 40))
    assert raised(alarm(TreatMissingData=missing), values, 12) == begins


def test_an_expression_is_compared_period_by_period() -> None:
    queries = [
        {"Id": "e", "Expression": "IF(all >= 10, 100 * bad / all, 0)", "ReturnData": True},
        *(
            {
                "Id": id_,
                "ReturnData": False,
                "MetricStat": {
                    "Metric": {"Namespace": "Here", "MetricName": id_, "Dimensions": DIMENSIONS},
                    "Period": 900,
                    "Stat": "Sum",
                },
            }
            for id_ in ("all", "bad")
        ),
    ]
    percent = Alarm.of(
        {
            "AlarmName": "stack-Rate",
            "Metrics": queries,
            "EvaluationPeriods": 1,
            "ComparisonOperator": "GreaterThanThreshold",
            "Threshold": 10,
        }
    )
    values = MetricStore()
    for minute, all_, bad in ((1, 9, 9), (16, 50, 5), (31, 20, 1), (32, 20, 4)):
        values.put(MetricName.of("Here", "all", WHERE), minute * MINUTE, all_)
        values.put(MetricName.of("Here", "bad", WHERE), minute * MINUTE, bad)
    assert raised(percent, values) == [45]


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("a + 2 * b - 1", 7.0),
        ("(a + b) / 2", 2.5),
        ("a / 0", None),
        ("a > 1", 1.0),
        ("a < b", 1.0),
        ("a != a", 0.0),
        ("IF(a >= 2, b, none)", 3.0),
        ("IF(a > 2, none, b)", 3.0),
        ("IF(none > 2, 1, 0)", None),
        ("FILL(none, 0) + a", 2.0),
        ("FILL(b, 0)", 3.0),
        ("none + 1", None),
    ],
)
def test_metric_math(expression: str, value: Value) -> None:
    assert evaluate(expression, {"a": 2.0, "b": 3.0, "none": None}) == value


@pytest.mark.parametrize("expression", ["SEARCH('x', 'Sum')", "unknown", "a ** 2", "a if b else 1"])
def test_what_is_not_understood_is_refused(expression: str) -> None:
    with pytest.raises(MathError):
        evaluate(expression, {"a": 1.0, "b": 1.0})
