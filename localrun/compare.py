"""The independent look at the end: every message at the source against every one at the target.

Nothing of the product is used here but the ledger's folder names: the source is read over IMAP
anew, the target through the EWS emulator's store.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from imapclient import IMAPClient

from localrun.fakes.workmail_ews.server import EwsServer, StoredMessage
from migration.model import FolderRecord, Mailbox

_SYSTEM = frozenset({"\\seen", "\\flagged", "\\answered", "\\draft", "\\recent", "\\deleted"})


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
class FolderComparison:
    """One folder: counts on both sides and in the ledger; messages lost, doubled, differing."""

    mailbox: str
    source_path: tuple[str, ...]
    target_path: tuple[str, ...]
    source: int
    target: int
    ledger: int
    lost: int
    doubled: int
    differing: int

    @property
    def agrees(self) -> bool:
        return not (self.lost or self.doubled or self.differing) and (
            self.source == self.target == self.ledger
        )


@dataclass(frozen=True, slots=True)
class SourceAccess:
    """How to read the source: a user's own password, or an administrator's for all."""

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


def compare_mailbox(
    access: SourceAccess, ews: EwsServer, mailbox: Mailbox, records: Sequence[FolderRecord]
) -> list[FolderComparison]:
    """All folders of a mailbox, in the order of their names.

    Also those that the ledger does not know: a source folder that was never copied has lost all
    its messages, and mail in a target folder that no source folder went to is there twice.
    """
    client = access.open(mailbox.source)
    client.normalise_times = False
    try:
        names = _folder_names(client)
        target = ews.folders(mailbox.target)
        known = {record.path for record in records}
        pairs = [(record.path, record.target_path, record.total.copied) for record in records]
        pairs += [(path, (), 0) for path in names.keys() - known]
        places = {record.target_path for record in records}
        pairs += [((), path, 0) for path, mail in target.items() if mail and path not in places]
        pairs.sort(key=lambda pair: (pair[0] != ("INBOX",), pair[0], pair[1]))
        return [_compare_folder(client, names, target, mailbox.target, *pair) for pair in pairs]
    finally:
        client.logout()


def _folder_names(client: IMAPClient) -> Mapping[tuple[str, ...], str]:
    """Path -> name at the server. Many servers put a prefix before the name of every folder but
    the inbox (`INBOX.Sent`): the personal namespace of RFC 2342, no part of the path."""
    prefixes: list[str] = []
    if client.has_capability("NAMESPACE"):
        prefixes = [prefix for prefix, _ in client.namespace().personal or () if prefix]
    names: dict[tuple[str, ...], str] = {("INBOX",): "INBOX"}
    for flags, delimiter, name in client.list_folders():
        if any(flag.lower() in (b"\\noselect", b"\\nonexistent") for flag in flags):
            continue  # only the parent of others
        prefix = max((one for one in prefixes if name.startswith(one)), key=len, default="")
        below = name.removeprefix(prefix)
        path = tuple(below.split(delimiter.decode()) if delimiter else [below])
        if not prefix and path[0].upper() == "INBOX":
            path = ("INBOX", *path[1:])
        names.setdefault(path, name)
    return names


def _compare_folder(
    client: IMAPClient,
    names: Mapping[tuple[str, ...], str],
    stored: Mapping[tuple[str, ...], Sequence[StoredMessage]],
    address: str,
    source_path: tuple[str, ...],
    target_path: tuple[str, ...],
    ledger: int,
) -> FolderComparison:
    name = names.get(source_path)
    source = {} if name is None else _read_source(client, name)  # None: deleted meanwhile
    target = _read_target(stored.get(target_path, ()))
    lost = doubled = differing = 0
    for digest in source.keys() | target.keys():
        here, there = source.get(digest, Counter()), target.get(digest, Counter())
        surplus = there.total() - here.total()
        lost += max(-surplus, 0)
        doubled += max(surplus, 0)
        differing += min(here.total(), there.total()) - (here & there).total()
    return FolderComparison(
        address,
        source_path,
        target_path,
        sum(traits.total() for traits in source.values()),
        sum(traits.total() for traits in target.values()),
        ledger,
        lost,
        doubled,
        differing,
    )


def _read_source(client: IMAPClient, name: str) -> dict[str, Counter[Trait]]:
    client.select_folder(name, readonly=True)
    found: defaultdict[str, Counter[Trait]] = defaultdict(Counter)
    uids = client.search()
    for start in range(0, len(uids), 50):
        parts = ["BODY.PEEK[]", "FLAGS", "INTERNALDATE"]
        for data in client.fetch(uids[start : start + 50], parts).values():
            flags = {flag.decode() for flag in data[b"FLAGS"]}
            lower = {flag.lower() for flag in flags}
            trait = Trait(
                received=data[b"INTERNALDATE"].astimezone(UTC).replace(microsecond=0),
                read="\\seen" in lower,
                draft="\\draft" in lower,
                flagged="\\flagged" in lower,
                answered="\\answered" in lower,
                keywords=frozenset(flag for flag in flags if flag.lower() not in _SYSTEM),
            )
            found[_digest(data[b"BODY[]"])][trait] += 1
    return found


def _read_target(messages: Iterable[StoredMessage]) -> dict[str, Counter[Trait]]:
    found: defaultdict[str, Counter[Trait]] = defaultdict(Counter)
    for message in messages:
        keywords = {*message.categories, *(["$Forwarded"] if message.forwarded else [])}
        trait = Trait(
            received=message.received.astimezone(UTC).replace(microsecond=0),
            read=message.read,
            draft=message.draft,
            flagged=message.flagged,
            answered=message.answered,
            keywords=frozenset(keywords),
        )
        found[_digest(message.mime)][trait] += 1
    return found


def _digest(mime: bytes) -> str:
    return hashlib.sha256(mime).hexdigest()
