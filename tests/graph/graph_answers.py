"""Answers of Graph and of its login, as a test says them, without a network."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import httpx

from migration.wire.app_tokens import Tokens
from migration.wire.graph import GraphClient
from migration.wire.graph_model import CLOUDS, AppLogin, find_scope

CLOUD = CLOUDS["global"]
SECRET = "Tr0ub4dor~&3"
LOGIN = AppLogin("acme.example", "8f2b1c4e-6a0d-4e53-9b7f-2d1c0a9e8b76", SECRET)
PERSON = "ann.private@acme.example"

_CONTEXT = ssl.create_default_context()
"""Made once: it takes longer than a test."""

Respond = Callable[[httpx.Request], httpx.Response]


class Clock:
    """Stands still unless somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


class Graph:
    """What stands for the network: gives the answers one after the other, the last of them again
    and again, and remembers what it was asked. Tokens are token-1, token-2 and so on."""

    def __init__(self, *answers: httpx.Response | Exception | Respond) -> None:
        self.answers: list[httpx.Response | Exception | Respond] = list(answers)
        self.heard: list[httpx.Request] = []
        self.tokens = 0
        self.clock = Clock()
        transport = httpx.MockTransport(self._answer)
        self.client = GraphClient(
            CLOUD.graph_url,
            Tokens(
                LOGIN,
                CLOUD.login_url,
                find_scope(CLOUD.graph_url),
                context=_CONTEXT,
                transport=transport,
            ),
            context=_CONTEXT,
            clock=self.clock,
            sleep=self.clock.sleep,
            transport=transport,
        )

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.host == "login.microsoftonline.com":
            self.tokens += 1
            return say({"access_token": f"token-{self.tokens}", "expires_in": 3599})
        self.heard.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer(request) if callable(answer) else answer

    @property
    def paths(self) -> list[str]:
        return [request.url.raw_path.decode().removeprefix("/v1.0") for request in self.heard]


def say(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> httpx.Response:
    return httpx.Response(status, json=body, headers=headers)


def refuse(
    status: int, code: str = "", retry_after: float | None = None, message: str = PERSON
) -> httpx.Response:
    """Graph's messages hold addresses."""
    headers = {} if retry_after is None else {"Retry-After": f"{retry_after:g}"}
    return say({"error": {"code": code, "message": f"about {message}"}}, status, headers)


def read_inner(request: httpx.Request) -> list[dict[str, Any]]:
    """The questions of a $batch."""
    found = json.loads(request.content)["requests"]
    assert isinstance(found, list)
    return found


def say_batch(responses: Sequence[Mapping[str, Any]]) -> httpx.Response:
    return say({"responses": list(responses)})


def inner(
    number: str, body: Any, status: int = 200, retry_after: float | None = None
) -> dict[str, Any]:
    headers = {} if retry_after is None else {"Retry-After": f"{retry_after:g}"}
    return {"id": number, "status": status, "headers": headers, "body": body}
