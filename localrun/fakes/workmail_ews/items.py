"""An item as the store keeps it, and how CreateItem and UpdateItem fill it.

What Exchange does and a migration depends on: without PidTagMessageFlags (0x0E07) a created
message is an unsent draft; without PidTagMessageDeliveryTime (0x0E06) it was received now. The
unsent bit cannot be changed once the message is saved ([MS-OXCMSG] 2.2.1.6).
"""

from __future__ import annotations

import base64
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default as modern

from lxml import etree

from localrun.fakes.workmail_ews import properties as p
from localrun.fakes.workmail_ews.properties import Property, read_values
from localrun.fakes.workmail_ews.soap import ItemRefused, SoapFault, children, local_name

# Element order of t:ItemType and t:MessageType up to Exchange 2010: a schema sequence, so order
# in a request matters.
_ITEM_NAMES = (
    "MimeContent ItemId ParentFolderId ItemClass Subject Sensitivity Body Attachments "
    "DateTimeReceived Size Categories Importance InReplyTo IsSubmitted IsDraft IsFromMe IsResend "
    "IsUnmodified InternetMessageHeaders DateTimeSent DateTimeCreated ResponseObjects "
    "ReminderDueBy ReminderIsSet ReminderMinutesBeforeStart DisplayCc DisplayTo HasAttachments "
    "ExtendedProperty Culture EffectiveRights LastModifiedName LastModifiedTime IsAssociated "
    "WebClientReadFormQueryString WebClientEditFormQueryString ConversationId UniqueBody"
)
_MESSAGE_NAMES = (
    "Sender ToRecipients CcRecipients BccRecipients IsReadReceiptRequested "
    "IsDeliveryReceiptRequested ConversationIndex ConversationTopic From InternetMessageId IsRead "
    "IsResponseRequested References ReplyTo ReceivedBy ReceivedRepresenting"
)
ITEM_ORDER = _ITEM_NAMES.split()
MESSAGE_ORDER = _MESSAGE_NAMES.split()
_ORDER = {name: place for place, name in enumerate(ITEM_ORDER + MESSAGE_ORDER)}

_READ_ONLY_NAMES = (
    "ItemId ParentFolderId Attachments DateTimeReceived Size IsSubmitted IsDraft IsFromMe IsResend "
    "IsUnmodified DateTimeSent DateTimeCreated DisplayCc DisplayTo HasAttachments LastModifiedName "
    "LastModifiedTime IsAssociated EffectiveRights ConversationId UniqueBody"
)
READ_ONLY = frozenset(_READ_ONLY_NAMES.split())


@dataclass(slots=True)
class StoredItem:
    """One item. `fields` holds first-class elements as they were sent, `properties` the extended
    ones; what has its own attribute here is in neither."""

    id: str
    number: int
    kind: str
    folder_id: str
    received: datetime
    created: datetime
    modified: datetime
    mime: bytes = b""
    sent: datetime | None = None
    is_read: bool = False
    is_draft: bool = True
    saved: bool = False
    categories: tuple[str, ...] = ()
    fields: dict[str, etree._Element] = field(default_factory=dict)
    properties: dict[Property, tuple[str, ...]] = field(default_factory=dict)
    change: int = 1

    @property
    def change_key(self) -> str:
        """Another one after every change."""
        return base64.b64encode(f"{self.number}:{self.change}".encode()).decode()

    @property
    def is_mail(self) -> bool:
        """Whether it is a mail message."""
        return self.kind == "Message"

    def headers(self) -> EmailMessage:
        """The MIME header, decoded."""
        return BytesParser(policy=modern).parsebytes(self.mime, headersonly=True)

    def asks_for_receipt(self, wanted: Property) -> bool:
        """Whether the sender shall be told that it was read, or (NON_READ_RECEIPT) that it was
        deleted unread. What MIME asks for counts until a property says otherwise."""
        values = self.properties.get(wanted)
        if values is not None:
            return values[0].strip() in ("true", "1")
        block = self.mime[:65_536].partition(b"\n\r\n")[0].partition(b"\n\n")[0]
        return b"\ndisposition-notification-to:" in b"\n" + block.lower()

    def integer(self, wanted: Property) -> int:
        """An extended integer property, 0 when it is not there."""
        return p.read_integer(self.properties.get(wanted, ("0",))[0])


def fill(item: StoredItem, element: etree._Element) -> None:
    """Applies the children of a CreateItem `Message` (or another item element).

    SoapFault ErrorSchemaValidation on wrong order in a Message; ItemRefused for wrong values.
    """
    parts = children(element)
    names = [local_name(part) for part in parts]
    if item.kind == "Message":
        _check_order(names)
    for name, part in zip(names, parts, strict=True):
        _set_named(item, name, part)
    item.saved = True


def set_field(item: StoredItem, element: etree._Element) -> None:
    """Sets one property from its element. ItemRefused when it cannot be set."""
    _set_named(item, local_name(element), element)


def _set_named(item: StoredItem, name: str, element: etree._Element) -> None:
    if name == "ExtendedProperty":
        set_extended(item, element)
    elif name in READ_ONLY:
        raise ItemRefused("ErrorInvalidPropertySet")
    elif name == "MimeContent":
        item.mime = p.read_base64(element.text or "")
    elif name == "IsRead":
        item.is_read = (element.text or "").strip() in ("true", "1")
    elif name == "Categories":
        item.categories = tuple(child.text or "" for child in children(element))
    else:
        item.fields[name] = deepcopy(element)


def delete_field(item: StoredItem, path: p.FieldPath) -> None:
    """Removes one property. ErrorInvalidPropertyDelete where Exchange has no empty state."""
    if isinstance(path, p.PropertyPath):
        item.properties.pop(path.property, None)
    elif path == "item:Categories":
        item.categories = ()
    else:
        name = path.partition(":")[2]
        if name in READ_ONLY or name in ("IsRead", "MimeContent"):
            raise ItemRefused("ErrorInvalidPropertyDelete")
        item.fields.pop(name, None)


def set_extended(item: StoredItem, element: etree._Element) -> None:
    """Sets a MAPI property from its ExtendedProperty. ItemRefused when it cannot be set."""
    path, values = read_values(element)
    single = not path.type.endswith("Array")
    if single and len(values) != 1:
        raise ItemRefused("ErrorInvalidExtendedPropertyValue")
    if path.type == "Integer":
        p.read_integer(values[0])
    tag = path.property.tag
    if tag == p.DELIVERY_TIME.tag:
        item.received = p.read_time(values[0])
    elif tag == p.SUBMIT_TIME.tag:
        item.sent = p.read_time(values[0])
    elif tag == p.MESSAGE_FLAGS.tag:
        flags = p.read_integer(values[0])
        item.is_read = bool(flags & p.FLAG_READ)
        if not item.saved:
            item.is_draft = bool(flags & p.FLAG_UNSENT)
    else:
        item.properties[path.property] = values


def _check_order(names: list[str]) -> None:
    places = [_ORDER.get(name, -1) for name in names]
    once = [name for name in names if name != "ExtendedProperty"]
    if -1 in places or places != sorted(places) or len(once) != len(set(once)):
        raise SoapFault(
            "ErrorSchemaValidation", "The request failed schema validation: t:Message's children."
        )
