"""What is emitted is what CloudWatch is told, by whatever way."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from localrun.engine.metric_store import MetricName, MetricStore
from localrun.fakes.metrics import MemoryMetrics
from migration.aws.emf import EmfMetrics
from migration.measures import NAMESPACE, Measure, Metric
from migration.ports import Metrics

AT, MOMENT = "2026-12-04T18:00:00.250Z", 1796407200.25
TENANT = {"Tenant": "acme"}
COPIED = Measure(Metric.MESSAGES_COPIED, 12)
FAILED = Measure(Metric.MAILBOX_FAILURES, 1, "QuotaExceeded")

Told = Callable[[Measure], list[float]]
"""The values that were told of a measure's metric, where it has its error."""


@pytest.fixture(params=["emf", "memory"])
def metrics_and_told(
    request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> tuple[Metrics, Told]:
    if request.param == "memory":
        memory = MemoryMetrics()
        return memory, lambda measure: [
            each.value
            for at, each in memory.emitted
            if (at, each.metric, each.error) == (AT, measure.metric, measure.error)
        ]
    store = MetricStore()

    def told(measure: Measure) -> list[float]:
        store.read_log(capsys.readouterr().out.splitlines())
        where = TENANT | ({"Error": measure.error} if measure.error else {})
        return store.values(MetricName.of(NAMESPACE, measure.metric, where), MOMENT, MOMENT + 0.001)

    return EmfMetrics("acme"), told


def test_values_come_with_their_moment(metrics_and_told: tuple[Metrics, Told]) -> None:
    metrics, told = metrics_and_told
    metrics.emit(AT, [COPIED, Measure(Metric.BYTES_COPIED, 4096)])
    assert told(COPIED) == [12]


def test_what_has_an_error_is_counted_by_its_name(metrics_and_told: tuple[Metrics, Told]) -> None:
    metrics, told = metrics_and_told
    metrics.emit(AT, [FAILED])
    assert told(FAILED) == [1]


def test_nothing_is_kept_for_the_next_call(metrics_and_told: tuple[Metrics, Told]) -> None:
    metrics, told = metrics_and_told
    metrics.emit(AT, [COPIED])
    metrics.emit(AT, [Measure(Metric.BACKOFFS, 1)])
    metrics.emit(AT, [])
    assert told(COPIED) == [12]


# ---- the format alone


def store_of(text: str) -> MetricStore:
    store = MetricStore()
    store.read_log(text.splitlines())
    return store


def test_an_error_is_counted_for_the_tenant_too(capsys: pytest.CaptureFixture[str]) -> None:
    EmfMetrics("acme").emit(AT, [FAILED, COPIED])
    found = store_of(capsys.readouterr().out).metrics()
    assert found == {
        MetricName.of(NAMESPACE, "MailboxFailures", TENANT),
        MetricName.of(NAMESPACE, "MailboxFailures", {**TENANT, "Error": "QuotaExceeded"}),
        MetricName.of(NAMESPACE, "MessagesCopied", TENANT),
    }


def test_the_environment_adds_no_dimension(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "another")
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Another")
    EmfMetrics("acme").emit(AT, [COPIED])
    found = store_of(capsys.readouterr().out).metrics()
    assert found == {MetricName.of(NAMESPACE, "MessagesCopied", TENANT)}


def test_a_moment_of_another_day_is_no_warning(
    capsys: pytest.CaptureFixture[str], recwarn: pytest.WarningsRecorder
) -> None:
    EmfMetrics("acme").emit("2031-01-01T00:00:00Z", [COPIED])
    assert capsys.readouterr().out.startswith('{"_aws":{"Timestamp":1924992000000,')
    assert not recwarn.list
