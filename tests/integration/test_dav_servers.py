"""DavSource against Radicale and Xandikos: what real servers do with what people keep.

The contract that every source keeps runs over both: tests/contract/test_groupware_source.py.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from migration.errors import CredentialsRejected
from migration.groupware_port import Collection, CollectionKind, NotReadable, Read
from migration.items.event import Event
from migration.sources.dav import DavSource
from migration.sources.dav_homes import make_url
from migration.wire.dav import DavClient
from migration.wire.dav_model import DavLogin
from tests.contract.dav_servers import DavServers

CALENDAR, CONTACTS, TASKS, NOTES = CollectionKind

Open = Callable[[str, str], DavSource]


@dataclass(frozen=True, slots=True)
class Server:
    """One of both, as one person's. `open` takes whose address is asked, and a password."""

    user: str
    password: str
    make: Callable[..., None]
    put: Callable[[str, CollectionKind, str, bytes], None]
    open: Open


@pytest.fixture(scope="module")
def servers() -> Iterator[DavServers]:
    with DavServers() as servers:
        yield servers


@pytest.fixture(params=["radicale", "xandikos"])
def server(request: pytest.FixtureRequest, servers: DavServers) -> Server:
    user, password = servers.person()
    if request.param == "radicale":
        radicale = servers.radicale()

        def open_radicale(whose: str, word: str) -> DavSource:
            client = DavClient(make_url(radicale.url, whose), DavLogin(user, word))
            return DavSource(client, follows_login=whose == user)

        return Server(
            user,
            password,
            lambda name, *kinds: radicale.make(user, name, *kinds, colour="#ff0000"),
            lambda name, kind, item, data: radicale.put_data(user, name, kind, item, data),
            open_radicale,
        )
    xandikos = servers.xandikos()

    def open_xandikos(whose: str, word: str) -> DavSource:
        client = DavClient(xandikos.url, DavLogin(whose, word), context=xandikos.context)
        return DavSource(client, follows_login=True)

    return Server(
        user,
        password,
        lambda name, *kinds: xandikos.make(user, name, *kinds),
        lambda name, kind, item, data: xandikos.put(user, name, kind, item, data),
        open_xandikos,
    )


def find(source: DavSource, name: str, kind: CollectionKind) -> Collection:
    (found,) = [one for one in source.collections() if (one.name, one.kind) == (name, kind)]
    return found


def read_all(source: DavSource, name: str, kind: CollectionKind) -> list[Read]:
    collection = find(source, name, kind)
    answers = list(source.fetch(collection, source.entries(collection)))
    assert not any(isinstance(one, NotReadable) for one in answers)
    return [one for one in answers if isinstance(one, Read)]


def calendar(*lines: str) -> bytes:
    head = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//x//y//EN"]
    return "\r\n".join([*head, *lines, "END:VCALENDAR", ""]).encode()


def event(uid: str, *lines: str) -> list[str]:
    told = ["BEGIN:VEVENT", f"UID:{uid}", "DTSTAMP:20240101T000000Z", *lines]
    return [*told, "END:VEVENT"]


def test_a_series_with_its_exceptions_is_one_event(server: Server) -> None:
    server.make("Reihen ü", CALENDAR)
    start = "DTSTART;TZID=Europe/Berlin:20240304T090000"
    master = event("s", start, "RRULE:FREQ=WEEKLY;COUNT=5", "SUMMARY:Jour fixe")
    master[4:4] = ["EXDATE;TZID=Europe/Berlin:20240311T090000"]
    other = event(
        "s",
        "RECURRENCE-ID;TZID=Europe/Berlin:20240318T090000",
        "DTSTART;TZID=Europe/Berlin:20240318T140000",
        "SUMMARY:später",
    )
    server.put("Reihen ü", CALENDAR, "s.ics", calendar(*master, *other))
    source = server.open(server.user, server.password)
    (answer,) = read_all(source, "Reihen ü", CALENDAR)
    (series,) = answer.items
    assert isinstance(series, Event)
    assert series.recurrence
    assert len(series.recurrence.excluded) == 1
    assert [one.details.content.summary for one in series.overrides] == ["später"]
    source.close()


def test_a_large_attachment_is_whole(server: Server) -> None:
    server.make("Large", CALENDAR)
    file = bytes(range(256)) * 12_000
    text = base64.b64encode(file).decode()
    attached = f"ATTACH;ENCODING=BASE64;VALUE=BINARY;FMTTYPE=image/png:{text}"
    start = "DTSTART:20240301T100000Z"
    for number in range(3):
        uid = f"u{number}"
        data = calendar(*event(uid, start, *([attached] if number == 1 else [])))
        server.put("Large", CALENDAR, f"{uid}.ics", data)
    source = server.open(server.user, server.password)
    found = {one.items[0].uid: one.items[0] for one in read_all(source, "Large", CALENDAR)}
    assert set(found) == {"u0", "u1", "u2"}
    large = found["u1"]
    assert isinstance(large, Event) and large.master
    assert [one.data for one in large.master.content.attachments] == [file]
    source.close()


def test_markup_and_strange_characters_come_as_they_are(server: Server) -> None:
    server.make("<&>\"'", CALENDAR)
    text = "]]> <script> &amp; &#0; \U0001f600 %s %0A"
    data = calendar(*event("m", "DTSTART:20240301T100000Z", f"SUMMARY:{text}"))
    server.put("<&>\"'", CALENDAR, "m &%.ics", data)
    source = server.open(server.user, server.password)
    (answer,) = read_all(source, "<&>\"'", CALENDAR)
    (one,) = answer.items
    assert isinstance(one, Event) and one.master
    assert one.master.content.summary == text
    source.close()


def test_a_wrong_password_is_told(server: Server) -> None:
    source = server.open(server.user, "wrong")
    with pytest.raises(CredentialsRejected):
        source.collections()
    source.close()


def test_what_belongs_to_somebody_else_is_not_shown(servers: DavServers) -> None:
    (ann, word), (bob, _) = servers.person(), servers.person()
    radicale = servers.radicale()
    client = DavClient(make_url(radicale.url, bob), DavLogin(ann, word))
    source = DavSource(client, follows_login=False)
    with pytest.raises(CredentialsRejected):
        source.collections()
    source.close()
