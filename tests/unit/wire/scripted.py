"""An IMAP server that says what a test wants: what real servers do not do on demand.

Each connection is served in a thread of its own. Commands are read one after the other, with their
literals, and answered by the first rule whose key begins the command. A rule is text, of which
there may be several for one command after the other (the last is repeated), or a function. In text
`TAG` stands for the tag. A command without a rule gets `TAG OK`.
"""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Self

from migration.wire.imap_login import ImapLogin, ImapServer

LOGIN = ImapLogin("ann@example.test", "secret")

_LITERAL = re.compile(rb"\{(\d+)(\+?)\}\r\n\Z")


class Hangup(Exception):
    """Raised by a rule: the connection ends here, without a word."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command as it came. `text` is without its tag; literals stand in it as they are. One that
    was refused before its literal came has its answer."""

    tag: bytes
    text: bytes
    is_refused: bool = False


class Talk:
    """One connection, seen from the server."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self._reader = connection.makefile("rb")

    def say(self, data: bytes) -> None:
        self.connection.sendall(data)

    def read(self, refuses: Callable[[bytes], bytes] | None = None) -> Command:
        """The next command. A literal that waits is asked for, unless `refuses` gives what to say
        instead: then the command ends with its announcement."""
        text, is_refused = self.line(), False
        while literal := _LITERAL.search(text):
            if not literal[2]:
                if refuses and (answer := refuses(text)):
                    self.say(answer)
                    is_refused = True
                    break
                self.say(b"+ go on\r\n")
            text += self._reader.read(int(literal[1])) + self.line()
        tag, _, rest = text.partition(b" ")
        return Command(tag, rest.removesuffix(b"\r\n"), is_refused)

    def line(self) -> bytes:
        line = self._reader.readline()
        if not line:
            raise Hangup
        return line


Act = Callable[[Talk, Command], None]
Answer = bytes | Act
Rule = Answer | Sequence[Answer]
Rules = Mapping[bytes, Rule]


class Scripted:
    """Answers by `rules`, or the n-th connection by the n-th of them (the last is repeated), until
    `close()`. `commands` is everything that was asked, on all connections, in order of arrival."""

    def __init__(
        self,
        *rules: Rules,
        capabilities: str = "IMAP4rev1",
        greeting: bytes = b"* OK ready\r\n",
        refuses: Callable[[bytes], bytes] | None = None,
    ) -> None:
        self.commands: list[bytes] = []
        self.connections = 0
        self._rules = rules or ({},)
        self._capabilities = capabilities.encode()
        self._greeting = greeting
        self._refuses = refuses
        self._used: dict[tuple[int, bytes], int] = {}
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def server(self, read_timeout: float = 5.0) -> ImapServer:
        """Where it is, for a client."""
        return ImapServer(
            "127.0.0.1", self.port, "none", connect_timeout=2.0, read_timeout=read_timeout
        )

    def asked(self, begins: bytes) -> list[bytes]:
        """The commands that begin like this."""
        return [command for command in self.commands if command.startswith(begins)]

    def wait_for(self, begins: bytes, seconds: float = 5.0) -> None:
        """Until such a command has come."""
        ends = time.monotonic() + seconds
        while not self.asked(begins):
            assert time.monotonic() < ends, f"no {begins!r} came"
            time.sleep(0.005)

    def hang_up(self) -> None:
        """Ends all connections that are open."""
        for each in self._open:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.hang_up()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._open.append(connection)
            which = min(self.connections, len(self._rules) - 1)
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection, which), daemon=True).start()

    def _serve(self, connection: socket.socket, which: int) -> None:
        with connection, suppress(OSError, Hangup):
            talk = Talk(connection)
            talk.say(self._greeting)
            while True:
                command = talk.read(self._refuses)
                self.commands.append(command.text)
                if command.is_refused:
                    continue
                answer = self._answer(which, command)
                if callable(answer):
                    answer(talk, command)
                else:
                    talk.say(answer.replace(b"TAG", command.tag))

    def _answer(self, which: int, command: Command) -> Answer:
        rules = self._rules[which]
        for key, rule in rules.items():
            if command.text.startswith(key):
                if isinstance(rule, bytes) or callable(rule):
                    return rule
                with self._lock:
                    used = self._used.get((which, key), 0)
                    self._used[which, key] = used + 1
                return rule[min(used, len(rule) - 1)]
        if command.text == b"CAPABILITY":
            return b"* CAPABILITY " + self._capabilities + b"\r\nTAG OK done\r\n"
        if command.text == b"LOGOUT":
            return b"* BYE bye\r\nTAG OK done\r\n"
        return b"TAG OK done\r\n"


def hang_up(talk: Talk, command: Command) -> None:
    """A rule: the connection ends."""
    raise Hangup


def stall(talk: Talk, command: Command) -> None:
    """A rule: nothing is ever said again."""
    while True:
        talk.line()


def literal(content: bytes) -> bytes:
    return b"{%d}\r\n%s" % (len(content), content)


def message(uid: int, content: bytes, flags: bytes = b"", sequence: int = 1) -> bytes:
    """What most servers answer for a message."""
    return (
        b'* %d FETCH (UID %d FLAGS (%s) INTERNALDATE "01-Feb-2015 10:30:00 +0530" BODY[] '
        % (sequence, uid, flags)
        + literal(content)
        + b")\r\n"
    )


def examined(validity: int = 7, next_uid: int = 10, exists: int = 3) -> bytes:
    """The usual answer to EXAMINE or SELECT; without UIDNEXT if that is 0."""
    end = b"* OK [UIDNEXT %d] next\r\n" % next_uid if next_uid else b""
    return (
        b"* FLAGS (\\Seen)\r\n* %d EXISTS\r\n* OK [UIDVALIDITY %d] valid\r\n" % (exists, validity)
        + end
        + b"TAG OK [READ-ONLY] opened\r\n"
    )


def mailbox(contents: Mapping[int, bytes], **more: Rule) -> dict[bytes, Rule]:
    """Rules of a mailbox whose INBOX holds these messages. `more` come first; `_` in their names
    stands for a blank."""
    numbered = {uid: number for number, uid in enumerate(sorted(contents), 1)}
    next_uid = max(contents, default=0) + 1

    def wanted(text: bytes) -> list[int]:
        low_high = [part.partition(b":") for part in text.split(b" ")[2].split(b",")]
        spans = [
            (int(low), next_uid if high == b"*" else int(high or low)) for low, _, high in low_high
        ]
        return [uid for uid in numbered if any(low <= uid <= high for low, high in spans)]

    def fetch(talk: Talk, command: Command) -> None:
        for uid in wanted(command.text):
            if b"BODY.PEEK[]" in command.text:
                talk.say(message(uid, contents[uid], sequence=numbered[uid]))
            elif b"RFC822.SIZE" in command.text:
                about = (numbered[uid], uid, len(contents[uid]))
                talk.say(b"* %d FETCH (UID %d RFC822.SIZE %d)\r\n" % about)
            else:
                talk.say(b"* %d FETCH (UID %d FLAGS ())\r\n" % (numbered[uid], uid))
        talk.say(command.tag + b" OK done\r\n")

    def search(talk: Talk, command: Command) -> None:
        text = command.text.replace(b"SEARCH UID", b"SEARCH")
        found = numbered if text.endswith(b"ALL") else wanted(text)
        uids = b" ".join(b"%d" % uid for uid in found)
        talk.say(b"* SEARCH " + uids + b"\r\n" + command.tag + b" OK done\r\n")

    state = (len(contents), next_uid)
    opened = examined(7, next_uid, len(contents))
    rules: dict[bytes, Rule] = {
        name.replace("_", " ").encode(): rule for name, rule in more.items()
    }
    usual: dict[bytes, Rule] = {
        b"LIST": b'* LIST () "/" INBOX\r\nTAG OK done\r\n',
        b"LSUB": b'* LSUB () "/" INBOX\r\nTAG OK done\r\n',
        b"STATUS": b"* STATUS INBOX (MESSAGES %d UIDNEXT %d UIDVALIDITY 7)\r\nTAG OK done\r\n"
        % state,
        b"EXAMINE": opened,
        b"SELECT": opened,
        b"UID FETCH": fetch,
        b"UID SEARCH": search,
    }
    return rules | {key: rule for key, rule in usual.items() if key not in rules}
