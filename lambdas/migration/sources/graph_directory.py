"""The directory of a Microsoft 365 organization, read over Graph.

https://learn.microsoft.com/graph/api/user-list, group-list, group-list-members, place-list,
orgcontact-list. What a mailbox is for only its own settings tell (mailboxSettings' userPurpose),
so each is asked for; who has no mailbox is told by the error.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from urllib.parse import quote

from migration.discovery_model import (
    Discovery,
    Entry,
    FoundGroup,
    FoundMailbox,
    MailboxKind,
    Outline,
)
from migration.discovery_model import Observation as Note
from migration.errors import CredentialsRejected, MailboxUnreachable, TenantMisconfigured
from migration.sources import graph_directory_json as read
from migration.sources import graph_directory_notes as notes
from migration.sources.graph_directory_sizes import add_sizes
from migration.sources.graph_folders import refused
from migration.wire.graph import GraphClient
from migration.wire.graph_errors import explain
from migration.wire.graph_model import GraphRefused, Json

_PAGE = 500
_MOST = 999  # members and entries on a page, which are short
_AT_ONCE = 100  # questions between two words about how far it is
_MAIL_ENABLED = "$filter=mailEnabled%20eq%20true"
_USERS = "User.Read.All"
_GROUPS = "GroupMember.Read.All"
_SETTINGS = "MailboxSettings.Read"

Tell = Callable[[str], object]


class GraphDirectory:
    """A SourceDirectory; `clock` gives seconds. The client is the directory's own."""

    def __init__(self, client: GraphClient, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._clock = clock

    def close(self) -> None:
        self._client.close()

    def outline(self, seconds: float) -> Outline:
        until = self._clock() + seconds
        users, all_users = self._entries("/users", read.USER_ENTRY, _USERS, until)
        path = f"/groups?{_MAIL_ENABLED}"
        groups, all_groups = self._entries(path, read.ENTRY, _GROUPS, until)
        return Outline(tuple(users), tuple(groups), all_users and all_groups)

    def discover(self, tell: Tell) -> Discovery:
        problems: list[str] = []
        users = self._list("users", f"/users?$top={_PAGE}&$select={read.USER}", _USERS, problems)
        path = f"/groups?{_MAIL_ENABLED}&$top={_PAGE}&$select={read.GROUP}"
        groups = self._list("groups", path, _GROUPS, problems)
        tell(f"{len(users)} users, {len(groups)} groups with mail")
        people = _Accounts(users)
        kinds = self._purposes(people.asked, tell, problems)
        if problems:
            raise TenantMisconfigured(problems)
        boxes = {
            str(user["id"]): read.read_mailbox(user, kind)
            for user, kind in zip(people.asked, kinds, strict=True)
            if isinstance(kind, str)
        }
        told = [*people.notes, *_note_kinds(people.asked, kinds)]
        found = self._add_places(boxes, told)
        mailboxes = add_sizes(self._client, list(found.values()), tell, told)
        addresses = {id_: box.address for id_, box in found.items()}
        members = self._groups(groups, addresses, tell, told)
        self._note_contacts(told)
        others = sum(read.read_addresses(one).others for one in (*people.asked, *groups))
        if others:
            told.append(notes.other_addresses(others))
        return Discovery(tuple(mailboxes), tuple(members), (*told, Note(notes.NOT_IN_GRAPH)))

    # -- lists

    def _entries(
        self, path: str, select: str, permission: str, until: float
    ) -> tuple[list[Entry], bool]:
        """Whoever has an address, and whether that is all."""
        found: list[Entry] = []
        sign = "&" if "?" in path else "?"
        link = f"{path}{sign}$top={_MOST}&$select={select}"
        while link:
            if self._clock() >= until:
                return found, False
            with _needing(permission):
                page = self._client.get(link)
            shown = [one for one in page.get("value") or () if not read.is_guest(one)]
            found += [entry for entry in map(read.read_entry, shown) if entry.addresses[0]]
            link = page.get("@odata.nextLink", "")
        return found, True

    def _list(self, what: str, path: str, permission: str, problems: list[str]) -> list[Json]:
        """All of a list; none if a permission is missing, which is a problem then."""
        try:
            with _needing(permission):
                return list(self._client.values(path))
        except TenantMisconfigured as error:
            problems.extend(error.problems)
            return []

    def _optional(self, path: str) -> list[Json] | None:
        """A list that may be missing: None if this cloud has none, or the application may not."""
        try:
            return list(self._client.values(path))
        except GraphRefused:
            return None
        except CredentialsRejected as error:
            if not error.after_login:
                raise
            return None

    # -- mailboxes

    def _purposes(
        self, users: Sequence[Json], tell: Tell, problems: list[str]
    ) -> list[str | Exception]:
        """What each user's mailbox is for, or why that is not known. That the application may look
        into none is a problem; where there are problems already, only the first ones are asked."""
        found: list[str | Exception] = []
        for chunk in _chunks(users):
            paths = [f"/users/{user['id']}/mailboxSettings?$select=userPurpose" for user in chunk]
            answers = zip(self._client.batch(paths), paths, strict=True)
            found += [_purpose(answer, path) for answer, path in answers]
            tell(f"{len(found)} of {len(users)} mailboxes looked at")
            if problems:
                break
        if found and all(map(_is_denied, found)):
            problems.append(f"{_missing(_SETTINGS)}, or put mailboxes into its management scope")
        return found

    def _add_places(
        self, boxes: Mapping[str, FoundMailbox], told: list[Note]
    ) -> Mapping[str, FoundMailbox]:
        """The same with what is known of rooms."""
        if not any(box.kind is MailboxKind.ROOM for box in boxes.values()):
            return boxes
        places = self._optional("/places/microsoft.graph.room?$top=100")
        if places is None:
            told.append(Note(notes.NO_PLACES))
            return boxes
        at = {str(one.get("emailAddress") or "").lower(): read.describe_room(one) for one in places}
        return {
            id_: replace(box, description=at.get(box.address.lower(), ""))
            for id_, box in boxes.items()
        }

    # -- groups

    def _groups(
        self, shown: Sequence[Json], boxes: Mapping[str, str], tell: Tell, told: list[Note]
    ) -> list[FoundGroup]:
        addressed = [one for one in shown if read.read_addresses(one).primary]
        groups = {str(one["id"]): read.read_addresses(one).primary for one in addressed}
        people = read.People(boxes, groups)
        found: list[FoundGroup] = []
        for chunk in _chunks(addressed, _AT_ONCE // 3):
            with _needing(_GROUPS):
                found += self._chunk_of_groups(chunk, people)
            tell(f"{len(found)} of {len(addressed)} groups read")
        hiding = [groups[str(one["id"])] for one in addressed if read.hides_members(one)]
        if hiding:
            told.append(Note(notes.HIDDEN_MEMBERS, tuple(hiding)))
        return found

    def _chunk_of_groups(self, chunk: Sequence[Json], people: read.People) -> Iterator[FoundGroup]:
        places = [f"/groups/{quote(str(one['id']), safe='')}" for one in chunk]
        lists = [
            f"{place}/{name}?$top={_MOST}" for place in places for name in ("members", "owners")
        ]
        answers = self._client.batch([*lists, *(f"{one}?$select={read.HIDDEN}" for one in places)])
        for number, one in enumerate(chunk):
            members = self._rest(answers[2 * number], lists[2 * number])
            owners = self._rest(answers[2 * number + 1], lists[2 * number + 1])
            flags = answers[len(lists) + number]
            inside, outside, without = people.members(members)
            yield replace(
                read.read_group(one),
                members=tuple(inside),
                outside=tuple(outside),
                unaddressed=without,
                owners=tuple(people.owners(owners)),
                hidden=None if isinstance(flags, GraphRefused) else flags.get(read.HIDDEN),
            )

    def _rest(self, first: Json | GraphRefused, path: str) -> Iterator[Json]:
        """A list whose first page has come in a batch."""
        if isinstance(first, GraphRefused):
            if first.status == 404:  # the group is gone meanwhile
                return
            raise explain(first, path)
        yield from first.get("value") or ()
        if link := first.get("@odata.nextLink"):
            yield from self._client.values(link)

    def _note_contacts(self, told: list[Note]) -> None:
        contacts = self._optional(f"/contacts?$top={_PAGE}&$select={read.ENTRY}")
        if contacts is None:
            told.append(Note(notes.NO_CONTACTS))
        elif addresses := [read.read_addresses(one).primary for one in contacts]:
            told.append(Note(notes.CONTACTS, tuple(addresses)))


class _Accounts:
    """Users, sorted: `asked` may have a mailbox."""

    def __init__(self, users: Sequence[Json]) -> None:
        addressed = [one for one in users if read.read_addresses(one).primary]
        guests = [one for one in addressed if read.is_guest(one) and not read.is_licensed(one)]
        out = {id(one) for one in guests}
        self.asked = [one for one in addressed if id(one) not in out]
        self.notes: list[Note] = []
        if guests:
            self.notes.append(Note(notes.GUESTS, _name(guests)))
        if without := len(users) - len(addressed):
            self.notes.append(notes.without_address(without))


def _note_kinds(users: Sequence[Json], kinds: Sequence[str | Exception]) -> Iterator[Note]:
    """Who is left out because of what was answered, and whose mailbox is of a strange kind."""
    pairs = list(zip(users, kinds, strict=True))
    for text, fits in (
        (notes.NO_MAILBOX, lambda kind: isinstance(kind, MailboxUnreachable)),
        (notes.DENIED, _is_denied),
        (notes.UNREAD, lambda kind: isinstance(kind, GraphRefused)),
        (notes.SERVICE, lambda kind: kind == read.OTHERS),
    ):
        if who := [user for user, kind in pairs if fits(kind)]:
            yield Note(text, _name(who))


def _name(users: Iterable[Json]) -> tuple[str, ...]:
    return tuple(read.read_addresses(one).primary for one in users)


def _purpose(answer: Json | GraphRefused, path: str) -> str | Exception:
    if isinstance(answer, GraphRefused):
        return explain(answer, path)
    return str(answer.get("userPurpose") or "user")


def _is_denied(found: str | Exception) -> bool:
    return isinstance(found, CredentialsRejected)


def _missing(permission: str) -> str:
    return (
        "Graph denies the application what discovery reads: grant it the application permission "
        f"{permission}, with an administrator's consent"
    )


@contextmanager
def _needing(permission: str) -> Iterator[None]:
    """Around questions that need a permission: TenantMisconfigured without it."""
    try:
        yield
    except CredentialsRejected as error:
        if not error.after_login:
            raise
        raise TenantMisconfigured([_missing(permission)]) from error
    except GraphRefused as error:
        if error.status == 403:
            raise TenantMisconfigured([_missing(permission)]) from error
        raise refused(error) from error


def _chunks(shown: Sequence[Json], size: int = _AT_ONCE) -> Iterator[Sequence[Json]]:
    return (shown[begin : begin + size] for begin in range(0, len(shown), size))
