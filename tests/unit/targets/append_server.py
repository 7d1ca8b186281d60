"""An IMAP server in a test that takes messages, and refuses those that the test wants."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.unit.wire.scripted import Command, Hangup, Rule, Talk

_START = re.compile(rb' \(([^)]*)\)(?: "([^"]*)")? \{(\d+)\+?\}\r\n')

Refuse = Callable[["Taken"], bytes]


@dataclass(frozen=True, slots=True)
class Taken:
    """A message as it came. `date` is empty where none was given."""

    mime: bytes
    flags: tuple[str, ...]
    date: str


def take_all(taken: Taken) -> bytes:
    """Refuses nothing."""
    return b""


@dataclass
class AppendServer:
    """What stands behind the rules. `refuse` gives the answer to a command with such a message,
    without its tag; nothing of that command is kept then. `kept` is what the folder holds, `tries`
    what each APPEND brought. After `hang_up_after` commands it ends the connection, after it has
    stored the messages."""

    refuse: Refuse = take_all
    gives_uids: bool = True
    hang_up_after: int = 0
    kept: list[Taken] = field(default_factory=list)
    tries: list[list[Taken]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def append(self, talk: Talk, command: Command) -> None:
        """A rule."""
        messages = read_messages(command.text)
        with self._lock:
            self.tries.append(messages)
            answer = next(filter(None, map(self.refuse, messages)), b"")
            if not answer:
                first = len(self.kept) + 1
                self.kept += messages
                answer = b"OK done"
                if self.gives_uids:
                    uids = b"%d:%d" % (first, len(self.kept)) if messages[1:] else b"%d" % first
                    answer = b"OK [APPENDUID 7 " + uids + b"] done"
            if self.hang_up_after and len(self.tries) >= self.hang_up_after:
                raise Hangup
        talk.say(command.tag + b" " + answer + b"\r\n")

    def status(self, talk: Talk, command: Command) -> None:
        """A rule."""
        talk.say(
            b"* STATUS A (UIDVALIDITY 7 UIDNEXT %d)\r\n" % (len(self.kept) + 1)
            + command.tag
            + b" OK done\r\n"
        )

    @property
    def rules(self) -> Mapping[bytes, Rule]:
        return {
            b"APPEND": self.append,
            b"STATUS": self.status,
            b"LIST": b'* LIST () "/" INBOX\r\n* LIST () "/" A\r\nTAG OK done\r\n',
        }

    @property
    def contents(self) -> list[bytes]:
        return [each.mime for each in self.kept]


def read_messages(text: bytes) -> list[Taken]:
    """The messages of an APPEND, one or several (RFC 3502)."""
    at = re.match(rb'APPEND "[^"]*"', text).end()  # type: ignore[union-attr]
    found = []
    while at < len(text):
        start = _START.match(text, at)
        assert start, text[at : at + 100]
        at = start.end() + int(start[3])
        flags = tuple(start[1].decode().split())
        found.append(Taken(text[start.end() : at], flags, (start[2] or b"").decode()))
    return found
