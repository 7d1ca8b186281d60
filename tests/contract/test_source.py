"""What every Source promises. A new source joins with a box in `BOXES`."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Protocol

import pytest
from imapclient import IMAPClient

from localrun.fakes.imap import ImapServer
from localrun.fakes.mailbox import MemorySource
from migration.errors import SourceChanged
from migration.model import BatchLimit, Folder, Gone, Item, ItemRef, Page
from migration.ports import Source
from migration.sources.imap import ImapLogin, ImapSource
from tests.integration.dovecot import Dovecot
from tests.integration.dovecot_configuration import INBOX_DOT, SLASH, Layout

LIMIT = BatchLimit(items=2, size=1000)
DATE = datetime(2015, 2, 1, 10, 30, tzinfo=timezone(timedelta(hours=5, minutes=30)))


class Box(Protocol):
    """A mailbox at a source, and what happens in it from outside."""

    @property
    def source(self) -> Source: ...

    def deliver(
        self, path: tuple[str, ...], mime: bytes, date: datetime = ..., flags: tuple[str, ...] = ...
    ) -> None: ...

    def delete(self, path: tuple[str, ...], uid: str) -> None: ...

    def recreate(self, path: tuple[str, ...]) -> None: ...

    def reconnect(self) -> None:
        """Ends the connection; a server may show an open one what has been deleted since."""

    def close(self) -> None: ...


class MemoryBox:
    def __init__(self) -> None:
        self.source = MemorySource()
        self.source.add_folder(("INBOX",))

    def deliver(
        self,
        path: tuple[str, ...],
        mime: bytes,
        date: datetime = DATE,
        flags: tuple[str, ...] = (),
    ) -> None:
        self.source.deliver(path, mime, date, flags)

    def delete(self, path: tuple[str, ...], uid: str) -> None:
        self.source.delete(path, uid)

    def recreate(self, path: tuple[str, ...]) -> None:
        self.source.recreate(path)

    def reconnect(self) -> None:
        self.source.close()

    def close(self) -> None:
        self.source.close()


class Server(Protocol):
    """An IMAP server on this machine with a user `USER`, and `BOSS` who may open its mailbox."""

    port: int

    def append(
        self,
        address: str,
        folder: str,
        message: bytes,
        flags: Sequence[str] = ...,
        date: datetime | None = ...,
    ) -> None: ...

    def close(self) -> None: ...


USER, PASSWORD = "ann@example.test", "secret"
BOSS, BOSS_PASSWORD = "boss", "b0ss"


class ImapBox:
    """An ImapSource on a server. Opened as an administrator if `admin`. `name` spells a folder as
    the server does."""

    def __init__(
        self, server: Server, name: Callable[[Sequence[str]], str] = "/".join, admin: bool = False
    ) -> None:
        self.server = server
        self.name = name
        login = ImapLogin(USER, PASSWORD)
        if admin:
            login = ImapLogin(BOSS, BOSS_PASSWORD, authorize_as=USER)
        self.source = ImapSource("127.0.0.1", self.server.port, "none", login)

    def client(self) -> IMAPClient:
        client = IMAPClient("127.0.0.1", self.server.port, ssl=False)
        client.login(USER, PASSWORD)
        return client

    def deliver(
        self,
        path: tuple[str, ...],
        mime: bytes,
        date: datetime = DATE,
        flags: tuple[str, ...] = (),
    ) -> None:
        self.server.append(USER, self.name(path), mime, flags, date)

    def delete(self, path: tuple[str, ...], uid: str) -> None:
        with self.client() as client:
            client.select_folder(self.name(path))
            client.delete_messages([int(uid)])
            client.expunge()

    def recreate(self, path: tuple[str, ...]) -> None:
        with self.client() as client:
            client.delete_folder(self.name(path))
            client.create_folder(self.name(path))

    def reconnect(self) -> None:
        self.source.close()

    def close(self) -> None:
        self.source.close()
        self.server.close()


def embedded_box(*, admin: bool = False) -> Box:
    return ImapBox(ImapServer({USER: PASSWORD}, {BOSS: BOSS_PASSWORD}), admin=admin)


def dovecot_box(layout: Layout, *, admin: bool = False) -> Box:
    # It shows dates in its own zone only: let that be the zone of DATE.
    server = Dovecot(layout, {USER: PASSWORD}, {BOSS: BOSS_PASSWORD}, zone="IST-5:30")
    return ImapBox(server, layout.name, admin=admin)


BOXES: dict[str, Callable[[], Box]] = {
    "memory": MemoryBox,
    "imap": embedded_box,
    "imap as administrator": lambda: embedded_box(admin=True),
    "dovecot": lambda: dovecot_box(SLASH),
    "dovecot below INBOX": lambda: dovecot_box(INBOX_DOT),
    "dovecot as administrator": lambda: dovecot_box(INBOX_DOT, admin=True),
}


@pytest.fixture(params=BOXES)
def box(request: pytest.FixtureRequest) -> Iterator[Box]:
    made = BOXES[request.param]()
    yield made
    made.close()


def folder(box: Box, *path: str) -> Folder:
    return next(each for each in box.source.folders() if each.path == path)


def mail(number: int) -> bytes:
    return b"Subject: %d\r\n\r\nbody %d\r\n" % (number, number)


def pages(box: Box, path: tuple[str, ...], cursor: str = "") -> list[Page]:
    found = [box.source.page(folder(box, *path), cursor, LIMIT)]
    while found[-1].more:
        found.append(box.source.page(folder(box, *path), found[-1].cursor, LIMIT))
    return found


def test_all_folders_are_listed_with_decoded_names_and_counts(box: Box) -> None:
    box.deliver(("INBOX",), mail(1))
    box.deliver(("Projekte", "Übergabe & Co"), mail(2))
    box.deliver(("Projekte", "Übergabe & Co"), mail(3))
    found = {each.path: each for each in box.source.folders()}
    assert found[("INBOX",)].count == 1
    assert found[("Projekte", "Übergabe & Co")].count == 2
    assert len({each.key for each in found.values()}) == len(found)
    again = {each.path: each for each in box.source.folders()}
    assert again == found


def test_an_empty_folder_has_one_empty_page(box: Box) -> None:
    page = box.source.page(folder(box, "INBOX"), "", LIMIT)
    assert (page.refs, page.more) == ((), False)
    assert box.source.page(folder(box, "INBOX"), page.cursor, LIMIT) == page


def test_pages_hold_every_message_once_oldest_first_within_the_limit(box: Box) -> None:
    for number in range(5):
        box.deliver(("INBOX",), mail(number))
    found = pages(box, ("INBOX",))
    assert [len(page.refs) for page in found] == [2, 2, 1]
    uids = [int(ref.uid) for page in found for ref in page.refs]
    assert uids == sorted(set(uids))
    assert {ref.size for page in found for ref in page.refs} == {len(mail(1))}


def test_a_large_message_makes_a_page_alone(box: Box) -> None:
    for size in (100, 2000, 100, 950):
        box.deliver(("INBOX",), b"Subject: x\r\n\r\n" + b"x" * (size - 16) + b"\r\n")
    found = pages(box, ("INBOX",))
    assert [[ref.size for ref in page.refs] for page in found] == [[100], [2000], [100], [950]]


def test_a_page_asked_again_gives_the_same_messages(box: Box) -> None:
    for number in range(5):
        box.deliver(("INBOX",), mail(number))
    inbox = folder(box, "INBOX")
    first = box.source.page(inbox, "", LIMIT)
    second = box.source.page(inbox, first.cursor, LIMIT)
    assert box.source.page(inbox, "", LIMIT) == first
    assert box.source.page(inbox, first.cursor, LIMIT) == second


def test_a_cursor_stays_good_for_what_arrives_later(box: Box) -> None:
    for number in range(3):
        box.deliver(("INBOX",), mail(number))
    end = pages(box, ("INBOX",))[-1].cursor
    nothing = box.source.page(folder(box, "INBOX"), end, LIMIT)
    assert (nothing.refs, nothing.cursor, nothing.more) == ((), end, False)
    box.deliver(("INBOX",), mail(9))
    later = pages(box, ("INBOX",), end)
    assert len([ref for page in later for ref in page.refs]) == 1
    assert later[-1].cursor != end


def test_bytes_flags_and_date_come_unaltered_in_the_order_asked(box: Box) -> None:
    odd = b"Subject: =?utf-8?q?x?=\r\nX-Odd:  two  spaces\r\n\r\n\xe9 8-bit\r\n\r\n"
    box.deliver(("INBOX",), odd, DATE, ("\\Seen", "\\Flagged", "$Work"))
    box.deliver(("INBOX",), mail(2), datetime(1970, 1, 1, tzinfo=UTC))
    inbox = folder(box, "INBOX")
    refs = box.source.page(inbox, "", LIMIT).refs
    second, first = box.source.fetch(inbox, refs[::-1])
    assert isinstance(first, Item)
    assert isinstance(second, Item)
    assert (first.ref.uid, first.mime, first.received) == (refs[0].uid, odd, DATE)
    assert first.received.utcoffset() == DATE.utcoffset()
    assert first.flags == {"\\Seen", "\\Flagged", "$Work"}
    assert second.mime == mail(2)
    assert second.received == datetime(1970, 1, 1, tzinfo=UTC)
    assert second.flags == frozenset()


def test_reading_changes_nothing_at_the_source(box: Box) -> None:
    box.deliver(("INBOX",), mail(1))
    inbox = folder(box, "INBOX")
    refs = box.source.page(inbox, "", LIMIT).refs
    for _ in range(2):
        (item,) = box.source.fetch(inbox, refs)
        assert isinstance(item, Item)
        assert item.flags == frozenset()
    assert folder(box, "INBOX") == inbox


def test_a_message_that_vanished_comes_as_gone(box: Box) -> None:
    for number in range(3):
        box.deliver(("INBOX",), mail(number))
    inbox = folder(box, "INBOX")
    refs = box.source.page(inbox, "", BatchLimit()).refs
    box.delete(("INBOX",), refs[1].uid)
    box.reconnect()
    answers = list(box.source.fetch(inbox, refs))
    assert [type(answer) for answer in answers] == [Item, Gone, Item]
    assert [answer.ref.uid for answer in answers] == [ref.uid for ref in refs]
    assert list(box.source.fetch(inbox, [refs[1]])) == [Gone(refs[1])]
    assert list(box.source.fetch(inbox, [ItemRef("4000000", 1)])) == [Gone(ItemRef("4000000", 1))]


def test_messages_of_several_folders_can_be_read_in_turns(box: Box) -> None:
    box.deliver(("A",), mail(1))
    box.deliver(("B",), mail(2))
    for _ in range(2):
        for name, number in (("A", 1), ("B", 2)):
            place = folder(box, name)
            (item,) = box.source.fetch(place, box.source.page(place, "", LIMIT).refs)
            assert isinstance(item, Item)
            assert item.mime == mail(number)


def test_a_recreated_folder_is_noticed(box: Box) -> None:
    box.deliver(("A",), mail(1))
    before = folder(box, "A")
    box.recreate(("A",))
    with pytest.raises(SourceChanged):
        box.source.page(before, "", LIMIT)
    assert folder(box, "A").validity != before.validity


def test_a_source_may_be_closed_twice(box: Box) -> None:
    box.source.folders()
    box.source.close()
    box.source.close()
