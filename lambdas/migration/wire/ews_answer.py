"""EWS answers, read. Whatever is no EWS answer raises NotEws."""

from __future__ import annotations

from binascii import Error as NotBase64
from binascii import a2b_base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from migration.wire.ews_model import TYPES as _T
from migration.wire.ews_model import (
    Created,
    FolderInfo,
    FoundItem,
    FoundPage,
    Property,
    Refused,
    Shown,
)

_SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
_M = "{http://schemas.microsoft.com/exchange/services/2006/messages}"
_E = "{http://schemas.microsoft.com/exchange/services/2006/errors}"
_TRUE = ("true", "1")


class NotEws(Exception):
    """The bytes are no answer of Exchange Web Services."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A SOAP fault: the whole request was refused. `retry_after` in seconds, 0 when not given."""

    code: str
    retry_after: float


def read_answer(body: bytes) -> list[Element] | Fault:
    """The response messages of an answer, in the order of the request, or its fault."""
    try:
        # expat since 2.4.1 limits entity expansion, and the peer is authenticated by TLS
        root = ElementTree.fromstring(body)  # noqa: S314
    except ElementTree.ParseError as error:
        raise NotEws from error
    soap_body = root.find(f"{_SOAP}Body")
    if root.tag != f"{_SOAP}Envelope" or soap_body is None or not len(soap_body):
        raise NotEws
    content = soap_body[0]
    if content.tag == f"{_SOAP}Fault":
        return _read_fault(content)
    messages = content.find(f"{_M}ResponseMessages")
    if messages is not None:
        return list(messages)
    single = content.find(f"{_M}ResponseMessage")
    if single is None:
        raise NotEws
    # Operations of one part say what they show beside their message: it is read as part of it.
    single.extend([part for part in content if part is not single])
    return [single]


def read_refusal(message: Element) -> Refused | None:
    """Why a response message says no; None when it does not.

    A Warning is a refusal as well: Exchange gives it for what it skipped (the rest of a batch
    after an error that stopped it).
    """
    if message.get("ResponseClass") == "Success":
        return None
    code = message.findtext(f"{_M}ResponseCode", "").strip()
    if not code:
        raise NotEws
    return Refused(code, _back_off(message))


def read_created(message: Element) -> Created:
    """The id in a CreateItem, UpdateItem or GetItem response message."""
    found = message.find(f"{_M}Items/*/{_T}ItemId")
    if found is None:
        raise NotEws
    return Created(found.get("Id", ""))


def read_mark(message: Element) -> str:
    """The change key in a GetItem response message: another one whenever the item changes."""
    found = message.find(f"{_M}Items/*/{_T}ItemId")
    mark = "" if found is None else found.get("ChangeKey", "")
    if not mark:
        raise NotEws
    return mark


def read_folders(message: Element) -> tuple[list[FolderInfo], bool]:
    """The folders of a GetFolder, CreateFolder or FindFolder response message, and whether there
    are no more pages."""
    root = message.find(f"{_M}RootFolder")
    holder = message.find(f"{_M}Folders") if root is None else root.find(f"{_T}Folders")
    is_last = root is None or root.get("IncludesLastItemInRange", "true") in _TRUE
    return [_read_folder(folder) for folder in (() if holder is None else holder)], is_last


def read_folder(message: Element) -> FolderInfo:
    """The one folder of a GetFolder or CreateFolder response message."""
    folders, _ = read_folders(message)
    if len(folders) != 1:
        raise NotEws
    return folders[0]


def read_shown(message: Element, properties: Sequence[Property]) -> Shown:
    """The one item of a GetItem response message. `properties` are the extended ones that were
    asked for."""
    item = message.find(f"{_M}Items/*")
    if item is None:
        raise NotEws
    found = _read_item(item, properties)
    names = item.iterfind(f"{_T}Categories/{_T}String")
    return Shown(
        id=found.id,
        received=item.findtext(f"{_T}DateTimeReceived", ""),
        size=_number(item.findtext(f"{_T}Size", "0")),
        is_read=item.findtext(f"{_T}IsRead", "") in _TRUE,
        is_draft=item.findtext(f"{_T}IsDraft", "") in _TRUE,
        categories=tuple(name.text or "" for name in names),
        values=found.values,
        mime=_read_mime(item),
    )


def _read_mime(item: Element) -> bytes:
    try:
        return a2b_base64(item.findtext(f"{_T}MimeContent", ""))
    except NotBase64 as error:
        raise NotEws from error


def read_page(message: Element, properties: Sequence[Property]) -> FoundPage:
    """A FindItem response message. `properties` are the extended ones that were asked for."""
    root = message.find(f"{_M}RootFolder")
    if root is None:
        raise NotEws
    holder = root.find(f"{_T}Items")
    items = tuple(_read_item(item, properties) for item in (() if holder is None else holder))
    return FoundPage(
        items=items,
        total=_number(root.get("TotalItemsInView")),
        next_offset=_number(root.get("IndexedPagingOffset", "0")),
        is_last=root.get("IncludesLastItemInRange", "true") in _TRUE,
    )


def _read_fault(fault: Element) -> Fault:
    code = fault.findtext(f"detail/{_E}ResponseCode", "") or fault.findtext("faultcode", "")
    code = code.strip().rpartition(":")[2]
    if not code:
        raise NotEws
    return Fault(code, _back_off(fault))


def _back_off(element: Element) -> float:
    for value in element.iter(f"{_T}Value"):
        if value.get("Name") == "BackOffMilliseconds":
            return _number(value.text) / 1000
    return 0.0


def _read_folder(folder: Element) -> FolderInfo:
    folder_id, parent = folder.find(f"{_T}FolderId"), folder.find(f"{_T}ParentFolderId")
    if folder_id is None:
        raise NotEws
    return FolderInfo(
        id=folder_id.get("Id", ""),
        parent_id="" if parent is None else parent.get("Id", ""),
        name=folder.findtext(f"{_T}DisplayName", ""),
        folder_class=folder.findtext(f"{_T}FolderClass", ""),
        total=_number(folder.findtext(f"{_T}TotalCount", "0")),
    )


def _read_item(item: Element, properties: Sequence[Property]) -> FoundItem:
    item_id = item.find(f"{_T}ItemId")
    if item_id is None:
        raise NotEws
    values: dict[Property, str] = {}
    for extended in item.iter(f"{_T}ExtendedProperty"):
        uri, value = extended.find(f"{_T}ExtendedFieldURI"), extended.findtext(f"{_T}Value")
        if uri is not None and value is not None:
            wanted = next(filter(_named_by(uri), properties), None)
            if wanted is not None:
                values[wanted] = value
    return FoundItem(item_id.get("Id", ""), values)


def _named_by(uri: Element) -> Callable[[Property], bool]:
    tag, name = uri.get("PropertyTag", ""), uri.get("PropertyName", "")
    property_set = uri.get("PropertySetId", "").casefold()
    if tag:
        return lambda wanted: wanted.tag == int(tag, 0)
    return lambda wanted: (
        not wanted.tag and wanted.name == name and wanted.property_set.casefold() == property_set
    )


def _number(text: str | None) -> int:
    try:
        return int(text or "")
    except ValueError as error:
        raise NotEws from error
