"""The mailboxes in memory: folders, items, and the rules about them.

One MailboxStore per mailbox, made when it is first asked for, with the folders that a new WorkMail
mailbox has. Callers hold `lock` while they use one. A Mirror is told about every change; it is the
seam by which mail is also written elsewhere.
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from lxml import etree

from localrun.fakes.workmail_ews.items import StoredItem
from localrun.fakes.workmail_ews.properties import NON_READ_RECEIPT, READ_RECEIPT
from localrun.fakes.workmail_ews.soap import ItemRefused

# Distinguished id -> parent, display name as WorkMail shows it, folder class.
_NEW_MAILBOX: tuple[tuple[str, str, str, str], ...] = (
    ("root", "", "", ""),
    ("msgfolderroot", "root", "Top of Information Store", "IPF.Note"),
    ("searchfolders", "root", "Finder", ""),
    ("inbox", "msgfolderroot", "Inbox", "IPF.Note"),
    ("outbox", "msgfolderroot", "Outbox", "IPF.Note"),
    ("deleteditems", "msgfolderroot", "Deleted Items", "IPF.Note"),
    ("sentitems", "msgfolderroot", "Sent Items", "IPF.Note"),
    ("drafts", "msgfolderroot", "Drafts", "IPF.Note"),
    ("junkemail", "msgfolderroot", "Junk E-mail", "IPF.Note"),
    ("calendar", "msgfolderroot", "Calendar", "IPF.Appointment"),
    ("contacts", "msgfolderroot", "Contacts", "IPF.Contact"),
    ("tasks", "msgfolderroot", "Tasks", "IPF.Task"),
    ("notes", "msgfolderroot", "Notes", "IPF.StickyNote"),
    ("journal", "msgfolderroot", "Journal", "IPF.Journal"),
)


def owner_of(some_id: str) -> str:
    """The address of the mailbox that gave this id of a folder or item; "" if none did."""
    try:
        owner, _, _ = base64.urlsafe_b64decode(some_id.encode()).decode().rsplit("|", 2)
    except ValueError:
        return ""
    return owner


@dataclass(slots=True)
class StoredFolder:
    """One folder. `distinguished` is empty for folders that somebody created."""

    id: str
    parent_id: str
    name: str
    folder_class: str
    distinguished: str = ""
    items: dict[str, StoredItem] = field(default_factory=dict)
    change: int = 1

    @property
    def change_key(self) -> str:
        """Another one after every change of the folder itself."""
        return base64.b64encode(f"f{self.change}".encode()).decode()


@dataclass(frozen=True, slots=True)
class Sent:
    """What a mailbox would have sent about a calendar item: an `invitation`, an `update` or a
    `cancellation`, and to whom."""

    mailbox: str
    what: str
    item_id: str
    to: tuple[str, ...]


class Mirror(Protocol):
    """Told about every change of a mail message, after it happened."""

    def put(self, address: str, path: tuple[str, ...], item: StoredItem) -> None:
        """The item is there now, new, changed or moved."""

    def remove(self, address: str, item_id: str) -> None:
        """The item is gone."""

    def add_folder(self, address: str, path: tuple[str, ...]) -> None:
        """A folder was created."""


class MailboxStore:
    """One mailbox, by the address that it was opened with first. `now` gives seconds since 1970.
    `receipts` lists what would have been sent to the senders of messages: `read` or `not-read` and
    the item's id; `sent` what would have been sent about calendar items."""

    def __init__(self, address: str, now: Callable[[], float], mirror: Mirror | None) -> None:
        self.address = address
        self.lock = threading.RLock()
        self._now = now
        self._mirror = mirror
        self._counter = 0
        self._folders: dict[str, StoredFolder] = {}
        self._distinguished: dict[str, str] = {}
        self._items: dict[str, StoredItem] = {}
        self.receipts: list[str] = []
        self.sent: list[Sent] = []
        self.reply: etree._Element | None = None
        self._item_of_file: dict[str, str] = {}
        for distinguished, parent, name, folder_class in _NEW_MAILBOX:
            parent_id = self._distinguished.get(parent, "")
            folder = StoredFolder(self._new_id("f"), parent_id, name, folder_class, distinguished)
            self._folders[folder.id] = folder
            self._distinguished[distinguished] = folder.id
            self._mirror_folder(folder)

    def moment(self) -> datetime:
        """Now, as the server's clock has it."""
        return datetime.fromtimestamp(self._now(), UTC)

    # -- folders

    def folder(self, folder_id: str, missing: str = "ErrorFolderNotFound") -> StoredFolder:
        """The folder of that id; ItemRefused(missing) when there is none."""
        if folder_id not in self._folders:
            raise ItemRefused(missing)
        return self._folders[folder_id]

    def distinguished(self, name: str) -> StoredFolder:
        """The folder of that distinguished id. ErrorFolderNotFound for those we have not."""
        return self.folder(self._distinguished.get(name, ""))

    def child_folders(self, folder: StoredFolder) -> list[StoredFolder]:
        """The folders directly below, in the order of their creation."""
        return [other for other in self._folders.values() if other.parent_id == folder.id]

    def descendants(self, folder: StoredFolder) -> Iterator[StoredFolder]:
        """All folders below, parents first."""
        for child in self.child_folders(folder):
            yield child
            yield from self.descendants(child)

    def path(self, folder: StoredFolder) -> tuple[str, ...]:
        """Display names below the mailbox's visible root, outermost first; () for the root."""
        if folder.distinguished in ("root", "msgfolderroot") or not folder.parent_id:
            return ()
        return (*self.path(self._folders[folder.parent_id]), folder.name)

    def visible_folders(self) -> list[StoredFolder]:
        """Everything below the visible root."""
        return list(self.descendants(self.distinguished("msgfolderroot")))

    def create_folder(self, parent: StoredFolder, name: str, folder_class: str) -> StoredFolder:
        """ErrorFolderExists when a sibling has the name, in whatever case."""
        if not name:
            raise ItemRefused("ErrorFolderSavePropertyError")
        if any(other.name.casefold() == name.casefold() for other in self.child_folders(parent)):
            raise ItemRefused("ErrorFolderExists")
        folder = StoredFolder(self._new_id("f"), parent.id, name, folder_class or "IPF.Note")
        self._folders[folder.id] = folder
        self._mirror_folder(folder)
        return folder

    def delete_folder(self, folder: StoredFolder, disposal: str) -> None:
        """Deletes with everything inside, or moves below Deleted Items."""
        if folder.distinguished:
            raise ItemRefused("ErrorDeleteDistinguishedFolder")
        if disposal == "MoveToDeletedItems":
            folder.parent_id = self._distinguished["deleteditems"]
            folder.change += 1
            for moved in (folder, *self.descendants(folder)):
                for item in moved.items.values():
                    self._mirror_item(item)
            return
        for gone in (*self.descendants(folder), folder):
            for item in list(gone.items.values()):
                self.delete_item(item, "HardDelete")
            del self._folders[gone.id]

    # -- items

    def new_item(self, kind: str, folder: StoredFolder) -> StoredItem:
        """An empty item, not yet in the folder: `add_item` puts it there."""
        moment = self.moment()
        item_id = self._new_id("i")
        return StoredItem(item_id, self._counter, kind, folder.id, moment, moment, moment)

    def add_item(self, item: StoredItem) -> None:
        """Stores a filled item."""
        self._items[item.id] = item
        self._folders[item.folder_id].items[item.id] = item
        self._mirror_item(item)

    def was_read(self, item: StoredItem, asks: bool) -> None:
        """To be called when an item becomes read; `asks` is whether it asked for a receipt before
        that change. The receipt is sent once."""
        if asks:
            self.receipts.append(f"read {item.id}")
            item.properties[READ_RECEIPT] = item.properties[NON_READ_RECEIPT] = ("false",)

    def item(self, item_id: str) -> StoredItem:
        """ErrorItemNotFound when there is none, of another mailbox for example."""
        if item_id not in self._items:
            raise ItemRefused("ErrorItemNotFound")
        return self._items[item_id]

    def changed(self, item: StoredItem) -> None:
        """To be called after an item's properties were changed."""
        item.change += 1
        item.modified = self.moment()
        self._mirror_item(item)

    def move_item(self, item: StoredItem, folder: StoredFolder) -> StoredItem:
        """Moves the item; like Exchange, it has a new id afterwards."""
        del self._items[item.id]
        del self._folders[item.folder_id].items[item.id]
        if self._mirror is not None:
            self._mirror.remove(self.address, item.id)
        item.id, item.folder_id = self._new_id("i"), folder.id
        item.change += 1
        self.add_item(item)
        return item

    def delete_item(self, item: StoredItem, disposal: str) -> None:
        """HardDelete and SoftDelete remove it, MoveToDeletedItems moves it."""
        if disposal == "MoveToDeletedItems":
            self.move_item(item, self.distinguished("deleteditems"))
            return
        asks = map(item.asks_for_receipt, (READ_RECEIPT, NON_READ_RECEIPT))
        if not item.is_read and any(asks):
            self.receipts.append(f"not-read {item.id}")
        del self._items[item.id]
        del self._folders[item.folder_id].items[item.id]
        if self._mirror is not None:
            self._mirror.remove(self.address, item.id)

    def new_file_id(self, item_id: str) -> str:
        """The id of a file that is being attached to the item or occurrence of that id."""
        made = self._new_id("a")
        self._item_of_file[made] = item_id
        return made

    def item_of_file(self, file_id: str) -> str:
        """The id of the item or occurrence that a file was attached to. ErrorInvalidAttachmentId
        for what is no file's id."""
        if file_id not in self._item_of_file:
            raise ItemRefused("ErrorInvalidAttachmentId")
        return self._item_of_file[file_id]

    def _new_id(self, letter: str) -> str:
        self._counter += 1
        plain = f"{self.address}|{letter}|{self._counter}"
        return base64.urlsafe_b64encode(plain.encode()).decode()

    def _mirror_item(self, item: StoredItem) -> None:
        if self._mirror is not None and item.is_mail:
            path = self.path(self._folders[item.folder_id])
            self._mirror.put(self.address, path, item)

    def _mirror_folder(self, folder: StoredFolder) -> None:
        path = self.path(folder)
        if self._mirror is not None and path and folder.folder_class == "IPF.Note":
            self._mirror.add_folder(self.address, path)
