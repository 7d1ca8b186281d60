"""Retry and Catch: names that exist, numbers that make sense."""

from collections.abc import Collection, Iterator, Mapping
from typing import TypeGuard

from sfnx import errors as known
from sfnx import integrations as naming

from localrun.engine.definition import Place
from localrun.engine.payload import Json
from localrun.engine.resource import parse_resource
from localrun.engine.retry import LONGEST_DELAY

_STATES_ERRORS = {*known.STATES.values(), "States.ALL", "States.NoChoiceMatched"}
_MOST_ATTEMPTS = 99_999_999


def retry_problems(place: Place) -> Iterator[str]:
    """Of the retriers and of the timeouts of a state."""
    for index, retrier in enumerate(place.state.get("Retry", ())):
        for problem in _retrier_problems(retrier):
            yield f"{place.path}: Retry[{index}]: {problem}"
    for key in ("Retry", "Catch"):
        yield from _repeated_names(place, key)
    timeout, heartbeat = (place.state.get(f"{one}Seconds") for one in ("Timeout", "Heartbeat"))
    if _is_number(timeout) and _is_number(heartbeat) and heartbeat >= timeout:
        yield f"{place.path}: HeartbeatSeconds must be less than TimeoutSeconds"
    if heartbeat is not None and not str(place.state.get("Resource")).endswith("TaskToken"):
        yield f"{place.path}: nobody sends heartbeats for a task without a token"


def _retrier_problems(retrier: Mapping[str, Json]) -> Iterator[str]:
    interval = retrier.get("IntervalSeconds", 1)
    attempts = retrier.get("MaxAttempts", 3)
    longest = retrier.get("MaxDelaySeconds", LONGEST_DELAY)
    rate = retrier.get("BackoffRate", 2.0)
    if not _is_whole(interval) or interval < 1:
        yield f"IntervalSeconds {interval} is no positive whole number"
    elif _is_number(longest) and not interval < longest <= LONGEST_DELAY:
        yield f"MaxDelaySeconds {longest} is not greater than IntervalSeconds or too large"
    if not _is_whole(attempts) or not 0 <= attempts <= _MOST_ATTEMPTS:
        yield f"MaxAttempts {attempts} is not from 0 to {_MOST_ATTEMPTS}"
    if not _is_number(longest):
        yield f"MaxDelaySeconds {longest} is no number"
    if not _is_number(rate) or rate < 1:
        yield f"BackoffRate {rate} is below 1"
    if retrier.get("JitterStrategy", "NONE") not in ("FULL", "NONE"):
        yield f"JitterStrategy {retrier['JitterStrategy']} is neither FULL nor NONE"


def _repeated_names(place: Place, key: str) -> Iterator[str]:
    seen: set[str] = set()
    for index, entry in enumerate(place.state.get(key, ())):
        for name in entry["ErrorEquals"]:
            if name in seen:
                yield f"{place.path}: {key}[{index}]: {name} was named before, so it never counts"
            seen.add(name)


def error_name_problems(place: Place, error_names: Collection[str]) -> Iterator[str]:
    """Names in ErrorEquals that nothing ends with. See `lint` for `error_names`."""
    for key in ("Retry", "Catch"):
        for index, entry in enumerate(place.state.get(key, ())):
            for name in entry["ErrorEquals"]:
                for problem in _name_problems(name, place.state, error_names):
                    yield f"{place.path}: {key}[{index}]: {problem}"


def _name_problems(
    name: str, state: Mapping[str, Json], error_names: Collection[str]
) -> Iterator[str]:
    if name == "States.Runtime":
        yield "nothing can catch States.Runtime"
    elif name.startswith("States."):
        if name not in _STATES_ERRORS:
            yield f"Step Functions has no error {name}"
    elif name.startswith(("Lambda.", "Sandbox.")) or name in error_names:
        return
    elif "." in name and "${" not in state.get("Resource", ""):
        yield from _service_error_problems(name, state)
    elif error_names:
        yield f"nothing ends with the error {name}"


def _service_error_problems(name: str, state: Mapping[str, Json]) -> Iterator[str]:
    """A name with a dot is an AWS service's, as in DynamoDb.ConditionalCheckFailedException."""
    if state["Type"] != "Task":
        # What a Map's or a Parallel's states end with may be any service's.
        return
    try:
        resource = parse_resource(state["Resource"])
        if not resource.sdk:
            if resource.service in ("", "lambda"):
                yield f"a function does not end with the service error {name}"
            return
        expected = naming.sdk_error(resource.service, name.rpartition(".")[2])
    except (ValueError, naming.ResourceError) as reason:
        yield str(reason)
        return
    if expected != name:
        yield f"the error {name} is called {expected}"


def _is_number(value: Json) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_whole(value: Json) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)
