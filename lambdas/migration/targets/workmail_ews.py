"""Amazon WorkMail as a target, over Exchange Web Services.

A message is created from its MIME, together with MAPI properties for what MIME does not hold:
flags, the received date, and the migration key, a named property by which the folder can be asked
what it has. Nothing is added to the message itself, and nobody is sent anything.

Kept: bytes as far as the server keeps them (Exchange rebuilds MIME from properties), received and
sent date to the second, \\Seen \\Flagged \\Answered \\Draft $Forwarded, other keywords as
categories. A message that is answered and forwarded shows as answered: it is one property.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from migration.mail import FolderPlan, Found, Gone, Item, ItemRef, Stamped
from migration.ports import Capabilities, Receipt
from migration.targets.workmail_append import WorkmailAppend
from migration.targets.workmail_errors import (
    FOLDER_CODES,
    folder_translated,
    is_refused,
    translated,
)
from migration.targets.workmail_folders import WorkmailFolders
from migration.targets.workmail_keys import find_keys, parts
from migration.targets.workmail_message import (
    KEY,
    SHOWN_PROPERTIES,
    flag_changes,
    no_receipt,
    shown_item,
)
from migration.wire.ews import EwsClient
from migration.wire.ews_failures import refuse
from migration.wire.ews_model import Exists, FolderRef, Refused, RequestRefused, Shown

_MAX_BYTES = 40 * 1024 * 1024
"""Of a message's MIME, as WorkMail takes it."""

_ITEMS_PER_CHANGE = 50
_ITEMS_PER_LIST = 200
_SHOWN_ITEMS, _SHOWN_BYTES = 20, 4_000_000
_GONE = "ErrorItemNotFound"


class WorkmailEwsTarget:
    """A `ports.Target`. Owns the client: close() closes it, and what is asked afterwards opens it
    again."""

    def __init__(self, client: EwsClient) -> None:
        self.capabilities = Capabilities(
            max_item_bytes=_MAX_BYTES, keeps_bytes=False, sets_flags=True, removes=True
        )
        self._open_client = client
        self._is_closed = False
        self._open_folders = WorkmailFolders(client)
        self._open_append = WorkmailAppend(client)

    @property
    def _client(self) -> EwsClient:
        self._reopen()
        return self._open_client

    @property
    def _folders(self) -> WorkmailFolders:
        self._reopen()
        return self._open_folders

    @property
    def _append(self) -> WorkmailAppend:
        self._reopen()
        return self._open_append

    def _reopen(self) -> None:
        if self._is_closed:
            self._is_closed = False
            self._open_client.reopen()
            self._open_folders = WorkmailFolders(self._open_client)
            self._open_append = WorkmailAppend(self._open_client)

    def open(self) -> None:
        """Makes the connections ahead, beside other work. Raises nothing."""
        self._append.open()

    def close(self) -> None:
        """Ends the connections; may be called twice, also while another thread waits."""
        self._open_client.close()
        self._open_append.close()
        self._is_closed = True

    def probe(self) -> None:
        """Opens the mailbox, reading only; raises what any other call would."""
        with translated():
            self._folders.distinguished(["inbox"])

    # -- folders

    def ensure_folders(self, plans: Sequence[FolderPlan]) -> list[str]:
        """Creates the folders and their parents where missing; the id of each, in order."""
        with translated():
            return self._folders.ensure(plans)

    def remove_folder(self, folder_id: str) -> None:
        """Deletes a folder with all it holds, for good; no error if it is gone."""
        with translated():
            try:
                self._client.delete_folder(FolderRef(folder_id))
            except RequestRefused as error:
                if error.code not in FOLDER_CODES:
                    raise

    # -- writing

    def mark(self, folder_id: str) -> str:
        """Empty: `since` asks for the keys themselves, wherever they stand in the folder."""
        return ""

    def append(self, folder_id: str, batch: Iterable[Stamped]) -> Receipt:
        """Sends the items in requests of at most 100 items or 4 MB, fewer where the server is slow
        (request_size.py), a stream alone.

        A request whose answer is lost is not sent again: TargetBusy, and its `retry_after` is when
        `since` can be trusted. A stream that is refused is Rejected, whatever the reason: it cannot
        be sent a second time. What breaks a stream at its source is raised as it is.
        """
        return self._append.append(folder_id, batch)

    def set_flags(self, folder_id: str, flags: Mapping[str, frozenset[str]]) -> None:
        """Makes these the flags of the items, but for \\Draft, which WorkMail keeps as it was. What
        is gone or refuses to be changed is left alone."""
        with folder_translated():
            for some in parts(list(flags), _ITEMS_PER_CHANGE):
                changes = [change for id_ in some for change in flag_changes(id_, flags[id_])]
                answers = self._client.update_items(changes)
                self._check(folder_id, answers)

    def remove(self, folder_id: str, ids: Sequence[str]) -> None:
        """Deletes items for good, and tells nobody that they were not read. What is gone or refuses
        to be changed is left alone."""
        with translated():
            for some in parts(ids, _ITEMS_PER_CHANGE):
                answers = self._client.update_items([no_receipt(item_id) for item_id in some])
                done = zip(some, answers, strict=True)
                there = [item_id for item_id, answer in done if not is_refused(answer)]
                if there:
                    list(map(is_refused, self._client.delete_items(there)))

    # -- reading

    def since(self, folder_id: str, mark: str, keys: Sequence[str]) -> list[Found]:
        """Which of `keys` the folder holds, each with the item's id."""
        with folder_translated():
            return [
                Found(item_id, key) for item_id, key in find_keys(self._client, folder_id, keys)
            ]

    def count(self, folder_id: str, ids: Collection[str] = ()) -> int:
        """How many items of the folder carry a migration key."""
        with folder_translated():
            return self._client.find_items(FolderRef(folder_id), Exists(KEY), limit=1).total

    def total(self) -> int:
        """Of folders below the visible root, as the server counts them; calendars, contacts and the
        like are no mail folders."""
        with translated():
            return self._folders.count_items()

    def show(self, folder_id: str, ids: Sequence[str]) -> Iterator[Item | Gone]:
        """The items as WorkMail has them, a few at a time: at most 4 MB, or one that is larger."""
        for listed in parts(ids, _ITEMS_PER_LIST):
            with folder_translated():
                sizes = self._sizes(folder_id, listed)
            for some in _light_parts(listed, sizes):
                with folder_translated():
                    shown = self._show([item_id for item_id in some if item_id in sizes])
                for item_id in some:
                    yield shown.get(item_id) or Gone(ItemRef(item_id, 0))

    # -- their parts; these raise EwsError

    def _sizes(self, folder_id: str, ids: Sequence[str]) -> dict[str, int]:
        """How large the items are that are there."""
        answers = self._client.get_items(ids, with_mime=False)
        self._check(folder_id, answers)
        return {item_id: shown.size for item_id, shown in _shown(ids, answers)}

    def _show(self, ids: Sequence[str]) -> dict[str, Item]:
        answers = self._client.get_items(ids, SHOWN_PROPERTIES) if ids else []
        return {item_id: shown_item(item_id, shown) for item_id, shown in _shown(ids, answers)}

    def _check(self, folder_id: str, answers: Sequence[Refused | Shown | None]) -> None:
        """When items are gone, their folder may be: RequestRefused."""
        refused = [answer for answer in answers if isinstance(answer, Refused)]
        if any(answer.code == _GONE for answer in refused if is_refused(answer)):
            self._client.get_folder(FolderRef(folder_id))


def _shown(ids: Sequence[str], answers: Sequence[Shown | Refused]) -> Iterator[tuple[str, Shown]]:
    """The items that are there. One that is there and cannot be shown: RequestRefused."""
    for item_id, answer in zip(ids, answers, strict=True):
        if isinstance(answer, Shown):
            yield item_id, answer
        elif answer.code != _GONE:
            raise refuse(answer.code, answer.retry_after)


def _light_parts(ids: Sequence[str], sizes: Mapping[str, int]) -> Iterator[list[str]]:
    """So few that their content fits into memory."""
    part: list[str] = []
    weight = 0
    for item_id in ids:
        size = sizes.get(item_id, 0)
        if part and (len(part) == _SHOWN_ITEMS or weight + size > _SHOWN_BYTES):
            yield part
            part, weight = [], 0
        part.append(item_id)
        weight += size
    if part:
        yield part
