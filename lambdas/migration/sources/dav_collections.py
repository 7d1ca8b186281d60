"""What a home on a DAV server holds: the person's own collections, and what is not copied. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from migration import identity
from migration.groupware_port import Collection, CollectionKind
from migration.items.losses import Loss
from migration.sources.collection_names import choose_default, tell_others
from migration.sources.dav_homes import TYPE, path_of
from migration.sources.item_reading import COMPONENTS
from migration.wire.dav_model import (
    APPLE,
    CALDAV,
    CALENDARSERVER,
    CARDDAV,
    DAV,
    NEXTCLOUD,
    OWNCLOUD,
    Resource,
)

_NAME = f"{DAV}displayname"
_COMPONENTS = f"{CALDAV}supported-calendar-component-set"
_TOKENS = (f"{CALENDARSERVER}getctag", f"{DAV}sync-token")
_OWNER = f"{DAV}owner"
_INVITES = (f"{DAV}invite", f"{CALENDARSERVER}invite", f"{OWNCLOUD}invite")
_PUBLISHED = f"{CALENDARSERVER}publish-url"
_COLOUR = f"{APPLE}calendar-color"
_TEXTS = (f"{CALDAV}calendar-description", f"{CARDDAV}addressbook-description")
WANTED = (TYPE, _NAME, _COMPONENTS, *_TOKENS, _OWNER, *_INVITES, _PUBLISHED, _COLOUR, *_TEXTS)
"""The properties by which a collection is judged."""

_SHARED = f"{CALENDARSERVER}shared"
_SUBSCRIBED = f"{CALENDARSERVER}subscribed"
_TRASH = (f"{NEXTCLOUD}trash-bin", f"{NEXTCLOUD}deleted-calendar")
_NOT_TO_OPEN = (
    *(f"{CALDAV}schedule-inbox", f"{CALDAV}schedule-outbox", f"{DAV}principal"),
    *(f"{CALENDARSERVER}{name}" for name in ("notification", "notifications", "dropbox-home")),
    *_TRASH,
)
_NO_SHARES = {"organizer", "owner"}


@dataclass(frozen=True, slots=True)
class Place:
    """A collection at its address. `is_sure`: it holds no other kind, or so the server says."""

    url: str
    collection: Collection
    is_sure: bool


@dataclass(frozen=True, slots=True)
class Sorted:
    """What is copied; how many are not, by the keys of OTHERS; and folders to look into."""

    places: tuple[Place, ...]
    others: Counter[str]
    folders: tuple[str, ...]


def sort_out(listed: Iterable[Resource], home: str, is_own: Callable[[str], bool]) -> Sorted:
    """Of what the home lists. `is_own` says whether the owner with that href is the person."""
    places, others, folders = list[Place](), Counter[str](), list[str]()
    for one in listed:
        kinds = _kinds(one)
        if any(one.has(TYPE, name) for name in _NOT_TO_OPEN):
            continue
        if one.has(TYPE, _SUBSCRIBED):
            others["subscribed"] += 1
        elif kinds and (one.has(TYPE, _SHARED) or not all(map(is_own, _owners(one)))):
            others["shared"] += 1
        elif kinds:
            places += _make_places(one, kinds)
        elif one.has(TYPE, f"{DAV}collection") and path_of(one.url) != path_of(home):
            folders.append(one.url)
    return Sorted(tuple(places), others, tuple(folders))


def _kinds(resource: Resource) -> tuple[CollectionKind, ...]:
    """The kinds that it may hold; a calendar that does not say may hold all of them."""
    if resource.has(TYPE, f"{CARDDAV}addressbook"):
        return (CollectionKind.CONTACTS,)
    if not resource.has(TYPE, f"{CALDAV}calendar"):
        return ()
    told = resource.values.get(_COMPONENTS)
    names = {one.get("name", "").upper() for one in told} if told is not None else set()
    return tuple(kind for kind, name in COMPONENTS.items() if not names or name in names)


def _owners(resource: Resource) -> list[str]:
    """The href of its owner, if the server says one."""
    value = resource.values.get(_OWNER)
    href = value.findtext(f"{DAV}href") if value is not None else None
    return [href.strip()] if href and href.strip() else []


def _make_places(resource: Resource, kinds: Sequence[CollectionKind]) -> Iterator[Place]:
    path = path_of(resource.url)
    name = resource.text(_NAME) or unquote(path.rpartition("/")[2])
    token = next(filter(None, map(resource.text, _TOKENS)), "")
    for kind in kinds:
        key = identity.folder_key(f"dav {kind} {path}")
        losses = tuple(_losses(resource, kind))
        yield Place(
            resource.url, Collection(key, kind, name, False, token, losses), len(kinds) == 1
        )


def _losses(resource: Resource, kind: CollectionKind) -> Iterator[Loss]:
    if resource.text(_COLOUR):
        yield Loss("colour", kind, "Exchange's folders have none")
    if any(map(resource.text, _TEXTS)):
        yield Loss("description", kind, "Exchange's folders have none")
    shares = [resource.values[name] for name in _INVITES if name in resource.values]
    if any(_local(one.tag) not in _NO_SHARES for invite in shares for one in invite):
        yield Loss("sharing", kind, "others may open it; share it again in WorkMail")
    if resource.text(_PUBLISHED):
        yield Loss("publishing", kind, "anybody could read it at an address; that is not so there")


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def choose_defaults(places: Sequence[Place], defaults: frozenset[str]) -> frozenset[str]:
    """The keys of the collections that programs use unless told otherwise: of each kind one that
    the server names as such by its path, else the first that is called so, else the only one."""
    chosen = set[str]()
    for kind in CollectionKind:
        of_kind = [one for one in places if one.collection.kind is kind]
        named = [one for one in of_kind if path_of(one.url) in defaults]
        called = choose_default([_names(one) for one in of_kind])
        if not named and called is not None:
            named = [of_kind[called]]
        chosen |= {one.collection.key for one in named[:1]}
    return frozenset(chosen)


def _names(place: Place) -> tuple[str, str]:
    return path_of(place.url).rpartition("/")[2], place.collection.name


def tell_left_out(others: Counter[str], *, is_partial: bool) -> tuple[Loss, ...]:
    """What is not copied at all, without names."""
    told = tell_others(others)
    if not is_partial:
        return told
    why = "the server keeps some at another host, to which the password is not sent"
    return (*told, Loss("collection", "unknown", why))
