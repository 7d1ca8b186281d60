"""Delta rounds over the messages of a folder at Microsoft Graph.

https://learn.microsoft.com/graph/api/message-delta. A round without a token shows all messages, in
no certain order; its last page has a link that shows what has changed since. Of what has changed,
Graph may tell no more than that: such messages are asked for once more, one by one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

from migration.errors import SourceBusy
from migration.sources.graph_flags import (
    EXPAND,
    SELECT,
    Told,
    is_complete,
    read_told,
    read_uid,
)
from migration.sources.graph_folders import user_path
from migration.wire.graph import GraphClient
from migration.wire.graph_errors import explain
from migration.wire.graph_model import GraphRefused, Json

_EXPANDED = f"&$expand={EXPAND}"
_IDS = "isDraft,changeKey"
_AGAIN = 30.0
_BAD_REQUEST = 400
_GONE = frozenset({404, 410})
_MALFORMED = "ErrorInvalidIdMalformed"


@dataclass(frozen=True, slots=True)
class Shown:
    """A page of a round, which `link` led to. `removed` holds ids; `next` is relative, and with
    `is_end` the link to what changes from now on. `unclear` holds the uids of messages that are
    there, and of which Graph tells neither date nor flags at this moment."""

    link: str
    told: tuple[Told, ...]
    removed: frozenset[str]
    next: str
    is_end: bool
    unclear: frozenset[str] = field(default_factory=frozenset)


class Rounds:
    """The rounds of one mailbox. GraphRefused, and what GraphClient raises."""

    def __init__(self, client: GraphClient, user: str) -> None:
        self._client = client
        self._messages = f"{user_path(user)}/messages"
        self._folders = f"{user_path(user)}/mailFolders"
        self._expands = True

    def first(self, folder_id: str) -> str:
        """Where a round begins that tells everything of every message."""
        path = self._first(folder_id, SELECT)
        return f"{path}{_EXPANDED}" if self._expands else path

    def _first(self, folder_id: str, select: str) -> str:
        return f"{self._folders}/{quote(folder_id, safe='')}/messages/delta?$select={select}"

    def all(self, link: str, size: int) -> Iterator[Shown]:
        """The pages of a round to its end."""
        while True:
            shown = self.page(link, size)
            yield shown
            if shown.is_end:
                return
            link = shown.next

    def page(self, link: str, size: int) -> Shown:
        """The page of at most `size` messages that a link leads to."""
        try:
            return self._read(link, self._client.get(link, prefer=_prefer(size)))
        except GraphRefused as error:
            plain = _without_expand(link, error)
        answer = self._client.get(plain, prefer=_prefer(size))
        self._expands = False
        return self._read(plain, answer)

    def pages(self, links: Sequence[str], size: int) -> list[Shown | None]:
        """The same for several, None for what is refused."""
        answers = self._client.batch(links, prefer=_prefer(size))
        return [
            None if isinstance(answer, GraphRefused) else self._read(link, answer)
            for link, answer in zip(links, answers, strict=True)
        ]

    def uids(self, folder_id: str, size: int) -> frozenset[str]:
        """The uids of all messages, from a round of their own. GraphRefused also where Graph does
        not tell whether one is a draft: it must not look as if it were gone."""
        found: dict[str, str] = {}
        unclear: dict[str, None] = {}
        link = self._first(folder_id, _IDS)
        is_end = False
        while not is_end:
            page = self._client.get(link, prefer=_prefer(size))
            for message in page.get("value") or ():
                id_ = str(message["id"])
                found.pop(id_, None)
                unclear.pop(id_, None)
                if "isDraft" not in message and "@removed" not in message:
                    unclear[id_] = None
                elif "@removed" not in message:
                    found[id_] = read_uid(message)
            link, is_end = self._next(page)
        return frozenset(found.values()) | self._uids_now(list(unclear))

    def _uids_now(self, ids: Sequence[str]) -> set[str]:
        """The uids of those of the messages that are there."""
        found = set()
        for answer in self.tell(ids):
            if not isinstance(answer, GraphRefused):
                found.add(answer.ref.uid)
            elif answer.status not in _GONE:
                raise answer
        return found

    def tell(self, ids: Sequence[str]) -> list[Told | GraphRefused]:
        """What Graph tells of single messages now, in order."""
        paths = [
            f"{self._messages}/{quote(id_, safe='')}?$select={SELECT}{_EXPANDED}" for id_ in ids
        ]
        answers = (
            self._client.batch(paths) if len(paths) > 1 else [self._ask(*paths)] if paths else []
        )
        return [
            answer if isinstance(answer, GraphRefused) else read_told(answer)
            for answer in map(_judged, answers, paths)
        ]

    def _ask(self, path: str) -> Json | GraphRefused:
        try:
            return self._client.get(path)
        except GraphRefused as refused:
            return refused

    def _read(self, link: str, page: Json) -> Shown:
        values = page.get("value") or ()
        removed = frozenset(str(each["id"]) for each in values if "@removed" in each)
        shown = {str(each["id"]): each for each in values if "@removed" not in each}
        unclear = [id_ for id_, message in shown.items() if not is_complete(message)]
        told = {id_: read_told(message) for id_, message in shown.items()}
        untold = set()
        for id_, answer in zip(unclear, self.tell(unclear), strict=True):
            if not isinstance(answer, GraphRefused):
                told[id_] = answer
            elif answer.status in _GONE:
                del told[id_]  # it is gone meanwhile
            else:
                untold.add(told[id_].ref.uid)
        after, is_end = self._next(page)
        return Shown(link, tuple(told.values()), removed, after, is_end, frozenset(untold))

    def _next(self, page: Json) -> tuple[str, bool]:
        """Where the round goes on, and whether it is over."""
        further, changes = page.get("@odata.nextLink"), page.get("@odata.deltaLink")
        if not (further or changes):
            raise SourceBusy("Microsoft Graph shows neither more of a list nor its end", _AGAIN)
        return self._client.relative(str(further or changes)), not further


def _judged(answer: Json | GraphRefused, path: str) -> Json | GraphRefused:
    """What is about the mailbox and not about one message is raised."""
    if isinstance(answer, GraphRefused):
        error = explain(answer, path)
        if not isinstance(error, GraphRefused):
            raise error
    return answer


def _without_expand(link: str, error: GraphRefused) -> str:
    """The beginning of a round without the properties that have no name in Graph, where a service
    does not take $expand with a delta: then they are asked for message by message."""
    plain = link.removesuffix(_EXPANDED)
    if plain == link or error.status != _BAD_REQUEST or error.code == _MALFORMED:
        raise error
    return plain


def _prefer(size: int) -> tuple[str]:
    return (f"odata.maxpagesize={size}",)
