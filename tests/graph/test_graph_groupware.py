"""One source of several readers: what one of them cannot do, and what that means for the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import pytest

from migration.errors import CredentialsRejected, MailboxUnreachable, SourceBusy
from migration.groupware_port import (
    Collection,
    CollectionKind,
    Entry,
    NotReadable,
    Read,
    Vanished,
    find_unseen,
)
from migration.sources.graph_groupware import READERS, GraphGroupware, Opener
from migration.wire.graph import GraphClient
from tests.graph.calendar_service import USER, CalendarService

CALENDAR, CONTACTS, TASKS, _ = CollectionKind
FORBIDDEN = CredentialsRejected("no", after_login=True)


class Shelf:
    """A reader of one collection, or of an error."""

    is_empty = False

    def __init__(self, kind: CollectionKind, error: Exception | None = None) -> None:
        self.kind, self.error = kind, error

    def collections(self) -> Sequence[Collection]:
        if self.error is not None:
            raise self.error
        if self.is_empty:
            return []
        return [Collection(self.kind.value, self.kind, "a")]

    def entries(self, collection: Collection) -> Sequence[Entry]:
        return [Entry(self.kind.value, "1")]

    def fetch(
        self, collection: Collection, entries: Sequence[Entry]
    ) -> Iterator[Read | Vanished | NotReadable]:
        return map(Vanished, entries)


def open_source(**errors: Exception) -> GraphGroupware:
    def opener(kind: CollectionKind) -> Callable[[GraphClient, str], Shelf]:
        return lambda client, user: Shelf(kind, errors.get(kind.value))

    readers: Mapping[CollectionKind, Opener] = {kind: opener(kind) for kind in READERS}
    return GraphGroupware(CalendarService().open_client(), USER, readers)


def test_every_kind_but_notes_has_a_reader() -> None:
    assert list(READERS) == [CALENDAR, CONTACTS, TASKS]


def test_each_collection_is_read_by_the_reader_of_its_kind() -> None:
    source = open_source()
    found = source.collections()
    assert [(one.kind, one.losses, one.unseen) for one in found] == [
        (kind, (), frozenset()) for kind in READERS
    ]
    for one in found:
        entries = source.entries(one)
        assert [entry.uid for entry in entries] == [one.kind.value]
        assert list(source.fetch(one, entries)) == [Vanished(entries[0])]


@pytest.mark.parametrize("kind", READERS)
def test_a_kind_without_permission_is_told_by_the_others(kind: CollectionKind) -> None:
    found = open_source(**{kind.value: FORBIDDEN}).collections()
    assert [one.kind for one in found] == [one for one in READERS if one is not kind]
    assert [(loss.what, loss.where) for loss in found[0].losses] == [("collection", kind)]
    assert found[0].unseen == {kind}
    assert found[1].unseen == frozenset()


def test_a_mailbox_without_tasks_has_calendars_and_contacts() -> None:
    found = open_source(tasks=MailboxUnreachable("no tasks")).collections()
    assert [one.kind for one in found] == [CALENDAR, CONTACTS]
    assert [loss.why for loss in found[0].losses] == ["this mailbox has no such service"]
    assert found[0].unseen == {TASKS}


def test_a_kind_of_which_the_list_is_empty_has_not_vanished() -> None:
    """With a policy that follows deletions, all that was copied of it would be deleted."""

    class Empty(Shelf):
        is_empty = True

    readers: Mapping[CollectionKind, Opener] = {
        CALENDAR: lambda client, user: Empty(CALENDAR),
        CONTACTS: lambda client, user: Shelf(CONTACTS),
        TASKS: lambda client, user: Shelf(TASKS),
    }
    source = GraphGroupware(CalendarService().open_client(), USER, readers)
    assert find_unseen(source.collections()) == {CALENDAR}


@pytest.mark.parametrize(
    "errors",
    [
        {kind.value: FORBIDDEN for kind in READERS},
        {"contacts": CredentialsRejected("the token")},
        {"calendar": MailboxUnreachable("gone")},
        {"tasks": SourceBusy("later", 5.0)},
    ],
)
def test_what_is_no_matter_of_one_kind_alone_is_an_error(errors: dict[str, Exception]) -> None:
    with pytest.raises(tuple(type(error) for error in errors.values())):
        open_source(**errors).collections()


def test_it_may_be_closed_twice() -> None:
    source = open_source()
    source.close()
    source.close()
