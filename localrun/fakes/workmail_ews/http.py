"""HTTP/1.1 on the loopback interface: kept-alive connections, one thread each."""

from __future__ import annotations

import socket
import ssl
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PATH = "/EWS/Exchange.asmx"
AUTODISCOVER = "/autodiscover/autodiscover.xml"

_BEGINNING = 2_048


class ConnectionClosed(Exception):
    """The connection is to be closed without an answer."""


class HttpServer(ThreadingHTTPServer):
    """Knows its open connections, so that they can be ended: a client of a closed server must see
    that it is gone."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(
        self,
        address: tuple[str, int],
        answer: Callable[[str, bytes], tuple[int, bytes]],
        read_at_most: Callable[[bytes], int | None],
        max_request: int,
    ) -> None:
        """`answer(authorization, body)` gives status and body of a POST, or raises
        ConnectionClosed. `read_at_most`, given the beginning of a body, says after how many bytes
        of it to close the connection. Larger bodies than `max_request` bytes get 413."""
        self.answer = answer
        self.read_at_most = read_at_most
        self.max_request = max_request
        self._connections: set[socket.socket] = set()
        self._connections_lock = threading.Lock()
        super().__init__(address, _Handler)

    def opened(self, connection: socket.socket) -> None:
        """For the handler: a connection that close_connections must end."""
        with self._connections_lock:
            self._connections.add(connection)

    def closed(self, connection: socket.socket) -> None:
        """For the handler: the connection is over."""
        with self._connections_lock:
            self._connections.discard(connection)

    def close_connections(self) -> None:
        """Ends every connection that is open."""
        with self._connections_lock:
            connections, self._connections = self._connections, set()
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # it is gone already

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that breaks off is no event; anything else is a defect and is shown."""
        if not isinstance(sys.exc_info()[1], ConnectionError | TimeoutError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # header and body leave in one piece
    server: HttpServer

    def setup(self) -> None:
        super().setup()
        self.server.opened(self.connection)

    def finish(self) -> None:
        self.server.closed(self.connection)
        try:
            super().finish()
        except OSError:
            return  # the client is gone: nothing is left to flush to

    def do_GET(self) -> None:
        """Nobody gets anything without a login."""
        self._reply(401, b"")

    def do_POST(self) -> None:
        """One EWS operation. The length must be given: chunked requests are not understood."""
        length = int(self.headers.get("Content-Length") or 0)
        if length > self.server.max_request:
            self._discard(length)  # closing at once would reset the connection, 413 and all
            self._reply(413, b"")
            return
        body = self._read(length)
        if body is None:
            self.close_connection = True
            return
        if self.path.casefold() == AUTODISCOVER:
            self._reply(401, b"")  # nobody has a login here: programs look, and are told to log in
            return
        if self.path.partition("?")[0].casefold() != PATH.casefold():
            self._reply(404, b"")
            return
        try:
            status, answer = self.server.answer(self.headers.get("Authorization", ""), body)
        except ConnectionClosed:
            self.close_connection = True
            return
        self._reply(status, answer)

    def _read(self, length: int) -> bytes | None:
        """The body; None if the client breaks off, or we shall."""
        beginning = self.rfile.read(min(length, _BEGINNING))
        limit = self.server.read_at_most(beginning)
        if limit is not None:
            self.rfile.read(max(0, min(length, limit) - len(beginning)))
            return None
        if len(beginning) < min(length, _BEGINNING):
            return None
        return self._read_on(beginning, length - len(beginning))

    def _read_on(self, beginning: bytes, left: int) -> bytes | None:
        """Reads in few system calls: after each a thread may have to wait for its turn."""
        pieces = [beginning, self.rfile.read1(left) if left else b""]
        left -= len(pieces[-1])
        flags = 0 if isinstance(self.connection, ssl.SSLSocket) else socket.MSG_WAITALL
        while left:
            piece = self.connection.recv(left, flags)
            if not piece:
                return None
            pieces.append(piece)
            left -= len(piece)
        return b"".join(pieces)

    def _discard(self, length: int) -> None:
        while length > 0:
            piece = self.rfile.read(min(length, 65_536))
            if not piece:
                return
            length -= len(piece)

    def _reply(self, status: int, body: bytes) -> None:
        self.send_response(status)
        if status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="EWS"')
        self.send_header("Content-Type", "text/xml; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Requests are counted, not printed."""
