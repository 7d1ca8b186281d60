"""Calendars, contacts, tasks and notes of Amazon WorkMail as a target, over Exchange Web Services.

Each item that is created carries its migration key as a named property, as messages do
(workmail_message.py). A mark is EWS's change key. Nobody is ever told: each call says so.
"""

from __future__ import annotations

from collections.abc import Collection as Several
from collections.abc import Mapping, Sequence

from migration.groupware_port import (
    CollectionKind,
    CollectionPlan,
    FoundItem,
    Keyed,
    Written,
)
from migration.items.ews_item import Destination
from migration.mail import Rejected
from migration.targets.workmail_collections import WorkmailCollections
from migration.targets.workmail_errors import folder_translated, translated
from migration.targets.workmail_groupware_write import GroupwareWriter
from migration.targets.workmail_keys import find_keys
from migration.targets.workmail_message import KEY
from migration.wire.ews import EwsClient
from migration.wire.ews_model import Exists, FolderRef


class WorkmailGroupware:
    """A `groupware_port.GroupwareTarget`. Owns the client: close() closes it, and what is asked
    afterwards opens it again."""

    def __init__(
        self,
        client: EwsClient,
        where: Destination,
        kinds: frozenset[CollectionKind] = frozenset(CollectionKind),
    ) -> None:
        """`where` says whose mailbox it is, and how far occurrences are written one by one; of a
        room only the calendar is of use, as `kinds` may say."""
        self._kinds = kinds
        self._open_client = client
        self._is_closed = False
        self._writer = GroupwareWriter(client, where)
        self._collections = WorkmailCollections(client)

    def close(self) -> None:
        """Ends the connections; may be called twice."""
        self._open_client.close()
        self._is_closed = True

    def kinds(self) -> frozenset[CollectionKind]:
        """What this mailbox has a use for."""
        return self._kinds

    def ensure_collections(self, plans: Sequence[CollectionPlan]) -> list[str]:
        """Creates folders where missing, below the default folder of their kind; the id of each, in
        order. A name that something else has there gets the kind behind it, in brackets."""
        self._reopen()
        with translated():
            return self._collections.ensure(plans)

    def write(self, folder_id: str, batch: Sequence[Keyed]) -> list[Written | Rejected]:
        """In requests of at most 50 items or 4 MB, fewer where the server is slow. What it refuses
        of a change, a deletion or a file is a loss with its code, and so is one of several items
        that stand for themselves. What is created in a request whose answer is lost is not sent
        again: TargetBusy, and its `retry_after` is when `find` can be trusted."""
        self._reopen()
        with folder_translated():
            return self._writer.write(folder_id, batch)

    def find(self, folder_id: str, keys: Several[str]) -> list[FoundItem]:
        """What the folder holds under exactly these keys."""
        self._reopen()
        with folder_translated():
            found = find_keys(self._open_client, folder_id, list(keys))
            return [FoundItem(item_id, key) for item_id, key in found]

    def marks(self, folder_id: str, ids: Several[str]) -> Mapping[str, str]:
        """The change keys now of those that are there."""
        self._reopen()
        with folder_translated():
            return self._writer.marks(folder_id, list(ids))

    def remove(self, folder_id: str, ids: Several[str]) -> None:
        """Deletes items for good; no error for what is gone. Of a series all goes."""
        self._reopen()
        with folder_translated():
            self._writer.remove(list(ids))

    def count(self, folder_id: str) -> int:
        """How many items of the folder carry a migration key; a series is one."""
        self._reopen()
        with folder_translated():
            return self._open_client.find_items(FolderRef(folder_id), Exists(KEY), limit=1).total

    def _reopen(self) -> None:
        if self._is_closed:
            self._is_closed = False
            self._open_client.reopen()
