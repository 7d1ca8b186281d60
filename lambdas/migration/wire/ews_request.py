"""EWS requests: each operation as a body. Nobody is ever sent anything by any of them.

`mailbox` is whoever is impersonated, "" for nobody.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from migration.mime import Mime
from migration.wire.ews_body import Request, escape
from migration.wire.ews_model import (
    Exists,
    Filter,
    FolderRef,
    ItemChange,
    NewMessage,
    Property,
)

_FOLDER_FIELDS = ("ParentFolderId", "FolderClass", "DisplayName", "TotalCount")
_SHOWN_FIELDS = (
    "item:DateTimeReceived",
    "item:Size",
    "item:Categories",
    "item:IsDraft",
    "message:IsRead",
)


# -- folders


def find_folder(mailbox: str, below: FolderRef, offset: int, limit: int) -> Request:
    """All folders below one, at whatever depth."""
    page = f'MaxEntriesReturned="{limit}" Offset="{offset}" BasePoint="Beginning"'
    ids = f"<m:ParentFolderIds>{name_folder(below)}</m:ParentFolderIds>"
    content = f"{_folder_shape()}<m:IndexedPageFolderView {page}/>{ids}"
    return Request(mailbox, [f'<m:FindFolder Traversal="Deep">{content}</m:FindFolder>'])


def get_folders(mailbox: str, folders: Sequence[FolderRef]) -> Request:
    """Name, class, parent and count of folders."""
    ids = f"<m:FolderIds>{''.join(map(name_folder, folders))}</m:FolderIds>"
    return Request(mailbox, [f"<m:GetFolder>{_folder_shape()}{ids}</m:GetFolder>"])


def create_folders(mailbox: str, parent: FolderRef, names: Sequence[str]) -> Request:
    """Mail folders below one parent."""
    made = "".join(
        "<t:Folder><t:FolderClass>IPF.Note</t:FolderClass>"
        f"<t:DisplayName>{escape(name)}</t:DisplayName></t:Folder>"
        for name in names
    )
    where = f"<m:ParentFolderId>{name_folder(parent)}</m:ParentFolderId>"
    return Request(
        mailbox, [f"<m:CreateFolder>{where}<m:Folders>{made}</m:Folders></m:CreateFolder>"]
    )


def delete_folder(mailbox: str, folder: FolderRef) -> Request:
    """A folder with all that is in it, for good."""
    ids = f"<m:FolderIds>{name_folder(folder)}</m:FolderIds>"
    return Request(mailbox, [f'<m:DeleteFolder DeleteType="HardDelete">{ids}</m:DeleteFolder>'])


# -- items


def create_items(mailbox: str, folder: FolderRef, messages: Sequence[NewMessage]) -> Request:
    """Messages into one folder."""

    def parts() -> Iterator[str | Mime]:
        yield (
            '<m:CreateItem MessageDisposition="SaveOnly" SendMeetingInvitations="SendToNone">'
            f"<m:SavedItemFolderId>{name_folder(folder)}</m:SavedItemFolderId><m:Items>"
        )
        for message in messages:
            yield "<t:Message><t:MimeContent>"
            yield message.mime
            yield f"</t:MimeContent>{_message_properties(message)}</t:Message>"
        yield "</m:Items></m:CreateItem>"

    return Request(mailbox, parts())


def find_items(
    mailbox: str,
    folder: FolderRef,
    wanted: Filter,
    properties: Sequence[Property],
    offset: int,
    limit: int,
) -> Request:
    """One page of the items of a folder that meet a filter, with ids and properties."""
    page = f'MaxEntriesReturned="{limit}" Offset="{offset}" BasePoint="Beginning"'
    test = f"<m:Restriction>{_filter(wanted)}</m:Restriction>"
    ids = f"<m:ParentFolderIds>{name_folder(folder)}</m:ParentFolderIds>"
    content = f"{_item_shape(properties)}<m:IndexedPageItemView {page}/>{test}{ids}"
    return Request(mailbox, [f'<m:FindItem Traversal="Shallow">{content}</m:FindItem>'])


def get_items(
    mailbox: str, ids: Sequence[str], properties: Sequence[Property], *, with_mime: bool
) -> Request:
    """Items with what `Shown` holds."""
    shape = _item_shape(properties, _SHOWN_FIELDS, with_mime=with_mime)
    return Request(mailbox, [f"<m:GetItem>{shape}{_item_ids(ids)}</m:GetItem>"])


def update_items(mailbox: str, changes: Sequence[ItemChange]) -> Request:
    """Changes to items, one after the other; whatever somebody else changed meanwhile."""
    made = "".join(
        f"<t:ItemChange>{name_item(change.id)}<t:Updates>{_updates(change)}</t:Updates></t:ItemChange>"
        for change in changes
    )
    attributes = (
        'MessageDisposition="SaveOnly" ConflictResolution="AlwaysOverwrite"'
        ' SendMeetingInvitationsOrCancellations="SendToNone"'
    )
    content = f"<m:ItemChanges>{made}</m:ItemChanges>"
    return Request(mailbox, [f"<m:UpdateItem {attributes}>{content}</m:UpdateItem>"])


def delete_items(mailbox: str, ids: Sequence[str]) -> Request:
    """Deletes items for good."""
    attributes = 'DeleteType="HardDelete" SendMeetingCancellations="SendToNone"'
    return Request(mailbox, [f"<m:DeleteItem {attributes}>{_item_ids(ids)}</m:DeleteItem>"])


# -- their parts


def _message_properties(message: NewMessage) -> str:
    """What follows MimeContent, in the order of the schema."""
    extended = "".join(write_extended(name, value) for name, value in message.properties)
    categories = write_categories(message.categories) if message.categories else ""
    return f"{categories}{extended}{_is_read(message.is_read)}"


def _updates(change: ItemChange) -> str:
    """A property each: an update that names several is refused."""
    made = [
        _delete(_field(name)) if value is None else _set(_field(name), write_extended(name, value))
        for name, value in change.properties
    ]
    if change.is_read is not None:
        made.append(_set('<t:FieldURI FieldURI="message:IsRead"/>', _is_read(change.is_read)))
    if change.categories is not None:
        uri = '<t:FieldURI FieldURI="item:Categories"/>'
        known = change.categories
        made.append(_set(uri, write_categories(known)) if known else _delete(uri))
    return "".join(made)


def _set(path: str, value: str) -> str:
    return f"<t:SetItemField>{path}<t:Message>{value}</t:Message></t:SetItemField>"


def _delete(path: str) -> str:
    return f"<t:DeleteItemField>{path}</t:DeleteItemField>"


def _is_read(is_read: bool) -> str:
    return f"<t:IsRead>{'true' if is_read else 'false'}</t:IsRead>"


def write_categories(names: Sequence[str]) -> str:
    """The categories of an item."""
    made = "".join(f"<t:String>{escape(name)}</t:String>" for name in names)
    return f"<t:Categories>{made}</t:Categories>"


def write_extended(name: Property, value: str) -> str:
    """A MAPI property of an item."""
    return (
        f"<t:ExtendedProperty>{_field(name)}<t:Value>{escape(value)}</t:Value></t:ExtendedProperty>"
    )


def _folder_shape() -> str:
    uris = "".join(f'<t:FieldURI FieldURI="folder:{name}"/>' for name in _FOLDER_FIELDS)
    return (
        "<m:FolderShape><t:BaseShape>IdOnly</t:BaseShape>"
        f"<t:AdditionalProperties>{uris}</t:AdditionalProperties></m:FolderShape>"
    )


def _item_shape(
    properties: Sequence[Property], fields: Sequence[str] = (), *, with_mime: bool = False
) -> str:
    more = "".join(f'<t:FieldURI FieldURI="{name}"/>' for name in fields)
    more += "".join(map(_field, properties))
    if more:
        more = f"<t:AdditionalProperties>{more}</t:AdditionalProperties>"
    mime = "<t:IncludeMimeContent>true</t:IncludeMimeContent>" if with_mime else ""
    return f"<m:ItemShape><t:BaseShape>IdOnly</t:BaseShape>{mime}{more}</m:ItemShape>"


def name_folder(folder: FolderRef) -> str:
    """A folder by its id or its distinguished name."""
    kind = "DistinguishedFolderId" if folder.distinguished else "FolderId"
    if not (folder.distinguished and folder.mailbox):
        return f'<t:{kind} Id="{escape(folder.id)}"/>'
    owner = f"<t:EmailAddress>{escape(folder.mailbox)}</t:EmailAddress>"
    return f'<t:{kind} Id="{escape(folder.id)}"><t:Mailbox>{owner}</t:Mailbox></t:{kind}>'


def name_item(item_id: str) -> str:
    """An item by its id."""
    return f'<t:ItemId Id="{escape(item_id)}"/>'


def _item_ids(ids: Sequence[str]) -> str:
    return f"<m:ItemIds>{''.join(map(name_item, ids))}</m:ItemIds>"


@lru_cache(maxsize=64)
def _field(wanted: Property) -> str:
    where = (
        f'PropertyTag="0x{wanted.tag:04X}"'
        if wanted.tag
        else f'PropertySetId="{wanted.property_set}" PropertyName="{escape(wanted.name)}"'
    )
    return f'<t:ExtendedFieldURI {where} PropertyType="{wanted.type}"/>'


def _filter(wanted: Filter) -> str:
    field = _field(wanted.property)
    if isinstance(wanted, Exists):
        return f"<t:Exists>{field}</t:Exists>"
    tests = [
        f"<t:IsEqualTo>{field}<t:FieldURIOrConstant>"
        f'<t:Constant Value="{escape(value)}"/></t:FieldURIOrConstant></t:IsEqualTo>'
        for value in wanted.values
    ]
    return tests[0] if len(tests) == 1 else f"<t:Or>{''.join(tests)}</t:Or>"
