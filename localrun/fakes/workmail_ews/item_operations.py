"""CreateItem, FindItem, GetItem, UpdateItem, DeleteItem, MoveItem.

Nothing is ever sent: a disposition that would send is refused with ErrorSendAsDenied. Every item
has its own response message, in the order of the request.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy

from lxml import etree

from localrun.fakes.workmail_ews import groupware_operations as groupware
from localrun.fakes.workmail_ews.calendar_view import view_calendar
from localrun.fakes.workmail_ews.folder_operations import read_folder, read_page, required
from localrun.fakes.workmail_ews.groupware_items import GroupwareItem
from localrun.fakes.workmail_ews.groupware_render import add_item
from localrun.fakes.workmail_ews.items import StoredItem, delete_field, fill, set_field
from localrun.fakes.workmail_ews.occurrences import read_item
from localrun.fakes.workmail_ews.properties import READ_RECEIPT, first_path
from localrun.fakes.workmail_ews.render import (
    add_item_id,
    found_shape,
    paging,
    read_shape,
)
from localrun.fakes.workmail_ews.restriction import read_restriction, sort_items
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

_PATHS = ("FieldURI", "IndexedFieldURI", "ExtendedFieldURI")


def create_item(
    mailbox: MailboxStore,
    request: etree._Element,
    max_mime: int,
    refuse: Callable[[], str],
    *,
    forgets_received: bool = False,
) -> etree._Element:
    """Stores the items. `max_mime` bytes is the largest MIME; `refuse` gives a response code with
    which the next item is refused, "" normally. `forgets_received`: as in Faults."""
    disposition = request.get("MessageDisposition")
    wanted = children(required(request, "Items"))
    for element in wanted:
        if local_name(element) == "CalendarItem":
            if request.get("SendMeetingInvitations") is None:
                raise SoapFault("ErrorSendMeetingInvitationsRequired", "An attribute is missing.")
        elif disposition is None and local_name(element) in ("Message", "PostItem"):
            raise SoapFault("ErrorMessageDispositionRequired", "MessageDisposition is missing.")
    response, messages = start_response("CreateItem")
    made: list[StoredItem | ItemRefused] = []
    for element in wanted:  # a schema fault must come before anything is stored
        try:
            made.append(_read_new(mailbox, request, element, max_mime, refuse()))
        except ItemRefused as refusal:
            made.append(refusal)
    for item in made:
        if isinstance(item, ItemRefused):
            add_refusal(messages, "CreateItem", item)
        else:
            if forgets_received:
                item.received = item.created
            mailbox.add_item(item)
            if item.is_read:
                mailbox.was_read(item, item.asks_for_receipt(READ_RECEIPT))
            if isinstance(item, GroupwareItem):
                told = request.get("SendMeetingInvitations")
                groupware.note_sending(mailbox, item, "invitation", told)
            add_item_id(add(add_success(messages, "CreateItem"), MESSAGES, "Items"), item)
    return response


def _read_new(
    mailbox: MailboxStore,
    request: etree._Element,
    element: etree._Element,
    max_mime: int,
    refused: str,
) -> StoredItem:
    if "Send" in request.get("MessageDisposition", ""):
        raise ItemRefused("ErrorSendAsDenied")
    saved_in = find(request, "SavedItemFolderId")
    if saved_in is None:
        folder = mailbox.distinguished(groupware.default_folder(local_name(element)))
    else:
        folder = read_folder(mailbox, children(saved_in)[0], "ErrorSavedItemFolderNotFound")
    if groupware.is_groupware(element):
        item: StoredItem = groupware.read_new(mailbox, folder, element)
    else:
        item = mailbox.new_item(local_name(element), folder)
        fill(item, element)
    if refused:
        raise ItemRefused(refused)
    if len(item.mime) > max_mime:
        raise ItemRefused("ErrorMessageSizeExceeded")
    return item


def find_item(mailbox: MailboxStore, request: etree._Element) -> etree._Element:
    """The items of folders that meet the restriction, sorted, one page of them."""
    response, messages = start_response("FindItem")
    offset, limit = read_page(find(request, "IndexedPageItemView"))
    restriction, view = find(request, "Restriction"), find(request, "CalendarView")
    if view is not None and (restriction is not None or find(request, "SortOrder") is not None):
        raise SoapFault("ErrorInvalidRequest", "A calendar view is neither filtered nor sorted.")
    for folder_id in children(required(request, "ParentFolderIds")):
        try:
            shape = found_shape(read_shape(required(request, "ItemShape")))
            folder = read_folder(mailbox, folder_id)
            page: Sequence[StoredItem]
            if view is not None:
                page, attributes = view_calendar(folder, view)
            else:
                items = _matching(folder, restriction, find(request, "SortOrder"))
                page = items[offset : offset + limit]
                attributes = paging(len(items), offset, len(page))
        except ItemRefused as refusal:
            add_refusal(messages, "FindItem", refusal)
            continue
        message = add_success(messages, "FindItem")
        root = add(message, MESSAGES, "RootFolder", None, **attributes)
        holder = add(root, TYPES, "Items")
        for item in page:
            add_item(holder, item, shape)
    return response


def _matching(
    folder: StoredFolder, restriction: etree._Element | None, order: etree._Element | None
) -> list[StoredItem]:
    items = list(folder.items.values())
    if restriction is not None:
        items = list(filter(read_restriction(children(restriction)[0]), items))
    return sort_items(items, order)


def get_item(mailbox: MailboxStore, request: etree._Element) -> etree._Element:
    """The items of the ids, MIME included when it is asked for."""
    shape = read_shape(required(request, "ItemShape"))

    def show(item_id: etree._Element, holder: Callable[[], etree._Element]) -> None:
        item = read_item(mailbox, item_id)
        add_item(holder(), item, shape)

    return _for_each(request, "GetItem", "ItemIds", show)


def update_item(
    mailbox: MailboxStore, request: etree._Element, refuse: Callable[[], str]
) -> etree._Element:
    """Sets and deletes properties. All changes of an item are made, or none. `refuse` gives a
    response code with which the next one is refused, "" normally."""
    strict = request.get("ConflictResolution") == "NeverOverwrite"

    def change(item_change: etree._Element, holder: Callable[[], etree._Element]) -> None:
        item_id = children(item_change)[0]
        item = read_item(mailbox, item_id)
        if strict and item_id.get("ChangeKey", item.change_key) != item.change_key:
            raise ItemRefused("ErrorIrresolvableConflict")
        _check_attributes(request, item)
        if refused := refuse():
            raise ItemRefused(refused)
        if isinstance(item, GroupwareItem):
            updates = children(required(item_change, "Updates"))
            item = groupware.update(mailbox, item, updates)
            told = request.get("SendMeetingInvitationsOrCancellations")
            groupware.note_sending(mailbox, item, "update", told)
            add_item_id(holder(), item)
            return
        trial = deepcopy(item)
        for part in children(required(item_change, "Updates")):
            _change(trial, part)
        was_read, asks = item.is_read, item.asks_for_receipt(READ_RECEIPT)
        for part in children(required(item_change, "Updates")):
            _change(item, part)
        if item.is_read and not was_read:
            mailbox.was_read(item, asks)
        mailbox.changed(item)
        add_item_id(holder(), item)

    response = _for_each(request, "UpdateItem", "ItemChanges", change)
    for message in children(children(response)[0]):
        if message.get("ResponseClass") == "Success":
            add(add(message, MESSAGES, "ConflictResults"), TYPES, "Count", "0")
    return response


def _check_attributes(request: etree._Element, item: StoredItem) -> None:
    """What a client must say about sending, for items of this kind."""
    if item.kind == "Message" and request.get("MessageDisposition") is None:
        raise ItemRefused("ErrorMessageDispositionRequired")
    if item.kind == "Message" and "Send" in request.get("MessageDisposition", ""):
        raise ItemRefused("ErrorSendAsDenied")
    asked = request.get("SendMeetingInvitationsOrCancellations")
    if item.kind == "CalendarItem" and asked is None:
        raise ItemRefused("ErrorSendMeetingInvitationsOrCancellationsRequired")


def _change(item: StoredItem, part: etree._Element) -> None:
    if local_name(part) == "DeleteItemField":
        delete_field(item, first_path(part))
        return
    if local_name(part) != "SetItemField":
        raise ItemRefused("ErrorInvalidPropertyAppend")
    holder = next(child for child in children(part) if local_name(child) not in _PATHS)
    elements = children(holder)
    if len(elements) != 1:
        raise ItemRefused("ErrorIncorrectUpdatePropertyCount")
    if local_name(elements[0]) != "ExtendedProperty":
        path = first_path(part)
        if not isinstance(path, str) or path.partition(":")[2] != local_name(elements[0]):
            raise ItemRefused("ErrorUpdatePropertyMismatch")
    set_field(item, elements[0])


def delete_item(mailbox: MailboxStore, request: etree._Element) -> etree._Element:
    """Deletes items, or moves them to Deleted Items."""
    response, messages = start_response("DeleteItem")
    for item_id in children(required(request, "ItemIds")):
        try:
            item = read_item(mailbox, item_id)
            _check_cancellations(request, item)
            if isinstance(item, GroupwareItem):
                groupware.delete(mailbox, item, request)
            else:
                mailbox.delete_item(item, request.get("DeleteType", ""))
        except ItemRefused as refusal:
            add_refusal(messages, "DeleteItem", refusal)
            continue
        add_success(messages, "DeleteItem")
    return response


def _check_cancellations(request: etree._Element, item: StoredItem) -> None:
    if item.kind == "CalendarItem" and request.get("SendMeetingCancellations") is None:
        raise ItemRefused("ErrorSendMeetingCancellationsRequired")


def move_item(mailbox: MailboxStore, request: etree._Element) -> etree._Element:
    """Moves items to a folder; the answer has their new ids."""
    to_folder = children(required(request, "ToFolderId"))[0]

    def move(item_id: etree._Element, holder: Callable[[], etree._Element]) -> None:
        folder = read_folder(mailbox, to_folder, "ErrorToFolderNotFound")
        found = read_item(mailbox, item_id)
        if isinstance(found, GroupwareItem) and found.master is not None:
            raise ItemRefused("ErrorCalendarCannotMoveOrCopyOccurrence")
        item = mailbox.move_item(found, folder)
        add_item_id(holder(), item)

    return _for_each(request, "MoveItem", "ItemIds", move)


def _for_each(
    request: etree._Element,
    operation: str,
    list_name: str,
    act: Callable[[etree._Element, Callable[[], etree._Element]], None],
) -> etree._Element:
    """Acts on each part of a list. `act` calls its second argument, once it has succeeded, for
    the element that its answer goes into."""
    response, messages = start_response(operation)

    def holder() -> etree._Element:
        return add(add_success(messages, operation), MESSAGES, "Items")

    for part in children(required(request, list_name)):
        try:
            act(part, holder)
        except ItemRefused as refusal:
            add_refusal(messages, operation, refusal)
    return response
