"""IMAP as the bench itself speaks it: pipelined, over plain sockets, to Dovecot on this machine.

Enough for loading, comparing and the ceiling; it trusts the server to be Dovecot and gives up at
the first refusal. Names of folders are bytes as they stand on the wire (modified UTF-7).
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Self

_LITERAL = re.compile(rb"\{(\d+)\}\r\n$")
_FLAGS = re.compile(rb"FLAGS \(([^)]*)\)")
_DATE = re.compile(rb'INTERNALDATE "([^"]*)"')
_STATUS = re.compile(rb'\* STATUS (?:"([^"]*)"|(\S+)) \(([^)]*)\)')
_BUFFER = 1 << 18
_TOGETHER = 1 << 16
"""A message below this size is sent together with what stands before it, in one piece."""


class RefusedError(Exception):
    """The server answered NO, BAD or BYE, or hung up."""


@dataclass(frozen=True, slots=True)
class Login:
    """A mailbox: who opens it, at which port of this machine."""

    port: int
    user: str
    password: str


@dataclass(frozen=True, slots=True)
class Response:
    """An untagged answer. `text` has the line, without its literals, which stand apart in order."""

    text: bytes
    literals: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Fetched:
    """A message as FETCH shows it. `flags` is as sent, without \\Recent; `date` as sent."""

    content: bytes
    flags: bytes
    date: bytes

    @property
    def instant(self) -> datetime:
        """INTERNALDATE, aware of its zone."""
        return datetime.strptime(self.date.decode().strip(), "%d-%b-%Y %H:%M:%S %z")


class Connection:
    """One login. Commands may be sent ahead; their answers are read in the same order."""

    def __init__(self, login: Login) -> None:
        self._socket = socket.create_connection(("127.0.0.1", login.port), timeout=600)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self._socket.makefile("rb", _BUFFER)
        self._sent = 0
        self._file.readline()
        self.run(b'LOGIN "%s" "%s"' % (login.user.encode(), login.password.encode()))

    def close(self) -> None:
        """Hangs up."""
        self._file.close()
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def send(self, command: bytes) -> bytes:
        """Sends a command without its final CRLF, and returns its tag."""
        tag = self.new_tag()
        self.write(tag + b" " + command + b"\r\n")
        return tag

    def new_tag(self) -> bytes:
        """For a command that is written piece by piece."""
        self._sent += 1
        return b"a%d" % self._sent

    def write(self, *pieces: bytes) -> None:
        """Sends the pieces; small ones share a segment."""
        if sum(map(len, pieces)) < _TOGETHER:
            self._socket.sendall(b"".join(pieces))
        else:
            for piece in pieces:
                self._socket.sendall(piece)

    def answers(self, tag: bytes) -> Iterator[Response]:
        """The untagged answers until the command with `tag` is done. RefusedError unless OK."""
        start = tag + b" "
        while True:
            response = self._read()
            if response.text.startswith(start):
                if not response.text.startswith(start + b"OK"):
                    raise RefusedError(response.text.decode("utf-8", "replace").strip())
                return
            yield response

    def run(self, command: bytes) -> list[Response]:
        """One command and its untagged answers."""
        return list(self.answers(self.send(command)))

    def _read(self) -> Response:
        line = self._file.readline()
        if not line:
            raise RefusedError("the server hung up")
        literals: list[bytes] = []
        while found := _LITERAL.search(line):
            literals.append(self._file.read(int(found[1])))
            line = line[: found.start()] + b"{}" + self._file.readline()
        return Response(line, tuple(literals))


LIST_WITH_STATUS = b'LIST "" "*" RETURN (STATUS (MESSAGES UIDNEXT UIDVALIDITY HIGHESTMODSEQ))'
FETCH_ITEMS = b"(UID FLAGS INTERNALDATE BODY.PEEK[])"


def folder_states(connection: Connection) -> dict[bytes, bytes]:
    """What STATUS says of every folder that can be opened: one round trip for all."""
    found: dict[bytes, bytes] = {}
    for response in connection.run(LIST_WITH_STATUS):
        if match := _STATUS.match(response.text):
            found[match[1] or match[2]] = match[3]
    return found


def message_count(state: bytes) -> int:
    """MESSAGES of one of the `folder_states`."""
    found = re.search(rb"MESSAGES (\d+)", state)
    if found is None:
        raise RefusedError(f"STATUS without MESSAGES: {state!r}")
    return int(found[1])


def read_fetched(response: Response) -> Fetched | None:
    """The message in an answer to FETCH_ITEMS; None for other answers."""
    flags, date = _FLAGS.search(response.text), _DATE.search(response.text)
    if not response.literals or flags is None or date is None:
        return None
    kept = b" ".join(flag for flag in flags[1].split() if flag != b"\\Recent")
    return Fetched(response.literals[-1], kept, date[1])


def quoted(name: bytes) -> bytes:
    """A folder's name for a command."""
    return b'"' + name.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


class Appender:
    """Appends messages to a target, many with one command (MULTIAPPEND), without waiting; close it
    by `finish`.

    At most `window` bytes are unanswered at a time.
    """

    def __init__(
        self,
        target: Connection,
        batch_messages: int = 100,
        batch_bytes: int = 4_000_000,
        window: int = 16_000_000,
    ) -> None:
        self._target = target
        self._batch_messages = batch_messages
        self._batch_bytes = batch_bytes
        self._window = window
        self._unanswered: list[tuple[bytes, int]] = []
        self._folder = b""
        self._tag = b""
        self._messages = self._bytes = 0

    def append(self, folder: bytes, message: Fetched) -> None:
        """Sends one message; a message for another folder ends the command before it."""
        if self._messages and folder != self._folder:
            self._end_command()
        start = b""
        if not self._messages:
            self._folder, self._tag = folder, self._target.new_tag()
            start = self._tag + b" APPEND " + quoted(folder)
        size = len(message.content)
        start += b' (%s) "%s" {%d+}\r\n' % (message.flags, message.date, size)
        self._target.write(start, message.content)
        self._messages += 1
        self._bytes += size
        if self._messages >= self._batch_messages or self._bytes >= self._batch_bytes:
            self._end_command()

    def finish(self) -> None:
        """Returns when everything is stored. RefusedError when something is not."""
        if self._messages:
            self._end_command()
        self._wait_until_open(0)

    def _end_command(self) -> None:
        self._target.write(b"\r\n")
        self._unanswered.append((self._tag, self._bytes))
        self._messages = self._bytes = 0
        self._wait_until_open(self._window)

    def _wait_until_open(self, allowed: int) -> None:
        while self._unanswered and sum(size for _, size in self._unanswered) > allowed:
            tag, _ = self._unanswered.pop(0)
            for _ in self._target.answers(tag):
                pass


def create_folders(target: Connection, names: Iterable[bytes]) -> None:
    """Creates folders, all at once; those that are there already may be refused."""
    tags = [target.send(b"CREATE " + quoted(name)) for name in names if name != b"INBOX"]
    for tag in tags:
        try:
            list(target.answers(tag))
        except RefusedError as error:
            if "ALREADYEXISTS" not in str(error):
                raise
