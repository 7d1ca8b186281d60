"""POST /$batch: several requests in one, https://learn.microsoft.com/graph/json-batching.

At most 20, of which four run at once, or one after the other where one depends on another. Their
answers come in no particular order. The outer headers count for none of them, but the token.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from localrun.fakes.graph.answers import Answer, Ask, GraphError, Json

MOST = 20
_AT_ONCE = 4

Serve = Callable[[Ask], Answer]


def answer_batch(ask: Ask, serve: Serve) -> Answer:
    """Answers all of them by `serve`. GraphError for a batch that is none."""
    steps = _steps(ask.body)
    inner = {str(step["id"]): _inner(step, ask.headers) for step in steps}
    if any(step.get("dependsOn") for step in steps):
        answers = _in_order(steps, inner, serve)
    else:
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            answers = dict(zip(inner, pool.map(serve, inner.values()), strict=True))
    shown = sorted(answers, key=lambda number: zlib.crc32(number.encode()))
    return Answer({"responses": [_response(number, answers[number]) for number in shown]})


def _steps(body: bytes) -> list[Json]:
    try:
        steps = json.loads(body)["requests"]
    except (ValueError, KeyError, TypeError):
        raise GraphError(400, "BadRequest", "Unable to read JSON request payload.") from None
    if not isinstance(steps, list) or not steps:
        raise GraphError(400, "BadRequest", "The batch holds no requests.")
    if len(steps) > MOST:
        message = f"Number of batch request steps exceeds the maximum value of {MOST}"
        raise GraphError(400, "MaximumValueExceeded", message)
    numbers = [step.get("id") for step in steps]
    if not all(numbers) or len(set(numbers)) != len(numbers):
        raise GraphError(400, "BadRequest", "Every request needs an id of its own.")
    return steps


def _inner(step: Mapping[str, Any], outer: Mapping[str, str]) -> Ask:
    parts = urlsplit(step["url"])
    if parts.scheme or parts.netloc:
        raise GraphError(400, "BadRequest", "Addresses in a batch are relative.")
    headers = {name.casefold(): value for name, value in step.get("headers", {}).items()}
    headers["authorization"] = outer.get("authorization", "")
    body = step.get("body")
    return Ask(
        step["method"].upper(),
        f"/{parts.path.lstrip('/')}",
        dict(parse_qsl(parts.query, keep_blank_values=True)),
        headers,
        b"" if body is None else json.dumps(body).encode(),
    )


def _in_order(steps: list[Json], inner: Mapping[str, Ask], serve: Serve) -> dict[str, Answer]:
    answers: dict[str, Answer] = {}
    for step in steps:
        before = [answers.get(str(number)) for number in step.get("dependsOn", ())]
        if any(one is None or one.status >= 400 for one in before):
            error = {"code": "FailedDependency", "message": "A request before it has failed."}
            answers[str(step["id"])] = Answer({"error": error}, 424)
        else:
            answers[str(step["id"])] = serve(inner[str(step["id"])])
    return answers


def _response(number: str, answer: Answer) -> Json:
    """Bytes come in base64."""
    body: object = answer.body
    headers = dict(answer.headers)
    if isinstance(answer.body, bytes):
        body = base64.b64encode(answer.body).decode("ascii")
    elif body is not None:
        headers["Content-Type"] = "application/json"
    return {"id": number, "status": answer.status, "headers": headers, "body": body}
