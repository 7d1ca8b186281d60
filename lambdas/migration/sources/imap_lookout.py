"""The connection that looks at an IMAP source: folders, sizes, flags. Nothing is changed there."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

from migration.errors import MailboxUnreachable, SourceBusy, SourceChanged
from migration.mail import BatchLimit, FlagReading, Folder, ItemRef, Outline, Page
from migration.sources.imap_errors import RETRY_AFTER, translated
from migration.sources.imap_folders import folder_exists, list_folders
from migration.sources.imap_listing import (
    Listing,
    outline_command,
    read_listing,
    read_outlines,
    sizes_command,
)
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
from migration.wire.imap_errors import CommandRefused, ConnectionLost
from migration.wire.imap_fetch import fetched, read_flag_names
from migration.wire.imap_login import ImapLogin, ImapServer
from migration.wire.imap_names import quote_name
from migration.wire.imap_parse import Response, format_uids, number

_SPAN = 200_000
"""How many UIDs one listing may cover in a folder that holds more messages than that."""

_AHEAD = 50_000
"""So many messages, in all folders together, are listed ahead of their turn."""


class ImapLookout:
    """Everything of a `ports.Source` but its messages. Safe from several threads, one at a time.
    With `dates`, messages are listed with the dates at which they were received."""

    def __init__(self, server: ImapServer, login: ImapLogin, *, dates: bool = False) -> None:
        self._server = server
        self._login = login
        self._dates = dates
        self._names: dict[str, str] = {}
        self._listings: dict[str, Listing] = {}
        self._looker: ImapConnection | None = None
        self._looking = threading.RLock()
        self._was_connected = False
        self._ahead = AheadConnection(lambda: ImapConnection(server, login))

    def begin(self, then: Callable[[], None]) -> None:
        """Starts to connect, beside other work. `then` is called when the server has let us in: a
        wrong password is shown once, and not by several connections."""
        if self._looker is None:
            self._ahead.begin(then)

    def folders(self) -> list[Folder]:
        with self.look() as connection:
            found = list_folders(connection)
            self._listings.clear()
        self._names = {folder.key: name for name, folder in found}
        return [folder for _, folder in found]

    def page(self, folder: Folder, cursor: str, limit: BatchLimit) -> Page:
        after = int(cursor or 0)
        with self.look() as connection:
            listing = self._listings.get(folder.key)
            if listing is None or not listing.answers(after):
                listing = self._list(connection, folder, after)
                self._listings[folder.key] = listing
            listing.is_news = False
            candidates = listing.beyond(after, limit.items)
        batch = cut_batch(candidates, limit)
        more = bool(batch) and int(batch[-1].uid) < listing.uids[-1]
        if more or not listing.complete:
            return Page(batch, batch[-1].uid, more=True)
        end = max(listing.end, after)
        return Page(batch, str(end) if end else "", more=False)

    def expect(self, wanted: Sequence[tuple[Folder, str]]) -> None:
        """Lists small folders ahead, all in one round trip."""
        jobs, total = [], 0
        for folder, cursor in wanted:
            total += folder.count
            if not folder.count and folder.end:
                self._listings[folder.key] = Listing(
                    int(cursor or 0), int(folder.end), complete=True, is_news=True
                )
            elif total <= _AHEAD and folder.key in self._names:
                jobs.append((folder, int(cursor or 0)))
        with self.look() as connection:
            commands = [
                command
                for folder, after in jobs
                for command in (
                    self.examine_command(folder),
                    sizes_command(after + 1, "*", dates=self._dates),
                )
            ]
            answers = connection.run_all(commands)
            for (folder, after), opened, sizes in zip(
                jobs, answers[::2], answers[1::2], strict=True
            ):
                if isinstance(opened, list) and isinstance(sizes, list):
                    with suppress(SourceChanged):  # the page will say so
                        end = read_end(folder, opened)
                        listing = read_listing(sizes, after, end, dates=self._dates)
                        listing.is_news = True
                        self._listings[folder.key] = listing

    def outline(self, folder: Folder, refs: Sequence[ItemRef]) -> dict[str, Outline]:
        with self.look() as connection:
            self.examine(connection, folder)
            try:
                answers = connection.run(outline_command(refs))
            except CommandRefused as error:
                if error.pause:
                    raise
                return {}  # a server that stumbles over such a message; the rest goes on
            except ConnectionLost as error:
                if not error.by_fetch:
                    raise
                self._drop_looker()  # it hangs up over such a message
                return {}
            return read_outlines(answers)

    def read_flags(self, folder: Folder, cursor: str, state: str) -> FlagReading | None:
        if not cursor:
            return None
        with self.look() as connection:
            opened = self.examine(connection, folder)
            now = read_code(opened, b"HIGHESTMODSEQ") if connection.has("CONDSTORE") else 0
            before = int(state.partition("modseq:")[2] or 0)
            if now and now == before:
                return None
            command = f"UID FETCH 1:{cursor} (UID FLAGS)"
            if now and before:
                command += f" (CHANGEDSINCE {before})"
            flags = {
                str(number(pairs[b"UID"])): read_flag_names(
                    tuple(flag for flag in names if isinstance(flag, bytes))
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
        with self.look() as connection:
            self.examine(connection, folder)
            return frozenset(
                str(uid) for uid in search_uids(connection, f"1:{cursor}") if uid <= int(cursor)
            )

    def close(self) -> None:
        """Ends the connection; may be called twice."""
        looker, self._looker = self._looker, None
        self._ahead.close()
        self._listings.clear()
        if looker is not None:
            looker.close()

    # -- for whoever reads messages

    def connect(self, make: Callable[[], ImapConnection] | None = None) -> ImapConnection:
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
    def look(self) -> Iterator[ImapConnection]:
        """The connection that looks. What fails inside is translated; a connection that cannot be
        trusted any more is dropped, and the next call makes another."""
        with self._looking:
            if self._looker is None:
                self._looker = self.connect(self._ahead.take)
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

    def examine_command(self, folder: Folder) -> bytes:
        if folder.key not in self._names:  # it was listed by another slice
            self.folders()
        if folder.key not in self._names:
            raise SourceBusy(f"folder {folder.key} is gone at the source", RETRY_AFTER)
        return b"EXAMINE " + quote_name(self._names[folder.key])

    def examine(self, connection: ImapConnection, folder: Folder) -> list[Response]:
        """Always asked anew: what it says of UIDNEXT is what is new."""
        try:
            opened = connection.run(self.examine_command(folder))
        except CommandRefused as error:
            if error.pause:
                raise
            raise self.explain_closed(connection, folder) from None
        read_end(folder, opened)
        return opened

    def explain_closed(
        self, connection: ImapConnection, folder: Folder
    ) -> SourceBusy | MailboxUnreachable:
        if not folder_exists(connection, self._names[folder.key]):
            # Listing the folders again, as after every pause, heals this.
            return SourceBusy(f"folder {folder.key} is gone at the source", 1.0)
        return MailboxUnreachable(f"the source does not open folder {folder.key}")

    def _list(self, connection: ImapConnection, folder: Folder, after: int) -> Listing:
        """What is above `after`; in a huge folder only the next part of it."""
        opened = self.examine(connection, folder)
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

    def which_are_there(self, folder: Folder, refs: Sequence[ItemRef]) -> set[int]:
        with self.look() as connection:
            self.examine(connection, folder)
            return set(search_uids(connection, format_uids(sorted(int(ref.uid) for ref in refs))))
