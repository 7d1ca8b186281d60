"""What a mailbox does by itself with the mail that comes: rules and an automatic reply. The model,
and the seam to where they are read.

WorkMail's API makes no rules: people, or their administrator, make them again by what the report
says. So a rule is words here, but for whom it forwards to.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class ReplyStatus(StrEnum):
    """Whether mail is answered: never, always, or within a time."""

    OFF = "off"
    ON = "on"
    SCHEDULED = "scheduled"


class Audience(StrEnum):
    """Who of those outside the organization is answered."""

    NOBODY = "nobody"
    CONTACTS = "contacts"
    EVERYBODY = "everybody"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of the inbox.

    name        its name
    order       in which order rules are followed: the lowest first
    is_active   whether it is followed
    conditions  in words; all of them must hold. None: every message
    exceptions  in words; if one of them holds the rule is not followed
    actions     what is done, in words
    forwards    to which addresses it sends what comes
    has_error   whether the source cannot follow it
    """

    name: str
    order: int
    is_active: bool
    conditions: tuple[str, ...]
    exceptions: tuple[str, ...]
    actions: tuple[str, ...]
    forwards: tuple[str, ...] = ()
    has_error: bool = False


@dataclass(frozen=True, slots=True)
class AutomaticReply:
    """An answer to whoever writes. `inside` is for colleagues, `outside` for `audience`, both HTML.
    `begin` and `end` are moments (ISO 8601, UTC) of a scheduled one, "" if not said."""

    status: ReplyStatus
    inside: str = ""
    outside: str = ""
    audience: Audience = Audience.NOBODY
    begin: str = ""
    end: str = ""


@dataclass(frozen=True, slots=True)
class MailboxSettings:
    """Of one mailbox, rules in their order. `reply` is None if there is no text of one. `problems`
    are codes of what could not be read, or written. `is_at_target`: WorkMail has a reply, too,
    or had one in an earlier pass."""

    rules: tuple[Rule, ...] = ()
    reply: AutomaticReply | None = None
    problems: tuple[str, ...] = ()
    is_at_target: bool = False


class SettingsSource(Protocol):
    """Where the settings of one mailbox are read."""

    def read(self) -> MailboxSettings:
        """What there is now. What the source refuses is a problem of the answer; raises
        SourceBusy, MailboxUnreachable, CredentialsRejected."""

    def close(self) -> None:
        """Ends the connections; may be called twice."""


class ReplyTarget(Protocol):
    """The automatic reply of one mailbox in WorkMail. Raises ItemRejected with WorkMail's code, and
    TargetBusy, AdministratorPending, MailboxUnreachable, CredentialsRejected."""

    def find(self) -> AutomaticReply:
        """What there is, without the times of a schedule; OFF without texts if there is none."""

    def put(self, reply: AutomaticReply) -> None:
        """Takes the place of what there is."""

    def close(self) -> None:
        """Ends the connections; may be called twice."""


@dataclass(frozen=True, slots=True)
class SettingsEnds:
    """Where the settings of a mailbox are read, and where its automatic reply is written, if it is
    to be."""

    source: SettingsSource
    target: ReplyTarget | None = None

    def close(self) -> None:
        """Ends the connections; may be called twice."""
        self.source.close()
        if self.target is not None:
            self.target.close()
