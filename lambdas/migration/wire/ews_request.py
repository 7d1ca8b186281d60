"""EWS requests as bytes, written without a document tree.

A request is a list of parts; MIME stays as it is and is turned into base64 while it is sent, so a
batch costs its own size in memory and a window of 64 KiB. The length is known beforehand, because
not every server takes chunked requests. Characters that XML 1.0 forbids become U+FFFD.
"""

from __future__ import annotations

import re
from binascii import b2a_base64
from collections.abc import Iterable, Iterator, Sequence

from migration.wire.ews_model import Exists, Filter, FolderRef, NewMessage, Property

SERVER_VERSION = "Exchange2010_SP2"
_WINDOW = 65_536
_BASE64_STEP = 49_152  # a multiple of 3: no padding inside; 64 KiB of base64

_HEAD = (
    '<?xml version="1.0" encoding="utf-8"?>'
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"'
    ' xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"'
    ' xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"><s:Header>'
    f'<t:RequestServerVersion Version="{SERVER_VERSION}"/>'
    "<t:ExchangeImpersonation><t:ConnectingSID><t:PrimarySmtpAddress>%s</t:PrimarySmtpAddress>"
    "</t:ConnectingSID></t:ExchangeImpersonation></s:Header><s:Body>"
)
_TAIL = "</s:Body></s:Envelope>"

# Everything outside XML 1.0, section 2.2, lone surrogates included.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Request:
    """The body of one request. It can be sent again: every iteration starts from the beginning."""

    def __init__(self, mailbox: str, parts: Iterable[str | memoryview]) -> None:
        """`parts` are XML, or bytes that go as base64."""
        head = _HEAD % escape(mailbox)
        self._parts: list[bytes | memoryview] = [
            part if isinstance(part, memoryview) else part.encode()
            for part in (head, *parts, _TAIL)
        ]

    @property
    def length(self) -> int:
        """How many bytes an iteration gives."""
        return sum(
            (len(part) + 2) // 3 * 4 if isinstance(part, memoryview) else len(part)
            for part in self._parts
        )

    def __iter__(self) -> Iterator[bytes]:
        window = bytearray()
        for part in self._parts:
            for piece in _encode(part):
                window += piece
                if len(window) >= _WINDOW:
                    yield bytes(window)
                    window.clear()
        if window:
            yield bytes(window)


def _encode(part: bytes | memoryview) -> Iterator[bytes]:
    if isinstance(part, bytes):
        yield part
        return
    for start in range(0, len(part), _BASE64_STEP):
        yield b2a_base64(part[start : start + _BASE64_STEP], newline=False)


def escape(text: str) -> str:
    """Text for an element or a double-quoted attribute."""
    clean = _FORBIDDEN.sub("\ufffd", text)
    for plain, escaped in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        clean = clean.replace(plain, escaped)
    return re.sub(r"[\t\n\r]", lambda found: f"&#{ord(found[0])};", clean)


def find_folder(mailbox: str, below: FolderRef, offset: int, limit: int) -> Request:
    """All folders below one, at whatever depth."""
    return Request(
        mailbox,
        [
            '<m:FindFolder Traversal="Deep">',
            _folder_shape(),
            f'<m:IndexedPageFolderView MaxEntriesReturned="{limit}" Offset="{offset}" ',
            'BasePoint="Beginning"/>',
            f"<m:ParentFolderIds>{_folder(below)}</m:ParentFolderIds></m:FindFolder>",
        ],
    )


def get_folder(mailbox: str, folder: FolderRef) -> Request:
    """Name, class, parent and count of a folder."""
    ids = f"<m:FolderIds>{_folder(folder)}</m:FolderIds>"
    return Request(mailbox, [f"<m:GetFolder>{_folder_shape()}{ids}</m:GetFolder>"])


def create_folder(mailbox: str, parent: FolderRef, name: str) -> Request:
    """A mail folder."""
    return Request(
        mailbox,
        [
            f"<m:CreateFolder><m:ParentFolderId>{_folder(parent)}</m:ParentFolderId><m:Folders>",
            "<t:Folder><t:FolderClass>IPF.Note</t:FolderClass>",
            f"<t:DisplayName>{escape(name)}</t:DisplayName></t:Folder>",
            "</m:Folders></m:CreateFolder>",
        ],
    )


def create_items(mailbox: str, folder: FolderRef, messages: Sequence[NewMessage]) -> Request:
    """Messages into one folder. Nobody is ever sent anything."""

    def parts() -> Iterator[str | memoryview]:
        yield '<m:CreateItem MessageDisposition="SaveOnly" SendMeetingInvitations="SendToNone">'
        yield f"<m:SavedItemFolderId>{_folder(folder)}</m:SavedItemFolderId><m:Items>"
        for message in messages:
            yield "<t:Message><t:MimeContent>"
            yield memoryview(message.mime)
            yield "</t:MimeContent>" + _properties(message) + "</t:Message>"
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
    more = "".join(map(_field, properties))
    if more:
        more = f"<t:AdditionalProperties>{more}</t:AdditionalProperties>"
    return Request(
        mailbox,
        [
            '<m:FindItem Traversal="Shallow"><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape>',
            f'{more}</m:ItemShape><m:IndexedPageItemView MaxEntriesReturned="{limit}"',
            f' Offset="{offset}" BasePoint="Beginning"/>',
            f"<m:Restriction>{_filter(wanted)}</m:Restriction>",
            f"<m:ParentFolderIds>{_folder(folder)}</m:ParentFolderIds></m:FindItem>",
        ],
    )


def _properties(message: NewMessage) -> str:
    """What follows MimeContent, in the order of the schema."""
    categories = "".join(f"<t:String>{escape(name)}</t:String>" for name in message.categories)
    extended = "".join(
        f"<t:ExtendedProperty>{_field(name)}<t:Value>{escape(value)}</t:Value></t:ExtendedProperty>"
        for name, value in message.properties
    )
    return (
        (f"<t:Categories>{categories}</t:Categories>" if categories else "")
        + extended
        + f"<t:IsRead>{'true' if message.is_read else 'false'}</t:IsRead>"
    )


def _folder_shape() -> str:
    fields = ("ParentFolderId", "FolderClass", "DisplayName", "TotalCount")
    uris = "".join(f'<t:FieldURI FieldURI="folder:{name}"/>' for name in fields)
    return (
        "<m:FolderShape><t:BaseShape>IdOnly</t:BaseShape>"
        f"<t:AdditionalProperties>{uris}</t:AdditionalProperties></m:FolderShape>"
    )


def _folder(folder: FolderRef) -> str:
    kind = "DistinguishedFolderId" if folder.distinguished else "FolderId"
    return f'<t:{kind} Id="{escape(folder.id)}"/>'


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
