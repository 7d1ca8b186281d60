"""The token of an EWS connection: renewed by its age, or when the server refuses it.

However many threads find it old or refused, it is renewed once; and if that fails, it fails for all
who have waited for it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from migration.directory_model import Token

_GOOD_FOR = 30.0
"""So many seconds a token counts as good after the server has taken it."""


class TokenKeeper:
    """Gives the token for each request. Safe to use from several threads."""

    scheme = "Bearer"

    def __init__(
        self, new_token: Callable[[], Token], now: Callable[[], float] = time.monotonic
    ) -> None:
        """`new_token` gives a new token each time it is called. One that does not say when it
        expires is renewed only when it is refused. What it raises is raised to whoever needs the
        token, and it is called again by the next request only."""
        self._new_token = new_token
        self._now = now
        self._lock = threading.Lock()
        self._token: Token | None = None
        self._given_at = 0.0
        self._taken_at: float | None = None
        self._failures = 0
        self._failure: Exception | None = None

    def turn(self) -> AbstractContextManager[None]:
        """As many requests at a time as there are connections."""
        return nullcontext()

    def current(self, needed: float) -> Token:
        """The token at hand; a new one if it expires within `needed` seconds."""
        seen = self._failures
        with self._lock:
            if self._token is None or self._expires_within(needed):
                return self._renew(seen)
            return self._token

    def after(self, refused: Token) -> Token:
        """A new token, unless another thread has renewed the refused one already."""
        seen = self._failures
        with self._lock:
            if self._token is refused or self._token is None:
                self._token = None
                return self._renew(seen)
            return self._token

    def taken(self, token: Token) -> None:
        """The server has just taken this token."""
        with self._lock:
            if self._token is token:
                self._taken_at = self._now()

    def forbidden(self, token: Token) -> None:
        """It is not good for a stream any more."""
        with self._lock:
            if self._token is token:
                self._taken_at = None

    def is_good(self, needed: float) -> bool:
        """Whether the server has taken the token at hand a moment ago, and will for `needed`
        seconds."""
        with self._lock:
            return (
                self._taken_at is not None
                and self._now() - self._taken_at < _GOOD_FOR
                and not self._expires_within(needed)
            )

    def _expires_within(self, needed: float) -> bool:
        """A token that never lasts so long is good for half its life."""
        if self._token is None or not self._token.expires_in:
            return False
        lifetime = self._token.expires_in
        return self._now() - self._given_at > lifetime - min(needed, lifetime / 2)

    def _renew(self, seen: int) -> Token:
        """`seen` is how many renewals had failed when the thread came: if another one has failed
        since, this thread has waited for it."""
        if self._failure is not None and self._failures > seen:
            raise self._failure
        asked_at = self._now()
        try:
            token = self._new_token()
        except Exception as error:
            self._failure = error
            self._failures += 1
            raise
        self._token, self._given_at, self._taken_at = token, asked_at, None
        return token
