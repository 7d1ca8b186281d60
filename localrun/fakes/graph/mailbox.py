"""One mailbox: folders and messages, and what other modules keep in it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

from localrun.fakes.graph.answers import GraphError, Json
from localrun.fakes.graph.folders import ROOT, WELL_KNOWN, MailFolder, well_known
from localrun.fakes.graph.ids import Tokens, container_id
from localrun.fakes.graph.messages import Message

Part = TypeVar("Part")


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """What a test sees of a message."""

    id: str
    mime: bytes
    received: datetime
    flags: frozenset[str]
    categories: tuple[str, ...]


@dataclass
class Mailbox:
    """Folders are named by the name that paths know ("inbox"), by their display name if they lie at
    the top, or by all display names from the top: ("Projects", "2026"). Ids are immutable ids.
    KeyError for a folder or message that there is not. Every method is safe from any thread."""

    address: str
    language: str
    now: Callable[[], float]
    settings: Json
    """What mailboxSettings answers; tests may change it."""
    lock: threading.RLock = field(default_factory=threading.RLock)
    delta_tokens: Tokens = field(default_factory=Tokens)
    expired: tuple[int, str] = (410, "syncStateNotFound")
    """How a delta token that nobody knows is refused."""

    def __post_init__(self) -> None:
        self._numbers = 0
        self._parts: dict[object, object] = {}
        self._messages: dict[str, Message] = {}
        self._folders: dict[str, MailFolder] = {}
        self.root = self._new_folder("Root", None, "root")
        for key, name, parent in well_known(self.language):
            above = self._known(parent) if parent else self.root
            self._new_folder(name, above, key)

    # -- what others keep here

    def part(self, kind: Callable[[Mailbox], Part]) -> Part:
        """What `kind` keeps in this mailbox; made by calling it with the mailbox, once."""
        with self.lock:
            if kind not in self._parts:
                self._parts[kind] = kind(self)
            return self._parts[kind]  # type: ignore[return-value]

    def new_number(self) -> int:
        """Another one each time: ids are made of it."""
        with self.lock:
            self._numbers += 1
            return self._numbers

    def moment(self) -> datetime:
        return datetime.fromtimestamp(self.now(), UTC)

    # -- what a person does

    def add_folder(
        self,
        path: str | Sequence[str],
        *,
        well_known: str = "",
        hidden: bool = False,
        search: bool = False,
    ) -> str:
        """A folder below one that is there; its id. With `search` a search folder."""
        names = (path,) if isinstance(path, str) else tuple(path)
        with self.lock:
            parent = self.find(names[:-1])
            return self._new_folder(names[-1], parent, well_known, hidden, search).id

    def add_others(self, folder: str | Sequence[str], count: int) -> None:
        """Items that are no messages lie in a mail folder: they count, and nobody lists them."""
        with self.lock:
            self.find(folder).others += count

    def rename_folder(self, path: str | Sequence[str], name: str) -> None:
        with self.lock:
            self.find(path).name = name

    def delete_folder(self, path: str | Sequence[str]) -> None:
        """With all that it holds."""
        with self.lock:
            folder = self.find(path)
            assert folder.parent is not None
            folder.parent.children.remove(folder)
            for gone in folder.below():
                del self._folders[gone.id]
                for message in list(gone.messages.values()):
                    self._forget(message)

    def deliver(
        self,
        folder: str | Sequence[str],
        mime: bytes,
        received: datetime,
        flags: Collection[str] = (),
        categories: Sequence[str] = (),
        importance: str = "",
    ) -> str:
        """A new message; its id. `flags` as in IMAP: \\Seen, \\Flagged, \\Answered, \\Draft,
        $Forwarded; `importance` is low, normal, high or told by the header."""
        with self.lock:
            place = self.find(folder)
            number = self.new_number()
            message = Message(
                *(self.address, number, mime, received, self.moment(), f"{place.id}/0"),
                flags=frozenset(flags),
                categories=tuple(categories),
                importance=importance,
                modified=self.moment(),
            )
            place.messages[number] = message
            place.log.append(number)
            self._enter(message)
            return message.ids.immutable

    def delete(self, uid: str) -> None:
        with self.lock:
            message = self._messages[uid]
            self._take_away(message)
            self._forget(message)

    def move(self, uid: str, folder: str | Sequence[str]) -> None:
        """To another folder: the immutable id stays, the other one does not."""
        with self.lock:
            message = self._messages[uid]
            place = self.find(folder)
            self._take_away(message)
            del self._messages[message.ids.ordinary]
            message.place = f"{place.id}/{message.state + 1}"
            place.messages[message.number] = message
            self._enter(message)
            self._changed(message)

    def flag(self, uid: str, *flags: str) -> None:
        """The message has these flags from now on, and no others."""
        with self.lock:
            self._messages[uid].flags = frozenset(flags)
            self._changed(self._messages[uid])

    def categorise(self, uid: str, *categories: str) -> None:
        with self.lock:
            self._messages[uid].categories = categories
            self._changed(self._messages[uid])

    def follow_up(
        self,
        uid: str,
        start: datetime | None = None,
        due: datetime | None = None,
        completed: datetime | None = None,
    ) -> None:
        """A flag with dates; with `completed` it counts as done."""
        with self.lock:
            message = self._messages[uid]
            message.start, message.due, message.completed = start, due, completed
            message.flags = message.flags | {"\\Flagged"}
            self._changed(message)

    def touch(self, uid: str) -> None:
        """Something of the message changes that nobody reads; a delta round shows it again."""
        with self.lock:
            self._changed(self._messages[uid])

    def corrupt(
        self, uid: str, *, status: int = 500, code: str = "ErrorCorruptData", message: str = ""
    ) -> None:
        """The message is listed from now on, and cannot be read. The error tells the address."""
        text = message or f"Data of {self.address} is corrupt. Please contact {self.address}."
        with self.lock:
            self._messages[uid].corrupt = GraphError(status, code, text)

    def expire_delta_tokens(self, status: int = 410, code: str = "syncStateNotFound") -> None:
        """Links that were given so far are refused with this error."""
        self.expired = (status, code)
        self.delta_tokens.forget()

    # -- looking in

    def folders(self) -> dict[tuple[str, ...], list[StoredMessage]]:
        """Every mail folder below the top by its display names, with its messages; hidden ones and
        search folders are not there."""
        with self.lock:
            below = [one for one in self._known(ROOT).below() if one.path]
            return {
                one.path: [self._stored(message) for message in one.messages.values()]
                for one in below
                if not one.hidden and not one.search
            }

    def _stored(self, message: Message) -> StoredMessage:
        return StoredMessage(
            message.ids.immutable,
            message.mime,
            message.received,
            message.flags,
            message.categories,
        )

    # -- for the routes, which hold the lock

    def find(self, path: str | Sequence[str]) -> MailFolder:
        """A folder by a name for people."""
        if isinstance(path, str):
            if path in WELL_KNOWN:
                return self._known(path)
            path = (path,)
        here = self._known(ROOT)
        for name in path:
            found = [one for one in here.children if one.name == name]
            if not found:
                raise KeyError(path)
            here = found[0]
        return here

    def folder(self, text: str) -> MailFolder:
        """A folder by its id or its name in paths. GraphError if there is none."""
        if text in self._folders:
            return self._folders[text]
        if text.casefold() in WELL_KNOWN:
            try:
                return self._known(text.casefold())
            except KeyError:
                message = "The specified object was not found in the store., "
                message += f"Default folder {text} not found."
                raise GraphError(404, "ErrorItemNotFound", message) from None
        raise _unknown(text)

    def message(self, uid: str) -> Message:
        """A message by one of its ids. GraphError if there is none."""
        if uid not in self._messages:
            raise _unknown(uid)
        return self._messages[uid]

    def folder_of(self, message: Message) -> MailFolder:
        return self._folders[message.place.rpartition("/")[0]]

    def _known(self, name: str) -> MailFolder:
        for folder in self._folders.values():
            if folder.well_known == name:
                return folder
        raise KeyError(name)

    def _new_folder(
        self,
        name: str,
        parent: MailFolder | None,
        well_known: str = "",
        hidden: bool = False,
        search: bool = False,
    ) -> MailFolder:
        number = container_id(self.address, "folder", self.new_number())
        folder = MailFolder(number, name, parent, well_known, hidden, search)
        self._folders[number] = folder
        if parent is not None:
            parent.children.append(folder)
        return folder

    def _enter(self, message: Message) -> None:
        ids = message.ids
        self._messages[ids.immutable] = self._messages[ids.ordinary] = message

    def _forget(self, message: Message) -> None:
        ids = message.ids
        del self._messages[ids.immutable], self._messages[ids.ordinary]

    def _take_away(self, message: Message) -> None:
        folder = self.folder_of(message)
        folder.gone[message.number] = message.ids
        folder.log.append(message.number)
        del folder.messages[message.number]

    def _changed(self, message: Message) -> None:
        message.state += 1
        message.modified = self.moment()
        self.folder_of(message).log.append(message.number)


def _unknown(text: str) -> GraphError:
    if not text.startswith("A"):
        return GraphError(400, "ErrorInvalidIdMalformed", "Id is malformed.")
    message = "The specified object was not found in the store."
    return GraphError(404, "ErrorItemNotFound", message)
