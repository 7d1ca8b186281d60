"""CreateAttachment, GetAttachment, DeleteAttachment: files of items that are no mail.

The files of a message are in its MIME here. An occurrence that is given a file of its own, or loses
one, becomes an exception of its series.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lxml import etree

from localrun.fakes.workmail_ews.folder_operations import required
from localrun.fakes.workmail_ews.groupware_items import GroupwareItem, StoredFile
from localrun.fakes.workmail_ews.groupware_render import add_file
from localrun.fakes.workmail_ews.groupware_schema import check_attachment
from localrun.fakes.workmail_ews.items import StoredItem
from localrun.fakes.workmail_ews.occurrences import item_by_id, keep_exception
from localrun.fakes.workmail_ews.properties import read_base64
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
from localrun.fakes.workmail_ews.store import MailboxStore


@dataclass(frozen=True, slots=True)
class Held:
    """An attached file and the item or occurrence that has it."""

    item: GroupwareItem
    file: StoredFile


def create_attachment(
    mailbox: MailboxStore, request: etree._Element, most: int, refuse: Callable[[], str]
) -> etree._Element:
    """Attaches files to one item, each with an answer of its own. `most` is the size of the largest
    in bytes; `refuse` gives a code with which the next one is refused, "" normally."""
    response, messages = start_response("CreateAttachment")
    parent_id = required(request, "ParentItemId").get("Id", "")
    wanted = children(required(request, "Attachments"))
    for element in wanted:  # a schema fault must come before anything is stored
        if local_name(element) == "FileAttachment":
            check_attachment(element)
    for element in wanted:
        try:
            item = _owner(item_by_id(mailbox, parent_id))
            file = _read_file(mailbox, item, element, most, refuse())
            item = _keep(mailbox, item, (*item.files, file))
        except ItemRefused as refusal:
            add_refusal(messages, "CreateAttachment", refusal)
            continue
        holder = add(add_success(messages, "CreateAttachment"), MESSAGES, "Attachments")
        made = add(holder, TYPES, "FileAttachment")
        root = {"RootItemId": item.id, "RootItemChangeKey": item.change_key}
        add(made, TYPES, "AttachmentId", None, Id=file.id, **root)
    return response


def get_attachment(mailbox: MailboxStore, request: etree._Element) -> etree._Element:
    """Files with their content."""
    response, messages = start_response("GetAttachment")
    for element in children(required(request, "AttachmentIds")):
        try:
            held = _find(mailbox, element.get("Id", ""))
        except ItemRefused as refusal:
            add_refusal(messages, "GetAttachment", refusal)
            continue
        holder = add(add_success(messages, "GetAttachment"), MESSAGES, "Attachments")
        add_file(holder, held.file, with_content=True)
    return response


def delete_attachment(mailbox: MailboxStore, request: etree._Element) -> etree._Element:
    """Takes files away; the answer names the item, which has changed."""
    response, messages = start_response("DeleteAttachment")
    for element in children(required(request, "AttachmentIds")):
        try:
            held = _find(mailbox, element.get("Id", ""))
            left = tuple(file for file in held.item.files if file.id != held.file.id)
            item = _keep(mailbox, held.item, left)
        except ItemRefused as refusal:
            add_refusal(messages, "DeleteAttachment", refusal)
            continue
        root = {"RootItemId": item.id, "RootItemChangeKey": item.change_key}
        add(add_success(messages, "DeleteAttachment"), MESSAGES, "RootItemId", None, **root)
    return response


def _owner(item: StoredItem) -> GroupwareItem:
    if not isinstance(item, GroupwareItem):
        raise SoapFault("ErrorInvalidRequest", "Here the files of a message are in its MIME.")
    return item


def _read_file(
    mailbox: MailboxStore, item: GroupwareItem, element: etree._Element, most: int, refused: str
) -> StoredFile:
    if local_name(element) != "FileAttachment":
        raise ItemRefused(
            "ErrorInvalidItemForOperationCreateItemAttachment", "Here only files are attached."
        )
    if refused:
        raise ItemRefused(refused)

    def text(name: str) -> str:
        found = find(element, name)
        return "" if found is None else found.text or ""

    if find(element, "Content") is None or not text("Name"):
        raise ItemRefused("ErrorRequiredPropertyMissing")
    content = read_base64(text("Content"))
    if len(content) > most:
        raise ItemRefused("ErrorAttachmentSizeLimitExceeded")
    return StoredFile(
        id=mailbox.new_file_id(item.id),
        name=text("Name"),
        content_type=text("ContentType"),
        content_id=text("ContentId"),
        location=text("ContentLocation"),
        is_inline=text("IsInline").strip() in ("true", "1"),
        is_photo=text("IsContactPhoto").strip() in ("true", "1"),
        content=content,
        modified=mailbox.moment(),
    )


def _keep(
    mailbox: MailboxStore, item: GroupwareItem, files: tuple[StoredFile, ...]
) -> GroupwareItem:
    item.files = files
    if item.master is None:
        mailbox.changed(item)
        return item
    keep_exception(item, mailbox.moment())
    mailbox.changed(item.master)
    item.change = item.master.change
    return item


def _find(mailbox: MailboxStore, file_id: str) -> Held:
    try:
        item = item_by_id(mailbox, mailbox.item_of_file(file_id))
    except ItemRefused as refusal:
        raise ItemRefused("ErrorInvalidAttachmentId") from refusal
    held = [file for file in _owner(item).files if file.id == file_id]
    if not held:
        raise ItemRefused("ErrorInvalidAttachmentId")
    return Held(_owner(item), held[0])
