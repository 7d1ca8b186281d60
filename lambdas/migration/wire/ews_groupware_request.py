"""EWS requests about calendar items, contacts, tasks and notes. Nobody is ever told of any of them.

Items, changes and ids are elements, as `ews_calendar`, `ews_contacts` and `ews_tasks` write them.
`mailbox` is whoever is impersonated, "" for nobody.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from migration.items.ews_item import FileAttachment
from migration.mime import Mime
from migration.wire.ews_body import Request
from migration.wire.ews_calendar import write_file
from migration.wire.ews_elements import tag
from migration.wire.ews_model import FolderRef
from migration.wire.ews_request import name_folder, name_item


@dataclass(frozen=True, slots=True)
class FolderKind:
    """A kind of folder: the name of its element, and its class."""

    element: str
    folder_class: str


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file to attach; `is_photo`: it is the picture of a contact."""

    file: FileAttachment
    is_photo: bool = False


def create_kind_of_folders(
    mailbox: str, parent: FolderRef, kind: FolderKind, names: Sequence[str]
) -> Request:
    """Folders of one kind below one parent."""
    made = "".join(
        f"<t:{kind.element}>{tag('FolderClass', kind.folder_class)}{tag('DisplayName', name)}"
        f"</t:{kind.element}>"
        for name in names
    )
    where = f"<m:ParentFolderId>{name_folder(parent)}</m:ParentFolderId>"
    content = f"{where}<m:Folders>{made}</m:Folders>"
    return Request(mailbox, [f"<m:CreateFolder>{content}</m:CreateFolder>"])


def create_elements(mailbox: str, folder: FolderRef, elements: Sequence[str]) -> Request:
    """Items of any kind into one folder."""
    attributes = 'MessageDisposition="SaveOnly" SendMeetingInvitations="SendToNone"'
    where = f"<m:SavedItemFolderId>{name_folder(folder)}</m:SavedItemFolderId>"
    content = f"{where}<m:Items>{''.join(elements)}</m:Items>"
    return Request(mailbox, [f"<m:CreateItem {attributes}>{content}</m:CreateItem>"])


def change_elements(mailbox: str, changes: Sequence[str]) -> Request:
    """Each a t:ItemChange; whatever somebody else changed meanwhile."""
    attributes = (
        'MessageDisposition="SaveOnly" ConflictResolution="AlwaysOverwrite"'
        ' SendMeetingInvitationsOrCancellations="SendToNone"'
    )
    content = f"<m:ItemChanges>{''.join(changes)}</m:ItemChanges>"
    return Request(mailbox, [f"<m:UpdateItem {attributes}>{content}</m:UpdateItem>"])


def delete_elements(mailbox: str, ids: Sequence[str]) -> Request:
    """Each a t:ItemId or a t:OccurrenceItemId; for good. Of a task that repeats all goes: EWS
    deletes no task without a word about that."""
    attributes = (
        'DeleteType="HardDelete" SendMeetingCancellations="SendToNone"'
        ' AffectedTaskOccurrences="AllOccurrences"'
    )
    content = f"<m:ItemIds>{''.join(ids)}</m:ItemIds>"
    return Request(mailbox, [f"<m:DeleteItem {attributes}>{content}</m:DeleteItem>"])


def get_ids(mailbox: str, ids: Sequence[str]) -> Request:
    """The ids with their change keys, of what a t:ItemId or a t:OccurrenceItemId names."""
    shape = "<m:ItemShape><t:BaseShape>IdOnly</t:BaseShape></m:ItemShape>"
    content = f"{shape}<m:ItemIds>{''.join(ids)}</m:ItemIds>"
    return Request(mailbox, [f"<m:GetItem>{content}</m:GetItem>"])


def create_attachments(mailbox: str, item_id: str, files: Sequence[NewFile]) -> Request:
    """Files to one item, or to one occurrence by its own id."""

    def parts() -> Iterator[str | Mime]:
        named = name_item(item_id).replace("t:ItemId", "m:ParentItemId")
        yield f"<m:CreateAttachment>{named}<m:Attachments>"
        for one in files:
            yield from write_file(one.file, is_photo=one.is_photo)
        yield "</m:Attachments></m:CreateAttachment>"

    return Request(mailbox, parts())
