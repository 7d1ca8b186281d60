"""An IMAP connection as lines and literals: what goes over the wire, and nothing of what it means.

Commands may be sent long before their answers are read. Nothing is logged here: every line may hold
a password, an address or mail.
"""

from __future__ import annotations

import contextlib
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass

from migration.wire.imap_errors import ConnectionLost, Garbled, NotConnected
from migration.wire.imap_login import ImapServer

CHUNK = 262_144
"""Octets of a literal that are read at once."""

_BUFFER = 262_144
_LONGEST_LINE = 16_000_000  # a SEARCH may answer with a million UIDs
_LITERAL = re.compile(rb"\{(\d+)\}\r\n$")
_FOR_GOOD = ("SSLCertVerificationError", "gaierror")


@dataclass(frozen=True, slots=True)
class Part:
    """A line, and the size of the literal that follows it: -1 if the response ends here. The
    literal's announcement is not part of the line."""

    line: bytes
    literal: int = -1


class Wire:
    """One connection. Not for two threads at once, but `shut` may come from any."""

    def __init__(self, server: ImapServer) -> None:
        """Connects, with TLS if it is to be there from the first byte. NotConnected."""
        self._server = server
        try:
            self._socket: socket.socket = socket.create_connection(
                (server.host, server.port), server.connect_timeout
            )
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if server.tls == "ssl":
                self._secure()
        except (OSError, ValueError) as error:
            raise _not_connected(error) from None
        self._socket.settimeout(server.read_timeout)
        self._reader = self._socket.makefile("rb", _BUFFER)

    def start_tls(self) -> None:
        """Goes on with TLS; the server has agreed. NotConnected.

        What came in plain text before is thrown away: it may have been put there by others.
        """
        self._reader.close()
        try:
            self._secure()
        except (OSError, ValueError) as error:
            raise _not_connected(error) from None
        self._reader = self._socket.makefile("rb", _BUFFER)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Sends everything. ConnectionLost."""
        try:
            self._socket.sendall(data)
        except (OSError, ValueError) as error:
            raise _lost(error) from None

    def read_part(self) -> Part:
        """The next line. ConnectionLost, Garbled."""
        line = self._read_line()
        found = _LITERAL.search(line) if line.endswith(b"}\r\n") else None
        if found is None:
            return Part(line[:-2] if line.endswith(b"\r\n") else line[:-1])
        return Part(line[: found.start()], int(found[1]))

    def read_literal(self, size: int) -> bytes:
        """Exactly so many octets. No memory is taken for what does not come."""
        if size > _BUFFER:
            return b"".join(self.read_chunks(size))
        try:
            data: bytes | None = self._reader.read(size)
        except (OSError, ValueError) as error:
            raise _lost(error) from None
        if data is None or len(data) < size:
            raise ConnectionLost("closed")
        return data

    def read_chunks(self, size: int) -> Iterator[bytes]:
        """Exactly so many octets, in pieces."""
        while size:
            chunk = self.read_literal(min(CHUNK, size))
            size -= len(chunk)
            yield chunk

    def shut(self) -> None:
        """Ends the connection at once; whoever waits on it gets ConnectionLost."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(OSError, ValueError):
            self._socket.close()

    def _secure(self) -> None:
        # Loading the roots of trust takes longer than a pass over a quiet mailbox.
        import ssl

        context = self._server.context or ssl.create_default_context()
        self._socket = context.wrap_socket(
            self._socket, server_hostname=self._server.host, suppress_ragged_eofs=True
        )

    def _read_line(self) -> bytes:
        try:
            line = self._reader.readline(_LONGEST_LINE)
        except (OSError, ValueError) as error:
            raise _lost(error) from None
        if not line:
            raise ConnectionLost("closed")
        if not line.endswith(b"\n"):
            raise Garbled("line-too-long") if len(line) == _LONGEST_LINE else ConnectionLost("cut")
        return line


def _not_connected(error: Exception) -> NotConnected:
    return NotConnected(type(error).__name__, for_good=type(error).__name__ in _FOR_GOOD)


def _lost(error: Exception) -> ConnectionLost:
    return ConnectionLost(type(error).__name__)
