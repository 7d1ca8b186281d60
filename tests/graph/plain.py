"""A client of Graph that knows nothing of ours: httpx, a token, and links that it follows."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Self

import httpx

from localrun.fakes.graph import GraphServer

ANN = "ann@contoso.example"
SCOPE = "https://graph.microsoft.com/.default"
IMMUTABLE = 'IdType="ImmutableId"'
TLS = ssl.create_default_context()
"""Nobody uses it; to make one takes longer than a request."""
NOON = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


def mime(subject: str, *headers: str, body: str = "Hello") -> bytes:
    """A message with LF at the end of its lines."""
    lines = [
        "From: Bob Builder <bob@elsewhere.example>",
        f"To: Ann Example <{ANN}>",
        f"Subject: {subject}",
        "Date: Sat, 31 Jan 2026 11:58:00 +0000",
        f"Message-ID: <{subject}@elsewhere.example>",
        *headers,
        "",
        body,
        "",
    ]
    return "\n".join(lines).encode()


def ask_token(server: GraphServer, **changed: str) -> httpx.Response:
    """A login with the secret; what is `changed` replaces or adds a field of the form."""
    app = server.secret["app"]
    form = {
        "grant_type": "client_credentials",
        "client_id": app["client_id"],
        "client_secret": app["secret"],
        "scope": SCOPE,
        **changed,
    }
    url = f"{server.login_url}/{app['directory']}/oauth2/v2.0/token"
    return httpx.post(url, data=form, verify=TLS, trust_env=False)


class Plain:
    """Logged in. Paths begin behind /v1.0."""

    def __init__(self, server: GraphServer) -> None:
        self.token = str(ask_token(server).json()["access_token"])
        self._http = httpx.Client(
            base_url=server.graph_url,
            headers={"Authorization": f"Bearer {self.token}"},
            verify=TLS,
            trust_env=False,
            timeout=30,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def ask(self, path: str, prefer: str = "", **headers: str) -> httpx.Response:
        """A GET, whatever comes of it."""
        told = {"Prefer": prefer, **headers} if prefer else headers
        return self._http.get(path, headers=told)

    def get(self, path: str, prefer: str = "", **headers: str) -> Any:
        """The JSON of an answer that must be 200."""
        answer = self.ask(path, prefer, **headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def refusal(self, path: str, prefer: str = "", **headers: str) -> tuple[int, str]:
        """Status and code of an answer that is an error."""
        answer = self.ask(path, prefer, **headers)
        return answer.status_code, answer.json()["error"]["code"]

    def values(self, path: str, prefer: str = "", **headers: str) -> Iterator[Any]:
        """All of a list."""
        while path:
            page = self.get(path, prefer, **headers)
            yield from page["value"]
            path = page.get("@odata.nextLink", "")

    def round(self, path: str, prefer: str = "") -> tuple[list[Any], str]:
        """A delta round: what it shows, and the link to the next."""
        found: list[Any] = []
        while True:
            page = self.get(path, prefer)
            found += page["value"]
            if "@odata.deltaLink" in page:
                assert "@odata.nextLink" not in page
                return found, page["@odata.deltaLink"]
            path = page["@odata.nextLink"]

    def batch(self, *requests: Mapping[str, Any], prefer: str = "") -> httpx.Response:
        """A POST of these steps, whatever comes of it."""
        told = {"Prefer": prefer} if prefer else {}
        return self._http.post("/$batch", json={"requests": list(requests)}, headers=told)
