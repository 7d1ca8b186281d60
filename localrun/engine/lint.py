"""Finds mistakes in a state machine definition before anything runs it.

    python -m localrun.engine.lint statemachines/*.asl.json

prints every finding and exits with 1 when there is one.
"""

import json
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from localrun.engine.definition import Place, places, semantic_problems, structure_problems
from localrun.engine.lint_expressions import expression_problems
from localrun.engine.lint_house import house_problems, machine_problems
from localrun.engine.lint_resources import resource_problems
from localrun.engine.lint_retries import error_name_problems, retry_problems
from localrun.engine.payload import Json


def lint(
    definition: Mapping[str, Json],
    *,
    functions: Collection[str] = (),
    error_names: Collection[str] = (),
) -> list[str]:
    """What is wrong, one sentence each, beginning with the path of the state.

    `functions` are the names of the Lambda functions: where one is called, `${CopySliceArn}` must
    stand for a function `CopySlice`. `error_names` are the errors that handlers may end with.
    Each is not checked when it is empty. Substitutions need not be filled in.
    """
    problems = structure_problems(definition)
    if problems:
        # Without its structure nothing else can be said about a definition.
        return problems
    problems += machine_problems(definition)
    problems += _duplicate_names(definition)
    problems += _reachability(definition)
    for place in places(definition):
        problems += resource_problems(place, functions)
        problems += retry_problems(place)
        problems += error_name_problems(place, error_names)
        problems += house_problems(place)
    problems += expression_problems(definition)
    # sfnx stops at its first finding, which may be one of those above in other words.
    problems += semantic_problems(definition)
    return problems


def _duplicate_names(definition: Mapping[str, Json]) -> Iterator[str]:
    seen: dict[str, str] = {}
    for place in places(definition):
        if place.name in seen:
            yield f"{place.path}: {seen[place.name]} has the same name"
        seen.setdefault(place.name, place.path)


def _reachability(definition: Mapping[str, Json]) -> Iterator[str]:
    by_machine: dict[int, list[Place]] = {}
    for place in places(definition):
        by_machine.setdefault(id(place.machine), []).append(place)
    for members in by_machine.values():
        states = members[0].machine["States"]
        start = members[0].machine["StartAt"]
        reached = _reached(states, start)
        if start not in states:
            yield f"{members[0].path}: StartAt names {start}, which is not beside it"
        for place in members:
            if start in states and place.name not in reached:
                yield f"{place.path}: no way from {start} leads to it"
            for target in _targets(place.state):
                if target not in states:
                    yield f"{place.path}: it goes to {target}, which does not exist"


def _reached(states: Mapping[str, Json], start: str) -> set[str]:
    reached: set[str] = set()
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name in states and name not in reached:
            reached.add(name)
            waiting += _targets(states[name])
    return reached


def _targets(state: Mapping[str, Json]) -> list[str]:
    targets = [state[key] for key in ("Next", "Default") if key in state]
    for key in ("Choices", "Catch"):
        targets += [entry["Next"] for entry in state.get(key, ())]
    return targets


def main(paths: Sequence[str]) -> int:
    """Prints the findings of the files; 1 when there is one, 2 without files."""
    if not paths:
        print("usage: python -m localrun.engine.lint FILE...", file=sys.stderr)
        return 2
    found = False
    for path in paths:
        try:
            problems = lint(json.loads(Path(path).read_text(encoding="utf-8")))
        except ValueError as reason:
            problems = [f"the file is not JSON: {reason}"]
        for problem in problems:
            print(f"{path}: {problem}")
            found = True
    return int(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
