"""The mailboxes that are copied: loaded once, read once, and watched for changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bench.comparison import Mailbox, read_mailbox
from bench.dovecot import Dovecot
from bench.imap_wire import Connection, folder_states
from bench.loading import AnyCorpus, load


@dataclass(frozen=True, slots=True)
class Loaded:
    """A user of the source server, what the mailbox holds, and what STATUS says of its folders."""

    user: str
    content: Mailbox
    states: dict[bytes, bytes]


class SourceMailboxes:
    """Loads each corpus when it is first asked for, for users whose names begin with `prefix`."""

    def __init__(self, server: Dovecot, say: Callable[[str], None], prefix: str = "source") -> None:
        self._server = server
        self._prefix = prefix
        self._say = say
        self._loaded: dict[AnyCorpus, Loaded] = {}
        self._users = 0

    def load(self, corpus: AnyCorpus) -> Loaded:
        """The mailbox that holds a corpus. One that a tool has changed is replaced by a new one."""
        loaded = self._loaded.get(corpus)
        if loaded is None or self.is_changed(loaded):
            loaded = self._loaded[corpus] = self._make(corpus)
        return loaded

    def is_changed(self, loaded: Loaded) -> bool:
        """A message came or went, or a flag changed, since it was loaded."""
        with Connection(self._server.login(loaded.user)) as connection:
            return folder_states(connection) != loaded.states

    def _make(self, corpus: AnyCorpus) -> Loaded:
        self._users += 1
        login = self._server.login(f"{self._prefix}{self._users}")
        load(corpus, login)
        content = read_mailbox(login)
        with Connection(login) as connection:
            states = folder_states(connection)
        size = content.size / 1e6
        self._say(f"source: {content.count:,} messages, {size:.0f} MB, {len(states)} folders")
        return Loaded(login.user, content, states)
