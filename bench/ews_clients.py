"""What the bench's two EWS clients have in common: their arguments, and the mail to be written."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from imapclient.imap_utf7 import decode

from bench.imap_wire import (
    FETCH_ITEMS,
    Connection,
    Fetched,
    Login,
    folder_states,
    message_count,
    quoted,
    read_fetched,
)

BATCH = 100
"""Messages in a request: exchangelib's own default, and the most that ours puts into one."""

CONNECTIONS = 4


@dataclass(frozen=True, slots=True)
class EwsArguments:
    """From which IMAP mailbox to which mailbox behind EWS."""

    source: Login
    port: int
    address: str
    token: str

    @property
    def path(self) -> str:
        """Of the service."""
        return "/EWS/Exchange.asmx"


def read_ews_arguments(description: str) -> EwsArguments:
    """Of this process."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("source_port", type=int)
    parser.add_argument("source_user")
    parser.add_argument("password_file", type=Path)
    parser.add_argument("ews_port", type=int)
    parser.add_argument("address")
    parser.add_argument("token_file", type=Path)
    given = parser.parse_args()
    password = given.password_file.read_text("utf-8").strip()
    return EwsArguments(
        Login(given.source_port, given.source_user, password),
        given.ews_port,
        given.address,
        given.token_file.read_text("utf-8").strip(),
    )


def fetch_all(source: Login) -> Iterator[tuple[str, Fetched]]:
    """All messages with their folders, as fast as IMAP gives them."""
    with Connection(source) as connection:
        states = folder_states(connection)
        names = [name for name, state in states.items() if message_count(state)]
        tags = []
        for name in names:
            connection.send(b"EXAMINE " + quoted(name))
            tags.append(connection.send(b"UID FETCH 1:* " + FETCH_ITEMS))
        for name, tag in zip(names, tags, strict=True):
            for response in connection.answers(tag):
                message = read_fetched(response)
                if message is not None:
                    yield decode(name), message
