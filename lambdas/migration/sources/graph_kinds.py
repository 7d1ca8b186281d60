"""What reads one kind of item of a mailbox over Microsoft Graph, and what its refusals mean."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Protocol

from migration.errors import MailboxUnreachable, SourceBusy
from migration.groupware_port import Collection, Entry, NotReadable, Read, Vanished
from migration.wire.graph_errors import explain
from migration.wire.graph_model import GraphRefused

_GONE = (404, 410)
_FAILED = 500
_AGAIN = 60.0
_USERS = "/users/"


class KindReader(Protocol):
    """The collections of one kind, in one mailbox, read only. Raises SourceBusy,
    MailboxUnreachable, CredentialsRejected from any method. Its methods are those of
    `GroupwareSource`; keys of collections are `identity.folder_key("graph <kind> <id>")`."""

    def collections(self) -> Sequence[Collection]:
        """All of them, in the source's order; none where this mailbox has no such service. Where
        Exchange says which one is the default, that one has `is_default`."""

    def entries(self, collection: Collection) -> Sequence[Entry]:
        """All that it holds now, each uid (an immutable id) once; nothing if it is gone."""

    def fetch(
        self, collection: Collection, entries: Sequence[Entry]
    ) -> Iterator[Read | Vanished | NotReadable]:
        """An answer for each, in order, with the version that was read."""


@contextmanager
def translated() -> Iterator[None]:
    """Refusals that nothing else has an answer to, as errors of the port: what is gone was listed
    a moment ago, so that another look may help; all else is told by its code."""
    try:
        yield
    except GraphRefused as refused:
        if is_gone(refused):
            raise SourceBusy("a collection vanished while it was read", _AGAIN) from refused
        raise _unreachable(refused) from refused


@contextmanager
def asked_for_all() -> Iterator[None]:
    """The same where all that a mailbox has of a kind is asked for: what is not there then has not
    just vanished, and no other look helps."""
    try:
        yield
    except GraphRefused as refused:
        raise _unreachable(refused) from refused


def _unreachable(refused: GraphRefused) -> MailboxUnreachable:
    why = f"Microsoft Graph refused a question ({refused.status} {refused.code}".rstrip()
    return MailboxUnreachable(f"{why})")


def is_gone(refused: GraphRefused) -> bool:
    """Whether it is not there any more."""
    return refused.status in _GONE


def refuse(entry: Entry, refused: GraphRefused) -> Vanished | NotReadable:
    """What the refusal of one item is answered with; its reason is Graph's code. Raises what a
    refusal of the whole mailbox is."""
    if is_gone(refused) and explain(refused, _USERS) is refused:
        return Vanished(entry)
    return refuse_part(entry, refused)


def refuse_part(entry: Entry, refused: GraphRefused) -> NotReadable:
    """As `refuse`, where the item itself was read, and something that belongs to it is refused. It
    has not vanished then, and its copy stays. Where a server has failed, the version that was read
    is none that will be listed: so it comes again in the next pass, unchanged as it is."""
    meant = explain(refused, _USERS)
    if meant is not refused:
        raise meant
    if refused.status >= _FAILED:
        entry = replace(entry, version=f"{entry.version}?")
    return NotReadable(entry, refused.code or f"http-{refused.status}")
