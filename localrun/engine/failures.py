"""How a state ends when it does not succeed.

Only `StateError` can be retried or caught by a definition. The other two end the execution (or
the branch) from outside and pass through every Catch.
"""

ERROR_LIMIT = 256
CAUSE_LIMIT = 32_768


class StateError(Exception):
    """An error with the name and the cause that Retry, Catch and the history see.

    Both are cut to the lengths that the Step Functions API allows.
    """

    def __init__(self, error: str, cause: str = "") -> None:
        super().__init__(f"{error}: {cause}")
        self.error = error[:ERROR_LIMIT]
        self.cause = cause[:CAUSE_LIMIT]


class AbortedError(Exception):
    """The execution was stopped, or a sibling branch failed."""


class ExecutionTimedOutError(Exception):
    """The TimeoutSeconds of the whole execution are over."""
