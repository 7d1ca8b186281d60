"""DavSource against servers of several shapes. Real ones: tests/integration/test_dav_servers.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from urllib.parse import unquote
from xml.sax.saxutils import escape

import pytest

from migration.errors import CredentialsRejected, MailboxUnreachable, SourceBusy
from migration.groupware_port import Collection, CollectionKind, NotReadable, Read, Vanished
from migration.sources.dav import AT_ONCE, DavSource
from migration.sources.dav_homes import make_url
from migration.sources.dav_login import choose_dav_login
from migration.wire.dav import DavClient
from migration.wire.dav_model import DavLogin
from migration.wire.dav_xml import parse_xml
from tests.unit.wire.dav_stub import DavStub, Heard, Said

CALENDAR, CONTACTS, TASKS, NOTES = CollectionKind
SPACES = (
    'xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"'
    ' xmlns:A="urn:ietf:params:xml:ns:carddav"'
    ' xmlns:S="http://calendarserver.org/ns/" xmlns:O="http://owncloud.org/ns"'
    ' xmlns:N="http://nextcloud.com/ns" xmlns:I="http://apple.com/ns/ical/"'
)
Props = Mapping[str, str]


def event(uid: str, text: str = "x") -> bytes:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "BEGIN:VEVENT", f"UID:{uid}"]
    lines += ["DTSTART:20240301T100000Z", f"SUMMARY:{text}", "END:VEVENT", "END:VCALENDAR", ""]
    return "\r\n".join(lines).encode()


def href(*paths: str) -> str:
    return "".join(f"<D:href>{path}</D:href>" for path in paths)


def kind(*names: str) -> str:
    return "".join(f"<{name}/>" for name in ("D:collection", *names))


def components(*names: str) -> str:
    return "".join(f'<C:comp name="{name}"/>' for name in names)


class World:
    """A server of resources with their properties, by paths; items are bytes."""

    def __init__(self) -> None:
        self.props: dict[str, Props] = {}
        self.items: dict[str, bytes] = {}
        self.etags: dict[str, str] = {}
        self.respond: dict[tuple[str, str], Callable[[Heard], Said]] = {}
        self.shows_etags = True

    def answer(self, heard: Heard) -> Said:
        special = self.respond.get((heard.method, heard.path))
        if special:
            return special(heard)
        if heard.method == "GET":
            return self._get(heard.path)
        if heard.path not in self.props:
            there = {"Location": f"{heard.path}/"}
            return Said(301, b"", there) if f"{heard.path}/" in self.props else Said(404, b"")
        if heard.method == "PROPFIND":
            below = [p for p in (*self.props, *self.items) if _parent(p) == heard.path]
            paths = [heard.path, *(below if heard.headers["depth"] == "1" else [])]
            return multistatus({path: self.props.get(path) or self._item(path) for path in paths})
        return self._report(heard)

    def _get(self, path: str) -> Said:
        if path not in self.items:
            return Said(404, b"")
        headers = {"ETag": self._etag(path)} if self.shows_etags else {}
        return Said(200, self.items[path], headers)

    def _report(self, heard: Heard) -> Said:
        root = parse_xml(heard.body)
        if root.tag.endswith("query"):
            wanted = [one.get("name") for one in root.iter() if one.tag.endswith("comp-filter")][1]
            mark = f"BEGIN:{wanted}".encode()
            paths = [
                p for p, data in self.items.items() if _parent(p) == heard.path and mark in data
            ]
            return multistatus({path: self._item(path) for path in paths})
        told: dict[str, Props | None] = {}
        for one in root.iterfind("{DAV:}href"):
            path = one.text or ""
            data = self.items.get(path)
            told[path] = (
                None
                if data is None
                else {
                    **self._item(path),
                    "C:calendar-data": escape(data.decode()),
                }
            )
        return multistatus(told)

    def _item(self, path: str) -> Props:
        return {"D:getetag": self._etag(path), "D:resourcetype": ""} if self.shows_etags else {}

    def _etag(self, path: str) -> str:
        return self.etags.get(path, f'"{len(self.items[path])}"')


def _parent(path: str) -> str:
    return path.rstrip("/").rpartition("/")[0] + "/" if path != "/" else ""


def multistatus(told: Mapping[str, Props | None]) -> Said:
    text = ""
    for path, props in told.items():
        if props is None:
            text += f"<D:response>{href(path)}<D:status>HTTP/1.1 404 Gone</D:status></D:response>"
            continue
        inner = "".join(f"<{name}>{value}</{name}>" for name, value in props.items())
        stat = f"<D:prop>{inner}</D:prop><D:status>HTTP/1.1 200 OK</D:status>"
        text += f"<D:response>{href(path)}<D:propstat>{stat}</D:propstat></D:response>"
    return Said(207, f"<D:multistatus {SPACES}>{text}</D:multistatus>".encode())


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def stub(world: World) -> Iterator[DavStub]:
    stub = DavStub(respond=world.answer)
    yield stub
    stub.close()


def source(stub: DavStub, path: str = "", *, follows_login: bool = True) -> DavSource:
    client = DavClient(stub.url + path, DavLogin("ann", "x"), largest=200_000)
    return DavSource(client, follows_login=follows_login)


def nextcloud(world: World) -> None:
    """As Nextcloud 30 shows it, shortened."""
    principal = "/remote.php/dav/principals/users/ann/"
    home, books = "/remote.php/dav/calendars/ann/", "/remote.php/dav/addressbooks/users/ann/"
    owner = {"D:owner": href(principal), "O:owner-principal": "principals/users/ann"}
    world.respond["PROPFIND", "/.well-known/caldav"] = lambda _: Said(
        301, b"", {"Location": "http://127.0.0.1/remote.php/dav/"}
    )
    world.respond["PROPFIND", "/.well-known/carddav"] = world.respond[
        "PROPFIND", "/.well-known/caldav"
    ]
    world.props = {
        "/remote.php/dav/": {"D:resourcetype": kind(), "D:current-user-principal": href(principal)},
        principal: {
            "D:resourcetype": kind("D:principal"),
            "C:calendar-home-set": href(home),
            "A:addressbook-home-set": href(books),
            "C:schedule-inbox-URL": href(home + "inbox/"),
        },
        home: {"D:resourcetype": kind(), **owner},
        home + "inbox/": {
            "D:resourcetype": kind("C:schedule-inbox"),
            "C:schedule-default-calendar-URL": href(home + "mine/"),
        },
        home + "outbox/": {"D:resourcetype": kind("C:schedule-outbox")},
        home + "trashbin/": {"D:resourcetype": kind("N:trash-bin")},
        home + "personal/": {
            **owner,
            "D:resourcetype": kind("C:calendar"),
            "D:displayname": "Persönlich &amp; mehr",
            "C:supported-calendar-component-set": components("VEVENT", "VTODO"),
            "S:getctag": "http://sabre.io/ns/sync/3",
            "D:sync-token": "other",
            "I:calendar-color": "#0082c9",
            "O:invite": "<O:user><D:href>principal:principals/users/bob</D:href></O:user>",
        },
        home + "mine/": {
            **owner,
            "D:resourcetype": kind("C:calendar"),
            "C:supported-calendar-component-set": components("VEVENT"),
            "D:sync-token": "7",
        },
        home + "theirs_shared_by_bob/": {
            "D:owner": href("/remote.php/dav/principals/users/bob/"),
            "D:resourcetype": kind("C:calendar"),
        },
        home + "marked/": {**owner, "D:resourcetype": kind("C:calendar", "S:shared")},
        home + "holidays/": {**owner, "D:resourcetype": kind("S:subscribed")},
        books: {"D:resourcetype": kind()},
        books + "contacts/": {**owner, "D:resourcetype": kind("A:addressbook")},
        books + "z-server-generated--system/": {
            "D:owner": href("/remote.php/dav/principals/system/system/"),
            "D:resourcetype": kind("A:addressbook"),
        },
    }
    world.items[home + "personal/1.ics"] = event("1")


def shown(found: list[Collection]) -> set[tuple[str, str, bool, str]]:
    return {(str(one.kind), one.name, one.is_default, one.token) for one in found}


def test_nextcloud_is_found_from_its_host_alone(world: World, stub: DavStub) -> None:
    nextcloud(world)
    found = list(source(stub).collections())
    assert shown(found) == {
        ("calendar", "Persönlich & mehr", False, "http://sabre.io/ns/sync/3"),
        ("calendar", "mine", True, "7"),
        ("contacts", "contacts", True, ""),
    }
    losses = [(loss.what, loss.where) for loss in found[0].losses]
    assert losses == [
        ("collection", "3 of them"),
        ("collection", "one"),
        ("colour", "calendar"),
        ("sharing", "calendar"),
    ]
    assert not any("bob" in repr(one.losses) for one in found)


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("remote.php/dav", {"Persönlich & mehr", "mine", "contacts"}),
        ("remote.php/dav/principals/users/{user}/", {"Persönlich & mehr", "mine", "contacts"}),
        ("remote.php/dav/calendars/{user}/mine/", {"mine"}),
    ],
)
def test_an_address_may_be_that_of_a_principal_or_of_a_collection(
    world: World, stub: DavStub, path: str, names: set[str]
) -> None:
    nextcloud(world)
    found = source(stub, make_url(path, "ann")).collections()
    assert {one.name for one in found} == names


def test_a_home_without_a_principal_is_listed_with_the_folders_in_it(
    world: World, stub: DavStub
) -> None:
    world.props = {
        "/dav/ann%40x/": {"D:resourcetype": kind()},
        "/dav/ann%40x/Calendar/": {"D:resourcetype": kind()},
        "/dav/ann%40x/Calendar/personal/": {"D:resourcetype": kind("C:calendar")},
        "/dav/ann%40x/Contacts/": {"D:resourcetype": kind("A:addressbook")},
    }
    world.items["/dav/ann%40x/Calendar/personal/t.ics"] = event("t").replace(b"VEVENT", b"VTODO")
    found = source(stub, make_url("dav/{user}/", "ann@x"), follows_login=False).collections()
    assert {(one.kind, one.name) for one in found} == {
        (CALENDAR, "personal"),
        (TASKS, "personal"),
        (CONTACTS, "Contacts"),
    }


def test_a_folder_without_calendars_is_the_wrong_address(world: World, stub: DavStub) -> None:
    world.props = {"/files/": {"D:resourcetype": kind()}}
    with pytest.raises(MailboxUnreachable, match="no calendars"):
        source(stub, "files/").collections()


def test_an_administrator_is_not_taken_for_the_person(world: World, stub: DavStub) -> None:
    nextcloud(world)
    root = dict(world.props["/remote.php/dav/"])
    world.props["/remote.php/dav/users/bob/"] = {
        "D:current-user-principal": root["D:current-user-principal"]
    }
    with pytest.raises(MailboxUnreachable):
        source(stub, "remote.php/dav/users/bob/", follows_login=False).collections()


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (403, CredentialsRejected),
        (401, CredentialsRejected),
        (404, MailboxUnreachable),
        (405, MailboxUnreachable),
        (500, MailboxUnreachable),
        (429, SourceBusy),
    ],
)
def test_why_nothing_is_found(
    world: World, stub: DavStub, status: int, error: type[Exception]
) -> None:
    world.respond["PROPFIND", "/"] = lambda _: Said(status, b"")
    with pytest.raises(error):
        source(stub).collections()


def test_homes_at_another_host_are_told(world: World, stub: DavStub) -> None:
    world.props = {
        "/": {
            "D:resourcetype": kind(),
            "C:calendar-home-set": href("/c/"),
            "A:addressbook-home-set": href("https://cards.test/a/"),
        },
        "/c/": {"D:resourcetype": kind()},
    }
    (one,) = source(stub).collections()
    assert (one.name, one.is_default, one.kind) == ("", True, CALENDAR)
    assert [loss.why for loss in one.losses] == [
        "the server keeps some at another host, to which the password is not sent"
    ]
    world.props["/"] = {"A:addressbook-home-set": href("https://cards.test/a/")}
    with pytest.raises(MailboxUnreachable, match="another host"):
        source(stub).collections()


def test_an_owner_with_another_address_is_known_by_the_home(world: World, stub: DavStub) -> None:
    world.props = {
        "/p/1/": {"C:calendar-home-set": href("/c/"), "D:current-user-principal": href("/p/1/")},
        "/p/ann/": {"C:calendar-home-set": href("/c")},
        "/c/": {"D:resourcetype": kind()},
        "/c/a/": {"D:resourcetype": kind("C:calendar"), "D:owner": href("/p/ann/")},
        "/c/b/": {"D:resourcetype": kind("C:calendar"), "D:owner": href("/p/bob/")},
    }
    found = source(stub, "p/1/").collections()
    assert [(one.name, [loss.what for loss in one.losses]) for one in found] == [
        ("a", ["collection"])
    ]


# -- items ---------------------------------------------------------------------------------------


def one_calendar(world: World, count: int) -> None:
    world.props = {
        "/c/": {
            "D:resourcetype": kind("C:calendar"),
            "C:supported-calendar-component-set": components("VEVENT"),
        }
    }
    world.items = {f"/c/{number}.ics": event(str(number)) for number in range(count)}


def test_items_are_asked_for_in_parts(world: World, stub: DavStub) -> None:
    one_calendar(world, AT_ONCE * 2 + 1)
    dav = source(stub, "c/")
    (collection,) = dav.collections()
    entries = dav.entries(collection)
    stub.heard.clear()
    answers = list(dav.fetch(collection, entries))
    assert [heard.method for heard in stub.heard] == ["REPORT"] * 3
    assert [answer.entry for answer in answers] == list(entries)


def test_one_item_that_no_answer_can_hold_hides_none_of_the_others(
    world: World, stub: DavStub
) -> None:
    one_calendar(world, 20)
    world.items["/c/7.ics"] = event("7", "\x02")  # no XML can hold it
    world.items["/c/9.ics"] = event("9", "x" * 200_000)
    world.respond["GET", "/c/11.ics"] = lambda _: Said(500, b"")
    usual = dict(world.respond)

    def report(heard: Heard) -> Said:
        if b"multiget" in heard.body and b"/c/11.ics" in heard.body:
            return Said(500, b"")
        del world.respond["REPORT", "/c/"]
        said = world.answer(heard)
        world.respond["REPORT", "/c/"] = report
        return said

    world.respond = {**usual, ("REPORT", "/c/"): report}
    dav = source(stub, "c/")
    (collection,) = dav.collections()
    answers = list(dav.fetch(collection, dav.entries(collection)))
    wrong = {one.entry.uid: one.reason for one in answers if isinstance(one, NotReadable)}
    assert wrong == {"9.ics": "too-large", "11.ics": "http-500"}
    assert sum(isinstance(one, Read) for one in answers) == 18
    assert len({one.entry.uid for one in answers}) == 20


def test_a_server_that_fails_altogether_fails_the_mailbox_not_its_items(
    world: World, stub: DavStub
) -> None:
    one_calendar(world, 3)
    dav = source(stub, "c/")
    (collection,) = dav.collections()
    entries = dav.entries(collection)
    for method, path in (("REPORT", "/c/"), ("PROPFIND", "/c/"), ("GET", "/c/0.ics")):
        world.respond[method, path] = lambda _: Said(500, b"")
    with pytest.raises(MailboxUnreachable):
        list(dav.fetch(collection, entries))


def test_a_server_without_multiget_is_read_one_by_one(world: World, stub: DavStub) -> None:
    one_calendar(world, 5)
    dav = source(stub, "c/")
    (collection,) = dav.collections()
    entries = dav.entries(collection)
    world.respond["REPORT", "/c/"] = lambda _: Said(501, b"")
    del world.items["/c/3.ics"]
    stub.heard.clear()
    answers = list(dav.fetch(collection, entries))
    assert [type(one) for one in answers] == [Read, Read, Read, Vanished, Read]
    assert [heard.method for heard in stub.heard].count("REPORT") == 1
    assert [one.entry for one in answers] == list(entries)


def test_without_etags_the_content_is_the_version(world: World, stub: DavStub) -> None:
    one_calendar(world, 3)
    world.shows_etags = False
    dav = source(stub, "c/")
    (collection,) = dav.collections()
    first = dav.entries(collection)
    assert [answer.entry for answer in dav.fetch(collection, first)] == list(first)
    world.items["/c/1.ics"] = event("1", "y")
    second = dav.entries(collection)
    assert [one == other for one, other in zip(first, second, strict=True)] == [True, False, True]


def test_an_etag_that_only_the_list_tells_is_the_version(world: World, stub: DavStub) -> None:
    one_calendar(world, 1)
    dav = source(stub, "c/")
    (collection,) = dav.collections()
    (entry,) = dav.entries(collection)
    world.shows_etags = False
    (answer,) = dav.fetch(collection, [entry])
    assert isinstance(answer, Read) and answer.entry == entry


def test_a_calendar_that_vanished_is_asked_for_again_later(world: World, stub: DavStub) -> None:
    one_calendar(world, 1)
    dav = source(stub, "c/")
    (collection,) = dav.collections()
    world.props.clear()
    with pytest.raises(SourceBusy):
        dav.entries(collection)


def test_a_list_that_does_not_end_is_no_list(world: World, stub: DavStub) -> None:
    one_calendar(world, 1)
    dav = source(stub, "c/")
    (collection,) = dav.collections()
    text = f"<D:multistatus {SPACES}><D:response>{href('/c/')}"
    text += "<D:status>HTTP/1.1 507 Full</D:status></D:response></D:multistatus>"
    world.respond["REPORT", "/c/"] = lambda _: Said(207, text.encode())
    with pytest.raises(MailboxUnreachable, match="to its end"):
        dav.entries(collection)


def test_items_elsewhere_on_the_server_are_read_where_they_are(world: World, stub: DavStub) -> None:
    one_calendar(world, 0)
    world.items["/store/1.ics"] = event("1")
    world.respond["REPORT", "/c/"] = lambda heard: (
        multistatus({"/store/1.ics": {"D:getetag": '"1"'}})
        if b"query" in heard.body
        else Said(501, b"")
    )
    dav = source(stub, "c/")
    (collection,) = dav.collections()
    (entry,) = dav.entries(collection)
    assert entry.uid == "/store/1.ics"
    (answer,) = dav.fetch(collection, [entry])
    assert isinstance(answer, Read)


def test_only_reading_questions_are_asked(world: World, stub: DavStub) -> None:
    nextcloud(world)
    dav = source(stub)
    for collection in dav.collections():
        list(dav.fetch(collection, dav.entries(collection)))
    assert {heard.method for heard in stub.heard} <= {"GET", "PROPFIND", "REPORT"}


# -- logins --------------------------------------------------------------------------------------


def test_which_login_opens_a_persons_calendars() -> None:
    secret = {"mailboxes": {"ann": "a"}, "admin": {"user": "boss", "password": "b"}}
    assert choose_dav_login(secret, "ann", "https://x/") == (DavLogin("ann", "a"), True)
    assert choose_dav_login(secret, "bob", "https://x/{user}/") == (DavLogin("boss", "b"), False)
    with pytest.raises(CredentialsRejected, match="dav_url with"):
        choose_dav_login(secret, "bob", "https://x/")
    with pytest.raises(CredentialsRejected):
        choose_dav_login({}, "ann", "https://x/{user}/")


def test_the_users_name_is_part_of_the_path_whatever_it_holds() -> None:
    assert make_url("https://x/{user}/", "a/../b@c?#%") == "https://x/a%2F..%2Fb%40c%3F%23%25/"
    assert unquote(make_url("{user}", "ü")) == "ü"
