"""Where mail programs look for their settings: what is there, and why it is not."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from urllib3 import exceptions as http

from localrun.fakes.workmail_ews.server import EwsServer
from migration.wire.autodiscover import HttpAutodiscover, translate
from tests.integration.certificates import write_certificate

PATH = "/autodiscover/autodiscover.xml"


class Answer(BaseHTTPRequestHandler):
    """Answers every POST with the server's status."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(self.server.status)  # type: ignore[attr-defined]
        self.send_header("Location", "http://127.0.0.1:1/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Prints nothing."""


@contextmanager
def serving(status: int, context: ssl.SSLContext | None = None) -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    server.status = status  # type: ignore[attr-defined]
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_the_emulator_asks_for_a_login_as_workmail_does() -> None:
    with EwsServer(lambda token, box: "unknown", lambda box: False, lambda: 0.0) as server:
        assert HttpAutodiscover().ask(server.autodiscover_url) == "http-401"


@pytest.mark.parametrize("status", [200, 302, 404, 503])
def test_another_answer_is_told_as_it_is_and_no_redirect_is_followed(status: int) -> None:
    with serving(status) as port:
        assert HttpAutodiscover().ask(f"http://127.0.0.1:{port}{PATH}") == f"http-{status}"


def test_a_certificate_that_nobody_trusts_is_told(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(write_certificate(tmp_path / "own.pem"))
    with serving(200, context) as port:
        assert HttpAutodiscover().ask(f"https://127.0.0.1:{port}{PATH}") == "certificate"


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert HttpAutodiscover().ask(f"http://127.0.0.1:{port}{PATH}") == "unreachable"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (http.NameResolutionError("h", None, OSError()), "no-name"),  # type: ignore[arg-type]
        (http.ReadTimeoutError(None, "u", "m"), "timeout"),  # type: ignore[arg-type]
        (http.ConnectTimeoutError(), "timeout"),
        (http.SSLError(), "certificate"),
        (http.ProtocolError(), "unreachable"),
        (http.InvalidHeader(), "unreachable"),
    ],
)
def test_every_failure_is_a_reason(error: http.HTTPError, code: str) -> None:
    assert translate(error) == code
