"""Where a mail server asks whose token it was given (RFC 7662, as Dovecot asks)."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Protocol
from urllib.parse import parse_qs, urlsplit


class KnownTokens(Protocol):
    """Whose tokens they are: a mapping (token -> user), or whoever asks somebody else."""

    def get(self, token: str, /) -> str | None: ...


class TokenEndpoint:
    """Answers on 127.0.0.1 until `close()`. `tokens` may change meanwhile."""

    def __init__(self, tokens: KnownTokens) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _answering(tokens))
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """The address to which the token is appended."""
        return f"http://127.0.0.1:{self._server.server_port}/introspect?token="

    def close(self) -> None:
        """Ends it. May be repeated."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()


def _answering(tokens: KnownTokens) -> type[BaseHTTPRequestHandler]:
    class Answer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            user = tokens.get("".join(parse_qs(urlsplit(self.path).query).get("token", [])))
            found = {"active": True, "username": user, "scope": "mail", "expires_in": 3600}
            body = json.dumps(found if user else {"error": "invalid_token"}).encode()
            self.send_response(200 if user else 401)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- its name there
            """Prints nothing."""

    return Answer
