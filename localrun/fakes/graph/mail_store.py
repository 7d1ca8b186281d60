"""How folders and messages of one mailbox hang together. Whoever calls it holds the lock."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from localrun.fakes.graph.answers import GraphError, Json
from localrun.fakes.graph.folders import ROOT, WELL_KNOWN, MailFolder, well_known
from localrun.fakes.graph.ids import Tokens, container_id
from localrun.fakes.graph.messages import Message


@dataclass
class MailStore:
    """`by_id` has every folder, `messages` every message by both of its ids."""

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
        self.messages: dict[str, Message] = {}
        self.by_id: dict[str, MailFolder] = {}
        self.root = self.new_folder("Root", None, "root")
        for key, name, parent in well_known(self.language):
            above = self.known(parent) if parent else self.root
            self.new_folder(name, above, key)

    def new_number(self) -> int:
        """Another one each time: ids are made of it."""
        with self.lock:
            self._numbers += 1
            return self._numbers

    def moment(self) -> datetime:
        return datetime.fromtimestamp(self.now(), UTC)

    def find(self, path: str | Sequence[str]) -> MailFolder:
        """A folder by a name for people."""
        if isinstance(path, str):
            if path in WELL_KNOWN:
                return self.known(path)
            path = (path,)
        here = self.known(ROOT)
        for name in path:
            found = [one for one in here.children if one.name == name]
            if not found:
                raise KeyError(path)
            here = found[0]
        return here

    def folder(self, text: str) -> MailFolder:
        """A folder by its id or its name in paths. GraphError if there is none."""
        if text in self.by_id:
            return self.by_id[text]
        if text.casefold() in WELL_KNOWN:
            try:
                return self.known(text.casefold())
            except KeyError:
                message = "The specified object was not found in the store., "
                message += f"Default folder {text} not found."
                raise GraphError(404, "ErrorItemNotFound", message) from None
        raise _unknown(text)

    def message(self, uid: str) -> Message:
        """A message by one of its ids. GraphError if there is none."""
        if uid not in self.messages:
            raise _unknown(uid)
        return self.messages[uid]

    def folder_of(self, message: Message) -> MailFolder:
        return self.by_id[message.place.rpartition("/")[0]]

    def known(self, name: str) -> MailFolder:
        for folder in self.by_id.values():
            if folder.well_known == name:
                return folder
        raise KeyError(name)

    def new_folder(
        self,
        name: str,
        parent: MailFolder | None,
        well_known: str = "",
        hidden: bool = False,
        search: bool = False,
    ) -> MailFolder:
        number = container_id(self.address, "folder", self.new_number())
        folder = MailFolder(number, name, parent, well_known, hidden, search)
        self.by_id[number] = folder
        if parent is not None:
            parent.children.append(folder)
        return folder

    def enter(self, message: Message) -> None:
        ids = message.ids
        self.messages[ids.immutable] = self.messages[ids.ordinary] = message

    def forget(self, message: Message) -> None:
        ids = message.ids
        del self.messages[ids.immutable], self.messages[ids.ordinary]

    def take_away(self, message: Message) -> None:
        folder = self.folder_of(message)
        folder.gone[message.number] = message.ids
        folder.log.append(message.number)
        del folder.messages[message.number]

    def changed(self, message: Message) -> None:
        message.state += 1
        message.modified = self.moment()
        self.folder_of(message).log.append(message.number)


def _unknown(text: str) -> GraphError:
    if not text.startswith("A"):
        return GraphError(400, "ErrorInvalidIdMalformed", "Id is malformed.")
    message = "The specified object was not found in the store."
    return GraphError(404, "ErrorItemNotFound", message)
