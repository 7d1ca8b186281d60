"""A short look at people's calendars."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count

import pytest

from migration.errors import CredentialsRejected, MailboxUnreachable, MigrationError, SourceBusy
from migration.groupware_port import (
    Collection,
    CollectionKind,
    Entry,
    NotReadable,
    Read,
    Vanished,
)
from migration.sources.groupware_survey import survey
from migration.survey_model import GroupwareSurvey, Unopened


class Shelf:
    """A source of a few collections, each with one entry."""

    def __init__(self, *keys: str, error: MigrationError | None = None) -> None:
        self.keys, self.error, self.closed = keys, error, 0

    def collections(self) -> Sequence[Collection]:
        if self.error:
            raise self.error
        return [Collection(key, CollectionKind.CALENDAR, key.upper()) for key in self.keys]

    def entries(self, collection: Collection) -> Sequence[Entry]:
        assert collection.key in self.keys
        return [Entry(f"{collection.key}-1", "v")]

    def fetch(
        self, collection: Collection, entries: Sequence[Entry]
    ) -> Iterator[Read | Vanished | NotReadable]:
        assert collection.key in self.keys
        return iter([Read(entry, ()) for entry in entries])

    def close(self) -> None:
        self.closed += 1


def look(
    *errors: MigrationError | None, seconds: float = 0.0
) -> tuple[GroupwareSurvey, list[Shelf]]:
    """A survey of as many people, whose sources say this; each look at the clock takes so long."""
    shelves = {str(place): Shelf("a", "b", error=each) for place, each in enumerate(errors)}
    ticks = count()
    seen = survey(shelves.__getitem__, list(shelves), lambda: next(ticks) * seconds)
    return seen, list(shelves.values())


def test_collections_are_counted_and_connections_ended() -> None:
    refused = CredentialsRejected("no")
    seen, shelves = look(None, refused, None)
    assert seen == GroupwareSurvey((2, 2), (Unopened(1, "CredentialsRejected"),))
    assert [shelf.closed for shelf in shelves] == [1, 1, 1]


@pytest.mark.parametrize(
    ("error", "tried"),
    [(SourceBusy("wait", 5), 1), (CredentialsRejected("no"), 3), (MailboxUnreachable("away"), 3)],
)
def test_a_server_that_says_no_is_not_asked_on_and_on(error: MigrationError, tried: int) -> None:
    seen, shelves = look(*[error] * 5)
    assert len(seen.unopened) == sum(shelf.closed for shelf in shelves) == tried


def test_a_survey_ends_when_its_time_is_over() -> None:
    seen, _ = look(None, None, None, seconds=6)
    assert len(seen.collections) == 1
