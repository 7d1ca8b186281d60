"""Which alarms of the stack a run has raised."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from localrun.engine.alarms import Raised, read_alarms, watch
from localrun.engine.metric_store import MetricName, MetricStore
from localrun.engine.template import Template


def find_raised(
    template: Template, measured: MetricStore, logs: Path, start: float, end: float
) -> list[Raised]:
    """In the order of time. `measured` is what the services have measured, `logs` the folder with
    the functions' logs, which hold the rest."""
    store = measured.copy()
    for log in sorted(logs.glob("*.log")):
        store.read_log(log.read_text("utf-8", "replace").splitlines())
    found = [
        raised for alarm in read_alarms(template) for raised in watch(alarm, store, start, end)
    ]
    return sorted(found, key=lambda raised: (raised.at, raised.alarm))


def note_dead_letters(store: MetricStore, queues: Iterable[str], at: float) -> None:
    """Each of these queues (ARNs, as often as they have messages) has messages at that moment."""
    for arn in queues:
        where = {"QueueName": arn.rpartition(":")[2]}
        name = "ApproximateNumberOfMessagesVisible"
        store.put(MetricName.of("AWS/SQS", name, where), at, 1.0)
