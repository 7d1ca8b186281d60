"""Operations of EWS on calendar items, contacts, tasks and notes, beside those of `EwsClient`."""

from __future__ import annotations

from collections.abc import Sequence

from migration.wire import ews_answer, ews_groupware_request
from migration.wire.ews import EwsClient
from migration.wire.ews_groupware_request import FolderKind, NewFile
from migration.wire.ews_model import Created, FolderInfo, FolderRef, Refused
from migration.wire.ews_request import name_item


class EwsGroupware:
    """Asks for the mailbox of a client, over its connections. One request for all of a call, an
    answer for each, in order."""

    def __init__(self, client: EwsClient) -> None:
        self._asking = client.asking
        self._mailbox = client.asking.mailbox

    def create_folders(
        self, parent: FolderRef, kind: FolderKind, names: Sequence[str]
    ) -> list[FolderInfo | Refused]:
        """Of what is created only the id is known. ErrorFolderExists for a name that is taken.
        AnswerLost when it is unknown which were created."""
        request = ews_groupware_request.create_kind_of_folders(
            self._mailbox, self._asking.named(parent), kind, names
        )
        return self._asking.each(request, len(names), ews_answer.read_folder, changes=True)

    def create(self, folder: FolderRef, elements: Sequence[str]) -> list[Created | Refused]:
        """Items. AnswerLost when it is unknown which of them were stored."""
        request = ews_groupware_request.create_elements(
            self._mailbox, self._asking.named(folder), elements
        )
        return self._asking.each(request, len(elements), ews_answer.read_created, changes=True)

    def change(self, changes: Sequence[str]) -> list[Created | Refused]:
        """Changes, each a t:ItemChange; the id of what was changed, of an occurrence its own. To
        make the same changes twice is to make them once: they are sent again when the answer is
        lost."""
        request = ews_groupware_request.change_elements(self._mailbox, changes)
        return self._asking.each(request, len(changes), ews_answer.read_created)

    def delete(self, ids: Sequence[str]) -> list[Refused | None]:
        """What each t:ItemId or t:OccurrenceItemId names, for good. Sent again when the answer is
        lost: then a refusal may mean that it was this request that deleted it."""
        request = ews_groupware_request.delete_elements(self._mailbox, ids)
        return self._asking.each(request, len(ids), lambda _: None)

    def find_ids(self, places: Sequence[str]) -> list[Created | Refused]:
        """The own ids of occurrences, each named by a t:OccurrenceItemId."""
        request = ews_groupware_request.get_ids(self._mailbox, places)
        return self._asking.each(request, len(places), ews_answer.read_created)

    def marks(self, ids: Sequence[str]) -> list[str | Refused]:
        """The change keys of items; ErrorItemNotFound for what is gone."""
        request = ews_groupware_request.get_ids(self._mailbox, list(map(name_item, ids)))
        return self._asking.each(request, len(ids), ews_answer.read_mark)

    def attach(self, item_id: str, files: Sequence[NewFile]) -> list[Refused | None]:
        """Files to one item. AnswerLost when it is unknown which of them are there."""
        request = ews_groupware_request.create_attachments(self._mailbox, item_id, files)
        return self._asking.each(request, len(files), lambda _: None, changes=True)
