"""How the migration gets into the mailboxes of WorkMail: what EnableAdministrator has settled.

It travels between states as a short text, `Access.code`, which holds ids and words, never an
address or a password.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Self


class Way(StrEnum):
    """Who opens the mailboxes. ROLE: an impersonation role of the migration's. USER: a user of the
    migration's who was given access to each. CONSOLE: the migration administrator who was chosen
    in WorkMail's console. OWNERS: each mailbox's own password, over IMAP."""

    ROLE = "role"
    USER = "user"
    CONSOLE = "console"
    OWNERS = "owners"


class Entry(StrEnum):
    """How a user who has logged in to EWS says whose mailbox is meant. Which of the two WorkMail
    has for such a user is not documented."""

    IMPERSONATION = "impersonation"
    """The header ExchangeImpersonation: whoever asks is that user."""
    DELEGATE = "delegate"
    """Folders' distinguished ids name the mailbox; whoever asks remains who it is."""


@dataclass(frozen=True, slots=True)
class Access:
    """`role` is the id of the impersonation role (ROLE); `entry` is settled for the others."""

    way: Way
    role: str = ""
    entry: Entry | None = None

    @property
    def code(self) -> str:
        """`role:<id>`, `user:delegate`, `owners:`"""
        return f"{self.way}:{self.entry or self.role}"

    @classmethod
    def parse(cls, code: str) -> Self:
        """ValueError for what is no code."""
        way, _, rest = code.partition(":")
        if Way(way) is Way.ROLE:
            return cls(Way.ROLE, role=rest)
        return cls(Way(way), entry=Entry(rest) if rest else None)
