"""The token of an EWS connection: renewed by its age, or when the server refuses it.

However many threads find it refused, it is renewed once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from migration.directory_model import Token

_GOOD_FOR = 30.0
"""So many seconds a token counts as good after the server has taken it."""


class TokenKeeper:
    """Gives the token for each request. Safe to use from several threads."""

    def __init__(
        self, new_token: Callable[[], Token], now: Callable[[], float] = time.monotonic
    ) -> None:
        """`new_token` gives a new token each time it is called. One that does not say when it
        expires is renewed only when it is refused."""
        self._new_token = new_token
        self._now = now
        self._lock = threading.Lock()
        self._token: Token | None = None
        self._given_at = 0.0
        self._taken_at: float | None = None

    def current(self, needed: float) -> Token:
        """The token at hand; a new one if it expires within `needed` seconds."""
        with self._lock:
            if self._token is None or self._expires_within(needed):
                return self._renew()
            return self._token

    def after(self, refused: Token) -> Token:
        """A new token, unless another thread has renewed the refused one already."""
        with self._lock:
            if self._token is refused or self._token is None:
                return self._renew()
            return self._token

    def taken(self, token: Token) -> None:
        """The server has just taken this token."""
        with self._lock:
            if self._token is token:
                self._taken_at = self._now()

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

    def _renew(self) -> Token:
        self._taken_at = None
        self._given_at = self._now()
        self._token = self._new_token()
        return self._token
