"""Is the copy identical? Asked of both servers directly; no tool is believed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from imapclient.imap_utf7 import decode

from bench.imap_wire import (
    FETCH_ITEMS,
    Connection,
    Login,
    folder_states,
    message_count,
    quoted,
    read_fetched,
)


@dataclass(frozen=True, slots=True)
class Print:
    """What has to be the same of a message: its bytes (as a digest), its INTERNALDATE as seconds
    since 1970, its flags and keywords."""

    digest: bytes
    instant: float
    flags: frozenset[bytes]


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Folder -> its messages in their order. `size` is the sum of the messages' bytes."""

    folders: Mapping[str, tuple[Print, ...]]
    size: int

    @property
    def count(self) -> int:
        """Of messages."""
        return sum(map(len, self.folders.values()))


def read_mailbox(login: Login) -> Mailbox:
    """Reads every message of every folder."""
    folders: dict[str, tuple[Print, ...]] = {}
    size = 0
    with Connection(login) as connection:
        states = folder_states(connection)
        for name, state in states.items():
            prints: list[Print] = []
            if message_count(state):
                connection.send(b"EXAMINE " + quoted(name))
                tag = connection.send(b"UID FETCH 1:* " + FETCH_ITEMS)
                for response in connection.answers(tag):
                    found = read_fetched(response)
                    if found is not None:
                        size += len(found.content)
                        digest = sha256(found.content).digest()
                        flags = frozenset(found.flags.split())
                        prints.append(Print(digest, found.instant.timestamp(), flags))
            folders[decode(name)] = tuple(prints)
    return Mailbox(folders, size)


def difference(source: Mailbox, target: Mailbox) -> str:
    """What is not the same, in a line; "" when the copy is identical."""
    parts = []
    if missing := sorted(source.folders.keys() - target.folders.keys()):
        parts.append(f"folders missing: {', '.join(missing)}")
    if added := sorted(target.folders.keys() - source.folders.keys()):
        parts.append(f"folders added: {', '.join(added)}")
    counts: Counter[str] = Counter()
    for folder in source.folders.keys() | target.folders.keys():
        counts += _compare(source.folders.get(folder, ()), target.folders.get(folder, ()))
    parts += [f"{count:,} {what}" for what, count in sorted(counts.items())]
    return "; ".join(parts)


def _compare(source: tuple[Print, ...], target: tuple[Print, ...]) -> Counter[str]:
    """Kind of difference -> number of messages, or of folders in another order."""
    if source == target:
        return Counter()
    here, there = _by_digest(source), _by_digest(target)
    found: Counter[str] = Counter()
    lost = came = 0
    for digest in here.keys() | there.keys():
        ours, theirs = here[digest], there[digest]
        lost += max(0, len(ours) - len(theirs))
        came += max(0, len(theirs) - len(ours))
        if len(ours) == len(theirs):
            found["with another date"] += _unlike(
                [p.instant for p in ours], [p.instant for p in theirs]
            )
            found["with other flags"] += _unlike([p.flags for p in ours], [p.flags for p in theirs])
    found["altered"] = min(lost, came)
    found["missing"] = lost - found["altered"]
    found["added"] = came - found["altered"]
    found += Counter()  # drops the zeros
    if not found:
        found["folder in another order"] = 1
    return found


def _by_digest(prints: tuple[Print, ...]) -> defaultdict[bytes, list[Print]]:
    found: defaultdict[bytes, list[Print]] = defaultdict(list)
    for each in prints:
        found[each.digest].append(each)
    return found


def _unlike(ours: list[object], theirs: list[object]) -> int:
    """How many have no like on the other side; both lists are of one length."""
    return (Counter(ours) - Counter(theirs)).total()
