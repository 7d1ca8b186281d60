"""JSONata as Step Functions evaluates it.

sfnx.testing holds the functions that Step Functions adds to JSONata and those where it differs
from jsonata-python, as measured against AWS. This module compiles an expression once, and binds
$now and $millis to the engine's clock.
"""

import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import jsonata
from sfnx import testing as sfn

from localrun.engine.clock import Clock
from localrun.engine.payload import Json

# Beyond this a float that is a whole number need not be the number that was written.
_EXACT_FLOAT = 2**53


class QueryError(Exception):
    """An expression failed. `location` is the field, as in `Arguments/Payload/rows[0]`."""

    def __init__(self, message: str, location: str) -> None:
        super().__init__(message)
        self.location = location


class Evaluator:
    """Evaluates the fields of a state. Safe to use from many threads at once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        # A compiled expression serves one thread at a time, so each has a few copies.
        self._idle: defaultdict[str, list[Any]] = defaultdict(list)

    def value(
        self, template: Json, variables: Mapping[str, Json], states: Json, location: str
    ) -> Json:
        """The template with every "{% ... %}" replaced by its value.

        `states` is what expressions see as $states. Raises QueryError when one fails, gives
        nothing, or gives what is not JSON.
        """
        if isinstance(template, str):
            code = sfn.expression(template)
            return template if code is None else self._run(code, variables, states, location)
        if isinstance(template, dict):
            return {
                key: self.value(inner, variables, states, f"{location}/{key}")
                for key, inner in template.items()
            }
        if isinstance(template, list):
            return [
                self.value(inner, variables, states, f"{location}[{index}]")
                for index, inner in enumerate(template)
            ]
        return template

    def _run(self, code: str, variables: Mapping[str, Json], states: Json, location: str) -> Json:
        about = f"The JSONata expression '{code.strip()}' specified for the field '{location}'"
        bindings = {name: sfn.nulls(value) for name, value in variables.items()}
        bindings["states"] = sfn.nulls(states)
        with self._compiled(code) as expression:
            try:
                result = expression.evaluate(None, bindings)
            except jsonata.JException as reason:
                raise QueryError(f"{about} threw an error: {reason}", location) from reason
            # jsonata-python lets Python's own errors through where Step Functions reports one.
            except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as reason:
                raise QueryError(f"{about} threw an error: {reason}", location) from reason
            except RecursionError as reason:
                raise QueryError(f"{about} recursed too deeply", location) from reason
        if result is None:
            raise QueryError(f"{about} returned nothing (undefined).", location)
        value = sfn.Utils.convert_nulls(result)
        if not sfn.is_json(value):
            raise QueryError(f"{about} returned an unsupported result type.", location)
        return _plain(value)

    @contextmanager
    def _compiled(self, code: str) -> Iterator[Any]:
        with self._lock:
            idle = self._idle[code]
            expression = idle.pop() if idle else None
        if expression is None:
            expression = self._compile(code)
        # Its higher-order functions find their environment through the thread.
        jsonata.Jsonata.CURRENT.jsonata = expression
        try:
            yield expression
        finally:
            with self._lock:
                self._idle[code].append(expression)

    def _compile(self, code: str) -> Any:
        expression = jsonata.Jsonata(code)
        expression.set_output_convert_nulls(False)
        added = {
            "parse": sfn.parse,
            "uuid": sfn.new_uuid,
            "random": sfn.random_number,
            "range": sfn.range_numbers,
            "hash": sfn.digest,
            "partition": sfn.partition,
            "now": self._now,
            "millis": self._millis,
        }
        for name, function in added.items():
            expression.register_lambda(name, function)
        for name, function in sfn.DIFFERING.items():
            expression.register_function(name, sfn.Replaced(name, function))
        for name in sfn.CASTS:
            expression.register_function(name, sfn.Cast(name))
        return expression

    def _millis(self) -> int:
        return int(self._clock.now() * 1000)

    def _now(self, *args: object) -> Any:
        """$now() in UTC to the millisecond, or $now(picture, timezone)."""
        sfn.at_most("now", args, 2)
        picture = args[0] if args else None
        if picture is None:
            return self._clock.iso()
        if not isinstance(picture, str):
            raise sfn.mismatch("now", 1)
        zone = sfn.timezone_of(args[1] if len(args) > 1 else None)
        return sfn.Functions.datetime_from_millis(self._millis(), picture, zone)


def _plain(value: Json) -> Json:
    """Python's own containers, and whole numbers as ints, as JSON writes them."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT_FLOAT:
        return int(value)
    return value
