"""JSONata that does not parse, and variables that nothing on the way has assigned."""

from collections.abc import Iterator, Mapping
from typing import Any

import jsonata
from jsonata.parser import Parser
from sfnx.testing import expression, reaching, transitions

from localrun.engine.payload import Json

_ADDED = {"parse", "uuid", "random", "range", "now", "millis", "hash", "partition", "states"}
_INNER = ("Branches", "ItemProcessor", "Comment")


def expression_problems(
    machine: Mapping[str, Json], around: str = "", outer: frozenset[str] = frozenset()
) -> Iterator[str]:
    """`outer` are the variables that the states around the machine may have assigned."""
    for name, state in machine["States"].items():
        path = f"{around}{name}"
        known = outer | _assigned_before(machine["States"], name)
        own = {key: value for key, value in state.items() if key not in _INNER}
        for location, code in _expressions(own, ""):
            for problem in _code_problems(code, known):
                yield f"{path}: {location}: {problem}"
        for index, branch in enumerate(state.get("Branches", ())):
            yield from expression_problems(branch, f"{path}[{index}]/", known)
        if "ItemProcessor" in state:
            processor = state["ItemProcessor"]
            mode = processor.get("ProcessorConfig", {}).get("Mode", "INLINE")
            # A child execution starts without variables.
            inherited = frozenset() if mode == "DISTRIBUTED" else known
            yield from expression_problems(processor, f"{path}/", inherited)


def _assigned_before(states: Mapping[str, Json], name: str) -> frozenset[str]:
    """The variables that some way to the state assigns."""
    into = reaching(states, name)
    return frozenset(
        variable
        for state in states.values()
        for target, assigned in transitions(state)
        if target in into
        for variable in assigned
    )


def _expressions(value: Json, location: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _expressions(inner, f"{location}/{key}" if location else key)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _expressions(inner, f"{location}[{index}]")
    elif (code := expression(value)) is not None:
        yield location, code


def _code_problems(code: str, known: frozenset[str]) -> Iterator[str]:
    try:
        tree = jsonata.Jsonata(code).ast
    except jsonata.JException as reason:
        yield f"it does not parse: {reason}"
        return
    frame = jsonata.Jsonata.static_frame
    assert frame is not None
    used = _free_variables(tree)
    if "eval" in used:
        yield "Step Functions has no $eval; $parse reads JSON"
    for variable in sorted(used - known - _ADDED - set(frame.bindings)):
        yield f"${variable} is not assigned on any way to it"


def _free_variables(tree: Any) -> set[str]:
    """The variables that an expression reads and does not bind itself."""
    used: set[str] = set()
    bound: set[str] = set()
    seen: set[int] = set()
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += node
        elif isinstance(node, Parser.Symbol) and id(node) not in seen:
            seen.add(id(node))
            if node.type == "variable" and node.value:
                used.add(str(node.value))
            if node.type == "bind" and node.lhs is not None:
                bound.add(str(node.lhs.value))
            if node.type == "lambda":
                bound |= {str(argument.value) for argument in node.arguments or ()}
            waiting += [value for key, value in vars(node).items() if key != "_outer_instance"]
    return used - bound
