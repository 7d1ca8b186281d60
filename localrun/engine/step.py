"""A line of states that runs (`Branch`), and one state of it that was entered (`Step`)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from localrun.engine.clock import Clock
from localrun.engine.execution import Execution
from localrun.engine.failures import AbortedError, ExecutionTimedOutError, StateError
from localrun.engine.jsonata import QueryError
from localrun.engine.payload import Json, require_payload
from localrun.engine.runtime import Runtime
from localrun.engine.scope import Scope


@dataclass
class Branch:
    """The states of a machine, of a Parallel's branch or of a Map's iteration, in one thread.

    Its variables are its own; those from outside were copied in. `last_event` is the history
    event that the next one follows.
    """

    execution: Execution
    clock: Clock
    scope: Scope
    context: Mapping[str, Json]
    variables: dict[str, Json] = field(default_factory=dict)
    last_event: int = 0

    def fork(self, scope: Scope, **context: Json) -> "Branch":
        """A branch inside this one, which sees its variables and cannot change them."""
        return Branch(
            self.execution,
            self.clock,
            scope,
            {**self.context, **context},
            dict(self.variables),
            self.last_event,
        )

    def record(self, kind: str, **details: Any) -> None:
        self.last_event = self.execution.history.append(kind, self.last_event, details)

    def check(self) -> None:
        """Raises AbortedError or ExecutionTimedOutError when the branch must end."""
        if self.scope.cancelled:
            raise AbortedError
        deadline = self.execution.deadline
        if deadline is not None and self.clock.now() >= deadline:
            raise ExecutionTimedOutError

    def sleep_until(self, moment: float) -> None:
        self.wait_for(lambda: False, moment)

    def wait_for(
        self,
        predicate: Callable[[], bool],
        until: float | None = None,
        *,
        owed: bool = False,
        working: bool = False,
    ) -> bool:
        """As Clock.wait_for, but ends by raising as `check` does when the branch must end."""
        deadline = self.execution.deadline
        limits = [moment for moment in (until, deadline) if moment is not None]
        self.clock.wait_for(
            lambda: predicate() or self.scope.cancelled,
            min(limits, default=None),
            owed=owed,
            working=working,
        )
        if predicate():
            return True
        if self.scope.cancelled:
            raise AbortedError
        if deadline is not None and (until is None or deadline <= until):
            raise ExecutionTimedOutError
        return False


@dataclass
class Step:
    """One entered state: its definition, and what its expressions see.

    `context` is the Context Object of this state; a task adds its token to it. `entry_event` is
    the number of the history event of its entering.
    """

    runtime: Runtime
    branch: Branch
    name: str
    state: Mapping[str, Json]
    input: Json
    context: dict[str, Json]
    entry_event: int

    @property
    def following(self) -> str | None:
        """The next state, None at the end."""
        return None if self.state.get("End") else self.state.get("Next")

    def value(self, key: str, default: Json = None) -> Json:
        """The evaluated field, or the default when the state does not have it."""
        return self.evaluate(self.state[key], key) if key in self.state else default

    def number(self, key: str) -> float | None:
        """The field as a number of 0 or more, None when it is not there."""
        value = self.value(key)
        if value is None and key not in self.state:
            return None
        if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
            raise self.query_failure(f"{key} is not a number of 0 or more.", key)
        return value

    def evaluate(self, template: Json, location: str, **more: Json) -> Json:
        """Raises StateError States.QueryEvaluationError. `more` are further members of $states."""
        states = {"input": self.input, "context": self.context, **more}
        try:
            return self.runtime.evaluator.value(template, self.branch.variables, states, location)
        except QueryError as reason:
            raise self.query_failure(str(reason), reason.location) from reason

    def query_failure(self, message: str, location: str) -> StateError:
        """The error of a field whose value cannot be used; written into the history."""
        cause = (
            f"An error occurred while executing the state '{self.name}' "
            f"(entered at the event id #{self.entry_event}). {message}"
        )
        error = "States.QueryEvaluationError"
        self.branch.record(
            "EvaluationFailed", error=error, cause=cause, location=location[:256], state=self.name
        )
        return StateError(error, cause)

    def settle(self, fields: Mapping[str, Json], default: Json, **more: Json) -> Json:
        """Evaluates Assign and Output of a state, a Choice rule or a catcher; gives the output.

        Both see the variables as they were. Raises StateError for a failed expression or an
        output that is too large, and then assigns nothing.
        """
        assigned = {
            name: self.evaluate(template, f"Assign/{name}", **more)
            for name, template in fields.get("Assign", {}).items()
        }
        output = default
        if "Output" in fields:
            output = self.evaluate(fields["Output"], "Output", **more)
        require_payload(output, self.name)
        self.branch.variables.update(assigned)
        return output
