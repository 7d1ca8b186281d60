"""Parallel, inline Map, and the threads that they and the distributed Map run in."""

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from localrun.engine.failures import AbortedError, ExecutionTimedOutError, StateError
from localrun.engine.payload import Json
from localrun.engine.runtime import Runtime
from localrun.engine.scope import Scope
from localrun.engine.step import Branch, Step

RunStates: TypeAlias = Callable[[Runtime, Branch, Mapping[str, Json], Json], Json]

INLINE_CONCURRENCY = 40
"""Iterations of an inline Map that run at once when MaxConcurrency does not say less."""


def run_parallel(step: Step, run_states: RunStates) -> Json:
    """The outputs of the branches in their order. The first that fails ends the others."""
    branch, runtime = step.branch, step.runtime
    branch.record("ParallelStateStarted")
    branch_input = step.value("Arguments", step.input)
    scope = Scope(branch.scope)
    jobs = [
        lambda inner=inner: run_states(runtime, branch.fork(scope), inner, branch_input)
        for inner in step.state["Branches"]
    ]
    try:
        results = fan_out(step, scope, jobs, runtime.max_workers)
    except StateError:
        branch.record("ParallelStateFailed")
        raise
    branch.record("ParallelStateSucceeded")
    return results


def run_inline_map(step: Step, run_states: RunStates) -> Json:
    """The outputs of the iterations in the order of the items."""
    branch, runtime = step.branch, step.runtime
    items = step.value("Items", step.input)
    if not isinstance(items, list):
        raise step.query_failure("Items is not an array.", "Items")
    limit = int(step.number("MaxConcurrency") or INLINE_CONCURRENCY)
    branch.record("MapStateStarted", length=len(items))
    scope = Scope(branch.scope)
    inputs = select_items(step, [{"Value": item} for item in items])

    def iterate(index: int) -> Json:
        about = {"name": step.name, "index": index}
        inner = branch.fork(scope, Map={"Item": {"Index": index, "Value": items[index]}})
        inner.record("MapIterationStarted", **about)
        try:
            output = run_states(runtime, inner, step.state["ItemProcessor"], inputs[index])
        except StateError:
            inner.record("MapIterationFailed", **about)
            raise
        except AbortedError:
            if not branch.execution.scope.cancelled:
                inner.record("MapIterationAborted", **about)
            raise
        inner.record("MapIterationSucceeded", **about)
        return output

    jobs = [lambda index=index: iterate(index) for index in range(len(items))]
    try:
        results = fan_out(step, scope, jobs, min(limit, runtime.max_workers))
    except StateError:
        branch.record("MapStateFailed")
        raise
    branch.record("MapStateSucceeded")
    return results


def select_items(step: Step, entries: Sequence[Mapping[str, Json]]) -> list[Json]:
    """What every item passes on: what ItemSelector makes of it, or the item itself.

    An entry has a Value, and a Key when the items came from an object; such an item passes on
    both.
    """
    if "ItemSelector" not in step.state:
        return [dict(entry) if "Key" in entry else entry["Value"] for entry in entries]
    selected = []
    for index, entry in enumerate(entries):
        context = {**step.context, "Map": {"Item": {"Index": index, **entry}}}
        selected.append(step.evaluate(step.state["ItemSelector"], "ItemSelector", context=context))
    return selected


def fan_out(step: Step, scope: Scope, jobs: Sequence[Callable[[], Json]], limit: int) -> list[Json]:
    """Runs the jobs at once, at most `limit` of them, and returns their results in order.

    When one raises, the scope is cancelled, and it is raised again once the others have ended. When
    a job cancels the scope itself, those that did not run leave None.
    """
    crew = _Crew(scope, jobs)
    clock = step.runtime.clock
    workers = min(limit, len(jobs))
    for _ in range(workers):
        clock.enter()
        threading.Thread(
            target=crew.work, args=(clock.poke, clock.leave), daemon=True, name=step.name
        ).start()
    try:
        step.branch.wait_for(lambda: crew.left == workers)
    except (AbortedError, ExecutionTimedOutError):
        scope.cancel()
        clock.poke()
        clock.wait_for(lambda: crew.left == workers)
        raise
    if crew.failure is not None:
        raise crew.failure
    step.branch.check()
    if crew.unfinished() and not scope.cancelled:
        raise StateError("States.Runtime", "The local engine failed: its log has the exception.")
    return crew.results


class _Crew:
    """Threads that share a list of jobs."""

    def __init__(self, scope: Scope, jobs: Sequence[Callable[[], Json]]) -> None:
        self.results: list[Json] = [None] * len(jobs)
        self.failure: StateError | ExecutionTimedOutError | None = None
        self.left = 0
        self._scope = scope
        self._jobs = jobs
        self._next = 0
        self._done = 0
        self._lock = threading.Lock()

    def unfinished(self) -> bool:
        return self._done < len(self._jobs)

    def work(self, poke: Callable[[], None], leave: Callable[[], None]) -> None:
        try:
            while (index := self._take()) is not None:
                self.results[index] = self._jobs[index]()
                with self._lock:
                    self._done += 1
        except AbortedError:
            pass
        except (StateError, ExecutionTimedOutError) as failure:
            with self._lock:
                self.failure = self.failure or failure
            self._scope.cancel()
            poke()
        finally:
            with self._lock:
                self.left += 1
            leave()

    def _take(self) -> int | None:
        with self._lock:
            if self._scope.cancelled or self._next == len(self._jobs):
                return None
            self._next += 1
            return self._next - 1
