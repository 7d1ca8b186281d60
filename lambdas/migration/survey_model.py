"""What a look at the source has shown before a run: how far it is, and how large its mailboxes are.
Standard library only."""

from __future__ import annotations

from dataclasses import dataclass

MAILBOXES_AT_MOST = 20
"""So many are looked into: each is a login, one after the other."""
SECONDS_AT_MOST = 10.0
"""After so many none is begun any more: the run itself shall not wait for its estimate."""


@dataclass(frozen=True, slots=True)
class SourceMailbox:
    """A mailbox that was looked into, by its place among those that were given. `size` in bytes,
    None where the server does not tell it."""

    place: int
    folders: int
    messages: int
    size: int | None


@dataclass(frozen=True, slots=True)
class Unopened:
    """A mailbox that could not be looked into, by its place; `error` is the error's name."""

    place: int
    error: str


@dataclass(frozen=True, slots=True)
class SourceSurvey:
    """`connect_seconds`: until a connection stands, with TLS. `login_seconds` and `round_trip` are
    medians of those that were measured, 0 if none was. A mailbox that is in neither list was not
    looked into."""

    connect_seconds: float
    login_seconds: float = 0.0
    round_trip: float = 0.0
    mailboxes: tuple[SourceMailbox, ...] = ()
    unopened: tuple[Unopened, ...] = ()


@dataclass(frozen=True, slots=True)
class GroupwareSurvey:
    """How many collections of calendars, address books and tasks each mailbox has that was looked
    into; `unopened` those that could not be."""

    collections: tuple[int, ...] = ()
    unopened: tuple[Unopened, ...] = ()


def choose_sample(total: int, most: int = MAILBOXES_AT_MOST) -> list[int]:
    """The places of at most so many of `total` mailboxes, spread over all of them; always the same
    ones."""
    number = min(total, most)
    return [place * total // number for place in range(number)]
