"""How much is in the mailboxes of a Microsoft 365 organization, and who has an archive.

The report of mailbox usage tells it of all at once, some days old. Whoever is not in it is counted
by folders: all mailboxes side by side, a level of their folders at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote

from migration.discovery_model import FoundMailbox
from migration.discovery_model import Observation as Note
from migration.errors import CredentialsRejected
from migration.sources import graph_directory_notes as notes
from migration.sources.graph_directory_json import Usage, add_usage, read_usage
from migration.sources.graph_folders import user_path
from migration.wire.graph import GraphClient
from migration.wire.graph_model import GraphRefused, Json

_REPORT = "/reports/getMailboxUsageDetail(period='D7')"
_AT_ONCE = 100


def add_sizes(
    client: GraphClient,
    boxes: Sequence[FoundMailbox],
    tell: Callable[[str], object],
    told: list[Note],
) -> list[FoundMailbox]:
    """The mailboxes with what could be told of each; `told` gets what could not."""
    usage = _read_report(client)
    if usage is None:
        told.append(Note(notes.NO_REPORT))
    elif boxes and not any(box.source.lower() in usage for box in boxes):
        told.append(Note(notes.CONCEALED))
    known = usage or {}
    rest = [box.source for box in boxes if box.source.lower() not in known]
    counted, uncounted = _Counting(client, tell).count(rest)
    if uncounted:
        told.append(Note(notes.NO_FOLDERS, tuple(uncounted)))
    return [_add(box, known.get(box.source.lower()), counted.get(box.source)) for box in boxes]


def _add(box: FoundMailbox, usage: Usage | None, counted: _Sum | None) -> FoundMailbox:
    if usage is not None:
        return add_usage(box, usage)
    if counted is not None:
        return replace(box, messages=counted.items, size=counted.size)
    return box


def _read_report(client: GraphClient) -> dict[str, Usage] | None:
    """None if this cloud has no reports, or the application may not read them."""
    body = bytearray()
    try:
        client.read(_REPORT, body.extend)
    except GraphRefused:
        return None
    except CredentialsRejected as error:
        if not error.after_login:
            raise
        return None
    return read_usage(bytes(body))


@dataclass(slots=True)
class _Sum:
    """What the folders of a mailbox add up to; `size` is None if one of them does not tell it."""

    items: int = 0
    size: int | None = 0

    def add(self, folder: Json) -> None:
        self.items += int(folder.get("totalItemCount") or 0)
        size = folder.get("sizeInBytes")
        known = isinstance(size, int) and self.size is not None
        self.size = (self.size or 0) + int(size or 0) if known else None


class _Counting:
    """Folders by levels."""

    def __init__(self, client: GraphClient, tell: Callable[[str], object]) -> None:
        self._client = client
        self._tell = tell
        self._found: dict[str, _Sum] = {}
        self._failed: dict[str, None] = {}

    def count(self, users: Sequence[str]) -> tuple[dict[str, _Sum], list[str]]:
        """By user; and those who could not be counted."""
        for begin in range(0, len(users), _AT_ONCE):
            chunk = users[begin : begin + _AT_ONCE]
            self._count([(user, _below(user, "msgfolderroot")) for user in chunk])
            self._tell(f"{begin + len(chunk)} of {len(users)} mailboxes counted")
        good = {user: found for user, found in self._found.items() if user not in self._failed}
        return good, list(self._failed)

    def _count(self, level: list[tuple[str, str]]) -> None:
        while level:
            answers = self._client.batch([path for _, path in level])
            following: list[tuple[str, str]] = []
            for (user, _), answer in zip(level, answers, strict=True):
                if isinstance(answer, GraphRefused):
                    self._failed[user] = None
                else:
                    following += [(user, path) for path in self._add(user, answer)]
            level = following

    def _add(self, user: str, page: Json) -> list[str]:
        """Counts a page of folders; the pages of what is below, and the next one."""
        total = self._found.setdefault(user, _Sum())
        folders = page.get("value") or ()
        for folder in folders:
            total.add(folder)
        link = page.get("@odata.nextLink")
        further = [self._client.relative(link)] if link else []
        return further + [
            _below(user, str(folder["id"])) for folder in folders if folder.get("childFolderCount")
        ]


def _below(user: str, folder: str) -> str:
    return f"{user_path(user)}/mailFolders/{quote(folder, safe='')}/childFolders?$top=100"
