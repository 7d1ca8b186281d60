"""Graph mailboxes as sources, on the loopback interface."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from datetime import UTC, datetime

from localrun.fakes.graph import GraphServer
from migration.sources.graph import GraphSource
from migration.wire.app_tokens import Tokens
from migration.wire.graph import GraphClient
from migration.wire.graph_model import AppLogin, find_scope

ANN = "ann@contoso.example"
SYSTEM_FLAGS = frozenset({"\\Seen", "\\Flagged", "\\Answered", "\\Draft", "$Forwarded"})
DATE = datetime(2015, 2, 1, 5, 0, tzinfo=UTC)
"""The moment of the contract suite."""

Path = tuple[str, ...]


def new_client(server: GraphServer, speed: float = 1.0) -> GraphClient:
    """A client with the secret that the server knows. Its time goes `speed` times as fast."""
    app = server.secret["app"]
    login = AppLogin(app["directory"], app["client_id"], app["secret"])
    tokens = Tokens(login, server.login_url, find_scope(server.graph_url))
    return GraphClient(
        server.graph_url,
        tokens,
        clock=lambda: time.monotonic() * speed,
        sleep=lambda seconds: time.sleep(seconds / speed),
    )


class GraphBox:
    """A mailbox and its source. Folders are named by their paths, ("INBOX",) is the inbox; a flag
    that is none of IMAP's is a category."""

    def __init__(self, server: GraphServer, user: str = ANN, *, speed: float = 1.0) -> None:
        self.mailbox = server.mailbox(user)
        self.source = GraphSource(new_client(server, speed), user)

    def deliver(
        self,
        path: Path,
        *contents: bytes,
        date: datetime = DATE,
        flags: tuple[str, ...] = (),
    ) -> list[str]:
        """The ids."""
        place = self.make(path)
        system, categories = split_flags(flags)
        return [
            self.mailbox.deliver(place, mime, date, flags=system, categories=categories)
            for mime in contents
        ]

    def make(self, path: Path) -> str | Path:
        """The folder, and those above it, where they are missing; how the mailbox calls it."""
        if path == ("INBOX",):
            return "inbox"
        for depth in range(1, len(path) + 1):
            try:
                self.mailbox.find(path[:depth])
            except KeyError:
                self.mailbox.add_folder(path[:depth])
        return path

    def delete(self, path: Path, uid: str) -> None:
        self.mailbox.delete(uid)

    def flag(self, path: Path, uid: str, flags: tuple[str, ...]) -> None:
        system, categories = split_flags(flags)
        self.mailbox.flag(uid, *system)
        self.mailbox.categorise(uid, *categories)

    def recreate(self, path: Path) -> None:
        self.mailbox.delete_folder(path)
        self.mailbox.add_folder(path)

    def reconnect(self) -> None:
        self.source.close()

    def close(self) -> None:
        self.source.close()


def split_flags(flags: Collection[str]) -> tuple[list[str], list[str]]:
    """IMAP's flags, and categories."""
    return (
        [flag for flag in flags if flag in SYSTEM_FLAGS],
        [flag for flag in flags if flag not in SYSTEM_FLAGS],
    )


def wait_until(is_so: Callable[[], bool]) -> None:
    """Fails if it is not so for long."""
    tick = threading.Event()
    for _ in range(1000):
        if is_so():
            return
        tick.wait(0.01)
    raise AssertionError("it never was so")
