"""One mailbox: folders and messages, and what other modules keep in it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from localrun.fakes.graph.answers import GraphError
from localrun.fakes.graph.folders import ROOT
from localrun.fakes.graph.mail_store import MailStore
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


class Mailbox(MailStore):
    """Folders are named by the name that paths know ("inbox"), by their display name if they lie at
    the top, or by all display names from the top: ("Projects", "2026"). Ids are immutable ids.
    KeyError for a folder or message that there is not. Every method is safe from any thread."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._parts: dict[object, object] = {}

    # -- what others keep here

    def part(self, kind: Callable[[Mailbox], Part]) -> Part:
        """What `kind` keeps in this mailbox; made by calling it with the mailbox, once."""
        with self.lock:
            if kind not in self._parts:
                self._parts[kind] = kind(self)
            return self._parts[kind]  # type: ignore[return-value]

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
            return self.new_folder(names[-1], parent, well_known, hidden, search).id

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
                del self.by_id[gone.id]
                for message in list(gone.messages.values()):
                    self.forget(message)

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
            self.enter(message)
            return message.ids.immutable

    def delete(self, uid: str) -> None:
        with self.lock:
            message = self.messages[uid]
            self.take_away(message)
            self.forget(message)

    def move(self, uid: str, folder: str | Sequence[str]) -> None:
        """To another folder: the immutable id stays, the other one does not."""
        with self.lock:
            message = self.messages[uid]
            place = self.find(folder)
            self.take_away(message)
            del self.messages[message.ids.ordinary]
            message.place = f"{place.id}/{message.state + 1}"
            place.messages[message.number] = message
            self.enter(message)
            self.changed(message)

    def flag(self, uid: str, *flags: str) -> None:
        """The message has these flags from now on, and no others."""
        with self.lock:
            self.messages[uid].flags = frozenset(flags)
            self.changed(self.messages[uid])

    def categorise(self, uid: str, *categories: str) -> None:
        with self.lock:
            self.messages[uid].categories = categories
            self.changed(self.messages[uid])

    def follow_up(
        self,
        uid: str,
        start: datetime | None = None,
        due: datetime | None = None,
        completed: datetime | None = None,
    ) -> None:
        """A flag with dates; with `completed` it counts as done."""
        with self.lock:
            message = self.messages[uid]
            message.start, message.due, message.completed = start, due, completed
            message.flags = message.flags | {"\\Flagged"}
            self.changed(message)

    def touch(self, uid: str) -> None:
        """Something of the message changes that nobody reads; a delta round shows it again."""
        with self.lock:
            self.changed(self.messages[uid])

    def corrupt(
        self, uid: str, *, status: int = 500, code: str = "ErrorCorruptData", message: str = ""
    ) -> None:
        """The message is listed from now on, and cannot be read. The error tells the address."""
        text = message or f"Data of {self.address} is corrupt. Please contact {self.address}."
        with self.lock:
            self.messages[uid].corrupt = GraphError(status, code, text)

    def expire_delta_tokens(self, status: int = 410, code: str = "syncStateNotFound") -> None:
        """Links that were given so far are refused with this error."""
        self.expired = (status, code)
        self.delta_tokens.forget()

    # -- looking in

    def folders(self) -> dict[tuple[str, ...], list[StoredMessage]]:
        """Every mail folder below the top by its display names, with its messages; hidden ones and
        search folders are not there."""
        with self.lock:
            below = [one for one in self.known(ROOT).below() if one.path]
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
