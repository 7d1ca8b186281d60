"""Which alarms of the stack an execution has raised."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from localrun.cloud import Cloud
from localrun.engine.alarms import Raised, read_alarms, watch
from localrun.engine.metric_store import MetricName, MetricStore


def find_raised(cloud: Cloud, logs: Path, described: Mapping[str, Any]) -> list[Raised]:
    """In the order of time, while the execution was at work. `logs` is the folder with the
    functions' logs, `described` what DescribeExecution says after its end."""
    start, end = described["startDate"].timestamp(), described["stopDate"].timestamp()
    store = cloud.measured.copy()
    letters = [*cloud.rules.dead_letters, *cloud.scheduler.dead_letters]
    _count_dead_letters(store, (arn for arn, _ in letters), end)
    for log in sorted(logs.glob("*.log")):
        store.read_log(log.read_text("utf-8", "replace").splitlines())
    alarms = read_alarms(cloud.template)
    found = [raised for alarm in alarms for raised in watch(alarm, store, start, end)]
    return sorted(found, key=lambda raised: (raised.at, raised.alarm))


def _count_dead_letters(store: MetricStore, queues: Iterable[str], at: float) -> None:
    """The queues (ARNs) that have messages at that moment."""
    for arn in queues:
        where = {"QueueName": arn.rpartition(":")[2]}
        name = "ApproximateNumberOfMessagesVisible"
        store.put(MetricName.of("AWS/SQS", name, where), at, 1.0)
