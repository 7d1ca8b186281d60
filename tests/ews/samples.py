"""Messages for the tests."""

from __future__ import annotations

from datetime import UTC, datetime

from migration.model import Item, ItemRef, Stamped

RECEIVED = datetime(2015, 2, 1, 10, 20, 30, tzinfo=UTC)


def mime(subject: str, body: str = "Hello", date: str = "Sun, 01 Feb 2015 11:00:00 +0100") -> bytes:
    """A small message with CRLF."""
    return (
        f"From: Alice <alice@example.test>\r\nTo: bob@example.test\r\nSubject: {subject}\r\n"
        f"Date: {date}\r\nMessage-ID: <{subject}@example.test>\r\n\r\n{body}\r\n"
    ).encode()


def stamped(key: str, *flags: str, content: bytes | None = None) -> Stamped:
    """An item with a key; its subject is the key."""
    data = mime(key) if content is None else content
    return Stamped(key, Item(ItemRef(key, len(data)), data, RECEIVED, frozenset(flags)))
