"""A Graph that answers what a test has written down, and nothing else."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote

import httpx

from migration.wire.graph import GraphClient

URL = "https://graph.microsoft.com/v1.0"

Answers = dict[str, Any]
"""By path, with the query as it is when it is no longer quoted, or by path alone: JSON, octets, or
(status, code)."""


class NoTokens:
    """A token that is always right."""

    def token(self) -> str:
        return "token"

    def renew(self, refused: str = "") -> str:
        return "token"


class ScriptedGraph:
    """`asked` are the paths with their queries, unquoted, in order; a batch counts as what is in
    it."""

    def __init__(self, answers: Answers) -> None:
        self.answers = answers
        self.asked: list[str] = []
        self.client = GraphClient(
            URL, NoTokens(), transport=httpx.MockTransport(self._answer), sleep=lambda _: None
        )

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v1.0/$batch":
            requests = json.loads(request.content)["requests"]
            return _respond(200, {"responses": [self._inner(one) for one in requests]})
        status, body = self._find(str(request.url).removeprefix(URL))
        if isinstance(body, bytes):
            return httpx.Response(status, content=body)
        return _respond(status, body)

    def _inner(self, one: dict[str, str]) -> dict[str, Any]:
        status, body = self._find(one["url"])
        return {"id": one["id"], "status": status, "headers": {}, "body": body}

    def _find(self, url: str) -> tuple[int, Any]:
        asked = unquote(url)
        self.asked.append(asked)
        path = asked.partition("?")[0]
        answer = self.answers.get(asked, self.answers.get(path, (404, "ErrorItemNotFound")))
        if isinstance(answer, tuple):
            status, code = answer
            return status, {"error": {"code": code, "message": "ann@contoso.example is secret"}}
        return 200, {"value": answer} if isinstance(answer, list) else answer


def _respond(status: int, body: Any) -> httpx.Response:
    """In ASCII: so half of a surrogate pair can be sent, as Exchange does."""
    return httpx.Response(status, content=json.dumps(body).encode("ascii"))
