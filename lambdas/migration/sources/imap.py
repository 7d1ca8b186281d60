"""Any IMAP server as a source (RFC 3501), over two pipelined connections.

Nothing is changed at the source: folders are opened with EXAMINE, messages are read with
BODY.PEEK. A cursor is a UID up to which everything is dealt with. UIDs grow within a UIDVALIDITY,
so what is above the cursor is what is new.

One connection looks (folders, sizes, flags), the other carries messages; so pages can be planned
while messages stream in. Connections are made when they are first needed, and again after they were
lost (SourceBusy).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from migration.errors import MailboxUnreachable, SourceBusy, SourceChanged
from migration.model import BatchLimit, FlagReading, Folder, Gone, Item, ItemRef, Page, Unreadable
from migration.ports import Capabilities
from migration.sources.imap_errors import RETRY_AFTER, translate, translated
from migration.sources.imap_folders import folder_exists, list_folders
from migration.sources.imap_listing import Listing, read_listing, sizes_command
from migration.sources.imap_opened import (
    digest_flags,
    read_code,
    read_end,
    read_exists,
    search_uids,
)
from migration.sources.paging import cut_batch
from migration.wire.imap import ImapConnection
from migration.wire.imap_ahead import AheadConnection
from migration.wire.imap_errors import CommandRefused, ConnectionLost, ImapError
from migration.wire.imap_fetch import Batch, BodyStream, fetched, read_flag_names
from migration.wire.imap_login import ImapLogin, ImapServer
from migration.wire.imap_names import quote_name
from migration.wire.imap_parse import Response, number
from migration.wire.imap_socket import Wire

Answer = Item | Gone | Unreadable

_SPAN = 200_000
"""How many UIDs one listing may cover in a folder that holds more messages than that."""

_AHEAD = 50_000
"""So many messages, in all folders together, are listed ahead of their turn."""


@dataclass(slots=True)
class _Asked:
    """A batch that was asked for: over which stream, and the tag of the EXAMINE before it."""

    folder: Folder
    refs: Sequence[ItemRef]
    carrier: _Carrier
    examine: bytes
    batch: Batch


@dataclass(slots=True)
class _Carrier:
    """The connection that carries messages. `folder` is the key of the one that is opened last."""

    connection: ImapConnection
    bodies: BodyStream
    folder: str = ""


class ImapSource:
    """A `ports.Source`: one mailbox of an IMAP server. With `dates`, messages are listed with the
    dates at which they were received."""

    def __init__(self, server: ImapServer, login: ImapLogin, *, dates: bool = False) -> None:
        self.capabilities = Capabilities(reads_flags=True, lists_uids=True)
        self._server = server
        self._login = login
        self._dates = dates
        self._names: dict[str, str] = {}
        self._listings: dict[str, Listing] = {}
        self._looker: ImapConnection | None = None
        self._looking = threading.RLock()
        self._carrier: _Carrier | None = None
        self._was_connected = False
        self._carrier_ahead = AheadConnection(lambda: ImapConnection(server, login))

    def folders(self) -> list[Folder]:
        with self._look() as connection:
            found = list_folders(connection)
            self._listings.clear()
        self._names = {folder.key: name for name, folder in found}
        return [folder for _, folder in found]

    def page(self, folder: Folder, cursor: str, limit: BatchLimit) -> Page:
        after = int(cursor or 0)
        with self._look() as connection:
            listing = self._listings.get(folder.key)
            if listing is None or not listing.answers(after):
                listing = self._list(connection, folder, after)
                self._listings[folder.key] = listing
            candidates = listing.beyond(after, limit.items)
        batch = cut_batch(candidates, limit)
        more = bool(batch) and int(batch[-1].uid) < listing.uids[-1]
        if more or not listing.complete:
            return Page(batch, batch[-1].uid, more=True)
        end = max(listing.end, after)
        return Page(batch, str(end) if end else "", more=False)

    def expect(self, wanted: Sequence[tuple[Folder, str]]) -> None:
        """Lists small folders ahead, all in one round trip."""
        if self._carrier is None:
            self._carrier_ahead.begin()
        jobs, total = [], 0
        for folder, cursor in wanted:
            total += folder.count
            if not folder.count and folder.end:
                empty = Listing(0, int(folder.end), complete=True)
                self._listings[folder.key] = empty
            elif total <= _AHEAD and folder.key in self._names:
                jobs.append((folder, int(cursor or 0)))
        with self._look() as connection:
            tags = [
                (
                    connection.send(self._examine_command(folder)),
                    connection.send(sizes_command(after + 1, "*", dates=self._dates)),
                )
                for folder, after in jobs
            ]
            for (folder, after), (examine, sizes) in zip(jobs, tags, strict=True):
                opened = _try(connection, examine)
                listed = _try(connection, sizes)
                if opened is not None and listed is not None:
                    with suppress(SourceChanged):  # the page will say so
                        end = read_end(folder, opened)
                        self._listings[folder.key] = read_listing(
                            listed, after, end, dates=self._dates
                        )

    def fetch(self, folder: Folder, refs: Sequence[ItemRef]) -> Iterator[Answer]:
        with translated():
            asked = self._ask(folder, refs) if refs else None
        return self._read(asked) if asked else iter(())

    def read_flags(self, folder: Folder, cursor: str, state: str) -> FlagReading | None:
        if not cursor:
            return None
        with self._look() as connection:
            opened = self._examine(connection, folder)
            now = read_code(opened, b"HIGHESTMODSEQ") if connection.has("CONDSTORE") else 0
            before = int(state.partition("modseq:")[2] or 0)
            if now and now == before:
                return None
            command = f"UID FETCH 1:{cursor} (UID FLAGS)"
            if now and before:
                command += f" (CHANGEDSINCE {before})"
            flags = {
                str(number(pairs[b"UID"])): read_flag_names(
                    [flag for flag in names if isinstance(flag, bytes)]
                )
                for pairs in map(fetched, connection.run(command.encode()))
                if b"UID" in pairs and isinstance(names := pairs.get(b"FLAGS"), list)
            }
        known = {uid: each for uid, each in flags.items() if int(uid) <= int(cursor)}
        fresh = f"modseq:{now}" if now else digest_flags(known)
        if fresh == state:
            return None
        return FlagReading(fresh, known, complete=not (now and before))

    def uids(self, folder: Folder, cursor: str) -> frozenset[str]:
        if not cursor:
            return frozenset()
        with self._look() as connection:
            self._examine(connection, folder)
            return frozenset(
                str(uid) for uid in search_uids(connection, f"1:{cursor}") if uid <= int(cursor)
            )

    def close(self) -> None:
        looker, self._looker = self._looker, None
        carrier, self._carrier = self._carrier, None
        self._listings.clear()
        self._carrier_ahead.close()
        for connection in (looker, carrier.connection if carrier else None):
            if connection is not None:
                connection.close()

    # -- the connections

    def _connect(self, make: Callable[[], ImapConnection] | None = None) -> ImapConnection:
        try:
            with translated():
                connection = make() if make else ImapConnection(self._server, self._login)
        except MailboxUnreachable as error:
            if not self._was_connected:
                raise
            raise SourceBusy(str(error), RETRY_AFTER) from None
        self._was_connected = True
        return connection

    @contextmanager
    def _look(self) -> Iterator[ImapConnection]:
        """The connection that looks. What fails inside is translated; a connection that cannot be
        trusted any more is dropped, and the next call makes another."""
        with self._looking:
            if self._looker is None:
                self._looker = self._connect()
            try:
                with translated():
                    yield self._looker
            except (SourceBusy, MailboxUnreachable):
                self._drop_looker()
                raise

    def _drop_looker(self) -> None:
        looker, self._looker = self._looker, None
        if looker is not None:
            looker.wire.shut()

    def _drop_carrier(self) -> None:
        carrier, self._carrier = self._carrier, None
        if carrier is not None:
            carrier.connection.wire.shut()

    # -- folders

    def _examine_command(self, folder: Folder) -> bytes:
        if folder.key not in self._names:  # it was listed by another slice
            self.folders()
        if folder.key not in self._names:
            raise SourceBusy(f"folder {folder.key} is gone at the source", RETRY_AFTER)
        return b"EXAMINE " + quote_name(self._names[folder.key])

    def _examine(self, connection: ImapConnection, folder: Folder) -> list[Response]:
        """Always asked anew: what it says of UIDNEXT is what is new."""
        try:
            opened = connection.run(self._examine_command(folder))
        except CommandRefused as error:
            if error.pause:
                raise
            raise self._explain_closed(connection, folder) from None
        read_end(folder, opened)
        return opened

    def _explain_closed(
        self, connection: ImapConnection, folder: Folder
    ) -> SourceBusy | MailboxUnreachable:
        if not folder_exists(connection, self._names[folder.key]):
            # Listing the folders again, as after every pause, heals this.
            return SourceBusy(f"folder {folder.key} is gone at the source", 1.0)
        return MailboxUnreachable(f"the source does not open folder {folder.key}")

    def _list(self, connection: ImapConnection, folder: Folder, after: int) -> Listing:
        """What is above `after`; in a huge folder only the next part of it."""
        opened = self._examine(connection, folder)
        end, exists = read_end(folder, opened), read_exists(opened)
        if not exists or (end and after >= end):
            return Listing(after, max(end, after), complete=True)
        if exists <= _SPAN or not end:
            responses = connection.run(sizes_command(after + 1, "*", dates=self._dates))
            return read_listing(responses, after, end, dates=self._dates)
        for low in range(after + 1, end + 1, _SPAN):
            high = min(low + _SPAN - 1, end)
            command = sizes_command(low, str(high), dates=self._dates)
            listing = read_listing(connection.run(command), after, high, dates=self._dates)
            if listing.uids:
                listing.complete = high >= end
                return listing
        return Listing(after, end, complete=True)

    # -- messages

    def _ask(self, folder: Folder, refs: Sequence[ItemRef]) -> _Asked:
        if self._carrier is None:
            connection = self._connect(self._carrier_ahead.take)
            self._carrier = _Carrier(connection, BodyStream(connection, translate))
        carrier, examine = self._carrier, b""
        if carrier.folder != folder.key:
            examine = carrier.connection.send(self._examine_command(folder))
            carrier.folder = folder.key
        return _Asked(folder, refs, carrier, examine, carrier.bodies.ask(refs, other_folder=bool(examine)))

    def _read(self, asked: _Asked) -> Iterator[Answer]:
        """The messages, then what became of those that did not come: each is asked for alone."""
        wanted, in_step, reason = asked.batch.wanted, False, "no-body"
        try:
            with translated_unless_by_fetch():
                if asked.carrier is not self._carrier:  # it was lost since
                    asked = self._ask(asked.folder, asked.refs)
                    wanted = asked.batch.wanted
                if asked.examine:
                    read_end(asked.folder, self._opened(asked))
                yield from asked.carrier.bodies.read(asked.batch)
                in_step = True
        except CommandRefused:
            reason, in_step = "fetch-refused", True
        except ConnectionLost:
            reason = "fetch-failed"
        finally:
            if not in_step:  # answers may be left on the connection that nobody will read
                self._drop_carrier()
        for ref in list(wanted.values()):
            yield from self._read_alone(asked.folder, ref, reason)

    def _opened(self, asked: _Asked) -> list[Response]:
        try:
            return asked.carrier.connection.answer(asked.examine)
        except CommandRefused as error:
            if error.pause:
                raise
            with self._look() as connection:
                raise self._explain_closed(connection, asked.folder) from None

    def _read_alone(self, folder: Folder, ref: ItemRef, reason: str) -> Iterator[Answer]:
        """One message over the connection that looks: others may be under way on the other one.
        A message over which the server hangs up costs a connection."""
        in_step = False
        try:
            with self._looking:
                connection = self._looker or self._connect()
                self._looker = connection
                with translated_unless_by_fetch():
                    self._examine(connection, folder)
                    bodies = BodyStream(connection, translate)
                    batch = bodies.ask([ref])
                    for item in bodies.read(batch):
                        reason = ""
                        yield item
                    in_step = True
        except CommandRefused:
            reason, in_step = "fetch-refused", True
        except ConnectionLost:
            reason = "fetch-failed"
        finally:
            if not in_step:
                self._drop_looker()
        if reason:
            yield from self._explain(folder, [ref], reason)

    def _explain(self, folder: Folder, refs: Sequence[ItemRef], reason: str) -> list[Answer]:
        """What to answer for messages that did not come: gone, or not to be read."""
        with self._look() as connection:
            self._examine(connection, folder)
            there = set(search_uids(connection, ",".join(ref.uid for ref in refs)))
        return [Unreadable(ref, reason) if int(ref.uid) in there else Gone(ref) for ref in refs]


@contextmanager
def translated_unless_by_fetch() -> Iterator[None]:
    """As `translated`, but what may be about one message comes as it is: a refused FETCH (some
    servers refuse all of it for one bad message), and a server that hangs up over a message."""
    with translated():
        try:
            yield
        except CommandRefused as error:
            if error.pause:
                raise
            refused: ImapError = error
        except ConnectionLost as error:
            if not error.by_fetch:
                raise
            refused = error
        else:
            return
    raise refused


def probe(server: ImapServer) -> None:
    """Connects and hangs up. MailboxUnreachable."""
    with translated():
        Wire(server).shut()


def _try(connection: ImapConnection, tag: bytes) -> list[Response] | None:
    """The answer; None if the server refuses, for whoever asks again will be told why."""
    try:
        return connection.answer(tag)
    except CommandRefused:
        return None
