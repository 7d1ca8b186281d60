"""What the server tells of an opened folder."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from migration.errors import SourceChanged
from migration.mail import Folder
from migration.wire.imap import ImapConnection
from migration.wire.imap_parse import Response, number


def search_uids(connection: ImapConnection, uids: str) -> list[int]:
    """Which of a uid set are in the opened folder."""
    found: list[int] = []
    for response in connection.run(f"UID SEARCH UID {uids}".encode()):
        if response.kind == b"SEARCH":
            found += (int(word) for word in response.line.split()[1:] if word.isdigit())
    return found


def read_code(responses: Sequence[Response], name: bytes) -> int:
    """The number in a response code such as [UIDNEXT 4392]; 0 if there is none."""
    for response in responses:
        _, found, rest = response.line.upper().partition(b"[" + name + b" ")
        if found:
            return number(rest.partition(b"]")[0].strip())
    return 0


def read_exists(responses: Sequence[Response]) -> int:
    """The number of messages that EXAMINE tells."""
    for response in responses:
        count, _, word = response.line.partition(b" ")
        if word.upper().strip() == b"EXISTS" and count.isdigit():
            return int(count)
    return 0


def read_end(folder: Folder, opened: Sequence[Response]) -> int:
    """The last UID that the folder can hold now, 0 if the server does not say. SourceChanged if it
    is not the folder that was listed."""
    validity = read_code(opened, b"UIDVALIDITY")
    if validity and str(validity) != folder.validity:
        raise SourceChanged(f"folder {folder.key} was recreated at the source")
    return max(0, read_code(opened, b"UIDNEXT") - 1)


def digest_flags(flags: dict[str, frozenset[str]]) -> str:
    """What stands for all flags of a folder where the server counts no changes."""
    lines = (f"{uid} {' '.join(sorted(names))}" for uid, names in sorted(flags.items()))
    return "digest:" + hashlib.sha256("\n".join(lines).encode()).hexdigest()[:32]
