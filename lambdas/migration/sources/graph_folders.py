"""The mail folders of a mailbox at Microsoft Graph.

https://learn.microsoft.com/graph/api/mailfolder-list-childfolders. Looked at is what stands below
the top of what users see (msgfolderroot): neither recoverable items nor the roots of search folders
and of other programs' data. Hidden folders are not listed by Graph unless they are asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from migration.errors import MailboxUnreachable, SourceBusy
from migration.identity import folder_key
from migration.mail import Folder, SpecialUse
from migration.wire.graph import GraphClient
from migration.wire.graph_errors import explain
from migration.wire.graph_model import GraphRefused, Json

SPECIAL = {
    "inbox": SpecialUse.INBOX,
    "sentitems": SpecialUse.SENT,
    "drafts": SpecialUse.DRAFTS,
    "deleteditems": SpecialUse.TRASH,
    "junkemail": SpecialUse.JUNK,
}
"""Graph's names for the folders that every WorkMail mailbox has, whatever their language is."""

OUTBOX = "outbox"
"""What waits to be sent. At the target it must never be sent: so it is no special folder there but
a folder like others, from which no server sends. Empty, as it should be, it is not copied."""

SYNC_ISSUES = "syncissues"
"""Outlook's logs of its own work, and the versions of items that it has put aside. No mail."""

_RETRY_AFTER = 5.0
_SEARCH_FOLDER = "#microsoft.graph.mailSearchFolder"
_PAGE = 100


@dataclass(frozen=True, slots=True)
class Found:
    """A folder as Graph shows it. `size` in octets, None where Graph does not tell it."""

    id: str
    path: tuple[str, ...]
    size: int | None


def user_path(user: str) -> str:
    """Where a user's things are: what paths begin with."""
    return f"/users/{quote(user, safe='@')}"


def list_folders(client: GraphClient, user: str) -> list[tuple[Found, Folder]]:
    """The folders that can hold messages, parents before what is in them.

    One question for each folder with others in it, one for each that is not empty, and one for each
    name in `SPECIAL`. GraphRefused, and what GraphClient raises.
    """
    known = _well_known(client, user, (*SPECIAL, OUTBOX, SYNC_ISSUES))
    if "inbox" not in known:
        raise MailboxUnreachable("the source has no inbox for this user: there is no mailbox")
    names = {id_: name for name, id_ in known.items()}
    shown = list(_walk(client, user, names))
    counts = _count(client, user, {each.id: total for each, total in shown if total})
    return [
        (each, _folder(each, counts.get(each.id, 0), SPECIAL.get(names.get(each.id, ""))))
        for each, _ in shown
        if names.get(each.id) != OUTBOX or counts.get(each.id)
    ]


def _folder(found: Found, count: int, special: SpecialUse | None) -> Folder:
    """An id lasts as long as its folder, so it is the validity of positions in it, too."""
    key = folder_key(found.id)
    return Folder(key, found.path, validity=key, count=count, special=special)


def _well_known(client: GraphClient, user: str, names: Sequence[str]) -> dict[str, str]:
    """The ids of those that are there, by name."""
    paths = [f"{user_path(user)}/mailFolders/{name}?$select=id" for name in names]
    found = {}
    for name, answer in zip(names, _asked(client, paths), strict=True):
        if answer is not None:
            found[name] = str(answer["id"])
    return found


def _walk(client: GraphClient, user: str, names: dict[str, str]) -> Iterator[tuple[Found, int]]:
    """Each folder with the number of items in it, level by level."""
    parents: list[tuple[str, tuple[str, ...]]] = [("msgfolderroot", ())]
    while parents:
        below = []
        paths = [f"{_place(user, id_)}/childFolders?$top={_PAGE}" for id_, _ in parents]
        for (_, path), answer in zip(parents, _asked(client, paths), strict=True):
            for shown in _members(client, answer):
                if _is_left_out(shown, names):
                    continue
                found = _found(shown, path)
                yield found, int(shown.get("totalItemCount") or 0)
                if shown.get("childFolderCount"):
                    below.append((found.id, found.path))
        parents = below


def _members(client: GraphClient, page: Json | None) -> Iterator[Json]:
    """All of a list of which the first page is there; none of a folder that vanished meanwhile."""
    if page is not None:
        yield from page.get("value") or ()
        if further := page.get("@odata.nextLink"):
            yield from client.values(further)


def _is_left_out(shown: Json, names: dict[str, str]) -> bool:
    is_search = shown.get("@odata.type") == _SEARCH_FOLDER
    return is_search or bool(shown.get("isHidden")) or names.get(str(shown["id"])) == SYNC_ISSUES


def _found(shown: Json, parent: tuple[str, ...]) -> Found:
    size = shown.get("sizeInBytes")
    name = str(shown.get("displayName") or "")
    return Found(str(shown["id"]), (*parent, name), size if isinstance(size, int) else None)


def _count(client: GraphClient, user: str, totals: Mapping[str, int]) -> dict[str, int]:
    """How many messages each folder holds: totalItemCount, in `totals`, counts other items, too,
    which no list of messages shows. It stands where Graph does not tell the other: verification
    must not take a folder for empty."""
    paths = [f"{_place(user, id_)}/messages?$select=id&$top=1&$count=true" for id_ in totals]
    return {
        id_: int(answer.get("@odata.count", total))
        for (id_, total), answer in zip(totals.items(), _asked(client, paths), strict=True)
        if answer is not None
    }


def _place(user: str, folder_id: str) -> str:
    return f"{user_path(user)}/mailFolders/{quote(folder_id, safe='')}"


def _asked(client: GraphClient, paths: Sequence[str]) -> Iterable[Json | None]:
    """The answers, None for what is not there. What else is refused is raised: without the list of
    all folders nobody may say that one is gone."""
    for path, answer in zip(paths, client.batch(paths), strict=True):
        if not isinstance(answer, GraphRefused):
            yield answer
            continue
        error = explain(answer, path)
        if not isinstance(error, GraphRefused):
            raise error
        if answer.status != 404:
            raise refused(answer)
        yield None


def refused(answer: GraphRefused) -> SourceBusy | MailboxUnreachable:
    """What the refusal of a list means for the mailbox."""
    told = answer.code or f"http-{answer.status}"
    if answer.status >= 500:
        return SourceBusy(f"Microsoft Graph fails to answer ({told})", _RETRY_AFTER)
    return MailboxUnreachable(f"Microsoft Graph refuses a question ({told})")
