"""How a client logs in at EWS, and how it gets from there into the mailbox of somebody else.

With a token of an impersonation role, or as a user with a password who opens other users'
mailboxes. Which of the two entries WorkMail has for such a user is not documented, so both are
here.
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from migration.access import Entry
from migration.directory_model import Token
from migration.wire.ews_model import Unauthorized
from migration.wire.ews_token import TokenKeeper


@dataclass(frozen=True, slots=True)
class Basic:
    """A user's password (RFC 7617, in UTF-8), and how this user enters the mailboxes of others.
    ValueError for a user name with a colon, which the header cannot carry."""

    user: str = field(repr=False)
    password: str = field(repr=False)
    entry: Entry = Entry.IMPERSONATION

    def __post_init__(self) -> None:
        if ":" in self.user:
            raise ValueError("a user name with a colon cannot log in with Basic")

    @property
    def credentials(self) -> str:
        """What follows the word Basic in the header Authorization."""
        return base64.b64encode(f"{self.user}:{self.password}".encode()).decode("ascii")


Login = Callable[[], Token] | Basic
"""Gives a new token of an impersonation role each time it is called; or a password."""


def entry_of(login: Login) -> Entry:
    """A role's token is for impersonation, and for nothing else."""
    return login.entry if isinstance(login, Basic) else Entry.IMPERSONATION


class Keeper(Protocol):
    """Gives what follows `scheme` in the header Authorization. Safe to use from several threads."""

    @property
    def scheme(self) -> str: ...

    def turn(self) -> AbstractContextManager[None]:
        """Around a request and its answer: as many at a time as may be tried."""

    def current(self, needed: float) -> Token:
        """For a request that takes `needed` seconds at most. Unauthorized if there is none."""

    def after(self, refused: Token) -> Token:
        """Another one, after a 401. Unauthorized if there is none."""

    def taken(self, token: Token) -> None:
        """The server has just taken it."""

    def forbidden(self, token: Token) -> None:
        """The server has answered 403: another one would not help."""

    def is_good(self, needed: float) -> bool:
        """Whether the server will take it for `needed` seconds, as far as one can know."""


def keep(login: Login) -> Keeper:
    """What the connections to one mailbox share."""
    return PasswordKeeper(login) if isinstance(login, Basic) else TokenKeeper(login)


class PasswordKeeper:
    """A password that is tried once: servers lock the accounts of users who are refused again and
    again. Until the server has taken it, requests go one after the other; once it was refused, none
    goes any more, also after `EwsClient.reopen`."""

    scheme = "Basic"

    def __init__(self, login: Basic) -> None:
        self._credentials = Token(login.credentials)
        self._untried = threading.Lock()
        self._is_taken = False
        self._refused_with = ""

    @contextmanager
    def turn(self) -> Iterator[None]:
        with ExitStack() as alone:
            if not self._is_taken:
                alone.enter_context(self._untried)
            if self._is_taken:
                alone.close()
            yield

    def current(self, needed: float) -> Token:
        if self._refused_with:
            raise Unauthorized(self._refused_with)
        return self._credentials

    def after(self, refused: Token) -> Token:
        self._refused_with = "http-401"
        raise Unauthorized(self._refused_with)

    def taken(self, token: Token) -> None:
        self._is_taken = True

    def forbidden(self, token: Token) -> None:
        self._refused_with = "http-403"

    def is_good(self, needed: float) -> bool:
        return self._is_taken and not self._refused_with
