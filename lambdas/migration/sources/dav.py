"""Calendars, address books, tasks and notes of a DAV server, read only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from urllib.parse import urlsplit

from migration import identity
from migration.errors import MailboxUnreachable, SourceBusy
from migration.groupware_port import (
    Collection,
    CollectionKind,
    Entry,
    NotReadable,
    Read,
    Vanished,
)
from migration.sources.dav_collections import (
    WANTED,
    Place,
    choose_defaults,
    sort_out,
    tell_left_out,
)
from migration.sources.dav_contents import ETAG, Content, Contents, Failure, Found, version_of
from migration.sources.dav_homes import (
    ADDRESS_BOOKS,
    CALENDARS,
    TYPE,
    Homes,
    explain,
    find_homes,
    path_of,
)
from migration.sources.entry_parts import read_in_parts
from migration.sources.item_reading import COMPONENTS, read_entry
from migration.wire.dav import DavClient
from migration.wire.dav_model import DAV, NotDav, Refused, Resource, TooLarge

AT_ONCE = 50
"""So many items are asked for with one question."""

_DEEPEST = 3  # folders in folders of a home
_MOST_FOLDERS = 100
_AGAIN = 60.0


class DavSource:
    """A `GroupwareSource` over a client.

    An entry's uid is the resource's name in its collection as the server spells it, its version the
    server's ETag. What others share with the person, and what is subscribed, is not copied: the
    first collection tells it as losses. Of a calendar that may hold several kinds, tasks and notes
    are listed only if there are any. Calendars for scheduling, and trash, are not looked at.
    """

    def __init__(self, client: DavClient, *, follows_login: bool) -> None:
        """`follows_login`: the login is the person's own, so that what the server says of who has
        logged in may be followed."""
        self._client = client
        self._follows_login = follows_login
        self._contents = Contents(client)
        self._places: dict[str, Place] = {}
        self._owners: dict[str, bool] = {}

    def collections(self) -> Sequence[Collection]:
        with _translated():
            homes = find_homes(self._client, follows_login=self._follows_login)
            places, others = self._list(homes)
        if homes.is_guess and not places and not others:
            raise explain([])
        losses = tell_left_out(others, is_partial=homes.is_partial)
        defaults = choose_defaults(places, homes.defaults)
        found = [
            replace(one.collection, is_default=one.collection.key in defaults) for one in places
        ]
        if losses:
            first = found[0] if found else _nothing(homes)
            found = [replace(first, losses=(*losses, *first.losses)), *found[1:]]
        self._places = {one.collection.key: one for one in places}
        return found

    def entries(self, collection: Collection) -> Sequence[Entry]:
        place = self._find(collection)
        if place is None:
            return []
        with _translated():
            return list(self._entries(place))

    def fetch(
        self, collection: Collection, entries: Sequence[Entry]
    ) -> Iterator[Read | Vanished | NotReadable]:
        place = self._find(collection) if entries else None
        read = None if place is None else partial(self._answers, collection.kind, place)
        with _translated():
            yield from read_in_parts(entries, AT_ONCE, read)

    def close(self) -> None:
        self._client.close()

    def _answers(
        self, kind: CollectionKind, place: Place, part: Sequence[Entry]
    ) -> Iterator[Read | Vanished | NotReadable]:
        addresses = [self._address(place, entry.uid) for entry in part]
        contents = self._read(place, addresses)
        for entry, address in zip(part, addresses, strict=True):
            yield _answer(kind, entry, contents[address])

    # -- collections

    def _list(self, homes: Homes) -> tuple[list[Place], Counter[str]]:
        places, others = list[Place](), Counter[str]()
        to_do = [(address, 0) for address in homes.addresses]
        seen = set[str]()
        while to_do and len(seen) < _MOST_FOLDERS:
            home, depth = to_do.pop(0)
            if path_of(home) in seen:
                continue
            seen.add(path_of(home))
            listed = self._client.find(home, WANTED, depth=0 if homes.is_collection else 1)
            found = sort_out(listed, home, lambda owner: self._is_own(homes, owner))
            places += found.places
            others += found.others
            if depth < _DEEPEST:
                to_do += [(folder, depth + 1) for folder in found.folders]
        distinct = {one.collection.key: one for one in places}
        return [one for one in distinct.values() if self._is_listed(one)], others

    def _is_listed(self, place: Place) -> bool:
        is_aside = place.collection.kind in (CollectionKind.TASKS, CollectionKind.NOTES)
        return place.is_sure or not is_aside or bool(self._query(place))

    def _is_own(self, homes: Homes, owner: str) -> bool:
        """Whether the owner is the person: the same principal, or one with the same homes, since
        servers have several addresses for one."""
        if not homes.principal:
            return True  # nobody says who the person is
        there = self._client.follow(homes.principal, owner)
        if there is None:
            return False
        if path_of(there) == path_of(homes.principal):
            return True
        if there not in self._owners:
            self._owners[there] = self._has_homes(there, homes)
        return self._owners[there]

    def _has_homes(self, principal: str, homes: Homes) -> bool:
        try:
            told = self._client.find(principal, (CALENDARS, ADDRESS_BOOKS))
        except (Refused, NotDav):
            return False
        own = set(map(path_of, homes.addresses))
        hrefs = [
            self._client.follow(one.url, href.text or "")
            for one in told
            for value in one.values.values()
            for href in value.iterfind(f"{DAV}href")
        ]
        return any(path_of(there) in own for there in hrefs if there)

    # -- entries

    def _find(self, collection: Collection) -> Place | None:
        """Where it is; None if it is not there any more."""
        if collection.key not in self._places:
            self.collections()
        return self._places.get(collection.key)

    def _entries(self, place: Place) -> Iterator[Entry]:
        listed = self._query(place)
        unversioned = [one.url for one in listed if not one.text(ETAG)]
        contents: dict[str, Found] = {}
        for start in range(0, len(unversioned), AT_ONCE):
            part = self._read(place, unversioned[start : start + AT_ONCE])
            for address, found in part.items():
                contents[address] = _shorten(found)
        base = _base(place)
        for one in listed:
            found = contents.get(one.url)
            version = one.text(ETAG) or (found.version if isinstance(found, Content) else "")
            if version or isinstance(found, Failure):
                yield Entry(urlsplit(one.url).path.removeprefix(base), version)

    def _query(self, place: Place) -> list[Resource]:
        """The resources of the place's kind, each once."""
        component = COMPONENTS.get(place.collection.kind)
        if component:
            told = self._client.query(place.url, component)
        else:
            told = self._client.find(place.url, (TYPE, ETAG), depth=1)
        if any(one.status == 507 for one in told):
            raise MailboxUnreachable("the DAV server does not list a collection to its end")
        own = path_of(place.url)
        found = {
            path_of(one.url): one
            for one in told
            if one.status < 300
            and path_of(one.url) != own
            and not one.has(TYPE, f"{DAV}collection")
        }
        return list(found.values())

    def _address(self, place: Place, uid: str) -> str:
        path = uid if uid.startswith("/") else f"{_base(place)}{uid}"
        return urlsplit(place.url)._replace(path=path, query="").geturl()

    def _read(self, place: Place, addresses: Sequence[str]) -> dict[str, Found]:
        cards = place.collection.kind is CollectionKind.CONTACTS
        return self._contents.read(place.url, addresses, cards=cards)


def _base(place: Place) -> str:
    return urlsplit(place.url).path.rstrip("/") + "/"


def _shorten(found: Found) -> Found:
    """The version alone of what is read to be listed."""
    if isinstance(found, Content):
        return Content(version_of(found, ""), b"")
    return found


def _answer(kind: CollectionKind, entry: Entry, found: Found) -> Read | Vanished | NotReadable:
    if found is None:
        return Vanished(entry)
    if isinstance(found, Failure):
        return NotReadable(entry, found.reason)
    version = version_of(found, entry.version)
    return read_entry(kind, Entry(entry.uid, version), found.data)


def _nothing(homes: Homes) -> Collection:
    """An empty calendar, where there is none to say what is not copied."""
    key = identity.folder_key(f"dav nothing {path_of(homes.addresses[0])}")
    return Collection(key, CollectionKind.CALENDAR, "", is_default=True)


@contextmanager
def _translated() -> Iterator[None]:
    """The client's errors as those of the port."""
    try:
        yield
    except Refused as refused:
        if refused.status in (404, 410):
            raise SourceBusy("a collection vanished while it was read", _AGAIN) from refused
        raise MailboxUnreachable(f"the DAV server refused a question ({refused})") from refused
    except TooLarge as error:
        raise MailboxUnreachable("the DAV server's list is too large") from error
    except NotDav as error:
        raise MailboxUnreachable("what answers at dav_url is no DAV server") from error
