"""The distributed Map: a child execution with its own history for every item or batch."""

import uuid
from collections.abc import Mapping, Sequence

from localrun.engine.execution import Execution
from localrun.engine.failures import AbortedError, ExecutionTimedOutError, StateError
from localrun.engine.fan_out import fan_out, select_items
from localrun.engine.item_batcher import make_batches
from localrun.engine.item_reader import read_items
from localrun.engine.map_run import MapRun, Tolerance
from localrun.engine.payload import Json, require_payload
from localrun.engine.result_writer import transformed_results, write_results
from localrun.engine.scope import Scope
from localrun.engine.step import Step

EXCEEDED = "States.ExceedToleratedFailureThreshold"

# A child's input, and the number of items in it.
_Input = tuple[Json, int]


def run_distributed_map(step: Step) -> Json:
    """The children's outputs in the order of the items, or where ResultWriter put them.

    More failed items than are tolerated end the running children and fail the state with
    States.ExceedToleratedFailureThreshold; the results are written before that.
    """
    branch = step.branch
    entries = _entries(step)
    branch.record("MapStateStarted", length=0 if "ItemReader" in step.state else len(entries))
    inputs = _inputs(step, entries)
    map_run = _open_map_run(step, len(entries), len(inputs))
    step.runtime.register(map_run)
    branch.record("MapRunStarted", mapRunArn=map_run.arn)
    try:
        result = _run_and_collect(step, map_run, inputs)
    except StateError as failure:
        _close(step, map_run, "FAILED")
        branch.record("MapRunFailed", error=failure.error, cause=failure.cause)
        branch.record("MapStateFailed")
        raise
    except (AbortedError, ExecutionTimedOutError):
        _close(step, map_run, "ABORTED")
        raise
    _close(step, map_run, "SUCCEEDED")
    branch.record("MapRunSucceeded")
    branch.record("MapStateSucceeded")
    return result


def _entries(step: Step) -> list[Mapping[str, Json]]:
    if "ItemReader" in step.state:
        reader = step.value("ItemReader")
        items = read_items(step.runtime.client("s3"), reader)
    else:
        items = step.value("Items", step.input)
    if isinstance(items, dict):
        return [{"Key": key, "Value": value} for key, value in items.items()]
    if isinstance(items, list):
        return [{"Value": item} for item in items]
    raise step.query_failure("Items is neither an array nor an object.", "Items")


def _inputs(step: Step, entries: Sequence[Mapping[str, Json]]) -> list[_Input]:
    selected = select_items(step, entries)
    if "ItemBatcher" in step.state:
        inputs = make_batches(selected, step.value("ItemBatcher"))
    else:
        inputs = [(item, 1) for item in selected]
    for child_input, _ in inputs:
        require_payload(child_input, step.name)
    return inputs


def _open_map_run(step: Step, items: int, children: int) -> MapRun:
    runtime, execution = step.runtime, step.branch.execution
    label = step.state.get("Label") or uuid.uuid4().hex
    machine = execution.machine
    tolerance = Tolerance(
        int(step.number("ToleratedFailureCount") or 0),
        float(step.number("ToleratedFailurePercentage") or 0),
    )
    return MapRun(
        arn=f"arn:aws:states:{runtime.region}:{runtime.account}:mapRun:"
        f"{machine.name}/{label}:{uuid.uuid4()}",
        label=label,
        execution_arn=execution.arn,
        machine_arn=machine.arn,
        max_concurrency=int(step.number("MaxConcurrency") or 0),
        tolerance=tolerance,
        total_items=items,
        total_children=children,
        scope=Scope(step.branch.scope),
        started=runtime.clock.now(),
    )


def _run_and_collect(step: Step, map_run: MapRun, inputs: Sequence[_Input]) -> Json:
    children = _run_children(step, map_run, inputs)
    pending = [one for (one, _), child in zip(inputs, children, strict=True) if child is None]
    result = _result(step, map_run, [one for one in children if one is not None], pending)
    if map_run.has_failed():
        raise StateError(EXCEEDED, "The specified tolerated failure threshold was exceeded")
    # Also when Output drops it: the children's outputs are joined before.
    require_payload(result, step.name)
    return result


def _run_children(step: Step, map_run: MapRun, inputs: Sequence[_Input]) -> list[Execution | None]:
    """The children in the order of the inputs; None for one that was never started."""
    runtime, parent = step.runtime, step.branch.execution
    processor = step.state["ItemProcessor"]

    def run_child(child_input: Json, items: int) -> Execution:
        child = runtime.open_child(map_run, parent, processor, child_input)
        map_run.add(child, items)
        runtime.run(child)
        child.history.pack()
        map_run.note_end(child)
        if map_run.has_failed():
            map_run.scope.cancel()
            runtime.clock.poke()
        return child

    jobs = [lambda one=one, count=count: run_child(one, count) for one, count in inputs]
    limit = min(map_run.max_concurrency or runtime.max_workers, runtime.max_workers)
    return fan_out(step, map_run.scope, jobs, limit)


def _result(
    step: Step, map_run: MapRun, children: Sequence[Execution], pending: Sequence[Json]
) -> Json:
    writer = step.value("ResultWriter", {})
    clock = step.runtime.clock
    if "Resource" in writer:
        return write_results(step.runtime.client("s3"), writer, map_run, children, pending, clock)
    transformation = writer.get("WriterConfig", {}).get("Transformation")
    return transformed_results(children, transformation, clock)


def _close(step: Step, map_run: MapRun, status: str) -> None:
    map_run.stopped, map_run.status = step.runtime.clock.now(), status
