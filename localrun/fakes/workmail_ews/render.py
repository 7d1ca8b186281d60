"""Folders and items as XML, in the order of Microsoft's schema."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, replace
from email.parser import BytesParser
from email.policy import default as modern

from lxml import etree

from localrun.fakes.workmail_ews.items import ITEM_ORDER, MESSAGE_ORDER, StoredItem
from localrun.fakes.workmail_ews.properties import PropertyPath, read_path, write_boolean
from localrun.fakes.workmail_ews.soap import TYPES, ItemRefused, add, children, find
from localrun.fakes.workmail_ews.store import MailboxStore, StoredFolder
from localrun.fakes.workmail_ews.values import addresses, field_text, property_values

# FindItem gives at most this many characters of a string (Exchange does the same).
FIND_ITEM_STRING = 255

_DEFAULT_NAMES = (
    "ItemId Subject Sensitivity Size DateTimeSent DateTimeCreated HasAttachments IsRead "
    "From Importance ItemClass DateTimeReceived IsDraft"
)
_DEFAULT_SHAPE = frozenset(_DEFAULT_NAMES.split())
_FOLDER_ELEMENTS = {
    "IPF.Appointment": "CalendarFolder",
    "IPF.Contact": "ContactsFolder",
    "IPF.Task": "TasksFolder",
}


@dataclass(frozen=True, slots=True)
class Shape:
    """Which properties an answer shows. `found` is True in FindItem, which shows less."""

    fields: frozenset[str]
    properties: tuple[PropertyPath, ...]
    everything: bool = False
    found: bool = False
    asked: frozenset[str] = frozenset()
    """What is named beside the base shape."""
    usual: bool = False
    """Whether the base shape is Default."""
    body_type: str = "Best"

    def shows(self, name: str) -> bool:
        """Whether a first-class property, by its element name, belongs in the answer."""
        heavy = name in ("MimeContent", "Body", "InternetMessageHeaders")
        return name in self.fields or (self.everything and not heavy)


def read_shape(element: etree._Element, default: frozenset[str] = _DEFAULT_SHAPE) -> Shape:
    """An ItemShape or FolderShape element."""
    base = find(element, "BaseShape")
    base_shape = "" if base is None else base.text
    fields = {"ItemId", "FolderId"} | (default if base_shape == "Default" else set())
    mime = find(element, "IncludeMimeContent")
    if mime is not None and mime.text in ("true", "1"):
        fields.add("MimeContent")
    body_type = find(element, "BodyType")
    more = find(element, "AdditionalProperties")
    paths = [] if more is None else [read_path(child) for child in children(more)]
    asked = {path.partition(":")[2] for path in paths if isinstance(path, str)}
    fields |= asked
    if base_shape == "AllProperties" and "MimeContent" not in fields:
        fields |= {"Body", "InternetMessageHeaders"}
    return Shape(
        frozenset(fields),
        tuple(path for path in paths if isinstance(path, PropertyPath)),
        base_shape == "AllProperties",
        asked=frozenset(asked),
        usual=base_shape == "Default",
        body_type="Best" if body_type is None else body_type.text or "Best",
    )


def found_shape(shape: Shape) -> Shape:
    """The shape for FindItem; ErrorInvalidPropertyRequest for what only GetItem has."""
    if not shape.everything and {"MimeContent", "Body"} & shape.fields:
        raise ItemRefused("ErrorInvalidPropertyRequest")
    return replace(shape, found=True)


def add_message(parent: etree._Element, item: StoredItem, shape: Shape) -> None:
    """Appends a mail message's element to `parent`."""
    element = add(parent, TYPES, item.kind)
    for name in (*ITEM_ORDER, *MESSAGE_ORDER):
        if name == "ExtendedProperty":
            for path in shape.properties:
                add_property(element, item, path, shape.found)
        elif shape.shows(name):
            _add_field(element, item, name, shape.found)


def add_item_id(parent: etree._Element, item: StoredItem) -> None:
    """Appends the item's element with nothing but its id."""
    add_id(add(parent, TYPES, item.kind), item)


def _add_field(element: etree._Element, item: StoredItem, name: str, found: bool) -> None:
    if name in _COMPLEX:
        _COMPLEX[name](element, item)
    elif name in item.fields and len(item.fields[name]):
        element.append(_copy(item.fields[name]))
    else:
        text = field_text(item, name)
        if text is not None:
            add(element, TYPES, name, text[:FIND_ITEM_STRING] if found else text)


def _copy(element: etree._Element) -> etree._Element:
    return etree.fromstring(etree.tostring(element, with_tail=False))


def add_property(
    element: etree._Element, item: StoredItem, path: PropertyPath, found: bool
) -> None:
    """Appends an extended property, if the item has it; cut where it is `found`."""
    values = property_values(item, path.property)
    if values is None:
        return
    holder = add(element, TYPES, "ExtendedProperty")
    add(holder, TYPES, "ExtendedFieldURI", None, **dict(path.attributes))
    if path.type.endswith("Array"):
        holder = add(holder, TYPES, "Values")
    for value in values:
        add(holder, TYPES, "Value", value[:FIND_ITEM_STRING] if found else value)


def add_id(element: etree._Element, item: StoredItem) -> None:
    """Appends the item's ItemId."""
    add(element, TYPES, "ItemId", Id=item.id, ChangeKey=item.change_key)


def add_parent(element: etree._Element, item: StoredItem) -> None:
    """Appends the id of the item's folder."""
    add(element, TYPES, "ParentFolderId", Id=item.folder_id, ChangeKey="AQAAAA==")


def _add_mime(element: etree._Element, item: StoredItem) -> None:
    text = base64.b64encode(item.mime).decode()
    add(element, TYPES, "MimeContent", text, CharacterSet="UTF-8")


def add_categories(element: etree._Element, item: StoredItem) -> None:
    """Appends the item's categories, if it has any."""
    if item.categories:
        holder = add(element, TYPES, "Categories")
        for category in item.categories:
            add(holder, TYPES, "String", category)


def _add_body(element: etree._Element, item: StoredItem) -> None:
    try:
        part = BytesParser(policy=modern).parsebytes(item.mime).get_body(("plain", "html"))
        text = "" if part is None else str(part.get_content())
    except (ValueError, LookupError, AttributeError, TypeError):  # faults of email's parser
        part, text = None, ""
    is_html = part is not None and part.get_content_subtype() == "html"
    add(element, TYPES, "Body", text, BodyType="HTML" if is_html else "Text")


def _add_headers(element: etree._Element, item: StoredItem) -> None:
    pairs = [(name, str(value)) for name, value in item.headers().raw_items()]
    if pairs:
        holder = add(element, TYPES, "InternetMessageHeaders")
        for name, value in pairs:
            add(holder, TYPES, "InternetMessageHeader", value, HeaderName=name)


def _mailboxes(name: str, header: str) -> Callable[[etree._Element, StoredItem], None]:
    def write(element: etree._Element, item: StoredItem) -> None:
        pairs = addresses(item.headers(), header)
        if item.kind != "Message" or not pairs:
            return
        holder = add(element, TYPES, name)
        single = name in ("From", "Sender")
        for display, address in pairs[:1] if single else pairs:
            mailbox = add(holder, TYPES, "Mailbox")
            add(mailbox, TYPES, "Name", display or address)
            add(mailbox, TYPES, "EmailAddress", address)
            add(mailbox, TYPES, "RoutingType", "SMTP")

    return write


_COMPLEX: dict[str, Callable[[etree._Element, StoredItem], None]] = {
    "ItemId": add_id,
    "ParentFolderId": add_parent,
    "MimeContent": _add_mime,
    "Categories": add_categories,
    "Body": _add_body,
    "InternetMessageHeaders": _add_headers,
    "From": _mailboxes("From", "From"),
    "Sender": _mailboxes("Sender", "From"),
    "ToRecipients": _mailboxes("ToRecipients", "To"),
    "CcRecipients": _mailboxes("CcRecipients", "Cc"),
    "BccRecipients": _mailboxes("BccRecipients", "Bcc"),
    "ReplyTo": _mailboxes("ReplyTo", "Reply-To"),
}


def add_folder(
    parent: etree._Element, mailbox: MailboxStore, folder: StoredFolder, shape: Shape
) -> None:
    """Appends the folder's element to `parent`. FolderId is always shown."""
    kind = _FOLDER_ELEMENTS.get(folder.folder_class, "Folder")
    element = add(parent, TYPES, kind)
    add(element, TYPES, "FolderId", Id=folder.id, ChangeKey=folder.change_key)
    if shape.shows("ParentFolderId") and folder.parent_id:
        above = mailbox.folder(folder.parent_id)
        add(element, TYPES, "ParentFolderId", Id=above.id, ChangeKey=above.change_key)
    texts = {
        "FolderClass": folder.folder_class,
        "DisplayName": folder.name,
        "TotalCount": str(len(folder.items)),
        "ChildFolderCount": str(len(mailbox.child_folders(folder))),
    }
    for name, text in texts.items():
        if shape.shows(name) and (text or name == "DisplayName"):
            add(element, TYPES, name, text)
    if shape.shows("UnreadCount") and kind in ("Folder", "TasksFolder"):
        unread = sum(not item.is_read for item in folder.items.values())
        add(element, TYPES, "UnreadCount", str(unread))


FOLDER_DEFAULT_SHAPE = frozenset({"DisplayName", "TotalCount", "ChildFolderCount", "UnreadCount"})


def paging(total: int, offset: int, returned: int) -> dict[str, str]:
    """The attributes of a RootFolder: where the page ends, and whether it is the last."""
    end = offset + returned
    return {
        "IndexedPagingOffset": str(end),
        "TotalItemsInView": str(total),
        "IncludesLastItemInRange": write_boolean(end >= total),
    }
