"""Calendar items, contacts, lists, tasks and notes as XML, in the order of Microsoft's schema."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from copy import deepcopy

from lxml import etree

from localrun.fakes.workmail_ews import properties as p
from localrun.fakes.workmail_ews.groupware_items import ATTENDEES, GroupwareItem, StoredFile
from localrun.fakes.workmail_ews.groupware_schema import KINDS
from localrun.fakes.workmail_ews.items import StoredItem
from localrun.fakes.workmail_ews.occurrences import first_and_last, occurrence
from localrun.fakes.workmail_ews.properties import Property
from localrun.fakes.workmail_ews.render import (
    FIND_ITEM_STRING,
    Shape,
    add_categories,
    add_id,
    add_message,
    add_parent,
    add_property,
)
from localrun.fakes.workmail_ews.soap import TYPES, add
from localrun.fakes.workmail_ews.values import field_text

_USUAL = {
    "CalendarItem": (
        "ItemId Subject HasAttachments Start End Location LegacyFreeBusyStatus CalendarItemType "
        "IsAllDayEvent IsMeeting IsRecurring MyResponseType Organizer RequiredAttendees "
        "OptionalAttendees Resources Recurrence"
    ),
    "Contact": (
        "ItemId FileAs DisplayName GivenName MiddleName Nickname CompleteName CompanyName "
        "EmailAddresses PhysicalAddresses PhoneNumbers ImAddresses JobTitle Surname HasPicture"
    ),
    "DistributionList": "ItemId Subject DisplayName FileAs",
    "Task": "ItemId Subject HasAttachments DueDate PercentComplete StartDate Status",
    "PostItem": "ItemId Subject Sensitivity DateTimeCreated HasAttachments PostedTime",
    "Message": "ItemId Subject Sensitivity DateTimeCreated HasAttachments ItemClass",
}
# What FindItem never shows.
_ONLY_GET = {
    *("Body", "Attachments", "Recurrence", "FirstOccurrence", "LastOccurrence", "Members"),
    *("ModifiedOccurrences", "DeletedOccurrences", *ATTENDEES),
}
_DICTIONARIES = {
    "EmailAddresses": "EmailAddress",
    "PhysicalAddresses": "PhysicalAddress",
    "PhoneNumbers": "PhoneNumber",
    "ImAddresses": "ImAddress",
}
_PREFIX = Property(tag=0x3A45)  # PidTagDisplayNamePrefix
_NAMES = (
    *(("FirstName", "GivenName"), ("MiddleName", "MiddleName"), ("LastName", "Surname")),
    *(("Suffix", "Generation"), ("Initials", "Initials"), ("FullName", "DisplayName")),
    ("Nickname", "Nickname"),
)


def add_item(parent: etree._Element, item: StoredItem, shape: Shape) -> None:
    """Appends the element of an item of whatever kind to `parent`."""
    if not isinstance(item, GroupwareItem):
        add_message(parent, item, shape)
        return
    element = add(parent, TYPES, item.kind)
    for name in KINDS[item.kind]:
        if name == "ExtendedProperty":
            for path in shape.properties:
                add_property(element, item, path, shape.found)
        elif _shows(shape, item, name):
            _add_field(element, item, name, shape)


def _shows(shape: Shape, item: GroupwareItem, name: str) -> bool:
    if name == "MimeContent" or (shape.found and name in _ONLY_GET):
        return False
    singular = _DICTIONARIES.get(name)
    return (
        name == "ItemId"
        or name in shape.asked
        or shape.everything
        or (shape.usual and name in _USUAL[item.kind].split())
        or bool(singular and any(one.split(":")[0] == singular for one in shape.asked))
    )


def _add_field(element: etree._Element, item: GroupwareItem, name: str, shape: Shape) -> None:
    if name in _COMPLEX:
        _COMPLEX[name](element, item)
    elif name == "Body":
        _add_body(element, item, shape.body_type)
    elif name in item.fields and (len(item.fields[name]) or item.fields[name].keys()):
        element.append(deepcopy(item.fields[name]))
    else:
        text = field_text(item, name)
        if text is not None:
            add(element, TYPES, name, text[:FIND_ITEM_STRING] if shape.found else text)


def _add_body(element: etree._Element, item: GroupwareItem, wanted: str) -> None:
    """As it was sent, unless the other type is asked for: then the server converts it, which here
    means no more than that the words stay."""
    found = item.fields.get("Body")
    kind = "Text" if found is None else found.get("BodyType", "Text")
    text = "" if found is None else found.text or ""
    if wanted == "Text" and kind == "HTML":
        text = html.unescape(re.sub(r"<[^>]*>", "", text))
    elif wanted == "HTML" and kind == "Text":
        text = f"<html><body>{html.escape(text, quote=False)}</body></html>"
    add(element, TYPES, "Body", text, BodyType=kind if wanted == "Best" else wanted)


def _add_complete_name(element: etree._Element, item: GroupwareItem) -> None:
    made = add(element, TYPES, "CompleteName")
    prefix = item.properties.get(_PREFIX, ("",))[0]
    for name, text in (("Title", prefix), *((one, item.text(other)) for one, other in _NAMES)):
        if text:
            add(made, TYPES, name, text)


def _add_attachments(element: etree._Element, item: GroupwareItem) -> None:
    if item.files:
        holder = add(element, TYPES, "Attachments")
        for file in item.files:
            add_file(holder, file, with_content=False)


def add_file(parent: etree._Element, file: StoredFile, *, with_content: bool) -> None:
    """Appends a FileAttachment."""
    made = add(parent, TYPES, "FileAttachment")
    add(made, TYPES, "AttachmentId", None, Id=file.id)
    texts = {
        "Name": file.name,
        "ContentType": file.content_type,
        "ContentId": file.content_id,
        "ContentLocation": file.location,
        "Size": str(len(file.content)),
        "LastModifiedTime": p.write_time(file.modified),
        "IsInline": p.write_boolean(file.is_inline),
        "IsContactPhoto": p.write_boolean(file.is_photo),
    }
    for name, text in texts.items():
        if text:
            add(made, TYPES, name, text)
    if with_content:
        add(made, TYPES, "Content", p.write_base64(file.content))


def _add_info(parent: etree._Element, name: str, one: GroupwareItem) -> None:
    made = add(parent, TYPES, name)
    add_id(made, one)
    assert one.original_start is not None
    add(made, TYPES, "Start", p.write_time(one.moment("Start")))
    add(made, TYPES, "End", p.write_time(one.moment("End")))
    add(made, TYPES, "OriginalStart", p.write_time(one.original_start))


def _end_of_series(name: str, place: int) -> Callable[[etree._Element, GroupwareItem], None]:
    def write(element: etree._Element, item: GroupwareItem) -> None:
        found = first_and_last(item)[place] if item.is_master else None
        if found is not None:
            _add_info(element, name, found)

    return write


def _add_modified(element: etree._Element, item: GroupwareItem) -> None:
    if item.exceptions:
        holder = add(element, TYPES, "ModifiedOccurrences")
        for index in sorted(item.exceptions):
            _add_info(holder, "Occurrence", occurrence(item, index))


def _add_deleted(element: etree._Element, item: GroupwareItem) -> None:
    if item.deleted:
        holder, series = add(element, TYPES, "DeletedOccurrences"), item.series()
        for place in map(series.place, sorted(item.deleted)):
            assert place is not None
            start = p.write_time(place.start)
            add(add(holder, TYPES, "DeletedOccurrence"), TYPES, "Start", start)


_COMPLEX: dict[str, Callable[[etree._Element, GroupwareItem], None]] = {
    "ItemId": add_id,
    "ParentFolderId": add_parent,
    "Categories": add_categories,
    "CompleteName": _add_complete_name,
    "Attachments": _add_attachments,
    "FirstOccurrence": _end_of_series("FirstOccurrence", 0),
    "LastOccurrence": _end_of_series("LastOccurrence", 1),
    "ModifiedOccurrences": _add_modified,
    "DeletedOccurrences": _add_deleted,
}
