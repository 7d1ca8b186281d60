"""What the states need from the engine around them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from localrun.engine.clock import Clock
from localrun.engine.execution import Execution
from localrun.engine.invocation import Invoke
from localrun.engine.jsonata import Evaluator
from localrun.engine.map_run import MapRun
from localrun.engine.payload import Json
from localrun.engine.tokens import TokenBook


@dataclass(frozen=True, slots=True)
class Runtime:
    """`client(service)` is a boto3 client, by botocore's name of the service.

    `start(machine_arn, name, input)` starts an execution in its own thread. `open_child(map_run,
    processor, input)` makes the execution of a distributed Map's child, and `run(execution)` runs
    one in this thread. `stop(execution)` aborts one.
    """

    clock: Clock
    evaluator: Evaluator
    tokens: TokenBook
    invoke: Invoke
    client: Callable[[str], Any]
    region: str
    account: str
    max_workers: int
    start: Callable[[str, str | None, Json], Execution]
    open_child: Callable[[MapRun, Execution, Json, Json], Execution]
    run: Callable[[Execution], None]
    stop: Callable[[Execution], None]
    register: Callable[[MapRun], None]
