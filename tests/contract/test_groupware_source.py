"""What every GroupwareSource promises. A new source joins with a desk in `DESKS`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

import pytest

from localrun.fakes.blobs import MemoryBlobs
from localrun.fakes.groupware import MemorySource
from migration.groupware_port import (
    Collection,
    CollectionKind,
    Entry,
    GroupwareSource,
    NotReadable,
    Read,
    Vanished,
)
from migration.items.ical_read import read_calendar
from migration.items.item import AnyItem
from migration.items.vcard_read import read_contacts
from migration.sources.dav import DavSource
from migration.sources.dav_homes import make_url
from migration.sources.item_files import FileSource
from migration.sources.joined_groupware import JoinedSource
from migration.wire.dav import DavClient
from migration.wire.dav_model import DavLogin
from tests.contract.dav_servers import DavServers
from tests.contract.graph_desk import GraphDesk

CALENDAR, CONTACTS, TASKS, NOTES = CollectionKind
COMPONENTS = {CALENDAR: "VEVENT", TASKS: "VTODO", NOTES: "VJOURNAL"}
NAMES = ["Work", "Bücher & <Filme>", "予定 / 2"]


def make_item(kind: CollectionKind, uid: str, text: str) -> bytes:
    """An item whose summary, or full name, is `text`."""
    if kind is CONTACTS:
        lines = ["BEGIN:VCARD", "VERSION:3.0", f"UID:{uid}", f"FN:{text}", f"N:{text};;;;"]
        return "\r\n".join([*lines, "END:VCARD", ""]).encode()
    component = COMPONENTS[kind]
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//x//y//EN", f"BEGIN:{component}"]
    lines += [f"UID:{uid}", "DTSTAMP:20240101T000000Z", f"SUMMARY:{text}"]
    lines += ["DTSTART:20240301T100000Z", f"END:{component}", "END:VCALENDAR", ""]
    return "\r\n".join(lines).encode()


def make_nonsense(uid: str) -> bytes:
    """An event in the month 13 of each year: servers take it."""
    rule = b"RRULE:FREQ=YEARLY;BYMONTH=13\r\n"
    return make_item(CALENDAR, uid, "x").replace(b"DTSTART", rule + b"DTSTART")


class Desk(Protocol):
    """What somebody has at a source, and what happens to it from outside."""

    @property
    def source(self) -> GroupwareSource: ...

    @property
    def kinds(self) -> frozenset[CollectionKind]:
        """Those that it has at all."""

    def make(self, name: str, *kinds: CollectionKind) -> None:
        """A calendar of these kinds, or an address book."""

    def put(self, name: str, kind: CollectionKind, uid: str, data: bytes) -> None:
        """Adds or changes the item with that UID."""

    def spoil(self, name: str, kind: CollectionKind, uid: str) -> None:
        """Makes something that is no item of it."""

    def delete(self, name: str, kind: CollectionKind, uid: str) -> None: ...

    def put_as(self, uid: str) -> str:
        """The UID with which the item was put that the source calls so."""

    def reconnect(self) -> None:
        """Opens the source anew; an open one may show what has been changed since."""

    def close(self) -> None: ...


OTHER = make_item(CALENDAR, "one", "of another source")


class PlainDesk:
    """Has all kinds, and leaves the items their UIDs."""

    kinds = frozenset(CollectionKind)

    def put_as(self, uid: str) -> str:
        return uid


class MemoryDesk(PlainDesk):
    def __init__(self) -> None:
        self.memory = MemorySource()
        self._keys: dict[tuple[str, CollectionKind], str] = {}

    def make(self, name: str, *kinds: CollectionKind) -> None:
        for kind in kinds:
            self._keys[name, kind] = self.memory.add(kind, name)

    def put(self, name: str, kind: CollectionKind, uid: str, data: bytes) -> None:
        if kind is CONTACTS:
            cards = read_contacts(data)
            self.memory.put(self._keys[name, kind], uid, *cards.contacts, raw=data)
        else:
            read = read_calendar(data)
            items: tuple[AnyItem, ...] = (*read.events, *read.tasks, *read.notes)
            self.memory.put(self._keys[name, kind], uid, *items, losses=read.losses, raw=data)

    def spoil(self, name: str, kind: CollectionKind, uid: str) -> None:
        self.memory.spoil(self._keys[name, kind], uid)

    def delete(self, name: str, kind: CollectionKind, uid: str) -> None:
        self.memory.delete(self._keys[name, kind], uid)

    @property
    def source(self) -> GroupwareSource:
        return self.memory

    def reconnect(self) -> None: ...

    def close(self) -> None:
        self.source.close()


class JoinedDesk(MemoryDesk):
    """One of two sources that are one."""

    def __init__(self) -> None:
        super().__init__()
        other = MemorySource()
        other.put(other.add(CALENDAR, "Other"), "one", read_calendar(OTHER).events[0])
        self._joined = JoinedSource({"other": other, "this": self.memory})

    @property
    def source(self) -> GroupwareSource:
        return self._joined


class FileDesk(PlainDesk):
    def __init__(self) -> None:
        self._blobs = MemoryBlobs()
        self._items: dict[str, dict[tuple[CollectionKind, str], bytes]] = {}
        self._files: dict[str, str] = {}
        self.source: GroupwareSource
        self.reconnect()

    def make(self, name: str, *kinds: CollectionKind) -> None:
        ending = "vcf" if CONTACTS in kinds else "ICS"
        self._files[name] = f"intake/groupware/Ann@Example.test/{len(self._files)}.{ending}"
        if CONTACTS in kinds:  # these have no other name
            self._files[name] = f"intake/groupware/Ann@Example.test/{name}.vcf"
        self._items[name] = {}
        self._write(name)

    def put(self, name: str, kind: CollectionKind, uid: str, data: bytes) -> None:
        self._items[name][kind, uid] = data
        self._write(name)

    def spoil(self, name: str, kind: CollectionKind, uid: str) -> None:
        self.put(name, kind, uid, make_nonsense(uid))

    def delete(self, name: str, kind: CollectionKind, uid: str) -> None:
        del self._items[name][kind, uid]
        self._write(name)

    def reconnect(self) -> None:
        self.source = FileSource(self._blobs, "ann@example.test")

    def close(self) -> None:
        self.source.close()

    def _write(self, name: str) -> None:
        calendar = ""
        if not self._files[name].endswith(".vcf"):
            calendar = f"BEGIN:VCALENDAR\r\nX-WR-CALNAME:{name}\r\nEND:VCALENDAR\r\n"
        items = self._items[name].values()
        self._blobs.put(self._files[name], b"".join([calendar.encode(), *items]))


class RadicaleDesk(PlainDesk):
    def __init__(self, servers: DavServers) -> None:
        self._server = servers.radicale()
        self._user, password = servers.person()
        url = make_url(self._server.url, self._user)
        client = DavClient(url, DavLogin(self._user, password))
        self.source = DavSource(client, follows_login=True)

    def make(self, name: str, *kinds: CollectionKind) -> None:
        self._server.make(self._user, name, *kinds)

    def put(self, name: str, kind: CollectionKind, uid: str, data: bytes) -> None:
        self._server.put_data(self._user, name, kind, f"{uid}.item", data)

    def spoil(self, name: str, kind: CollectionKind, uid: str) -> None:
        self.put(name, kind, uid, make_nonsense(uid))

    def delete(self, name: str, kind: CollectionKind, uid: str) -> None:
        self._server.delete(self._user, name, f"{uid}.item")

    def reconnect(self) -> None: ...

    def close(self) -> None:
        self.source.close()


class XandikosDesk(PlainDesk):
    def __init__(self, servers: DavServers) -> None:
        self._server = servers.xandikos()
        self._user, password = servers.person()
        client = DavClient(
            self._server.url, DavLogin(self._user, password), context=self._server.context
        )
        self.source = DavSource(client, follows_login=True)

    def make(self, name: str, *kinds: CollectionKind) -> None:
        self._server.make(self._user, name, *kinds)

    def put(self, name: str, kind: CollectionKind, uid: str, data: bytes) -> None:
        ending = "vcf" if kind is CONTACTS else "ics"
        self._server.put(self._user, name, kind, f"{uid}.{ending}", data)

    def spoil(self, name: str, kind: CollectionKind, uid: str) -> None:
        self.put(name, kind, uid, make_nonsense(uid))

    def delete(self, name: str, kind: CollectionKind, uid: str) -> None:
        ending = "vcf" if kind is CONTACTS else "ics"
        self._server.delete(self._user, name, kind, f"{uid}.{ending}")

    def reconnect(self) -> None: ...

    def close(self) -> None:
        self.source.close()


DESKS: dict[str, Callable[[DavServers], Desk]] = {
    "memory": lambda _: MemoryDesk(),
    "joined": lambda _: JoinedDesk(),
    "files": lambda _: FileDesk(),
    "radicale": RadicaleDesk,
    "xandikos": XandikosDesk,
    "graph": lambda _: GraphDesk(),
}


@pytest.fixture(scope="module")
def servers() -> Iterator[DavServers]:
    with DavServers() as servers:
        yield servers


@pytest.fixture(params=DESKS)
def desk(request: pytest.FixtureRequest, servers: DavServers) -> Iterator[Desk]:
    desk = DESKS[request.param](servers)
    yield desk
    desk.close()


def find(desk: Desk, name: str, kind: CollectionKind) -> Collection:
    """The one collection of that name and kind."""
    (found,) = [one for one in desk.source.collections() if (one.name, one.kind) == (name, kind)]
    return found


def listed(desk: Desk, collection: Collection) -> dict[str, Entry]:
    """The entries by the uid of what they hold."""
    entries = desk.source.entries(collection)
    answers = list(desk.source.fetch(collection, entries))
    assert all(isinstance(answer, Read) for answer in answers)
    return {
        desk.put_as(answer.items[0].uid): answer.entry
        for answer in answers
        if isinstance(answer, Read) and answer.items
    }


def texts(desk: Desk, collection: Collection) -> list[str]:
    """What its items say, in alphabetical order."""
    answers = desk.source.fetch(collection, desk.source.entries(collection))
    return sorted(map(said, answers))


def said(answer: object) -> str:
    assert isinstance(answer, Read)
    (item,) = answer.items
    master = getattr(item, "master", item)
    content = getattr(master, "content", None)
    return str(content.summary if content else getattr(item, "display", ""))


@pytest.mark.parametrize("kind", CollectionKind)
def test_items_of_each_kind_are_found_in_their_collection(desk: Desk, kind: CollectionKind) -> None:
    if kind not in desk.kinds:
        pytest.skip(f"this source has no {kind}")
    desk.make("Work", kind)
    desk.put("Work", kind, "one", make_item(kind, "one", "Größe"))
    desk.put("Work", kind, "two", make_item(kind, "two", "second"))
    collection = find(desk, "Work", kind)
    assert texts(desk, collection) == ["Größe", "second"]


@pytest.mark.parametrize("kind", [CALENDAR, CONTACTS])
def test_empty_collections_are_listed_too(desk: Desk, kind: CollectionKind) -> None:
    desk.make("Empty", kind)
    assert list(desk.source.entries(find(desk, "Empty", kind))) == []


def test_names_are_those_that_people_gave(desk: Desk) -> None:
    for name in NAMES:
        desk.make(name, CALENDAR)
    assert {one.name for one in desk.source.collections()} >= set(NAMES)


def test_keys_are_the_same_each_time_and_different_for_each(desk: Desk) -> None:
    desk.make("Work", CALENDAR, TASKS)
    desk.make("Home", CALENDAR)
    desk.make("People", CONTACTS)
    for name, kind in (("Work", CALENDAR), ("Work", TASKS), ("Home", CALENDAR)):
        desk.put(name, kind, f"{kind}-{name}", make_item(kind, f"{kind}-{name}", "x"))
    first, second = desk.source.collections(), desk.source.collections()
    assert [one.key for one in first] == [one.key for one in second]
    assert len({one.key for one in first}) == len(first)
    assert len({(one.kind, one.name) for one in first}) == len(first)


def test_a_calendar_of_events_and_tasks_is_two_collections(desk: Desk) -> None:
    desk.make("Work", CALENDAR, TASKS)
    desk.put("Work", CALENDAR, "e", make_item(CALENDAR, "e", "event"))
    desk.put("Work", TASKS, "t", make_item(TASKS, "t", "task"))
    assert texts(desk, find(desk, "Work", CALENDAR)) == ["event"]
    assert texts(desk, find(desk, "Work", TASKS)) == ["task"]


def test_answers_come_in_the_order_in_which_they_were_asked_for(desk: Desk) -> None:
    desk.make("Work", CALENDAR)
    for number in range(4):
        desk.put("Work", CALENDAR, f"u{number}", make_item(CALENDAR, f"u{number}", f"s{number}"))
    collection = find(desk, "Work", CALENDAR)
    entries = list(desk.source.entries(collection))
    assert len({entry.uid for entry in entries}) == 4
    for asked in (entries, entries[::-1], entries[2:3], []):
        assert [answer.entry for answer in desk.source.fetch(collection, asked)] == asked


def test_many_items_are_all_read(desk: Desk) -> None:
    desk.make("Work", CONTACTS)
    for number in range(120):
        uid = f"u{number:03}"
        desk.put("Work", CONTACTS, uid, make_item(CONTACTS, uid, f"s{number:03}"))
    expected = [f"s{number:03}" for number in range(120)]
    assert texts(desk, find(desk, "Work", CONTACTS)) == expected


@pytest.mark.parametrize("kind", [CALENDAR, CONTACTS])
def test_what_did_not_change_has_the_same_version_and_token(
    desk: Desk, kind: CollectionKind
) -> None:
    desk.make("Work", kind)
    desk.put("Work", kind, "one", make_item(kind, "one", "first"))
    before, after = find(desk, "Work", kind), find(desk, "Work", kind)
    assert before == after
    assert desk.source.entries(before) == desk.source.entries(after)


@pytest.mark.parametrize("kind", [CALENDAR, CONTACTS])
def test_a_change_is_seen_in_its_version_and_in_the_token(desk: Desk, kind: CollectionKind) -> None:
    desk.make("Work", kind)
    for uid in ("one", "two"):
        desk.put("Work", kind, uid, make_item(kind, uid, "first"))
    collection = find(desk, "Work", kind)
    before = listed(desk, collection)
    desk.put("Work", kind, "one", make_item(kind, "one", "changed"))
    changed = find(desk, "Work", kind)
    after = listed(desk, changed)
    assert changed.token != collection.token or not changed.token
    assert changed.key == collection.key
    assert after["one"].uid == before["one"].uid
    assert after["one"].version != before["one"].version
    assert after["two"] == before["two"]


@pytest.mark.parametrize("kind", [CALENDAR, CONTACTS])
def test_what_was_added_or_deleted_is_seen_in_the_list_and_in_the_token(
    desk: Desk, kind: CollectionKind
) -> None:
    desk.make("Work", kind)
    for uid in ("one", "two"):
        desk.put("Work", kind, uid, make_item(kind, uid, "x"))
    tokens = [find(desk, "Work", kind).token]
    desk.delete("Work", kind, "one")
    assert set(listed(desk, find(desk, "Work", kind))) == {"two"}
    tokens.append(find(desk, "Work", kind).token)
    desk.put("Work", kind, "three", make_item(kind, "three", "x"))
    assert set(listed(desk, find(desk, "Work", kind))) == {"two", "three"}
    tokens.append(find(desk, "Work", kind).token)
    assert len(set(tokens)) == 3 or not any(tokens)


def test_what_vanished_since_it_was_listed_is_answered_as_vanished(desk: Desk) -> None:
    desk.make("Work", CALENDAR)
    for uid in ("one", "two"):
        desk.put("Work", CALENDAR, uid, make_item(CALENDAR, uid, uid))
    collection = find(desk, "Work", CALENDAR)
    entries = listed(desk, collection)
    desk.delete("Work", CALENDAR, "one")
    desk.reconnect()
    asked = [entries["one"], entries["two"]]
    gone, there = desk.source.fetch(collection, asked)
    assert gone == Vanished(entries["one"])
    assert said(there) == "two"


def test_what_changed_since_it_was_listed_is_answered_with_its_new_version(desk: Desk) -> None:
    desk.make("Work", CALENDAR)
    desk.put("Work", CALENDAR, "one", make_item(CALENDAR, "one", "old"))
    collection = find(desk, "Work", CALENDAR)
    (old,) = desk.source.entries(collection)
    desk.put("Work", CALENDAR, "one", make_item(CALENDAR, "one", "new"))
    desk.reconnect()
    (answer,) = desk.source.fetch(collection, [old])
    assert said(answer) == "new"
    assert [answer.entry] == list(desk.source.entries(collection))
    assert answer.entry.version != old.version


def test_what_is_no_item_hides_none_of_the_others(desk: Desk) -> None:
    desk.make("Work", CALENDAR)
    for uid in ("one", "two", "three"):
        desk.put("Work", CALENDAR, uid, make_item(CALENDAR, uid, uid))
    desk.spoil("Work", CALENDAR, "two")
    collection = find(desk, "Work", CALENDAR)
    entries = desk.source.entries(collection)
    answers = list(desk.source.fetch(collection, entries))
    assert [answer.entry for answer in answers] == list(entries)
    assert sorted(said(one) for one in answers if isinstance(one, Read)) == ["one", "three"]
    (bad,) = [answer for answer in answers if isinstance(answer, NotReadable)]
    assert bad.reason


def test_it_may_be_closed_twice(desk: Desk) -> None:
    desk.make("Work", CALENDAR)
    assert desk.source.collections()
    desk.source.close()
    desk.source.close()
