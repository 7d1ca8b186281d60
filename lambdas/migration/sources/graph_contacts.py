"""Contacts of a mailbox over Microsoft Graph, read only."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from urllib.parse import quote

from migration import identity
from migration.groupware_port import (
    Collection,
    CollectionKind,
    Entry,
    NotReadable,
    Read,
    Vanished,
)
from migration.items.graph_contacts import EXPANDED, KIND, read_contact
from migration.items.losses import Loss
from migration.sources.entry_parts import read_in_parts
from migration.sources.graph_kinds import asked_for_all, is_gone, refuse, translated
from migration.sources.graph_octets import read_octets
from migration.wire.graph import GraphClient
from migration.wire.graph_model import GraphRefused, Json

_DEFAULT = "contacts"
_LISTED = "$select=id,changeKey&$top=500"
_FOLDERS = "$select=id,displayName&$top=100"
_BETWEEN = " / "
_AT_ONCE = 50
_LARGEST_PHOTO = 4 * 1024 * 1024  # what Graph takes as a contact's photo
_INTERNAL = (
    *("Recipient Cache", "GAL Contacts", "Organizational Contacts"),
    "PeopleCentricConversation Buddies",
)
"""What Exchange keeps for itself beside people's own folders, in English whatever their language;
others of it have an id in brackets as their name."""


class GraphContacts:
    """A `KindReader`. The default folder is a collection, and each folder of contacts, by the names
    of the folders in which it is. Lists of contacts are not shown by Graph. A contact whose photo
    alone has changed is only seen if that changes its changeKey."""

    def __init__(self, client: GraphClient, user: str) -> None:
        """`user` is an id or a user principal name, as it is, not quoted."""
        self._client = client
        self._mailbox = f"/users/{quote(user, safe='')}"
        self._paths: dict[str, str] = {}

    def collections(self) -> Sequence[Collection]:
        with asked_for_all():
            own = self._find_default_id()
            top = list(self._client.values(f"{self._mailbox}/contactFolders?{_FOLDERS}"))
        with translated():
            folders = {id_: name for id_, name in self._walk(top) if id_ != own}
        key = _key(_DEFAULT)
        found = [Collection(key, CollectionKind.CONTACTS, "Contacts", is_default=True)]
        self._paths = {key: f"{self._mailbox}/contacts"}
        for id_, name in folders.items():
            found.append(Collection(_key(id_), CollectionKind.CONTACTS, name))
            self._paths[_key(id_)] = f"{self._folder(id_)}/contacts"
        return found

    def entries(self, collection: Collection) -> Sequence[Entry]:
        path = self._find(collection)
        if path is None:
            return []
        with translated():
            listed = self._client.values(f"{path}?{_LISTED}")
            found = {one["id"]: Entry(one["id"], one.get("changeKey") or "") for one in listed}
        return list(found.values())

    def fetch(
        self, collection: Collection, entries: Sequence[Entry]
    ) -> Iterator[Read | Vanished | NotReadable]:
        path = self._find(collection) if entries else None
        read = None if path is None else partial(self._read, path)
        with translated():
            yield from read_in_parts(entries, _AT_ONCE, read)

    # -- folders

    def _find_default_id(self) -> str:
        """The id of the default folder, by one of its contacts; "" if it has none. Graph does not
        list that folder, but says nowhere that it never will."""
        path = f"{self._mailbox}/contacts?$select=parentFolderId&$top=1"
        first = self._client.get(path).get("value") or [{}]
        return str(first[0].get("parentFolderId") or "")

    def _walk(self, top: Iterable[Json]) -> Iterator[tuple[str, str]]:
        """Id and name of each folder, those above before those in them, each once."""
        to_do = [(top, "")]
        seen = set[str]()
        while to_do:
            folders, name_above = to_do.pop(0)
            for one in folders:
                name = one.get("displayName") or ""
                if one["id"] in seen or _is_internal(name):
                    continue
                seen.add(one["id"])
                full = f"{name_above}{_BETWEEN}{name}" if name_above else name
                yield one["id"], full
                below = f"{self._folder(one['id'])}/childFolders?{_FOLDERS}"
                to_do.append((self._client.values(below), full))

    def _folder(self, id_: str) -> str:
        return f"{self._mailbox}/contactFolders/{quote(id_, safe='')}"

    def _find(self, collection: Collection) -> str | None:
        """The path of its contacts; None if it is not there any more."""
        if collection.key not in self._paths:
            self.collections()
        return self._paths.get(collection.key)

    # -- contacts

    def _read(self, path: str, part: Sequence[Entry]) -> Iterator[Read | Vanished | NotReadable]:
        places = [f"{path}/{quote(entry.uid, safe='')}" for entry in part]
        answers = self._client.batch([f"{place}?$expand={quote(EXPANDED)}" for place in places])
        there = [
            place
            for place, answer in zip(places, answers, strict=True)
            if not isinstance(answer, GraphRefused)
        ]
        photos = dict(zip(there, self._read_photos(there), strict=True))
        for entry, place, answer in zip(part, places, answers, strict=True):
            yield _answer(entry, answer, photos.get(place, b""))

    def _read_photos(self, places: Sequence[str]) -> Iterator[bytes | GraphRefused]:
        """The photo of each; nothing where there is none."""
        found = self._client.batch([f"{place}/photo" for place in places])
        for place, photo in zip(places, found, strict=True):
            yield photo if isinstance(photo, GraphRefused) else self._read_photo(place)

    def _read_photo(self, place: str) -> bytes | GraphRefused:
        try:
            return read_octets(self._client, f"{place}/photo/$value", _LARGEST_PHOTO)
        except GraphRefused as refused:
            return refused


def _key(id_: str) -> str:
    return identity.folder_key(f"graph {CollectionKind.CONTACTS} {id_}")


def _is_internal(name: str) -> bool:
    return name in _INTERNAL or (name.startswith("{") and name.endswith("}"))


def _answer(
    entry: Entry, answer: Json | GraphRefused, photo: bytes | GraphRefused
) -> Read | Vanished | NotReadable:
    if isinstance(answer, GraphRefused):
        return refuse(entry, answer)
    losses: tuple[Loss, ...] = ()
    if isinstance(photo, GraphRefused):
        if not is_gone(photo):
            losses = (Loss("photo", KIND, "Graph does not give it", entry.uid),)
        photo = b""
    found = read_contact(answer, photo)
    read = Entry(entry.uid, answer.get("changeKey") or entry.version)
    raw = json.dumps(answer, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return Read(read, (found.contact,), (*losses, *found.losses), raw)
