"""Calendars, contacts and tasks of a mailbox over Microsoft Graph, read only."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from migration.errors import CredentialsRejected, MailboxUnreachable
from migration.groupware_port import (
    Collection,
    CollectionKind,
    Entry,
    NotReadable,
    Read,
    Vanished,
)
from migration.items.losses import Loss
from migration.sources.graph_calendars import GraphCalendars
from migration.sources.graph_contacts import GraphContacts
from migration.sources.graph_kinds import KindReader
from migration.sources.graph_tasks import GraphTasks
from migration.wire.graph import GraphClient

Opener = Callable[[GraphClient, str], KindReader]
"""Makes the reader of one kind, of the person with that id or user principal name."""

READERS: Mapping[CollectionKind, Opener] = {
    CollectionKind.CALENDAR: GraphCalendars,
    CollectionKind.CONTACTS: GraphContacts,
    CollectionKind.TASKS: GraphTasks,
}
"""By the kind, in the order in which collections are listed."""

_FORBIDDEN = "the application has no permission to read it"
_NO_SERVICE = "this mailbox has no such service"


class GraphGroupware:
    """A `GroupwareSource` over a client, with a reader for each kind.

    A kind that the application may not read, and tasks of a mailbox without them, are told as a
    loss of the first collection; the others are listed. If nothing can be read, that is an error.
    A kind of which there is no collection was not seen: each has a default one, which nobody can
    delete. Notes have no place in Graph.
    """

    def __init__(
        self,
        client: GraphClient,
        user: str,
        readers: Mapping[CollectionKind, Opener] = READERS,
    ) -> None:
        """`user` is an id or a user principal name, as it is, not quoted."""
        self._client = client
        self._readers = {kind: open_one(client, user) for kind, open_one in readers.items()}

    def collections(self) -> Sequence[Collection]:
        found, losses = list[Collection](), dict[CollectionKind, Loss]()
        refusal: CredentialsRejected | MailboxUnreachable | None = None
        for kind, reader in self._readers.items():
            try:
                found += reader.collections()
            except CredentialsRejected as error:
                if not error.after_login:
                    raise
                refusal = refusal or error
                losses[kind] = Loss("collection", kind, _FORBIDDEN)
            except MailboxUnreachable as error:
                if kind is not CollectionKind.TASKS:
                    raise
                refusal = refusal or error
                losses[kind] = Loss("collection", kind, _NO_SERVICE)
        if refusal is not None and not found:
            raise refusal
        unseen = self._readers.keys() - {one.kind for one in found}
        if found and unseen:
            told = (*losses.values(), *found[0].losses)
            found[0] = replace(found[0], losses=told, unseen=frozenset(unseen))
        return found

    def entries(self, collection: Collection) -> Sequence[Entry]:
        return self._readers[collection.kind].entries(collection)

    def fetch(
        self, collection: Collection, entries: Sequence[Entry]
    ) -> Iterator[Read | Vanished | NotReadable]:
        return self._readers[collection.kind].fetch(collection, entries)

    def close(self) -> None:
        self._client.close()
