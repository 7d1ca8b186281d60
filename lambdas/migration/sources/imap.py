"""Any IMAP server as a source (RFC 3501), over pipelined connections.

Nothing is changed at the source: folders are opened with EXAMINE, messages are read with
BODY.PEEK. A cursor is a UID up to which everything is dealt with. UIDs grow within a UIDVALIDITY,
so what is above the cursor is what is new.

One connection looks (folders, sizes, flags), another one carries messages; so pages can be planned
while messages stream in. A third one reads messages over which the server stumbled.
Connections are made when they are first needed, or ahead after `open`, and again after they were
lost (SourceBusy).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from migration.mail import BatchLimit, FlagReading, Folder, ItemRef, Outline, Page
from migration.ports import Capabilities
from migration.sources.imap_carrier import Answer, ImapCarrier
from migration.sources.imap_lookout import ImapLookout
from migration.wire.imap import ImapConnection
from migration.wire.imap_login import ImapLogin, ImapServer


class ImapSource:
    """A `ports.Source`: one mailbox of an IMAP server. With `dates`, messages are listed with the
    dates at which they were received."""

    def __init__(self, server: ImapServer, login: ImapLogin, *, dates: bool = False) -> None:
        self.capabilities = Capabilities(reads_flags=True, lists_uids=True, reads_on=True)
        self._lookout = ImapLookout(server, login, dates=dates)
        self._carrier = ImapCarrier(self._lookout, lambda: ImapConnection(server, login))

    def open(self) -> None:
        self._lookout.begin(self._carrier.begin)

    def folders(self) -> list[Folder]:
        return self._lookout.folders()

    def page(self, folder: Folder, cursor: str, limit: BatchLimit) -> Page:
        return self._lookout.page(folder, cursor, limit)

    def expect(self, wanted: Sequence[tuple[Folder, str]]) -> None:
        self._carrier.begin()
        self._lookout.expect(wanted)

    def fetch(
        self, folder: Folder, refs: Sequence[ItemRef], following: Sequence[ItemRef] = ()
    ) -> Iterator[Answer]:
        return self._carrier.fetch(folder, refs, following)

    def outline(self, folder: Folder, refs: Sequence[ItemRef]) -> Mapping[str, Outline]:
        return self._lookout.outline(folder, refs)

    def read_flags(self, folder: Folder, cursor: str, state: str) -> FlagReading | None:
        return self._lookout.read_flags(folder, cursor, state)

    def uids(self, folder: Folder, cursor: str) -> frozenset[str]:
        return self._lookout.uids(folder, cursor)

    def close(self) -> None:
        self._lookout.close()
        self._carrier.close()
