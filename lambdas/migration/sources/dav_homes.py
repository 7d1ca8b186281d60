"""Where on a DAV server a person's calendars and address books are (RFC 6764, 4791, 6352)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

from migration.errors import CredentialsRejected, MailboxUnreachable
from migration.wire.dav import DavClient
from migration.wire.dav_model import CALDAV, CALENDARSERVER, CARDDAV, DAV, NotDav, Refused, Resource

TYPE = f"{DAV}resourcetype"
PRINCIPAL = f"{DAV}current-user-principal"
OWNER = f"{DAV}owner"
CALENDARS = f"{CALDAV}calendar-home-set"
ADDRESS_BOOKS = f"{CARDDAV}addressbook-home-set"
INBOX = f"{CALDAV}schedule-inbox-URL"
DEFAULT_CALENDAR = f"{CALDAV}schedule-default-calendar-URL"
DEFAULT_ADDRESS_BOOK = f"{CALENDARSERVER}default-addressbook-URL"
SELF = (TYPE, PRINCIPAL, CALENDARS, ADDRESS_BOOKS, INBOX, DEFAULT_ADDRESS_BOOK, OWNER)
WELL_KNOWN = ("/.well-known/caldav", "/.well-known/carddav")


@dataclass(frozen=True, slots=True)
class Homes:
    """Addresses to list, in the server's order, each once. `principal` is that of the person, ""
    where the server does not say; `defaults` are the paths of the default collections.
    `is_collection`: the one address is a collection itself. `is_guess`: it is no more than a
    folder, in which there may be calendars or not.
    `is_partial`: some of it lies at another host, to which the password must not go."""

    addresses: tuple[str, ...]
    principal: str = ""
    defaults: frozenset[str] = frozenset()
    is_collection: bool = False
    is_guess: bool = False
    is_partial: bool = False


def make_url(template: str, user: str) -> str:
    """`{user}` in the tenant's dav_url, filled in."""
    return template.replace("{user}", quote(user, safe=""))


def path_of(url: str) -> str:
    """What two spellings of an address have in common."""
    return unquote(urlsplit(url).path).rstrip("/")


def find_homes(client: DavClient, *, follows_login: bool) -> Homes:
    """The homes of the person whom the client's address tells, or of the one who has logged in if
    `follows_login`.

    An address that is a collection itself is the whole answer, and so is one of a principal that
    tells homes. Raises MailboxUnreachable where nothing of it is found; CredentialsRejected where
    the login may not look there; SourceBusy.
    """
    refusals: list[int] = []
    own = _look(client, client.home, refusals)
    if own and _tells_homes(own):
        return _gather(client, [own])
    if own and _is_collection(own):
        return Homes((own.url,), address_in(client, own, OWNER), is_collection=True)
    found = _by_login(client, own, refusals) if follows_login else []
    if found:
        return _gather(client, found)
    if own and own.has(TYPE, f"{DAV}collection"):
        return Homes((own.url,), address_in(client, own, OWNER), is_guess=True)
    raise explain(refusals)


def _by_login(client: DavClient, own: Resource | None, refusals: list[int]) -> list[Resource]:
    """The principals of who has logged in that tell homes: the one that the address itself names,
    else those that are well known for calendars and for address books."""
    named = address_in(client, own, PRINCIPAL) if own else ""
    principals = [named] if named else list(_well_known(client, refusals))
    found = [_look(client, one, refusals) for one in dict.fromkeys(principals)]
    return [one for one in found if one and _tells_homes(one)]


def _well_known(client: DavClient, refusals: list[int]) -> Iterator[str]:
    for path in WELL_KNOWN:
        there = client.follow(client.home, path)
        known = _look(client, there, refusals) if there else None
        if known:
            yield address_in(client, known, PRINCIPAL) or known.url


def _gather(client: DavClient, principals: Sequence[Resource]) -> Homes:
    addresses, defaults, told = list[str](), list[str](), 0
    for one in principals:
        for name in (CALENDARS, ADDRESS_BOOKS):
            addresses += _addresses(client, one, name)
            told += len(_hrefs(one, name))
        defaults += _addresses(client, one, DEFAULT_ADDRESS_BOOK)
        for inbox in _addresses(client, one, INBOX):
            found = _look(client, inbox, [], DEFAULT_CALENDAR)
            defaults += _addresses(client, found, DEFAULT_CALENDAR) if found else []
    if not addresses:
        raise explain([302])
    distinct = {path_of(one): one for one in reversed(addresses)}
    return Homes(
        tuple(one for one in dict.fromkeys(addresses) if distinct[path_of(one)] == one),
        principals[0].url,
        frozenset(map(path_of, defaults)),
        is_partial=len(addresses) < told,
    )


def _look(client: DavClient, url: str, refusals: list[int], *names: str) -> Resource | None:
    """The resource itself; None, with the status in `refusals`, if there is none."""
    try:
        found = client.find(url, names or SELF)
    except Refused as refused:
        refusals.append(refused.status)
        return None
    except NotDav:
        refusals.append(0)
        return None
    return next((one for one in found if one.status < 300), None)


def _tells_homes(resource: Resource) -> bool:
    return any(resource.text(name) for name in (CALENDARS, ADDRESS_BOOKS))


def _is_collection(resource: Resource) -> bool:
    return resource.has(TYPE, f"{CALDAV}calendar") or resource.has(TYPE, f"{CARDDAV}addressbook")


def address_in(client: DavClient, resource: Resource, name: str) -> str:
    """The address that the property names; "" if none to which the password may go."""
    return next(iter(_addresses(client, resource, name)), "")


def _addresses(client: DavClient, resource: Resource, name: str) -> list[str]:
    hrefs = _hrefs(resource, name)
    return [there for href in hrefs if (there := client.follow(resource.url, href))]


def _hrefs(resource: Resource, name: str) -> list[str]:
    value = resource.values.get(name)
    hrefs = [] if value is None else [one.text or "" for one in value.iterfind(f"{DAV}href")]
    return [href for href in hrefs if href.strip()]


def explain(refusals: list[int]) -> Exception:
    """Why nothing was found, from the answers' statuses."""
    if 403 in refusals:
        return CredentialsRejected(
            "the DAV server took the login, and it may not look there", after_login=True
        )
    if any(300 <= one < 400 for one in refusals):
        return MailboxUnreachable("the DAV server points to another host: name that one in dav_url")
    if any(one >= 500 for one in refusals):
        return MailboxUnreachable("the DAV server fails where dav_url points to")
    return MailboxUnreachable("there are no calendars and no address books where dav_url points to")
