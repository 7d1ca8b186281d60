"""Mails that the migration itself sends, and what the mail service says of them."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file in a mail; `media_type` such as application/pdf."""

    name: str
    media_type: str
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail to one person. Addresses are bare, without names."""

    sender: str
    to: str
    subject: str
    text: str = field(repr=False)
    html: str = field(repr=False)
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class Delivered:
    """The service has taken the mail, under this id."""

    message_id: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Not sent, and never will be, for this one address. `reason` is a clause without it."""

    reason: str


@dataclass(frozen=True, slots=True)
class Throttled:
    """Not sent; worth another try after so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Halted:
    """Not sent, and nothing else can be: `problem` is for the operator."""

    problem: str


@dataclass(frozen=True, slots=True)
class Doubtful:
    """Nobody knows whether it was sent: the answer was lost."""


Posted = Delivered | Refused | Throttled | Halted | Doubtful
