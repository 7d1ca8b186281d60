"""Mail of a Microsoft 365 mailbox, read over Graph.

Nothing is changed there: only questions are asked. A uid is the message's immutable id, and a
cursor a link into a delta round of its folder (graph_cursor.py). Messages are listed in no certain
order, and once more whenever something about them changes. Their sizes are those that Exchange
counts, which are not those of the MIME that it writes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from migration.mail import BatchLimit, FlagReading, Folder, ItemRef, Outline, Page
from migration.ports import Capabilities
from migration.sources.graph_carrier import Answer, GraphCarrier
from migration.sources.graph_content import Contents
from migration.sources.graph_lookout import GraphLookout
from migration.wire.graph import GraphClient


class GraphSource:
    """A `ports.Source`: the mailbox of one user, by its user principal name or id. The client is
    this source's own."""

    def __init__(self, client: GraphClient, user: str) -> None:
        self.capabilities = Capabilities(
            reads_flags=True, lists_uids=True, repeats=True, estimates_sizes=True
        )
        self._client = client
        self._lookout = GraphLookout(client, user)
        self._contents = Contents(client, user, self._lookout.told)
        self._carrier = GraphCarrier(self._contents)

    def open(self) -> None:
        """A connection is made in less time than its first answer takes."""

    def folders(self) -> list[Folder]:
        return self._lookout.folders()

    def page(self, folder: Folder, cursor: str, limit: BatchLimit) -> Page:
        return self._lookout.page(folder, cursor, limit)

    def expect(self, wanted: Sequence[tuple[Folder, str]]) -> None:
        self._lookout.expect(wanted)

    def fetch(
        self, folder: Folder, refs: Sequence[ItemRef], following: Sequence[ItemRef] = ()
    ) -> Iterator[Answer]:
        if not refs:
            return iter(())
        return self._carrier.fetch(self._lookout.find(folder), refs)

    def outline(self, folder: Folder, refs: Sequence[ItemRef]) -> Mapping[str, Outline]:
        return self._contents.outline(self._lookout.find(folder), refs)

    def read_flags(self, folder: Folder, cursor: str, state: str) -> FlagReading | None:
        return self._lookout.read_flags(folder, cursor, state)

    def uids(self, folder: Folder, cursor: str) -> frozenset[str]:
        return self._lookout.uids(folder, cursor)

    def close(self) -> None:
        self._carrier.close()
        self._lookout.close()
        self._client.close()
