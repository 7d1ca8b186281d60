"""Mail messages written beside the memory into Maildir++ trees, one per mailbox.

So a trial migration leaves mail that any client or server for Maildir can open. The layout is
Courier's Maildir++: `<root>/<address>` is the inbox, `<root>/<address>/.A.B` the folder B in A;
names in modified UTF-7, with `.` and `/` inside a name written `\\2e` and `\\2f` (Dovecot's
listescape). Files are not synced to the disk one by one: this is a copy to look at.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path

from imapclient import imap_utf7

from localrun.fakes.workmail_ews.items import StoredItem
from localrun.fakes.workmail_ews.properties import FLAG_STATUS, LAST_VERB

_REPLIED = (102, 103)  # PidTagLastVerbExecuted: reply, reply to all
_FORWARDED = 104
_FLAGGED = 2  # PidTagFlagStatus: followupFlagged


class MaildirMirror:
    """A store.Mirror. Safe to use from several threads."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock = threading.Lock()
        self._files: dict[tuple[str, str], Path] = {}
        self._made: set[Path] = set()

    def put(self, address: str, path: tuple[str, ...], item: StoredItem) -> None:
        """Writes the message, or renames its file when it is there already."""
        folder = self._folder(address, path)
        name = f"{int(item.created.timestamp())}.M{item.number}P0.workmail"
        target = folder / "cur" / f"{name}:2,{maildir_flags(item)}"
        with self._lock:
            existing = self._files.get((address, item.id))
            if existing is None:
                fresh = folder / "tmp" / name
                fresh.write_bytes(item.mime)
                existing = fresh
            existing.rename(target)
            seconds = item.received.timestamp()
            os.utime(target, (seconds, seconds))
            self._files[address, item.id] = target

    def remove(self, address: str, item_id: str) -> None:
        """Deletes the message's file."""
        with self._lock:
            path = self._files.pop((address, item_id), None)
        if path is not None:
            path.unlink(missing_ok=True)

    def add_folder(self, address: str, path: tuple[str, ...]) -> None:
        """Makes the folder, so that empty ones are seen too."""
        self._folder(address, path)

    def _folder(self, address: str, path: tuple[str, ...]) -> Path:
        mailbox = self._root / address.replace("/", "_")
        inside = path if path and path[0] != "Inbox" else path[1:]
        if inside != path and inside:
            inside = ("INBOX", *inside)
        folder = mailbox / ("." + ".".join(map(escape, inside))) if inside else mailbox
        with self._lock:
            if folder not in self._made:
                for part in ("tmp", "new", "cur"):
                    (folder / part).mkdir(parents=True, exist_ok=True)
                if inside:
                    (folder / "maildirfolder").touch()
                self._made.add(folder)
        return folder


def escape(name: str) -> str:
    """One folder name as part of a Maildir++ directory name."""
    plain = name.replace("\\", "\\5c").replace(".", "\\2e").replace("/", "\\2f")
    encoded = imap_utf7.encode(plain)
    return encoded.decode("ascii") if isinstance(encoded, bytes) else str(encoded)


def maildir_flags(item: StoredItem) -> str:
    """Draft, flagged, passed (forwarded), replied, seen: letters in ASCII order."""
    verb = item.integer(LAST_VERB)
    letters = {
        "D": item.is_draft,
        "F": item.integer(FLAG_STATUS) == _FLAGGED,
        "P": verb == _FORWARDED,
        "R": verb in _REPLIED,
        "S": item.is_read,
    }
    return "".join(letter for letter, is_set in letters.items() if is_set)
