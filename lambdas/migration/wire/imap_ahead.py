"""Connections that are made before they are needed, beside other work."""

from __future__ import annotations

import threading
from collections.abc import Callable

from migration.errors import MigrationError
from migration.wire.imap import ImapConnection
from migration.wire.imap_errors import ImapError, LoginRefused


class AheadConnection:
    """A slot for one connection. `begin` starts to make it; `take` waits for it, or makes it if
    nobody has begun. What fails while it is made ahead is tried again when it is taken, but for a
    wrong password: servers lock users out after a few of them. So is it where no token was to be
    had (MigrationError)."""

    def __init__(self, connect: Callable[[], ImapConnection]) -> None:
        self._connect = connect
        self._thread: threading.Thread | None = None
        self._made: ImapConnection | None = None
        self._refused: LoginRefused | None = None
        self._beginning = threading.Lock()

    def begin(self, then: Callable[[], None] = lambda: None) -> None:
        """Returns at once. `then` is called, from another thread, when the connection is made."""
        with self._beginning:
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._make, args=(then,), name="connecting", daemon=True
                )
                self._thread.start()

    def take(self) -> ImapConnection:
        """The connection, which belongs to the caller from now on. Raises what connecting does."""
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join()
        refused, self._refused = self._refused, None
        if refused is not None:
            raise refused
        made, self._made = self._made, None
        return made if made is not None else self._connect()

    def close(self) -> None:
        """Ends a connection that nobody has taken."""
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join()
        made, self._made = self._made, None
        self._refused = None
        if made is not None:
            made.close()

    def _make(self, then: Callable[[], None]) -> None:
        try:
            self._made = self._connect()
        except LoginRefused as error:
            self._refused = error
        except (ImapError, MigrationError):
            self._made = None
        else:
            then()
