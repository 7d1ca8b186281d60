"""What a wave is measured by: every limit that it could meet, and how near it came."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rich.table import Table

from localrun import aws_limits
from localrun.aws_limits import Limit
from localrun.engine.execution import Execution
from localrun.runner import Run

_PAYLOADS = ("input", "output", "parameters")
_MAPS = "the parent"


@dataclass(frozen=True, slots=True)
class Measure:
    """The most that was seen of something that is limited, and where."""

    limit: Limit
    seen: float
    where: str

    @property
    def problem(self) -> str:
        """What is wrong; "" within the limit."""
        if self.seen <= self.limit.value:
            return ""
        most = f"the limit is {self.limit.value:,}"
        return f"{self.limit.name}: {self.seen:,.0f} ({self.where}), {most}"


class Watch:
    """An observer of all executions: the longest history and the largest payloads, and which
    mailboxes were visited in which Map Run."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._events: dict[str, tuple[int, str]] = {}
        self._payload: dict[str, tuple[int, str]] = {}
        self.names = Counter[int]()
        self.ended = Counter[str]()
        self.visited: dict[str, set[str]] = {}

    def observe(self, execution: Execution, event: Mapping[str, Any]) -> None:
        """As localrun.engine.execution.Observer; quick."""
        kind = execution.map_run.label if execution.map_run else _MAPS
        details: Mapping[str, Any] = next(
            (each for key, each in event.items() if key.endswith("EventDetails")), {}
        )
        sizes = [len(details.get(name, "").encode()) for name in _PAYLOADS]
        with self._lock:
            where = f"{execution.name}, {event['type']}"
            _raise(self._events, kind, event["id"], execution.name)
            _raise(self._payload, kind, max(sizes), where)
            if event["type"] == "ExecutionStarted" and execution.map_run:
                visited = self.visited.setdefault(execution.map_run.arn, set())
                visited.add(str(execution.input.get("mailbox", "")))
            if event["type"] in ("ExecutionSucceeded", "ExecutionFailed", "ExecutionAborted"):
                self.ended[kind] += 1
                self.names[len(execution.name)] += 1

    def measures(self) -> Iterator[Measure]:
        """Of the executions of this run."""
        for kind, (events, where) in sorted(self._events.items()):
            yield Measure(aws_limits.HISTORY_EVENTS, events, f"{kind}: {where}")
        for kind, (size, where) in sorted(self._payload.items()):
            yield Measure(aws_limits.PAYLOAD, size, f"{kind}: {where}")
        yield Measure(aws_limits.EXECUTION_NAME, max(self.names, default=0), "any")


def _raise(most: dict[str, tuple[int, str]], kind: str, seen: int, where: str) -> None:
    if seen > most.get(kind, (-1, ""))[0]:
        most[kind] = (seen, where)


def measure_account(run: Run) -> Iterator[Measure]:
    """What the account holds at the end, and what its functions were asked for."""
    yield from _measure_maps(run)
    yield from _measure_bucket(run)
    yield from _measure_secrets(run)
    yield from _measure_ledger(run)
    yield from _measure_functions(run)
    told = [(len(str(each).encode()), each["kind"]) for each in run.notices.told]
    size, kind = max(told, default=(0, "none"))
    yield Measure(aws_limits.NOTICE, size, f"{kind}, of {len(told)} notices")


def _measure_maps(run: Run) -> Iterator[Measure]:
    for map_run in run.cloud.engine.map_runs.values():
        most = min(map_run.max_concurrency, map_run.total_children)
        yield Measure(aws_limits.MAP_CHILDREN, most, f"{map_run.label}, {map_run.total_children}")


def _measure_bucket(run: Run) -> Iterator[Measure]:
    s3, bucket = run.cloud.client("s3"), run.cloud.output("BucketName")
    keys: list[tuple[int, str]] = []
    files: list[tuple[int, str]] = []
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for each in page.get("Contents", ()):
            keys.append((len(each["Key"].encode()), each["Key"]))
            files.append((each["Size"], each["Key"]))
    length, key = max(keys)
    yield Measure(aws_limits.OBJECT_KEY, length, f"{key.partition('/')[0]}/..., of {len(keys)}")
    waves = [(size, key) for size, key in files if key.endswith(".jsonl") and "plans/" in key]
    size, key = max(waves)
    yield Measure(aws_limits.ITEM_FILE, size, key)
    body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    yield Measure(aws_limits.ITEM_LINE, max(map(len, body.splitlines())), key)
    size, key = max(each for each in files if each[1].startswith("runs/"))
    yield Measure(_RESULTS, size, key)
    size, key = max(each for each in files if each[1].startswith("reports/"))
    yield Measure(_REPORT, size, key)


_RESULTS = Limit("file of a ResultWriter (5 GB is our own reading of it)", 5 * aws_limits.GIB, "")
_REPORT = Limit("file of the report (what a browser opens at once)", 32 * aws_limits.MIB, "")


def _measure_secrets(run: Run) -> Iterator[Measure]:
    secrets = run.cloud.client("secretsmanager")
    names = [
        each["Name"]
        for page in secrets.get_paginator("list_secrets").paginate()
        for each in page["SecretList"]
    ]
    sizes = [(_secret_size(secrets, name), name) for name in names]
    size, name = max(sizes)
    yield Measure(aws_limits.SECRET_VALUE, size, name)
    yield Measure(aws_limits.SECRETS, len(names), "all of this tenant")


def _secret_size(secrets: Any, name: str) -> int:
    try:
        return len(secrets.get_secret_value(SecretId=name)["SecretString"].encode())
    except secrets.exceptions.ResourceNotFoundException:  # one that never got a value
        return 0


def _measure_ledger(run: Run) -> Iterator[Measure]:
    usage = run.cloud.database.tables[run.cloud.output("LedgerTable")].usage
    kind = usage.largest_at[1].partition("#")[0]
    yield Measure(aws_limits.LEDGER_ITEM, usage.largest, f"{kind}#...")


def _measure_functions(run: Run) -> Iterator[Measure]:
    timeouts = {each.name: each.timeout for each in run.cloud.template.functions()}
    environments = [
        (sum(len(f"{name}{value}".encode()) for name, value in each.environment.items()), each.name)
        for each in run.cloud.template.functions()
    ]
    size, name = max(environments)
    yield Measure(aws_limits.LAMBDA_ENVIRONMENT, size, name)
    used = {name: each for name, each in run.cloud.lambdas.usage().items() if each.invocations}
    size, name = max((max(u.largest_request, u.largest_answer), name) for name, u in used.items())
    yield Measure(aws_limits.LAMBDA_PAYLOAD, size, name)
    for name, each in sorted(used.items(), key=lambda one: -one[1].slowest / timeouts[one[0]])[:6]:
        limit = Limit("seconds of an invocation (its own timeout)", int(timeouts[name]), "")
        yield Measure(limit, each.slowest, f"{name}, {each.invocations} invocations")


def tabulate(measures: Iterable[Measure]) -> Table:
    """Limit, documented value, the most that was seen, and where."""
    table = Table(title="Limits, and how near the wave came", title_justify="left")
    table.add_column("limit", overflow="fold")
    table.add_column("documented", justify="right")
    table.add_column("seen", justify="right")
    table.add_column("where", overflow="fold")
    for each in measures:
        seen = f"{each.seen:,.1f}" if isinstance(each.seen, float) else f"{each.seen:,}"
        table.add_row(each.limit.name, f"{each.limit.value:,}", seen, each.where)
    return table
