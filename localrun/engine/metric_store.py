"""Metrics as CloudWatch keeps them: what functions have written into their logs (EMF), and what the
services measure themselves, in virtual time.

EMF: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/
CloudWatch_Embedded_Metric_Format_Specification.html. Of the services' own metrics there are those
of executions, of functions (without Duration and ConcurrentExecutions) and of dead letters.
"""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from localrun.engine.clock import Clock
from localrun.engine.execution import Execution
from localrun.engine.history import Event
from localrun.engine.invocation import Invoke, InvokeResult

_STATES = {
    "ExecutionStarted": "ExecutionsStarted",
    "ExecutionSucceeded": "ExecutionsSucceeded",
    "ExecutionFailed": "ExecutionsFailed",
    "ExecutionTimedOut": "ExecutionsTimedOut",
    "ExecutionAborted": "ExecutionsAborted",
}


@dataclass(frozen=True, slots=True)
class MetricName:
    """A metric: another value of a dimension is another metric."""

    namespace: str
    name: str
    dimensions: frozenset[tuple[str, str]]

    @classmethod
    def of(cls, namespace: str, name: str, dimensions: Mapping[str, str]) -> MetricName:
        return cls(namespace, name, frozenset(dimensions.items()))


class MetricStore:
    """Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: defaultdict[MetricName, list[tuple[float, float]]] = defaultdict(list)

    def put(self, metric: MetricName, at: float, value: float) -> None:
        """A value of that moment (epoch seconds)."""
        with self._lock:
            self._values[metric].append((at, value))

    def read_log(self, lines: Iterable[str]) -> None:
        """Takes the metrics from a function's log; other lines are left alone."""
        for line in lines:
            if line.startswith('{"_aws"'):
                self._read_emf(json.loads(line))

    def copy(self) -> MetricStore:
        """Another one with the same values."""
        other = MetricStore()
        with self._lock:
            for metric, values in self._values.items():
                other._values[metric] = list(values)
        return other

    def metrics(self) -> set[MetricName]:
        """All that have a value."""
        with self._lock:
            return set(self._values)

    def values(self, metric: MetricName, start: float, end: float) -> list[float]:
        """Those of start <= moment < end, in no certain order."""
        with self._lock:
            return [value for at, value in self._values.get(metric, ()) if start <= at < end]

    def _read_emf(self, document: Mapping[str, Any]) -> None:
        meta = document["_aws"]
        at = meta["Timestamp"] / 1000
        for directive in meta["CloudWatchMetrics"]:
            for names in directive["Dimensions"]:
                dimensions = {name: str(document[name]) for name in names}
                for each in directive["Metrics"]:
                    metric = MetricName.of(directive["Namespace"], each["Name"], dimensions)
                    found = document[each["Name"]]
                    for value in found if isinstance(found, list) else [found]:
                        self.put(metric, at, float(value))


class ServiceMetrics:
    """What Step Functions and Lambda measure. `observe` is an Observer of the engine; children of
    Maps are other executions than the machine's, and are not counted."""

    def __init__(self, store: MetricStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def observe(self, execution: Execution, event: Event) -> None:
        """Counts how executions begin and end."""
        name = _STATES.get(event["type"])
        if name and execution.map_run is None:
            where = {"StateMachineArn": execution.machine.arn}
            metric = MetricName.of("AWS/States", name, where)
            self._store.put(metric, event["timestamp"], 1.0)

    def count(self, invoke: Invoke) -> Invoke:
        """The same, with each call counted at its beginning."""

        def counted(function: str, payload: bytes) -> InvokeResult:
            began = self._clock.now()
            answer = invoke(function, payload)
            where = {"FunctionName": function.rpartition("function:")[2].partition(":")[0]}
            for name, value in (
                ("Invocations", answer.status == 200),
                ("Errors", answer.function_error is not None),
                ("Throttles", answer.status == 429),
            ):
                metric = MetricName.of("AWS/Lambda", name, where)
                self._store.put(metric, began, float(value))
            return answer

        return counted
