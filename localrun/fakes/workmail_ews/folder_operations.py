"""FindFolder, GetFolder, CreateFolder, DeleteFolder.

Every operation takes a mailbox and the request's element and gives the response's element. What is
wrong with one part is told in its response message, as Exchange does.
"""

from __future__ import annotations

from lxml import etree

from localrun.fakes.workmail_ews.render import (
    FOLDER_DEFAULT_SHAPE,
    Shape,
    add_folder,
    paging,
    read_shape,
)
from localrun.fakes.workmail_ews.soap import (
    MESSAGES,
    TYPES,
    ItemRefused,
    SoapFault,
    add,
    add_refusal,
    add_success,
    children,
    find,
    local_name,
    start_response,
)
from localrun.fakes.workmail_ews.store import MailboxStore, StoredFolder

_CLASSES = {
    "CalendarFolder": "IPF.Appointment",
    "ContactsFolder": "IPF.Contact",
    "TasksFolder": "IPF.Task",
}


def find_folder(mailbox: MailboxStore, request: etree._Element) -> etree._Element:
    """Shallow gives the children, Deep everything below; paged by IndexedPageFolderView."""
    response, messages = start_response("FindFolder")
    shape = read_shape(required(request, "FolderShape"), FOLDER_DEFAULT_SHAPE)
    offset, limit = read_page(find(request, "IndexedPageFolderView"))
    for folder_id in children(required(request, "ParentFolderIds")):
        try:
            parent = read_folder(mailbox, folder_id)
            below = mailbox.child_folders(parent)
            if request.get("Traversal") == "Deep":
                below = list(mailbox.descendants(parent))
        except ItemRefused as refusal:
            add_refusal(messages, "FindFolder", refusal)
            continue
        page = below[offset : offset + limit]
        message = add_success(messages, "FindFolder")
        attributes = paging(len(below), offset, len(page))
        root = add(message, MESSAGES, "RootFolder", None, **attributes)
        holder = add(root, TYPES, "Folders")
        for folder in page:
            add_folder(holder, mailbox, folder, shape)
    return response


def get_folder(mailbox: MailboxStore, request: etree._Element) -> etree._Element:
    """The folders of the ids, one response message each."""
    response, messages = start_response("GetFolder")
    shape = read_shape(required(request, "FolderShape"), FOLDER_DEFAULT_SHAPE)
    for folder_id in children(required(request, "FolderIds")):
        try:
            folder = read_folder(mailbox, folder_id)
        except ItemRefused as refusal:
            add_refusal(messages, "GetFolder", refusal)
            continue
        holder = add(add_success(messages, "GetFolder"), MESSAGES, "Folders")
        add_folder(holder, mailbox, folder, shape)
    return response


def create_folder(mailbox: MailboxStore, request: etree._Element) -> etree._Element:
    """New folders below one parent; ErrorFolderExists for a name that is taken."""
    response, messages = start_response("CreateFolder")
    for wanted in children(required(request, "Folders")):
        name, folder_class = find(wanted, "DisplayName"), find(wanted, "FolderClass")
        default = _CLASSES.get(local_name(wanted), "IPF.Note")
        try:
            parent = read_folder(
                mailbox,
                children(required(request, "ParentFolderId"))[0],
                "ErrorParentFolderNotFound",
            )
            folder = mailbox.create_folder(
                parent,
                "" if name is None else name.text or "",
                default if folder_class is None else folder_class.text or default,
            )
        except ItemRefused as refusal:
            add_refusal(messages, "CreateFolder", refusal)
            continue
        holder = add(add_success(messages, "CreateFolder"), MESSAGES, "Folders")
        add_folder(holder, mailbox, folder, Shape(frozenset(), ()))
    return response


def delete_folder(mailbox: MailboxStore, request: etree._Element) -> etree._Element:
    """Deletes folders with what is in them; never those that every mailbox has."""
    response, messages = start_response("DeleteFolder")
    for folder_id in children(required(request, "FolderIds")):
        try:
            folder = read_folder(mailbox, folder_id)
            mailbox.delete_folder(folder, request.get("DeleteType", ""))
        except ItemRefused as refusal:
            add_refusal(messages, "DeleteFolder", refusal)
            continue
        add_success(messages, "DeleteFolder")
    return response


def read_folder(
    mailbox: MailboxStore, element: etree._Element, missing: str = "ErrorFolderNotFound"
) -> StoredFolder:
    """The folder that a FolderId or DistinguishedFolderId element means.

    A DistinguishedFolderId that names another mailbox is refused: this is no delegate access.
    """
    named = element.get("Id", "")
    if local_name(element) != "DistinguishedFolderId":
        return mailbox.folder(named, missing)
    other = find(element, "Mailbox", "EmailAddress")
    if other is not None and (other.text or "").strip().casefold() != mailbox.address:
        raise ItemRefused("ErrorAccessDenied")
    return mailbox.distinguished(named)


def required(element: etree._Element, name: str) -> etree._Element:
    """A child that the schema demands. SoapFault ErrorSchemaValidation when it is missing."""
    found = find(element, name)
    if found is None:
        raise SoapFault("ErrorSchemaValidation", f"The element {name} is missing.")
    return found


# A server gives at most this many per page (Exchange's throttling policy: EwsFindCountLimit).
FIND_LIMIT = 1000


def read_page(view: etree._Element | None) -> tuple[int, int]:
    """Offset and length of an IndexedPage*View. ErrorInvalidIndexedPagingParameters when wrong."""
    if view is None:
        return 0, FIND_LIMIT
    offset, length = int(view.get("Offset", "0")), int(view.get("MaxEntriesReturned", FIND_LIMIT))
    if offset < 0 or view.get("BasePoint") != "Beginning":
        raise SoapFault("ErrorInvalidIndexedPagingParameters", "Offset or BasePoint is wrong.")
    if length < 1:
        raise SoapFault("ErrorInvalidPagingMaxRows", "MaxEntriesReturned is wrong.")
    return offset, min(length, FIND_LIMIT)
