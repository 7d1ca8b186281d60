"""What Step Functions refuses in a definition, and what this engine does not play."""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from sfnx.testing import InvalidDefinition, Unsupported, check

from localrun.engine.payload import Json
from localrun.engine.resource import parse_resource

STATE_TYPES = ("Pass", "Task", "Choice", "Wait", "Succeed", "Fail", "Parallel", "Map")


@dataclass(frozen=True, slots=True)
class Place:
    """A state of a definition, also inside of a Parallel or a Map.

    `path` names it from the top, as in `CopyMailboxes/CopySlice` or `Both[1]/Second`. `machine` is
    the StartAt and States that it belongs to.
    """

    path: str
    name: str
    state: Mapping[str, Json]
    machine: Mapping[str, Json]


def places(machine: Mapping[str, Json], around: str = "") -> Iterator[Place]:
    """Every state, outer before inner. The definition must have its structure."""
    for name, state in machine["States"].items():
        path = f"{around}{name}"
        yield Place(path, name, state, machine)
        for index, branch in enumerate(state.get("Branches", ())):
            yield from places(branch, f"{path}[{index}]/")
        if "ItemProcessor" in state:
            yield from places(state["ItemProcessor"], f"{path}/")


def definition_problems(text: str) -> list[str]:
    """Why the JSON text of a definition is refused; empty when it can be run."""
    try:
        definition = json.loads(text)
    except ValueError as reason:
        return [f"The definition is not JSON: {reason}"]
    problems = structure_problems(definition)
    if problems:
        return problems
    for place in places(definition):
        if place.state["Type"] == "Task":
            try:
                parse_resource(place.state["Resource"])
            except ValueError as reason:
                problems.append(f"{place.path}: {reason}")
    return problems + semantic_problems(definition)


def semantic_problems(definition: Mapping[str, Json]) -> list[str]:
    """The first thing that sfnx, which knows what AWS refuses, finds in a sound structure."""
    try:
        check(definition)
    except (InvalidDefinition, Unsupported) as reason:
        return [str(reason)]
    return []


def structure_problems(definition: Json) -> list[str]:
    """Missing or malformed fields, transitions that do not fit, a language that is not JSONata."""
    if not isinstance(definition, dict):
        return ["The definition is not a JSON object"]
    problems = []
    language = definition.get("QueryLanguage", "JSONPath")
    if language != "JSONata":
        problems.append(f"QueryLanguage is {language}: only JSONata is played here")
    return problems + list(_machine_problems(definition, "the definition", ""))


def _machine_problems(machine: Json, label: str, around: str) -> Iterator[str]:
    if not isinstance(machine, dict):
        yield f"{label} is not an object"
        return
    if not isinstance(machine.get("StartAt"), str):
        yield f"{label} has no StartAt"
    states = machine.get("States")
    if not isinstance(states, dict) or not states:
        yield f"{label} has no States"
        return
    for name, state in states.items():
        yield from _state_problems(state, f"{around}{name}")


def _state_problems(state: Json, path: str) -> Iterator[str]:
    if not isinstance(state, dict):
        yield f"{path} is not an object"
        return
    kind = state.get("Type")
    if kind not in STATE_TYPES:
        yield f"{path}: the Type {kind} does not exist"
        return
    if state.get("QueryLanguage", "JSONata") != "JSONata":
        yield f"{path}: QueryLanguage is {state['QueryLanguage']}: only JSONata is played here"
    yield from _transition_problems(state, path)
    yield from _field_problems(state, path)
    if kind in ("Task", "Parallel", "Map"):
        yield from _handler_problems(state, path)
    branches = state["Branches"] if kind == "Parallel" and _is_list(state, "Branches") else ()
    for index, branch in enumerate(branches):
        yield from _machine_problems(branch, f"{path}[{index}]", f"{path}[{index}]/")
    if kind == "Map" and "ItemProcessor" in state:
        yield from _machine_problems(state["ItemProcessor"], f"{path}'s processor", f"{path}/")


def _transition_problems(state: Mapping[str, Json], path: str) -> Iterator[str]:
    if state["Type"] in ("Succeed", "Fail", "Choice"):
        return
    if ("Next" in state) == (state.get("End") is True):
        yield f"{path} needs either a Next or End: true"


def _field_problems(state: Mapping[str, Json], path: str) -> Iterator[str]:
    kind = state["Type"]
    if kind == "Task" and not isinstance(state.get("Resource"), str):
        yield f"{path} has no Resource"
    if kind == "Parallel" and not _is_list(state, "Branches"):
        yield f"{path} has no Branches"
    if kind == "Map" and "ItemProcessor" not in state:
        yield f"{path} has no ItemProcessor"
    if kind == "Wait" and ("Seconds" in state) == ("Timestamp" in state):
        yield f"{path} takes exactly one of Seconds and Timestamp"
    for key in ("Assign", "ItemReader", "ResultWriter", "ItemBatcher"):
        if key in state and not isinstance(state[key], dict):
            yield f"{path}: {key} is not an object"
    if kind == "Choice":
        yield from _list_problems(state, path, "Choices", ("Condition", "Next"))


def _handler_problems(state: Mapping[str, Json], path: str) -> Iterator[str]:
    for key, needed in (("Retry", ("ErrorEquals",)), ("Catch", ("ErrorEquals", "Next"))):
        if key not in state:
            continue
        yield from _list_problems(state, path, key, needed)
        if not _is_list(state, key):
            continue
        for index, entry in enumerate(state[key]):
            names = entry.get("ErrorEquals") if isinstance(entry, dict) else None
            if not isinstance(names, list) or not names:
                yield f"{path}: {key}[{index}] needs a list of names in ErrorEquals"
            elif "States.ALL" in names and (len(names) > 1 or index < len(state[key]) - 1):
                yield f"{path}: {key}[{index}]: States.ALL must stand alone and last"


def _list_problems(
    state: Mapping[str, Json], path: str, key: str, needed: Collection[str]
) -> Iterator[str]:
    if not _is_list(state, key):
        yield f"{path}: {key} is not a list with entries"
        return
    for index, entry in enumerate(state[key]):
        missing = [one for one in needed if not isinstance(entry, dict) or one not in entry]
        if missing:
            yield f"{path}: {key}[{index}] has no {' and no '.join(missing)}"


def _is_list(state: Mapping[str, Json], key: str) -> bool:
    return isinstance(state.get(key), list) and bool(state[key])
