"""An HTTP server that says what a test tells it to, and remembers what it was asked."""

from __future__ import annotations

import http.server
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Said:
    """What is answered. `breaks`: the connection ends instead."""

    status: int = 207
    body: bytes = b'<multistatus xmlns="DAV:"/>'
    headers: dict[str, str] = field(default_factory=dict)
    breaks: bool = False


@dataclass
class Heard:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class DavStub:
    """Gives its answers one after the other, the last of them again and again; or those of
    `respond`."""

    def __init__(
        self,
        certificate: Path | None = None,
        respond: Callable[[Heard], Said] | None = None,
    ) -> None:
        self.answers: list[Said] = [Said()]
        self._respond = respond
        self.heard: list[Heard] = []
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        scheme = "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
            scheme = "https"
        self.port = self._server.server_address[1]
        self.url = f"{scheme}://127.0.0.1:{self.port}/"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def next(self, heard: Heard) -> Said:
        if self._respond:
            return self._respond(heard)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def _handler(server: DavStub) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            headers = {name.lower(): value for name, value in self.headers.items()}
            heard = Heard(self.command, self.path, headers, body)
            server.heard.append(heard)
            said = server.next(heard)
            if said.breaks:
                self.close_connection = True
                return
            self.send_response(said.status)
            for name, value in {"Content-Length": str(len(said.body)), **said.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(said.body)

        # names that http.server looks for
        do_GET = do_POST = do_PROPFIND = do_REPORT = serve  # noqa: N815

        def log_message(self, *_: object) -> None: ...

    return Handler
