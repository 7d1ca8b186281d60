"""What an item's property is worth, as text: for filters, for sorting and for answers.

MIME is parsed only when a property that lives in it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from email.message import EmailMessage
from email.utils import getaddresses

from localrun.fakes.workmail_ews import properties as p
from localrun.fakes.workmail_ews.groupware_items import GroupwareItem
from localrun.fakes.workmail_ews.groupware_values import groupware_text
from localrun.fakes.workmail_ews.items import StoredItem

_DEFAULTS = {"Sensitivity": "Normal", "Importance": "Normal"}


def header_text(headers: EmailMessage, name: str) -> str | None:
    """A header as text, None when it is missing or cannot be read."""
    try:
        value = headers.get(name)
    except (ValueError, IndexError, AttributeError, TypeError):  # faults of email's parser
        return None
    return None if value is None else " ".join(str(value).split())


def addresses(headers: EmailMessage, name: str) -> list[tuple[str, str]]:
    """The (display name, address) pairs of an address header; broken ones are left out."""
    try:
        values = [str(value) for value in headers.get_all(name, [])]
    except (ValueError, IndexError, AttributeError, TypeError):  # faults of email's parser
        return []
    return [pair for pair in getaddresses(values) if pair[1]]


def _display(header: str) -> Callable[[StoredItem], str | None]:
    def names(item: StoredItem) -> str | None:
        pairs = addresses(item.headers(), header)
        return "; ".join(name or address for name, address in pairs) or None

    return names


def _header(header: str) -> Callable[[StoredItem], str | None]:
    return lambda item: header_text(item.headers(), header)


def _has_attachments(item: StoredItem) -> str:
    kind = item.headers().get_content_type()
    return p.write_boolean(kind == "multipart/mixed")


_COMPUTED: dict[str, Callable[[StoredItem], str | None]] = {
    "ItemClass": lambda _: "IPM.Note",
    "Subject": _header("Subject"),
    "DateTimeReceived": lambda item: p.write_time(item.received),
    "Size": lambda item: str(len(item.mime)),
    "InReplyTo": _header("In-Reply-To"),
    "IsSubmitted": lambda _: "false",
    "IsDraft": lambda item: p.write_boolean(item.is_draft),
    "IsFromMe": lambda _: "false",
    "IsResend": lambda _: "false",
    "IsUnmodified": lambda item: p.write_boolean(item.change == 1),
    "DateTimeSent": lambda item: p.write_time(item.sent or item.created),
    "DateTimeCreated": lambda item: p.write_time(item.created),
    "DisplayCc": _display("Cc"),
    "DisplayTo": _display("To"),
    "HasAttachments": _has_attachments,
    "LastModifiedTime": lambda item: p.write_time(item.modified),
    "IsAssociated": lambda _: "false",
}
_MESSAGE_COMPUTED: dict[str, Callable[[StoredItem], str | None]] = {
    "InternetMessageId": _header("Message-ID"),
    "IsRead": lambda item: p.write_boolean(item.is_read),
    "References": _header("References"),
}

_PROPERTY_COMPUTED: dict[p.Property, Callable[[StoredItem], str | None]] = {
    p.SUBJECT: lambda item: field_text(item, "Subject"),
    p.DELIVERY_TIME: lambda item: p.write_time(item.received),
    p.SUBMIT_TIME: lambda item: None if item.sent is None else p.write_time(item.sent),
    p.MESSAGE_FLAGS: lambda item: str(
        p.FLAG_READ * item.is_read | p.FLAG_UNSENT * item.is_draft  # the bits that we keep
    ),
    p.MESSAGE_SIZE: lambda item: str(len(item.mime)),
    p.MESSAGE_ID: _header("Message-ID"),
}


def field_text(item: StoredItem, name: str) -> str | None:
    """A simple first-class property by its element name; None when the item has none."""
    own = groupware_text(item, name) if isinstance(item, GroupwareItem) else None
    if own is not None:
        return own
    if name in item.fields:
        return "".join(str(text) for text in item.fields[name].itertext())
    computed = _COMPUTED.get(name)
    if computed is None and item.kind == "Message":
        computed = _MESSAGE_COMPUTED.get(name)
    return _DEFAULTS.get(name) if computed is None else computed(item)


def property_values(item: StoredItem, wanted: p.Property) -> tuple[str, ...] | None:
    """An extended property's values, the computed ones included."""
    computed = _PROPERTY_COMPUTED.get(wanted)
    if computed is None:
        return item.properties.get(wanted)
    value = computed(item)
    return None if value is None else (value,)


def path_values(item: StoredItem, path: p.FieldPath) -> tuple[str, ...]:
    """The values behind a path; () when there are none."""
    if isinstance(path, p.PropertyPath):
        return property_values(item, path.property) or ()
    if path == "item:Categories":
        return item.categories
    if path == "item:ParentFolderId":
        return (item.folder_id,)
    text = field_text(item, path.partition(":")[2])
    return () if text is None else (text,)
