"""A message as the mailbox keeps it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from email.utils import parsedate_to_datetime
from functools import cached_property

from localrun.fakes.graph.answers import GraphError
from localrun.fakes.graph.ids import ItemIds, item_ids


@dataclass(eq=False)
class Message:
    """`flags` are spelled as in IMAP: \\Seen, \\Flagged, \\Answered, \\Draft, $Forwarded. `place`
    says in which folder it lies, and how often it has moved. `state` counts its changes."""

    mailbox: str
    number: int
    mime: bytes
    received: datetime
    created: datetime
    place: str
    flags: frozenset[str] = frozenset()
    categories: tuple[str, ...] = ()
    importance: str = ""
    start: datetime | None = None
    due: datetime | None = None
    completed: datetime | None = None
    modified: datetime = field(default=datetime.min.replace(tzinfo=UTC))
    state: int = 0
    corrupt: GraphError | None = None

    @property
    def ids(self) -> ItemIds:
        return item_ids(self.mailbox, "message", self.number, self.place)

    @cached_property
    def parsed(self) -> EmailMessage:
        """The whole message."""
        return message_from_bytes(self.mime, policy=default)

    @cached_property
    def head(self) -> EmailMessage:
        """Its header alone."""
        header = self.mime.replace(b"\r\n", b"\n").partition(b"\n\n")[0]
        return message_from_bytes(header + b"\n\n", policy=default)

    @property
    def sent(self) -> datetime | None:
        """The header's Date."""
        try:
            return parsedate_to_datetime(str(self.head["Date"]))
        except ValueError:
            return None

    @property
    def is_read(self) -> bool:
        return "\\Seen" in self.flags

    @property
    def is_draft(self) -> bool:
        return "\\Draft" in self.flags
