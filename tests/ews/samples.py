"""Messages for the tests, and what is done with a target in most of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from localrun.fakes.workmail_ews import EwsServer, Property, StoredMessage
from migration.mail import Folder, FolderPlan, Item, ItemRef, Outcome, SpecialUse, Stamped
from migration.mime import MimeStream
from migration.ports import Target
from migration.targets.workmail_message import KEY
from tests.ews.harness import ADDRESS

RECEIVED = datetime(2015, 2, 1, 10, 20, 30, tzinfo=UTC)
STORED_KEY = Property(property_set=KEY.property_set, name=KEY.name)


def mime(subject: str, body: str = "Hello", date: str = "Sun, 01 Feb 2015 11:00:00 +0100") -> bytes:
    """A small message with CRLF."""
    return (
        f"From: Alice <alice@example.test>\r\nTo: bob@example.test\r\nSubject: {subject}\r\n"
        f"Date: {date}\r\nMessage-ID: <{subject}@example.test>\r\n\r\n{body}\r\n"
    ).encode()


def asking(subject: str) -> bytes:
    """A message whose sender wants to know that it was read."""
    return b"Disposition-Notification-To: alice@example.test\r\n" + mime(subject)


def stamped(key: str, *flags: str, content: bytes | MimeStream | None = None) -> Stamped:
    """An item with a key; its subject is the key."""
    data = mime(key) if content is None else content
    return Stamped(key, Item(ItemRef(key, len(data)), data, RECEIVED, frozenset(flags)))


def stream(content: bytes, piece: int = 65_536) -> MimeStream:
    """The content as it comes from a source."""
    parts = (content[start : start + piece] for start in range(0, len(content), piece))
    return MimeStream(len(content), parts)


def broken_stream(content: bytes, error: Exception) -> MimeStream:
    """A stream whose source breaks off in the middle."""

    def chunks() -> Iterator[bytes]:
        yield content[: len(content) // 2]
        raise error

    return MimeStream(len(content), chunks())


def plan(*path: str, special: SpecialUse | None = None) -> FolderPlan:
    """A folder of that path."""
    return FolderPlan(Folder("key", path, "1", 0, special), path, special)


def ensure(target: Target, *path: str, special: SpecialUse | None = None) -> str:
    """The id of one folder."""
    (folder_id,) = target.ensure_folders([plan(*path, special=special)])
    return folder_id


def inbox_of(target: Target) -> str:
    """The id of the inbox."""
    return ensure(target, "Inbox", special=SpecialUse.INBOX)


def store(target: Target, folder_id: str, batch: Iterable[Stamped]) -> list[Outcome]:
    """Appends and waits."""
    return list(target.append(folder_id, batch).outcomes())


def found(target: Target, folder_id: str, keys: Iterable[str]) -> set[str]:
    """Which of the keys the folder has."""
    mark = target.mark(folder_id)
    return {each.key for each in target.since(folder_id, mark, list(keys))}


def keys_in(server: EwsServer, *path: str) -> list[str]:
    """The migration keys of the messages that a folder holds, in the order of their creation."""
    return [message.properties[STORED_KEY][0] for message in server.folders(ADDRESS)[path]]


def only(server: EwsServer, *path: str) -> StoredMessage:
    """The one message of a folder."""
    (message,) = server.folders(ADDRESS)[path or ("Inbox",)]
    return message
