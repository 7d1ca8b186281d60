"""What a mailbox holds, for whoever verifies a migration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from lxml import etree

from localrun.fakes.workmail_ews.calendar_view import unfold
from localrun.fakes.workmail_ews.groupware_items import GroupwareItem
from localrun.fakes.workmail_ews.groupware_render import add_item
from localrun.fakes.workmail_ews.items import StoredItem
from localrun.fakes.workmail_ews.occurrences import occurrence
from localrun.fakes.workmail_ews.properties import FLAG_STATUS, LAST_VERB, Property
from localrun.fakes.workmail_ews.render import Shape
from localrun.fakes.workmail_ews.soap import TYPES, children, element, find
from localrun.fakes.workmail_ews.store import MailboxStore


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A stored message. `properties` has the extended ones that have no field here."""

    id: str
    mime: bytes
    received: datetime
    sent: datetime | None
    read: bool
    draft: bool
    flagged: bool
    answered: bool
    forwarded: bool
    categories: tuple[str, ...]
    properties: Mapping[Property, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class StoredGroupware:
    """A stored calendar item, contact, list, task or note. `kind` is the name of its element, `xml`
    the element as GetItem shows all of it. `files` are the attached ones, name and content.
    `exceptions` are the changed occurrences of a series by their numbers, counted from 1, `deleted`
    the numbers of those that do not take place."""

    id: str
    kind: str
    change_key: str
    xml: bytes
    categories: tuple[str, ...]
    properties: Mapping[Property, tuple[str, ...]]
    files: tuple[tuple[str, bytes], ...]
    exceptions: Mapping[int, StoredGroupware]
    deleted: tuple[int, ...]

    def text(self, *path: str) -> str:
        """The text of an element, by the names that lead to it; "" without one."""
        found = find(etree.fromstring(self.xml), *path)
        return "" if found is None else found.text or ""


def messages_in(store: MailboxStore) -> dict[tuple[str, ...], list[StoredMessage]]:
    """The messages of every visible folder, by its path."""
    return {
        store.path(folder): [
            _describe_message(item) for item in folder.items.values() if item.is_mail
        ]
        for folder in store.visible_folders()
    }


def groupware_in(store: MailboxStore) -> dict[tuple[str, ...], list[StoredGroupware]]:
    """The same of all that is no mail."""
    return {
        store.path(folder): [
            _describe_groupware(item)
            for item in folder.items.values()
            if isinstance(item, GroupwareItem)
        ]
        for folder in store.visible_folders()
    }


def calendar_in(
    store: MailboxStore, begin: datetime, end: datetime
) -> list[tuple[str, datetime, datetime]]:
    """What its calendars show between two moments, series unfolded: subject, begin and end."""
    shown = [
        (item.text("Subject") or "", item.moment("Start"), item.moment("End"))
        for folder in store.visible_folders()
        for item in unfold(folder, begin, end)
    ]
    return sorted(shown, key=lambda one: (one[1], one[0]))


def _describe_message(item: StoredItem) -> StoredMessage:
    verb = item.integer(LAST_VERB)
    return StoredMessage(
        id=item.id,
        mime=item.mime,
        received=item.received,
        sent=item.sent,
        read=item.is_read,
        draft=item.is_draft,
        flagged=item.integer(FLAG_STATUS) == 2,
        answered=verb in (102, 103),
        forwarded=verb == 104,
        categories=item.categories,
        properties=dict(item.properties),
    )


def _describe_groupware(item: GroupwareItem) -> StoredGroupware:
    holder = element(TYPES, "Items")
    add_item(holder, item, Shape(frozenset(), (), everything=True))
    return StoredGroupware(
        id=item.id,
        kind=item.kind,
        change_key=item.change_key,
        xml=etree.tostring(children(holder)[0]),
        categories=item.categories,
        properties=dict(item.properties),
        files=tuple((file.name, file.content) for file in item.files),
        exceptions={
            index: _describe_groupware(occurrence(item, index)) for index in sorted(item.exceptions)
        },
        deleted=tuple(sorted(item.deleted)),
    )
