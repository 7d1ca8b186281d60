"""The messages that the probe writes into the pilot mailbox, and how they are judged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from email import message_from_bytes

from migration.mail import Item, ItemRef, Stamped
from migration.mime import head, whole

MARK = "b7e2d4a1"
"""In every name that the probe gives. Nothing of a user has it, so what has it may be removed."""

SUBJECT = f"Migration probe {MARK}: may be deleted"
MEGABYTE = 1_000_000

# Another moment than the Date header's, so that a server which takes that one is found out.
_RECEIVED = datetime(2015, 2, 1, 10, 20, 30, tzinfo=timezone(timedelta(hours=5, minutes=30)))
_LINE = b"x" * 76 + b"\r\n"
_STEPS_MB = (1, 5, 10, 20, 29, 35, 40)


@dataclass(frozen=True, slots=True)
class Variant:
    """A kind of message; the name of the kind, and its flags."""

    name: str
    flags: frozenset[str]


VARIANTS = (
    Variant("read", frozenset({"\\Seen", "\\Flagged", "\\Answered", "MigrationProbe"})),
    Variant("unread", frozenset()),
    Variant("draft", frozenset({"\\Seen", "\\Draft"})),
)


def key_of(place: str, name: str) -> str:
    """The migration key of a message; the same in every run, so that a later one finds it."""
    return f"migration-probe-{MARK}-{place}-{name}"


def stamped(place: str, variant: Variant, megabytes: int = 0) -> Stamped:
    """A message of this kind; padded to so many megabytes of MIME."""
    key = key_of(place, variant.name)
    mime = _mime(key, megabytes * MEGABYTE)
    return Stamped(key, Item(ItemRef("1", len(mime)), mime, _RECEIVED, variant.flags))


def sizes_mb(largest: int) -> Iterator[int]:
    """Which sizes to try, ascending; the last is `largest`."""
    yield from (size for size in _STEPS_MB if size < largest)
    yield largest


def losses(sent: Item, shown: Item) -> list[str]:
    """What a server has changed of a message, its text aside."""
    wanted, has = (_folded(item.flags) for item in (sent, shown))
    changed = [] if shown.received == sent.received else ["received date"]
    changed += [f"loses {flag}" for flag in sorted(wanted - has)]
    changed += [f"adds {flag}" for flag in sorted(has - wanted)]
    if _message_id(sent) != _message_id(shown):
        changed.append("Message-ID")
    return changed


def has_same_bytes(sent: Item, shown: Item) -> bool:
    """Whether the text is the same to the letter."""
    return whole(sent.mime) == whole(shown.mime)


def _folded(flags: frozenset[str]) -> set[str]:
    return {flag.casefold() for flag in flags} - {"\\recent"}


def _message_id(item: Item) -> str:
    return str(message_from_bytes(head(item.mime)).get("Message-ID", "")).strip()


def _mime(key: str, size: int) -> bytes:
    beginning = (
        "From: Migration <migration@migration.invalid>\r\n"
        "To: Migration <migration@migration.invalid>\r\n"
        f"Subject: {SUBJECT}\r\n"
        "Date: Sat, 31 Jan 2015 18:00:00 +0000\r\n"
        f"Message-ID: <{key}@migration.invalid>\r\n"
        "MIME-Version: 1.0\r\n"
        "Content-Type: text/plain; charset=us-ascii\r\n"
        "\r\n"
        "This message shows what WorkMail keeps of mail. It is removed at once.\r\n"
    ).encode("ascii")
    return beginning + _LINE * (max(0, size - len(beginning)) // len(_LINE))
