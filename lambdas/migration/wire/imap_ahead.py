"""Connections that are made before they are needed, beside other work."""

from __future__ import annotations

import threading
from collections.abc import Callable

from migration.wire.imap import ImapConnection
from migration.wire.imap_errors import ImapError


class AheadConnection:
    """A slot for one connection. `begin` starts to make it; `take` waits for it, or makes it if
    nobody has begun. What fails while it is made ahead is tried again when it is taken."""

    def __init__(self, connect: Callable[[], ImapConnection]) -> None:
        self._connect = connect
        self._thread: threading.Thread | None = None
        self._made: ImapConnection | None = None

    def begin(self) -> None:
        """Returns at once."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._make, name="connecting", daemon=True)
            self._thread.start()

    def take(self) -> ImapConnection:
        """The connection, which belongs to the caller from now on. Raises what connecting does."""
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join()
        made, self._made = self._made, None
        return made if made is not None else self._connect()

    def close(self) -> None:
        """Ends a connection that nobody has taken."""
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join()
        made, self._made = self._made, None
        if made is not None:
            made.close()

    def _make(self) -> None:
        try:
            self._made = self._connect()
        except ImapError:
            self._made = None
