"""What CreateItem, UpdateItem and DeleteItem do with calendar items, contacts, lists, tasks, notes.

Nothing is ever sent to anybody. What would have been is kept by the mailbox (`sent`): every call
about a calendar item that does not say SendToNone, whether anybody is asked to come or not.
"""

from __future__ import annotations

from copy import deepcopy

from lxml import etree

from localrun.fakes.workmail_ews.groupware_items import (
    STICKY_NOTE,
    GroupwareItem,
    attendees,
    set_part,
    settle,
)
from localrun.fakes.workmail_ews.groupware_schema import KINDS, check_field, check_item
from localrun.fakes.workmail_ews.occurrences import delete_occurrence, keep_exception
from localrun.fakes.workmail_ews.properties import FieldPath, PropertyPath, first_path, read_values
from localrun.fakes.workmail_ews.soap import (
    ItemRefused,
    children,
    find,
    local_name,
)
from localrun.fakes.workmail_ews.store import MailboxStore, Sent, StoredFolder

NOBODY = "SendToNone"
_PATHS = ("FieldURI", "IndexedFieldURI", "ExtendedFieldURI")
_PLACES = {
    "CalendarItem": ("calendar", "IPF.Appointment", "Calendar"),
    "Contact": ("contacts", "IPF.Contact", "Contact"),
    "DistributionList": ("contacts", "IPF.Contact", "Contact"),
    "Task": ("tasks", "IPF.Task", "Task"),
}
_DICTIONARIES = {
    "contacts:EmailAddress": "EmailAddresses",
    "contacts:PhoneNumber": "PhoneNumbers",
    "contacts:ImAddress": "ImAddresses",
    "contacts:PhysicalAddress": "PhysicalAddresses",
}
_TIMES = frozenset({"Start", "End", "Recurrence", "StartTimeZone", "IsAllDayEvent"})


def is_groupware(element: etree._Element) -> bool:
    """Whether a new item is kept as one of these: a Message is if it is a sticky note without
    MIME."""
    kind = local_name(element)
    if kind != "Message":
        return kind in KINDS
    named = find(element, "ItemClass")
    is_note = named is not None and (named.text or "").startswith(STICKY_NOTE)
    return is_note and find(element, "MimeContent") is None


def default_folder(kind: str) -> str:
    """The distinguished folder of items that are created without one."""
    return _PLACES.get(kind, ("drafts",))[0]


def read_new(mailbox: MailboxStore, folder: StoredFolder, element: etree._Element) -> GroupwareItem:
    """The item of a CreateItem, not yet in the folder. ItemRefused for wrong values or a folder of
    another class, SoapFault ErrorSchemaValidation where the schema is not kept."""
    kind = local_name(element)
    check_item(kind, element)
    _, folder_class, name = _PLACES.get(kind, ("", "", ""))
    if not folder.folder_class.startswith(folder_class):
        raise ItemRefused(
            f"ErrorCannotCreate{name}ItemInNonCalendarFolder"
            if kind == "CalendarItem"
            else f"ErrorCannotCreate{name}InNon{name}Folder"
        )
    blank = mailbox.new_item(kind, folder)
    item = GroupwareItem(**{field: getattr(blank, field) for field in blank.__dataclass_fields__})
    item.is_draft, item.is_read = False, True
    for part in children(element):
        set_part(item, part)
    settle(item, frozenset(map(local_name, children(element))), mailbox.address, mailbox.moment())
    item.saved = True
    return item


def update(
    mailbox: MailboxStore, item: GroupwareItem, updates: list[etree._Element]
) -> GroupwareItem:
    """Makes all of the updates, or none; the item as it is then. An occurrence becomes an
    exception of its series."""
    trial = item.copy()
    for part in updates:
        _change(trial, part)
    changed = frozenset(_name(first_path(part)) for part in updates)
    settle(trial, changed, mailbox.address, mailbox.moment())
    if item.master is not None:
        keep_exception(trial, mailbox.moment())
        mailbox.changed(item.master)
        trial.change = item.master.change
        return trial
    if changed & _TIMES and _times_differ(item, trial):
        trial.exceptions, trial.deleted = {}, set()
    item.take(trial)
    mailbox.changed(item)
    return item


def delete(mailbox: MailboxStore, item: GroupwareItem, request: etree._Element) -> None:
    """Deletes the item, or the occurrence from its series, in which it is gone for good; with the
    last occurrence the series goes, too."""
    occurrences = request.get("AffectedTaskOccurrences")
    if item.kind == "Task" and occurrences is None:
        raise ItemRefused("ErrorAffectedTaskOccurrencesRequired")
    if item.kind == "Task" and occurrences != "AllOccurrences" and "Recurrence" in item.fields:
        raise ItemRefused("ErrorCannotDeleteTaskOccurrence")
    told = request.get("SendMeetingCancellations")
    if item.master is not None and delete_occurrence(item):
        mailbox.changed(item.master)
    else:
        mailbox.delete_item(item.master or item, request.get("DeleteType", ""))
    note_sending(mailbox, item, "cancellation", told)


def note_sending(mailbox: MailboxStore, item: GroupwareItem, what: str, told: str | None) -> None:
    """Keeps what would have been sent: an invitation, an update, a cancellation. `told` is what
    the call says about sending."""
    if item.kind == "CalendarItem" and told != NOBODY:
        item.was_sent = True
        mailbox.sent.append(Sent(mailbox.address, what, item.id, tuple(attendees(item))))


def _times_differ(item: GroupwareItem, trial: GroupwareItem) -> bool:
    def spelled(one: GroupwareItem) -> list[bytes]:
        found = [one.fields[name] for name in sorted(_TIMES) if name in one.fields]
        return [etree.tostring(element, method="c14n", with_tail=False) for element in found]

    return spelled(item) != spelled(trial)


# -- one update


def _change(item: GroupwareItem, part: etree._Element) -> None:
    path = first_path(part)
    if local_name(part) == "DeleteItemField":
        _delete_field(item, path)
        return
    holder = next(child for child in children(part) if local_name(child) not in _PATHS)
    elements = children(holder)
    if len(elements) != 1:
        raise ItemRefused("ErrorIncorrectUpdatePropertyCount")
    if local_name(holder) not in (item.kind, "Item"):
        raise ItemRefused("ErrorObjectTypeChanged")
    check_field(item.kind, elements[0])
    if not _is_of_path(elements[0], path):
        raise ItemRefused("ErrorUpdatePropertyMismatch")
    if local_name(part) == "AppendToItemField":
        _append(item, elements[0])
    elif isinstance(path, str) and path.count(":") > 1:
        _set_entry(item, elements[0], path)
    else:
        set_part(item, elements[0])


def _name(path: FieldPath) -> str:
    """The element of a path."""
    if isinstance(path, PropertyPath):
        return "ExtendedProperty"
    first_two = ":".join(path.split(":")[:2])
    return _DICTIONARIES.get(first_two) or path.partition(":")[2]


def _is_of_path(element: etree._Element, path: FieldPath) -> bool:
    if not isinstance(path, PropertyPath):
        return _name(path) == local_name(element)
    return local_name(element) == "ExtendedProperty" and (
        read_values(element)[0].property == path.property
    )


def _delete_field(item: GroupwareItem, path: FieldPath) -> None:
    name = _name(path)
    if isinstance(path, PropertyPath):
        item.properties.pop(path.property, None)
    elif name not in KINDS[item.kind]:
        raise ItemRefused("ErrorInvalidPropertyRequest")
    elif KINDS[item.kind][name].read_only or KINDS[item.kind][name].lasting:
        raise ItemRefused("ErrorInvalidPropertyDelete")
    elif name == "Categories":
        item.categories = ()
    elif path.count(":") > 1:
        _delete_entry(item, name, path)
    else:
        item.fields.pop(name, None)


def _append(item: GroupwareItem, element: etree._Element) -> None:
    """To a text or a list of people; to nothing else."""
    name = local_name(element)
    known = item.fields.get(name)
    if name != "Body" and not name.endswith(("Attendees", "Resources")):
        raise ItemRefused("ErrorInvalidPropertyAppend")
    made = deepcopy(element if known is None else known)
    if known is not None:
        made.text = f"{known.text or ''}{element.text or ''}" if name == "Body" else known.text
        made.extend(deepcopy(child) for child in children(element))
    item.fields[name] = made


# -- the entries of dictionaries: contacts:EmailAddress:EmailAddress1


def _entry_of(item: GroupwareItem, name: str, key: str) -> etree._Element | None:
    holder = item.fields.get(name)
    entries = [] if holder is None else children(holder)
    return next((entry for entry in entries if entry.get("Key") == key), None)


def _set_entry(item: GroupwareItem, element: etree._Element, path: str) -> None:
    name, key = local_name(element), path.rpartition(":")[2]
    if len(element) != 1 or element[0].get("Key") != key:
        raise ItemRefused("ErrorUpdatePropertyMismatch")
    new, old = deepcopy(element[0]), _entry_of(item, name, key)
    if name not in item.fields:
        item.fields[name] = deepcopy(element)
    elif old is None:
        item.fields[name].append(new)
    elif name == "PhysicalAddresses":
        parts = {local_name(part): part for part in (*children(old), *children(new))}
        order = ("Street", "City", "State", "CountryOrRegion", "PostalCode")
        old[:] = [parts[part] for part in order if part in parts]
    else:
        old.text = new.text


def _delete_entry(item: GroupwareItem, name: str, path: str) -> None:
    entry = _entry_of(item, name, path.rpartition(":")[2])
    if entry is None:
        return
    if name == "PhysicalAddresses":
        part = find(entry, path.split(":")[2])
        if part is not None:
            entry.remove(part)
    if name != "PhysicalAddresses" or not len(entry):
        item.fields[name].remove(entry)
    if not len(item.fields[name]):
        del item.fields[name]
