"""A small HTTP/1.1 server on 127.0.0.1 whose handler is a plain function.

`LoopbackServer(respond)` serves until `close()`. Each request is answered in its own daemon
thread by `respond(Request) -> Response`; connections are kept alive. `respond` may return None
to drop the connection without an answer. When it raises, the client gets status 500 with the
exception's type and text as an AWS JSON error, and the traceback is logged (to stderr, unless
logging is set up): a fault of the server must never look like an answer of the service it plays.
"""

import http.server
import json
import logging
import socket
import sys
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from http import HTTPStatus
from io import BufferedIOBase
from typing import Any, Self

LOG = logging.getLogger(__name__)
_POLL_SECONDS = 0.05
"""How often the accept loop looks whether it shall end: close() waits at most this long."""
_PATIENCE_SECONDS = 30.0
"""How long a client of a stream may take nothing of what was sent."""
_CHUNK = 16 * 1024


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request. `headers` has lower-case names, and the values of a repeated one with
    commas between them; `path` keeps its query string."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP answer. Content-Length is added when it is sent.

    With `stream` the answer has no known end: after `body` each of its parts is sent as it comes,
    until they end or the client is gone; then the generator is closed, and so is the connection.
    With `chunked` the body is sent in chunks, and no Content-Length tells its size.
    """

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    stream: Generator[bytes, None, None] | None = None
    chunked: bool = False


class LoopbackServer:
    """Serves `respond` on 127.0.0.1; port 0 means any free one."""

    def __init__(self, respond: Callable[[Request], Response | None], port: int = 0) -> None:
        self._server = _Server(("127.0.0.1", port), _handler_class(respond))
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": _POLL_SECONDS},
            name=f"loopback-{self.port}",
            daemon=True,
        )
        self._thread.start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    def close(self) -> None:
        """Stop accepting. Requests in progress end with their own threads. May be repeated."""
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A client that hangs up is no fault of the server; anything else is printed.
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def _handler_class(
    respond: Callable[[Request], Response | None],
) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            # Answers are small: without this each waits for the client's delayed ACK (40 ms).
            self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - inherited name
            pass

        def _serve(self) -> None:
            try:
                response = respond(self._request())
            except Exception as fault:
                # The edge of a server: a client that waits must get an answer, whatever broke.
                LOG.exception("%s %s failed", self.command, self.path)
                self._send(_internal_failure(fault))
                return
            if response is None:
                self.close_connection = True
            else:
                self._send(response)

        def _request(self) -> Request:
            headers: dict[str, str] = {}
            for name, value in self.headers.items():
                before = headers.get(name.lower())
                headers[name.lower()] = value if before is None else f"{before}, {value}"
            if headers.get("transfer-encoding", "").lower() == "chunked":
                body = _read_chunks(self.rfile)
            else:
                body = self.rfile.read(int(headers.get("content-length", "0")))
            return Request(self.command, self.path, headers, body)

        def _send(self, response: Response) -> None:
            body = _write_chunks(response.body) if response.chunked else response.body
            self.wfile.write(_head(response) + body)
            if response.stream:
                _stream(self, response.stream)

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - names http.server looks for

    return Handler


def _read_chunks(file: BufferedIOBase) -> bytes:
    """https://www.rfc-editor.org/rfc/rfc9112#section-7.1"""
    body = b""
    while size := int(file.readline().split(b";")[0], 16):
        body += file.read(size)
        file.readline()
    while file.readline().strip():
        pass  # trailers
    return body


def _write_chunks(body: bytes) -> bytes:
    parts = [body[begin : begin + _CHUNK] for begin in range(0, len(body), _CHUNK)]
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def _head(response: Response) -> bytes:
    """Status line and headers, with the empty line that ends them."""
    lines = [f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in response.headers.items()]
    if response.stream:
        lines += ["Connection: close", "", ""]
    elif response.chunked:
        lines += ["Transfer-Encoding: chunked", "", ""]
    else:
        lines += [f"Content-Length: {len(response.body)}", "", ""]
    return "\r\n".join(lines).encode("latin-1")


def _stream(
    handler: http.server.BaseHTTPRequestHandler, parts: Generator[bytes, None, None]
) -> None:
    handler.close_connection = True
    handler.connection.settimeout(_PATIENCE_SECONDS)
    with closing(parts):
        try:
            for part in parts:
                handler.wfile.write(part)
        except TimeoutError:
            raise ConnectionAbortedError("the client takes nothing any more") from None


def _internal_failure(fault: Exception) -> Response:
    text = json.dumps({"__type": "InternalFailure", "message": f"{type(fault).__name__}: {fault}"})
    headers = {"Content-Type": "application/json", "x-amzn-ErrorType": "InternalFailure"}
    return Response(500, text.encode(), headers)
