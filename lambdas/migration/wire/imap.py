"""A pipelined IMAP client: commands are sent ahead, answers are read in the order of the commands.

Only what a copy needs. It logs in, knows the server's capabilities, sends commands, and gives the
responses that belong to each. What they mean is the business of whoever sent them. Failures are the
ImapError classes of `imap_errors`.

One connection serves one thread at a time.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Iterator, Sequence

from migration.wire.imap_errors import (
    CommandRefused,
    ConnectionLost,
    Garbled,
    LoginRefused,
    NotConnected,
    hung_up,
    refused,
)
from migration.wire.imap_login import ImapLogin, ImapServer, Sasl, choose_sasl
from migration.wire.imap_parse import PLACE, Response, quote
from migration.wire.imap_socket import Part, Wire

_SENT_AHEAD = 100
"""So many commands are sent before the first is answered."""


class ImapConnection:
    """A connection that is logged in."""

    def __init__(self, server: ImapServer, login: ImapLogin) -> None:
        """Connects and logs in. NotConnected, LoginRefused, CommandRefused with `pause` when the
        server asks to come later, ConnectionLost, Garbled."""
        self._server = server
        self._number = 0
        self.capabilities: frozenset[str] = frozenset()
        self.wire = Wire(server)
        try:
            self._greet()
            if server.tls == "starttls":
                self._start_tls()
            self._log_in(login)
        except BaseException:
            self.wire.shut()
            raise

    # -- commands

    def send(self, command: bytes) -> bytes:
        """Sends a command; its tag, to ask for the answer with."""
        tag = self.next_tag()
        self.wire.write(tag + b" " + command + b"\r\n")
        return tag

    def next_tag(self) -> bytes:
        """A tag for a command that is written by its sender."""
        self._number += 1
        return b"a%d" % self._number

    def answer(self, tag: bytes) -> list[Response]:
        """The untagged responses up to the end of this command, the tagged one last. All commands
        sent before must have been answered. CommandRefused for NO and BAD."""
        return list(self.answers(tag))

    def answers(self, tag: bytes) -> Iterator[Response]:
        """The same, as they come."""
        while True:
            response = self.read()
            if response.tag == tag:
                check(response)
                yield response
                return
            yield response

    def run(self, command: bytes) -> list[Response]:
        """Sends a command and waits for its answer."""
        return self.answer(self.send(command))

    def run_all(self, commands: Sequence[bytes]) -> list[list[Response] | CommandRefused]:
        """Sends all commands ahead; the answer to each, or how it was refused. Not too many without
        reading: a server whose answers nobody reads does not read either."""
        results: list[list[Response] | CommandRefused] = []
        tags: deque[bytes] = deque()
        for command in commands:
            if len(tags) == _SENT_AHEAD:
                results.append(self._result(tags.popleft()))
            tags.append(self.send(command))
        return results + [self._result(tag) for tag in tags]

    def _result(self, tag: bytes) -> list[Response] | CommandRefused:
        try:
            return self.answer(tag)
        except CommandRefused as error:
            return error

    def read(self) -> Response:
        """The next response, whole. ConnectionLost after a BYE."""
        return self.finish(self.wire.read_part())

    def finish(self, part: Part) -> Response:
        """The response that begins with this part, read to its end."""
        line, literals = part.line, []
        while part.literal >= 0:
            literals.append(self.wire.read_literal(part.literal))
            part = self.wire.read_part()
            line += PLACE + part.line
        if line.count(PLACE) != len(literals):
            raise Garbled("nul-in-a-line")
        tag, _, rest = line.partition(b" ")
        if tag == b"*" and rest[:3].upper() == b"BYE":
            raise hung_up(rest.decode("latin-1"))
        return Response(tag, rest, literals)

    def has(self, capability: str) -> bool:
        """Whether the server has it; names in capitals."""
        return capability in self.capabilities

    def close(self) -> None:
        """Says goodbye, and does not wait long for an answer."""
        with contextlib.suppress(ConnectionLost):
            self.send(b"LOGOUT")
        self.wire.shut()

    # -- how it begins

    def _greet(self) -> None:
        greeting = self.read()
        if greeting.kind == b"PREAUTH":
            raise LoginRefused("PREAUTH")
        if greeting.kind != b"OK":
            raise Garbled("no-greeting")
        self._learn(greeting)

    def _start_tls(self) -> None:
        try:
            self.run(b"STARTTLS")
        except CommandRefused:
            raise NotConnected("no-starttls", for_good=True) from None
        self.wire.start_tls()
        self.capabilities = frozenset()  # what was said in the open does not count

    def _log_in(self, login: ImapLogin) -> None:
        if not self.capabilities:
            self._ask_capabilities()
        sasl = choose_sasl(login, self._server, self.capabilities)
        before = self.capabilities
        self.capabilities = frozenset()
        try:
            if sasl is None:
                name, password = quote(login.login_name), quote(login.password)
                responses = self.run(b"LOGIN " + name + b" " + password)
            else:
                responses = self._authenticate(sasl, initial="SASL-IR" in before)
        except CommandRefused as error:
            if error.pause:
                raise
            raise LoginRefused(error.code) from None
        for response in responses:
            self._learn(response)
        if not self.capabilities:
            self._ask_capabilities()

    def _authenticate(self, sasl: Sasl, *, initial: bool) -> list[Response]:
        command = f"AUTHENTICATE {sasl.mechanism}".encode()
        tag = self.send(command + b" " + sasl.encoded if initial else command)
        pending = [] if initial else [sasl.encoded]
        responses = []
        while True:
            response = self.read()
            if response.tag == b"+":
                self.wire.write(
                    (pending.pop() if pending else sasl.encoded_answer_to_failure) + b"\r\n"
                )
                continue
            responses.append(response)
            if response.tag == tag:
                check(response)
                return responses

    def _ask_capabilities(self) -> None:
        for response in self.run(b"CAPABILITY"):
            self._learn(response)

    def _learn(self, response: Response) -> None:
        """Capabilities stand in a response of their own, or in the code of an OK."""
        text = response.text.upper()
        if response.kind == b"CAPABILITY":
            words = text.split()[1:]
        elif "[CAPABILITY " in text:
            words = text.partition("[CAPABILITY ")[2].partition("]")[0].split()
        else:
            return
        self.capabilities = frozenset(words)


def check(response: Response) -> None:
    """CommandRefused if a tagged response says NO or BAD."""
    kind = response.kind
    if kind in (b"NO", b"BAD"):
        raise refused(kind.decode(), response.text.partition(" ")[2])
    if kind != b"OK":
        raise Garbled("no-tagged-status")
