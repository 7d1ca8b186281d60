"""What the engine asks of whoever runs the Lambda functions."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class InvokeResult:
    """The answer of Lambda's Invoke API to a synchronous call.

    `status` is 200 when the function ran, also when it failed; 404 when there is no such function;
    429 when it is throttled. `function_error` is None when the handler returned, else "Handled" or
    "Unhandled", and `payload` then is JSON with errorType and errorMessage.
    """

    status: int
    function_error: str | None
    payload: bytes
    request_id: str


Invoke: TypeAlias = Callable[[str, bytes], InvokeResult]
"""Calls the function of an ARN or name with a JSON payload and blocks until it has answered."""
