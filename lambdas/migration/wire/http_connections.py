"""What every client over HTTP does alike: what a broken connection means, how long a busy server
asks to wait, and that nothing of a request is logged."""

from __future__ import annotations

import logging
import ssl
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from migration.errors import MailboxUnreachable, SourceBusy

for _name in ("httpx", "httpcore"):
    # addresses have names of users in them: they stay out of logs, whatever a function's level is
    logging.getLogger(_name).setLevel(logging.WARNING)

BACK_OFF = 30.0
"""Seconds after which to try again where the server does not say."""

_CONNECT_SECONDS = 20.0
_LONGEST_BACK_OFF = 3600.0


def new_client(
    *,
    context: ssl.SSLContext | None,
    read_seconds: float,
    auth: httpx.Auth | None = None,
    connections: int | None = None,
    transport: httpx.BaseTransport | None = None,
) -> httpx.Client:
    """Kept-alive connections: `connections` at most, or as many as httpx likes. Certificates are
    always verified, by `context` if given. `transport` stands for the network in tests."""
    return httpx.Client(
        auth=auth,
        verify=context or ssl.create_default_context(),
        headers={"User-Agent": "workmail-migrator", "Accept-Encoding": "gzip"},
        timeout=httpx.Timeout(read_seconds, connect=_CONNECT_SECONDS),
        limits=httpx.Limits(
            max_connections=connections or 100, max_keepalive_connections=connections or 20
        ),
        follow_redirects=False,
        trust_env=False,  # neither proxies nor logins of this machine
        transport=transport,
    )


class Connections:
    """A client for several threads, which may be closed at any time: what is under way comes to
    its end, and what is asked afterwards is asked over new connections.

    A socket must not be closed while another thread reads from it: that one would wait for what
    never comes."""

    def __init__(self, new: Callable[[], httpx.Client]) -> None:
        self._new = new
        self._lock = threading.Lock()
        self._current: httpx.Client | None = None
        self._users: Counter[httpx.Client] = Counter()

    @contextmanager
    def use(self) -> Iterator[httpx.Client]:
        """The client of this moment; it is not closed meanwhile."""
        with self._lock:
            client = self._current = self._current or self._new()
            self._users[client] += 1
        try:
            yield client
        finally:
            with self._lock:
                self._users[client] -= 1
                is_over = self._end(client)
            if is_over:
                client.close()

    def close(self) -> None:
        """Ends the connections; may be called twice."""
        with self._lock:
            client, self._current = self._current, None
            is_over = client is not None and self._end(client)
        if client and is_over:
            client.close()

    def _end(self, client: httpx.Client) -> bool:
        """Whether nobody uses it, now and later."""
        if client is self._current or self._users[client]:
            return False
        del self._users[client]
        return True


def translate(error: httpx.HTTPError, server: str, *, was_answered: bool) -> Exception:
    """What a broken connection means: to a server that has answered before, that it passes.
    `server` is what the operator calls it, as in "the DAV server"."""
    if was_answered:
        lost = not isinstance(error, httpx.TimeoutException)  # silence may be the network's
        return SourceBusy(f"the connection to {server} was lost", BACK_OFF, lost=lost)
    if _is_about_certificate(error):
        return MailboxUnreachable(f"the certificate of {server} is not trusted")
    return MailboxUnreachable(f"{server} cannot be reached")


def _is_about_certificate(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False


def read_retry_after(value: str, now: datetime) -> float:
    """Seconds of a Retry-After (RFC 9110, section 10.2.3), between 1 second and an hour."""
    value = value.strip()
    if value.isascii() and value.isdigit():
        seconds = float(value[:10])
    else:
        try:
            then = parsedate_to_datetime(value)
        except ValueError:
            return BACK_OFF
        seconds = (then.replace(tzinfo=then.tzinfo or UTC) - now).total_seconds()
    return min(max(seconds, 1.0), _LONGEST_BACK_OFF)
