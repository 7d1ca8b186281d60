"""What Tasks call: the integration, its arguments by the botocore model, the function's name."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from sfnx import integrations as naming

from localrun.engine.definition import Place
from localrun.engine.payload import Json, dumps
from localrun.engine.resource import TOKEN, Resource, parse_resource

_SUBSTITUTION = re.compile(r"\$\{(\w+)\}")
_LAMBDA_ARGUMENTS = {"ClientContext", "FunctionName", "InvocationType", "Payload", "Qualifier"}
_START_ARGUMENTS = {"Input", "Name", "StateMachineArn", "TraceHeader"}


def resource_problems(place: Place, functions: Collection[str]) -> Iterator[str]:
    """Of a Task. See `lint` for `functions`."""
    if place.state["Type"] != "Task":
        return
    for problem in _task_problems(place.state, functions):
        yield f"{place.path}: {problem}"


def _task_problems(state: Mapping[str, Json], functions: Collection[str]) -> Iterator[str]:
    text = state["Resource"]
    if "${" in text:
        yield from _function_problems(text, functions)
        return
    try:
        resource = parse_resource(text)
    except ValueError as reason:
        yield str(reason)
        return
    arguments = state.get("Arguments", {})
    if resource.pattern == TOKEN and "Task.Token" not in dumps(arguments):
        yield "nobody is given its token, $states.context.Task.Token"
    if resource.is_function or not isinstance(arguments, dict):
        return
    if resource.service == "lambda" and not resource.sdk:
        yield from _member_problems(arguments, _LAMBDA_ARGUMENTS, {"FunctionName"}, "lambda:invoke")
        yield from _function_problems(str(arguments.get("FunctionName", "")), functions)
    elif resource.service == "states" and not resource.sdk:
        yield from _member_problems(
            arguments, _START_ARGUMENTS, {"StateMachineArn"}, "states:startExecution"
        )
    else:
        yield from _api_problems(resource, arguments)


def _function_problems(text: str, functions: Collection[str]) -> Iterator[str]:
    if not functions or not text or text.startswith("{%"):
        return
    match = _SUBSTITUTION.match(text)
    if match is None:
        yield f"it calls {text}, not a function by its substitution"
    elif match[1].removesuffix("Arn") not in functions or not match[1].endswith("Arn"):
        yield f"{match[0]} stands for no function"


def _api_problems(resource: Resource, arguments: Mapping[str, Json]) -> Iterator[str]:
    model = naming.service_model(resource.service)
    if model is None:
        yield f"{resource.text}: there is no service {resource.service}"
        return
    try:
        operation = naming.find_operation(resource.service, model, resource.action)
    except naming.ResourceError as reason:
        yield f"{resource.text}: {reason}"
        return
    if operation.input_shape is not None:
        spell = naming.sdk_member if resource.sdk else naming.pascal
        yield from _shape_problems(arguments, operation.input_shape, spell, operation.name)


def _shape_problems(
    value: Json, shape: Any, spell: Callable[[str], str], where: str
) -> Iterator[str]:
    """Unknown and missing members at every level that is written out."""
    if shape.type_name == "structure" and isinstance(value, dict):
        members = {spell(name): member for name, member in shape.members.items()}
        required = {spell(name) for name in shape.required_members}
        yield from _member_problems(value, members, required, where)
        for key, inner in value.items():
            if key in members:
                yield from _shape_problems(inner, members[key], spell, f"{where}.{key}")
    elif shape.type_name == "list" and isinstance(value, list):
        for inner in value:
            yield from _shape_problems(inner, shape.member, spell, f"{where}[]")
    elif shape.type_name == "map" and isinstance(value, dict):
        for key, inner in value.items():
            yield from _shape_problems(inner, shape.value, spell, f"{where}.{key}")


def _member_problems(
    given: Mapping[str, Json], known: Collection[str], required: Collection[str], where: str
) -> Iterator[str]:
    for key in given:
        if key not in known:
            yield f"{where} has no argument {key}"
    for key in sorted(required):
        if key not in given:
            yield f"{where} needs the argument {key}"
