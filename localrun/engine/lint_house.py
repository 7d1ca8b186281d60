"""The rules of this project: every state explains itself, ends in time and fails on purpose."""

from collections.abc import Iterator, Mapping

from localrun.engine.definition import Place
from localrun.engine.payload import Json

_INPUT_TYPES = ("CSV", "JSON", "JSONL")
_ONLY_DISTRIBUTED = (
    "ItemReader",
    "ItemBatcher",
    "ResultWriter",
    "Label",
    "ToleratedFailureCount",
    "ToleratedFailurePercentage",
)


def machine_problems(definition: Mapping[str, Json]) -> Iterator[str]:
    if "TimeoutSeconds" not in definition:
        yield "The machine has no TimeoutSeconds"
    if "Comment" not in definition:
        yield "The machine has no Comment"


def house_problems(place: Place) -> Iterator[str]:
    """Of one state."""
    state = place.state
    problems = []
    if not str(state.get("Comment", "")).strip():
        problems.append("it has no Comment")
    if state["Type"] == "Task":
        problems += _task_problems(state)
    if state["Type"] == "Map":
        problems += _map_problems(state)
    for problem in problems:
        yield f"{place.path}: {problem}"


def _task_problems(state: Mapping[str, Json]) -> Iterator[str]:
    for key in ("TimeoutSeconds", "Retry", "Catch"):
        if key not in state:
            yield f"a Task needs {key}"
    for index, retrier in enumerate(state.get("Retry", ())):
        if retrier.get("JitterStrategy") != "FULL":
            yield f"Retry[{index}] needs the JitterStrategy FULL"


def _map_problems(state: Mapping[str, Json]) -> Iterator[str]:
    config = state["ItemProcessor"].get("ProcessorConfig", {})
    mode = config.get("Mode", "INLINE")
    if "MaxConcurrency" not in state:
        yield "a Map needs MaxConcurrency"
    if mode == "DISTRIBUTED":
        yield from _distributed_problems(state, config)
    elif mode == "INLINE":
        for key in _ONLY_DISTRIBUTED:
            if key in state:
                yield f"an inline Map has no {key}"
    else:
        yield f"the Mode {mode} is neither INLINE nor DISTRIBUTED"


def _distributed_problems(state: Mapping[str, Json], config: Mapping[str, Json]) -> Iterator[str]:
    if config.get("ExecutionType") not in ("STANDARD", "EXPRESS"):
        yield "a distributed Map needs the ExecutionType STANDARD or EXPRESS"
    if "Label" not in state:
        yield "a distributed Map needs a Label"
    if "ToleratedFailureCount" not in state and "ToleratedFailurePercentage" not in state:
        yield "a distributed Map needs a bound of tolerated failures"
    percentage = state.get("ToleratedFailurePercentage", 0)
    if isinstance(percentage, (int, float)) and not 0 <= percentage <= 100:
        yield f"ToleratedFailurePercentage {percentage} is no percentage"
    reader = state.get("ItemReader", {})
    kind = reader.get("ReaderConfig", {}).get("InputType")
    lists = str(reader.get("Resource", "")).endswith(":listObjectsV2")
    if reader and not lists and kind not in _INPUT_TYPES:
        yield f"the InputType {kind} is none of {', '.join(_INPUT_TYPES)}"
