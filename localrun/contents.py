"""What a mailbox holds, read without the product: over IMAP, or in the EWS emulator's store."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from imapclient import IMAPClient

from localrun.fakes.graph.mailbox import StoredMessage as GraphMessage
from localrun.fakes.graph.server import GraphServer
from localrun.fakes.workmail_ews.contents import StoredMessage
from localrun.fakes.workmail_ews.server import EwsServer

Path = tuple[str, ...]
_SYSTEM = frozenset({"\\seen", "\\flagged", "\\answered", "\\draft", "\\recent", "\\deleted"})
_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Trait:
    """What must survive beside the bytes: dates to the second, flags, keywords."""

    received: datetime
    read: bool
    draft: bool
    flagged: bool
    answered: bool
    keywords: frozenset[str]


@dataclass(frozen=True, slots=True)
class Message:
    """A message by the digest of its bytes."""

    digest: str
    trait: Trait


@dataclass(frozen=True, slots=True)
class Contents:
    """All folders of a mailbox, also empty ones; the inbox and what is below it begin with INBOX.

    `has_order`: the messages of a folder stand in an order that its user may see, as over IMAP.
    """

    folders: Mapping[Path, Sequence[Message]]
    has_order: bool


def fold(path: Path) -> Path:
    """The path with the inbox's name as `Contents` has it: its case does not count."""
    return ("INBOX", *path[1:]) if path and path[0].upper() == "INBOX" else path


@dataclass(frozen=True, slots=True)
class ImapAccess:
    """How to read an IMAP server: by a user's own password, or an administrator's for all."""

    host: str
    port: int
    tls: str
    passwords: Mapping[str, str]
    admin: tuple[str, str] | None = None

    def open(self, user: str) -> IMAPClient:
        """A logged-in connection to the user's mailbox."""
        client = IMAPClient(self.host, self.port, ssl=self.tls == "ssl")
        if self.tls == "starttls":
            client.starttls()
        if user in self.passwords:
            client.login(user, self.passwords[user])
        elif self.admin is not None:
            client.plain_login(self.admin[0], self.admin[1], user)
        return client

    def read(self, user: str) -> Contents:
        """Everything in the user's mailbox, opened read-only."""
        client = self.open(user)
        client.normalise_times = False
        try:
            names = _folder_names(client)
            return Contents({path: list(_read(client, names[path])) for path in names}, True)
        finally:
            client.logout()


def read_ews(ews: EwsServer, address: str) -> Contents:
    """Everything in a mailbox of the emulator. Clients of Exchange sort messages by their dates."""
    folders = ews.folders(address)
    return Contents(
        {fold(path): [_stored(each) for each in folders[path]] for path in folders}, has_order=False
    )


def read_graph(graph: GraphServer, user: str) -> Contents:
    """All mail in a mailbox of the emulator, by the names of folders that its user sees. Empty ones
    are not told: among them are those of Outlook's own work, which nobody copies."""
    folders = graph.mailbox(user).folders()
    found = {fold(path): [_kept(each) for each in mail] for path, mail in folders.items() if mail}
    return Contents(found, has_order=False)


def _folder_names(client: IMAPClient) -> Mapping[Path, str]:
    """Path -> name at the server. Many servers put a prefix before the name of every folder but
    the inbox (`INBOX.Sent`): the personal namespace of RFC 2342, no part of the path."""
    prefixes: list[str] = []
    if client.has_capability("NAMESPACE"):
        prefixes = [prefix for prefix, _ in client.namespace().personal or () if prefix]
    names: dict[Path, str] = {("INBOX",): "INBOX"}
    for flags, delimiter, name in client.list_folders():
        if any(flag.lower() in (b"\\noselect", b"\\nonexistent") for flag in flags):
            continue  # only the parent of others
        prefix = max((one for one in prefixes if name.startswith(one)), key=len, default="")
        below = name.removeprefix(prefix)
        path = tuple(below.split(delimiter.decode()) if delimiter else [below])
        names.setdefault(path if prefix else fold(path), name)
    return names


def _read(client: IMAPClient, name: str) -> Iterator[Message]:
    """The messages of a folder in their order."""
    client.select_folder(name, readonly=True)
    uids = sorted(client.search())
    for start in range(0, len(uids), _AT_ONCE):
        some = uids[start : start + _AT_ONCE]
        found = client.fetch(some, ["BODY.PEEK[]", "FLAGS", "INTERNALDATE"])
        yield from (_fetched(found[uid]) for uid in some if uid in found)


def _fetched(data: Mapping[bytes, object]) -> Message:
    flags, received, mime = data[b"FLAGS"], data[b"INTERNALDATE"], data[b"BODY[]"]
    assert isinstance(flags, tuple)
    assert isinstance(received, datetime)
    assert isinstance(mime, bytes)
    names = {flag.decode() for flag in flags}
    lower = {name.lower() for name in names}
    trait = Trait(
        received=received.astimezone(UTC).replace(microsecond=0),
        read="\\seen" in lower,
        draft="\\draft" in lower,
        flagged="\\flagged" in lower,
        answered="\\answered" in lower,
        keywords=frozenset(name for name in names if name.lower() not in _SYSTEM),
    )
    return Message(_digest(mime), trait)


def _kept(message: GraphMessage) -> Message:
    flags = {flag.lower() for flag in message.flags}
    trait = Trait(
        received=message.received.astimezone(UTC).replace(microsecond=0),
        read="\\seen" in flags,
        draft="\\draft" in flags,
        flagged="\\flagged" in flags,
        answered="\\answered" in flags,
        keywords=frozenset(
            {*message.categories, *(flag for flag in message.flags if flag.lower() not in _SYSTEM)}
        ),
    )
    return Message(_digest(message.mime), trait)


def _stored(message: StoredMessage) -> Message:
    keywords = {*message.categories, *(["$Forwarded"] if message.forwarded else [])}
    trait = Trait(
        received=message.received.astimezone(UTC).replace(microsecond=0),
        read=message.read,
        draft=message.draft,
        flagged=message.flagged,
        answered=message.answered,
        keywords=frozenset(keywords),
    )
    return Message(_digest(message.mime), trait)


def _digest(mime: bytes) -> str:
    return hashlib.sha256(mime).hexdigest()
