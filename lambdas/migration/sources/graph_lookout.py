"""Everything of a Graph mailbox but the content of its messages: folders, pages, flags."""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice

from migration.errors import MailboxUnreachable, SourceBusy, SourceChanged
from migration.mail import BatchLimit, FlagReading, Folder, Page
from migration.sources.graph_cursor import Position, read_cursor, write_cursor
from migration.sources.graph_flags import Told
from migration.sources.graph_folders import Found, list_folders, refused
from migration.sources.graph_rounds import Rounds, Shown
from migration.sources.paging import cut_batch
from migration.wire.graph import GraphClient
from migration.wire.graph_model import GraphRefused

BATCH = 50
"""So many messages make a batch at most. Their ids are long, and stand in the ledger while the
batch is open."""

_PAGE = 100  # what Graph is asked for: two batches
_FLAGS_PAGE = 500
_FLAGS_PAGES = 100  # in one reading, some minutes: a function must come to an end in a large folder
_EMPTY_AT_MOST = 20  # pages without anything new that one call reads on over
_TOLD = 4_000  # messages whose flags are kept until they are fetched
_AHEAD = 200  # folders whose next page is asked for ahead
_RESTARTS = 3  # of one folder: more would go on for ever, and show nothing new
_AT_ONCE = 1.0
_NOT_THERE = 404
_NOT_KNOWN = frozenset({400, 404, 410})  # 410 is what is documented (syncStateNotFound)


class GraphLookout:
    """Safe from several threads. A cursor is a link into a delta round of the folder."""

    def __init__(self, client: GraphClient, user: str) -> None:
        self._client = client
        self._user = user
        self._rounds = Rounds(client, user)
        self._found: dict[str, Found] = {}
        self._pages: dict[str, _Kept] = {}
        self._told: OrderedDict[str, Told] = OrderedDict()
        self._restarts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def folders(self) -> list[Folder]:
        try:
            listed = list_folders(self._client, self._user)
        except GraphRefused as error:
            raise refused(error) from error
        self._found = {folder.key: found for found, folder in listed}
        self._pages.clear()
        return [folder for _, folder in listed]

    def page(self, folder: Folder, cursor: str, limit: BatchLimit) -> Page:
        position = read_cursor(cursor)
        try:
            with self._asking(folder, position.link):
                return self._page(folder, position, limit) or Page((), cursor, more=False)
        except _Forgotten:
            self._begin_anew(folder)
            return Page((), "", more=True)

    def expect(self, wanted: Sequence[tuple[Folder, str]]) -> None:
        """Asks for the next page of several folders in a few round trips. What is refused here is
        asked for again by `page`."""
        positions = [(folder, read_cursor(cursor)) for folder, cursor in wanted[:_AHEAD]]
        jobs = [
            (folder, position.link or self._rounds.first(self._found[folder.key].id))
            for folder, position in positions
            if folder.key in self._found
        ]
        shown = self._rounds.pages([link for _, link in jobs], _PAGE)
        for (folder, link), page in zip(jobs, shown, strict=True):
            if page is not None:
                self._keep(folder, _Kept(link, page, is_news=True))

    def read_flags(self, folder: Folder, cursor: str, state: str) -> FlagReading | None:
        if not cursor:
            return None
        try:
            with self._asking(folder, state):
                return self._flags(folder, state)
        except _Forgotten:
            self._begin_anew(folder)
            return self.read_flags(folder, cursor, "")

    def uids(self, folder: Folder, cursor: str) -> frozenset[str]:
        """All that are there now: a cursor says nothing of single messages. Of a delta round, for
        other lists count with $skip, and leave messages out while others are deleted: what is not
        listed here may be deleted at the target."""
        if not cursor:
            return frozenset()
        with self._asking(folder) as folder_id:
            return self._rounds.uids(folder_id, _FLAGS_PAGE)

    def find(self, folder: Folder) -> str:
        """The folder's id; SourceBusy or SourceChanged if there is no such folder any more."""
        if folder.key not in self._found:  # it was listed by another slice
            self.folders()
        if folder.key not in self._found:
            raise self._explain_gone(folder)
        return self._found[folder.key].id

    def told(self, uid: str) -> Told | None:
        """What a page has told of the message, if that is still known."""
        with self._lock:
            return self._told.get(uid)

    def close(self) -> None:
        """Forgets what was listed; the next question is asked anew."""
        self._pages.clear()
        with self._lock:
            self._told.clear()

    # -- pages

    def _page(self, folder: Folder, position: Position, limit: BatchLimit) -> Page | None:
        """None if nothing is new."""
        most = replace(limit, items=min(limit.items, BATCH))
        for _ in range(_EMPTY_AT_MOST):
            shown = self._shown(folder, position)
            fresh = [told.ref for told in shown.told if not position.has_given(told.ref.uid)]
            batch = cut_batch(fresh, most)
            if len(batch) < len(fresh):
                at = replace(position, link=shown.link).after(ref.uid for ref in batch)
                return Page(batch, write_cursor(at), more=True)
            behind = Position(shown.next, shown.is_end)
            if shown.is_end and position.is_end and not shown.told and not shown.removed:
                return None
            if batch or shown.is_end:
                return Page(batch, write_cursor(behind), more=not shown.is_end)
            position = behind
        return Page((), write_cursor(position), more=True)

    def _shown(self, folder: Folder, position: Position) -> Shown:
        """Graph's page at the position. One that was asked for before is used again while it has
        something to give; once, if it was asked for ahead."""
        link = position.link or self._rounds.first(self._found[folder.key].id)
        kept = self._pages.get(folder.key)
        if kept is not None and kept.link == link:
            has_more = any(not position.has_given(told.ref.uid) for told in kept.shown.told)
            if kept.is_news or has_more:
                self._keep(folder, replace(kept, is_news=False))
                return kept.shown
        shown = self._rounds.page(link, _PAGE)
        self._keep(folder, _Kept(link, shown))
        return shown

    def _keep(self, folder: Folder, kept: _Kept) -> None:
        """Also what the page tells of its messages, before they are fetched: of pages that were
        asked for ahead, much may have been forgotten."""
        self._pages[folder.key] = kept
        with self._lock:
            for told in kept.shown.told:
                self._told.pop(told.ref.uid, None)
                if told.ref.uid not in kept.shown.unclear:
                    self._told[told.ref.uid] = told
            while len(self._told) > _TOLD:
                self._told.popitem(last=False)

    # -- flags

    def _flags(self, folder: Folder, state: str) -> FlagReading | None:
        """A round of its own, or a part of it: other things are asked for than in that of the
        pages, and it ends at another moment."""
        found: dict[str, frozenset[str]] = {}
        link = state or self._rounds.first(self._found[folder.key].id)
        shown = None
        for shown in islice(self._rounds.all(link, _FLAGS_PAGE), _FLAGS_PAGES):
            found |= {
                told.ref.uid: told.flags for told in shown.told if told.ref.uid not in shown.unclear
            }
        assert shown is not None
        is_complete = shown.is_end and not state
        if state and shown.is_end and not found:
            return None
        return FlagReading(shown.next, found, is_complete, more=not shown.is_end)

    # -- what goes wrong

    @contextmanager
    def _asking(self, folder: Folder, link: str = "") -> Iterator[str]:
        """Around questions about a folder, whose id it gives; `link` is one that was kept. Graph
        forgets such links after a while, and says so in several ways."""
        folder_id = self.find(folder)
        try:
            yield folder_id
        except GraphRefused as error:
            if error.status == _NOT_THERE:
                self.folders()
                if folder.key not in self._found:
                    raise self._explain_gone(folder) from error
            if link and error.status in _NOT_KNOWN:
                raise _Forgotten from error
            raise refused(error) from error

    def _begin_anew(self, folder: Folder) -> None:
        """MailboxUnreachable if that has been too often."""
        self._restarts[folder.key] += 1
        if self._restarts[folder.key] > _RESTARTS:
            raise MailboxUnreachable(
                f"Microsoft Graph does not know its own links into folder {folder.key}"
            )

    def _explain_gone(self, folder: Folder) -> SourceBusy | SourceChanged:
        """Listing the folders again, as after every pause, heals both."""
        if any(found.path == folder.path for found in self._found.values()):
            return SourceChanged(f"folder {folder.key} was recreated at the source")
        return SourceBusy(f"folder {folder.key} is gone at the source", _AT_ONCE)


class _Forgotten(Exception):
    """Graph does not know a link any more."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """A page of Graph, by the link that led to it. `is_news`: nobody has used it yet."""

    link: str
    shown: Shown
    is_news: bool = False
