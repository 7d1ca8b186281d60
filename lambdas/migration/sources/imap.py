"""Any IMAP server as a source (RFC 3501), through IMAPClient.

Nothing is changed at the source: folders are opened with EXAMINE, messages are read with
BODY.PEEK. A cursor is the last UID that was dealt with. UIDs grow within a UIDVALIDITY, so what is
above the cursor is what is new.

The connection is made when it is first needed, and again after it was lost (SourceBusy).
"""

from __future__ import annotations

import ssl
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from migration.errors import MailboxUnreachable, MigrationError, SourceBusy, SourceChanged
from migration.identity import folder_key
from migration.model import BatchLimit, Folder, ItemRef, Page
from migration.ports import Capabilities
from migration.sources.imap_connection import (
    ImapLogin,
    ImapServer,
    folder_exists,
    hang_up,
    list_folders,
    log_in,
    probe,
    read_namespaces,
    wire_name,
)
from migration.sources.imap_errors import (
    CAUGHT,
    RETRY_AFTER,
    Phase,
    is_about_a_message,
    translate,
    translated,
)
from migration.sources.imap_messages import (
    Answer,
    chunks,
    explain_missing,
    fetch_chunk,
    fetch_sizes,
    search_uids,
)
from migration.sources.imap_names import Listed, Namespaces
from migration.sources.paging import cut_batch

__all__ = ["ImapLogin", "ImapServer", "ImapSource", "probe"]

_SEARCH_SPAN = 50_000
"""How many UIDs one SEARCH may answer with: imaplib refuses lines of more than 1,000,000 bytes, and
a UID takes up to ten digits and a space."""

_LAST_UID = 2**32 - 1


@dataclass(frozen=True, slots=True)
class _Listing:
    """All UIDs of a folder above `after`, ascending; `complete` unless there are more beyond."""

    after: int
    uids: Sequence[int]
    complete: bool

    def beyond(self, cursor: int) -> Sequence[int]:
        return self.uids[bisect_right(self.uids, cursor) :]

    def answers(self, cursor: int) -> bool:
        """Whether this can say what comes next. A cursor before it must be looked up again."""
        return self.after <= cursor and bool(self.beyond(cursor))


class ImapSource:
    """Source: one mailbox of an IMAP server."""

    def __init__(
        self,
        host: str,
        port: int,
        tls: str,
        login: ImapLogin,
        *,
        context: ssl.SSLContext | None = None,
        allow_plain: bool = False,
        connect_timeout: float = 20.0,
        read_timeout: float = 120.0,
    ) -> None:
        self.capabilities = Capabilities()
        self._server = ImapServer(
            host, port, tls, context, allow_plain, connect_timeout, read_timeout
        )
        self._login = login
        self._client: Any = None
        self._was_connected = False
        self._names: dict[str, str] = {}
        self._selected = ""
        self._listings: dict[str, _Listing] = {}

    def folders(self) -> list[Folder]:
        """Folders of other users and shared ones are left out: they belong to other mailboxes."""
        with self._connected() as client:
            namespaces = read_namespaces(client)
            found = []
            for entry in list_folders(client):
                if entry.can_be_opened and not entry.is_foreign(namespaces):
                    folder = self._status(client, entry, namespaces)
                    if folder is not None:
                        found.append(folder)
            return found

    def page(self, folder: Folder, cursor: str, limit: BatchLimit) -> Page:
        after = int(cursor or 0)
        with self._connected() as client:
            listing = self._listings.get(folder.key)
            if listing and listing.answers(after):
                self._open(client, folder)
            else:
                listing = self._list_uids(client, folder, after)
                self._listings[folder.key] = listing
            uids = listing.beyond(after)
            candidates = uids[: limit.items]
            batch = cut_batch(fetch_sizes(client, candidates), limit)
        last = int(batch[-1].uid) if batch else after
        more = bool(uids) and (last < uids[-1] or not listing.complete)
        return Page(batch, str(last) if last else "", more)

    def fetch(self, folder: Folder, refs: Sequence[ItemRef]) -> Iterator[Answer]:
        for chunk in chunks(refs):
            yield from self._fetch(folder, chunk)

    def close(self) -> None:
        client, self._client = self._client, None
        self._forget()
        if client is not None:
            hang_up(client)

    # -- the connection

    @contextmanager
    def _connected(self) -> Iterator[Any]:
        """The client, logged in. What fails inside is translated; a connection that cannot be
        trusted any more is dropped, and the next call makes another."""
        if self._client is None:
            self._connect()
        try:
            with translated(Phase.COMMAND):
                yield self._client
        except (SourceBusy, MailboxUnreachable):
            self.close()
            raise

    def _connect(self) -> None:
        try:
            with translated(Phase.CONNECT):
                client = self._server.connect()
        except MailboxUnreachable as error:
            if not self._was_connected:
                raise
            raise SourceBusy(str(error), RETRY_AFTER) from None
        try:
            with translated(Phase.LOGIN):
                log_in(client, self._login)
        except MigrationError:
            hang_up(client)
            raise
        self._client = client
        self._was_connected = True

    def _forget(self) -> None:
        self._selected = ""
        self._listings.clear()

    # -- folders

    def _status(self, client: Any, entry: Listed, namespaces: Namespaces) -> Folder | None:
        """The folder with its count; None if it vanished since it was listed."""
        key = folder_key(entry.name)
        self._names[key] = entry.name
        try:
            status = client.folder_status(wire_name(entry.name), ("MESSAGES", "UIDVALIDITY"))
            validity, count = str(int(status[b"UIDVALIDITY"])), int(status[b"MESSAGES"])
        except KeyError:
            raise MailboxUnreachable(f"the source has no UIDVALIDITY for folder {key}") from None
        except CAUGHT as error:
            if isinstance(translate(error, Phase.COMMAND), SourceBusy):
                raise
            if not folder_exists(client, entry.name):
                return None
            raise MailboxUnreachable(f"the source does not open folder {key}") from None
        return Folder(key, entry.path(namespaces), validity, count, entry.special)

    def _open(self, client: Any, folder: Folder) -> None:
        if self._selected != folder.key:
            self._examine(client, folder)

    def _examine(self, client: Any, folder: Folder) -> Mapping[bytes, Any]:
        """EXAMINE, always asked anew: what it says of UIDNEXT is what is new."""
        self._selected = ""
        name = self._names.get(folder.key)
        if name is None:  # the folder was listed by another slice
            self.folders()
            name = self._names.get(folder.key)
        if name is None:
            raise SourceBusy(f"folder {folder.key} is gone at the source", RETRY_AFTER)
        try:
            answer: Mapping[bytes, Any] = client.select_folder(wire_name(name), readonly=True)
        except CAUGHT as error:
            if isinstance(translate(error, Phase.COMMAND), SourceBusy):
                raise
            if not folder_exists(client, name):
                # Listing the folders again, as after every pause, heals this.
                raise SourceBusy(f"folder {folder.key} is gone at the source", 1.0) from None
            raise MailboxUnreachable(f"the source does not open folder {folder.key}") from None
        if str(answer.get(b"UIDVALIDITY", folder.validity)) != folder.validity:
            raise SourceChanged(f"folder {folder.key} was recreated at the source")
        self._selected = folder.key
        return answer

    # -- messages

    def _fetch(self, folder: Folder, chunk: Sequence[ItemRef]) -> list[Answer]:
        """The messages in order. A message over which the server hangs up costs a connection, and
        its neighbours are asked for again, one by one."""
        with self._connected() as client:
            self._open(client, folder)
            try:
                return fetch_chunk(client, chunk)
            except CAUGHT as error:
                if not is_about_a_message(error):
                    raise
        self.close()
        if len(chunk) > 1:
            return [answer for ref in chunk for answer in self._fetch(folder, [ref])]
        with self._connected() as client:
            self._open(client, folder)
            return [explain_missing(client, chunk[0], "fetch-failed")]

    def _list_uids(self, client: Any, folder: Folder, after: int) -> _Listing:
        """What is above `after`; in a huge folder only the next part of it."""
        answer = self._examine(client, folder)
        beyond = int(answer.get(b"UIDNEXT", _LAST_UID + 1))
        if after + 1 >= beyond or not answer.get(b"EXISTS"):
            return _Listing(after, (), complete=True)
        if answer[b"EXISTS"] <= _SEARCH_SPAN:
            return _Listing(after, search_uids(client, after + 1, "*"), complete=True)
        for low in range(after + 1, beyond, _SEARCH_SPAN):
            high = low + _SEARCH_SPAN - 1
            if uids := search_uids(client, low, str(high)):
                return _Listing(after, uids, complete=high + 1 >= beyond)
        return _Listing(after, (), complete=True)
