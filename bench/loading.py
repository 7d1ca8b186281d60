"""Puts a corpus into a mailbox, at full speed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from imapclient.imap_utf7 import encode

from bench.corpus import FOLDERS, Message
from bench.imap_wire import Appender, Connection, Fetched, Login, create_folders


class AnyCorpus(Protocol):
    """Anything that makes messages."""

    def messages(self) -> Iterator[Message]:
        """One at a time."""


def load(corpus: AnyCorpus, login: Login) -> int:
    """Creates all folders of the corpus, appends its messages in order; how many there are."""
    count = 0
    with Connection(login) as target:
        create_folders(target, map(wire_name, FOLDERS))
        appender = Appender(target)
        for message in corpus.messages():
            appender.append(wire_name(message.folder), _as_fetched(message))
            count += 1
        appender.finish()
    return count


def wire_name(folder: str) -> bytes:
    """A folder's name in modified UTF-7."""
    return bytes(encode(folder))


def _as_fetched(message: Message) -> Fetched:
    date = message.date.strftime("%d-%b-%Y %H:%M:%S %z").encode()
    return Fetched(message.content, " ".join(message.flags).encode(), date)
