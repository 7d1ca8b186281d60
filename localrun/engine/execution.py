"""State machines, their executions, and what is stopped together."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from localrun.engine.clock import Clock
from localrun.engine.failures import AbortedError, ExecutionTimedOutError, StateError
from localrun.engine.history import Event, History
from localrun.engine.map_run import MapRun
from localrun.engine.payload import Json, dumps
from localrun.engine.scope import Scope


@dataclass(frozen=True, slots=True)
class Machine:
    """A state machine, or the item processor of a distributed Map as its children see it."""

    arn: str
    name: str
    definition: Mapping[str, Json]
    text: str
    role_arn: str
    kind: str
    created: float


@dataclass(frozen=True, slots=True)
class Qualified:
    """How an execution was started: the ARNs of the version and of the alias, None where it was
    not by one."""

    version: str | None = None
    alias: str | None = None


class Execution:
    """One run of a machine. Written by the thread that runs it, read by anybody.

    `status` is RUNNING, SUCCEEDED, FAILED, TIMED_OUT or ABORTED; once it is not RUNNING, `output`
    (after SUCCEEDED) or `error` and `cause` are set, and then `ended`. Times are virtual epoch
    seconds. `input` and `output` are parsed JSON. `map_run` is set for a distributed Map's child.
    """

    def __init__(
        self,
        arn: str,
        name: str,
        machine: Machine,
        state_input: Json,
        clock: Clock,
        observers: Sequence["Observer"],
        map_run: MapRun | None = None,
        qualified: Qualified = Qualified(),
    ) -> None:
        self.qualified = qualified
        self.arn = arn
        self.name = name
        self.machine = machine
        self.input = state_input
        self.map_run = map_run
        self.scope = Scope(map_run.scope if map_run else None)
        self.started = clock.now()
        self.stopped: float | None = None
        self.status = "RUNNING"
        self.output: Json = None
        self.error: str | None = None
        self.cause: str | None = None
        self.ended = threading.Event()
        self.deadline = self._deadline()
        self.history = History(clock, self._notify)
        self._clock = clock
        self._observers = observers

    def context(self) -> dict[str, Json]:
        """The Context Object's parts that are the same in every state."""
        return {
            "Execution": {
                "Id": self.arn,
                "Input": self.input,
                "Name": self.name,
                "RoleArn": self.machine.role_arn,
                "StartTime": self._clock.iso(self.started),
                "RedriveCount": 0,
            },
            "StateMachine": {"Id": self.machine.arn, "Name": self.machine.name},
        }

    def run(self, states: Callable[[], Json]) -> None:
        """Runs the states in this thread and keeps how they end.

        What is not a way for states to end is a fault of the engine or of an observer: the
        execution fails with States.Runtime, and the exception goes on to the caller.
        """
        try:
            self.history.append(
                "ExecutionStarted",
                0,
                {
                    "input": dumps(self.input),
                    "inputDetails": {"truncated": False},
                    "roleArn": self.machine.role_arn,
                },
            )
            self._succeed(states())
        except StateError as failure:
            self._fail("FAILED", "ExecutionFailed", failure.error, failure.cause)
        except ExecutionTimedOutError:
            self._fail("TIMED_OUT", "ExecutionTimedOut", "States.Timeout", "")
        except AbortedError:
            self._fail("ABORTED", "ExecutionAborted", self.error or "", self.cause or "")
        finally:
            if self.status == "RUNNING":
                self.status, self.error = "FAILED", "States.Runtime"
                self.cause = "The local engine or an observer failed: its log has the exception."
                self.stopped = self._clock.now()
            self.ended.set()
            self._clock.poke()

    def _deadline(self) -> float | None:
        limits = []
        if "TimeoutSeconds" in self.machine.definition:
            limits.append(float(self.machine.definition["TimeoutSeconds"]))
        if self.machine.kind == "EXPRESS":
            limits.append(EXPRESS_SECONDS)
        return self.started + min(limits) if limits else None

    def _succeed(self, output: Json) -> None:
        details = {"output": dumps(output), "outputDetails": {"truncated": False}}
        self.history.close("ExecutionSucceeded", details)
        self.output, self.stopped, self.status = output, self._clock.now(), "SUCCEEDED"

    def _fail(self, status: str, kind: str, error: str, cause: str) -> None:
        self.history.close(kind, {"error": error, "cause": cause})
        self.error, self.cause = error, cause
        self.stopped, self.status = self._clock.now(), status

    def _notify(self, event: Event) -> None:
        for observer in self._observers:
            observer(self, event)


EXPRESS_SECONDS = 300.0

Observer: TypeAlias = Callable[[Execution, Event], None]
"""Is told every history event of every execution, in order per execution, by the thread that
caused it: it must be quick. An exception of an observer fails the execution visibly."""
