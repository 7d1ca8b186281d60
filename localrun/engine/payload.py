"""JSON as it travels between states, and its size limit."""

import json
from typing import Any, TypeAlias

from localrun.engine.failures import StateError

Json: TypeAlias = Any
"""A parsed JSON value: None, bool, int, float, str, list or dict with str keys."""

PAYLOAD_LIMIT = 262_144
"""Bytes of UTF-8 (256 KiB) that a task, a state or an execution may take or return.
https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html"""


def dumps(value: Json) -> str:
    """Compact JSON, as Step Functions writes it into its history."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def byte_size(value: Json) -> int:
    return len(dumps(value).encode())


def require_payload(value: Json, state: str) -> None:
    """Raises StateError States.DataLimitExceeded for a value above PAYLOAD_LIMIT."""
    text = dumps(value)
    # A character is at most four bytes: most payloads need not be encoded to be measured.
    if len(text) * 4 > PAYLOAD_LIMIT and len(text.encode()) > PAYLOAD_LIMIT:
        raise StateError(
            "States.DataLimitExceeded",
            f"The state/task '{state}' returned a result with a size exceeding the maximum "
            "number of bytes service limit.",
        )
