"""What every Source promises. A new source joins with a box in `BOXES`; what it cannot do
(`Capabilities`) is skipped, and nothing else."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from typing import Protocol

import pytest

from localrun.fakes.graph import GraphServer
from localrun.fakes.mailbox import MemorySource
from migration.errors import SourceBusy, SourceChanged
from migration.mail import (
    BatchLimit,
    FlagReading,
    Folder,
    Gone,
    Item,
    ItemRef,
    Page,
    SpecialUse,
    Unreadable,
)
from migration.mime import MimeStream, whole
from migration.ports import Source
from migration.sources.imap import ImapSource
from tests.contract.imap_servers import ABOUT_TARGETS, KINDS, ImapMailbox, ImapServers
from tests.graph.sources import ANN, GraphBox

LIMIT = BatchLimit(items=2, size=1000)
DATE = datetime(2015, 2, 1, 10, 30, tzinfo=timezone(timedelta(hours=5, minutes=30)))
LARGE = b"Subject: large\r\n\r\n" + b"0123456789abcd\r\n" * 70_000

Path = tuple[str, ...]


class Box(Protocol):
    """A mailbox at a source, and what happens in it from outside. `keeps_zones`: the server keeps
    the zone of a date, and not the moment alone."""

    @property
    def source(self) -> Source: ...

    @property
    def keeps_zones(self) -> bool: ...

    def deliver(
        self, path: Path, *contents: bytes, date: datetime = ..., flags: tuple[str, ...] = ...
    ) -> object: ...

    def delete(self, path: Path, uid: str) -> None: ...

    def flag(self, path: Path, uid: str, flags: tuple[str, ...]) -> None: ...

    def recreate(self, path: Path) -> None: ...

    def reconnect(self) -> None:
        """Ends the connection; a server may show an open one what has been deleted since."""

    def close(self) -> None: ...


class MemoryBox:
    keeps_zones = True

    def __init__(self) -> None:
        self.source = MemorySource()
        self.source.add_folder(("INBOX",), SpecialUse.INBOX)

    def deliver(
        self, path: Path, *contents: bytes, date: datetime = DATE, flags: tuple[str, ...] = ()
    ) -> None:
        for mime in contents:
            self.source.deliver(path, mime, date, flags)

    def delete(self, path: Path, uid: str) -> None:
        self.source.delete(path, uid)

    def flag(self, path: Path, uid: str, flags: tuple[str, ...]) -> None:
        self.source.flag(path, uid, flags)

    def recreate(self, path: Path) -> None:
        self.source.recreate(path)

    def reconnect(self) -> None:
        self.source.close()

    def close(self) -> None:
        self.source.close()


class ImapBox:
    """An ImapSource on a server."""

    keeps_zones = True

    def __init__(self, mailbox: ImapMailbox) -> None:
        self.mailbox = mailbox
        self.source = ImapSource(mailbox.server, mailbox.login)

    def deliver(
        self, path: Path, *contents: bytes, date: datetime = DATE, flags: tuple[str, ...] = ()
    ) -> None:
        self.mailbox.append(path, *((mime, date, flags) for mime in contents))

    def delete(self, path: Path, uid: str) -> None:
        with self.mailbox.client() as client:
            client.select_folder(self.mailbox.name(path))
            client.delete_messages([int(uid)])
            client.expunge()

    def flag(self, path: Path, uid: str, flags: tuple[str, ...]) -> None:
        with self.mailbox.client() as client:
            client.select_folder(self.mailbox.name(path))
            client.set_flags([int(uid)], flags)

    def recreate(self, path: Path) -> None:
        with self.mailbox.client() as client:
            client.delete_folder(self.mailbox.name(path))
            client.create_folder(self.mailbox.name(path))

    def reconnect(self) -> None:
        self.source.close()

    def close(self) -> None:
        self.source.close()


class GraphMailbox(GraphBox):
    """A GraphSource on a server of its own."""

    keeps_zones = False

    def __init__(self) -> None:
        self.server = GraphServer()
        self.server.add_user(ANN, "Ann Example")
        super().__init__(self.server)
        self.mailbox.rename_folder("inbox", "INBOX")

    def close(self) -> None:
        super().close()
        self.server.close()


def imap_box(kind: str, servers: ImapServers) -> Box:
    return ImapBox(servers.mailbox(kind))


BOXES: dict[str, Callable[[ImapServers], Box]] = {
    "memory": lambda _: MemoryBox(),
    "graph": lambda _: GraphMailbox(),
    **{kind: partial(imap_box, kind) for kind in KINDS if kind not in ABOUT_TARGETS},
}


@pytest.fixture(scope="module")
def servers() -> Iterator[ImapServers]:
    started = ImapServers()
    yield started
    started.close()


@pytest.fixture(params=BOXES)
def box(request: pytest.FixtureRequest, servers: ImapServers) -> Iterator[Box]:
    made = BOXES[request.param](servers)
    yield made
    made.close()


def folder(box: Box, *path: str) -> Folder:
    return next(each for each in box.source.folders() if each.path == path)


def mail(number: int) -> bytes:
    return b"Subject: %d\r\n\r\nbody %d\r\n" % (number, number)


def read(answers: Iterator[Item | Gone | Unreadable]) -> list[Item]:
    """The answers, which must all be items."""
    items = []
    for answer in answers:
        assert isinstance(answer, Item)
        items.append(answer)
    return items


def pages(box: Box, path: Path, cursor: str = "") -> list[Page]:
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
    box.deliver(("INBOX",), *map(mail, range(5)))
    found = pages(box, ("INBOX",))
    assert [len(page.refs) for page in found] == [2, 2, 1]
    refs = [ref for page in found for ref in page.refs]
    items = read(box.source.fetch(folder(box, "INBOX"), refs))
    assert [item.mime for item in items] == list(map(mail, range(5)))
    assert len({ref.uid for ref in refs}) == 5
    assert {ref.size for page in found for ref in page.refs} == {len(mail(1))}


def test_a_large_message_makes_a_page_alone(box: Box) -> None:
    sizes = (100, 2000, 100, 950)
    box.deliver(
        ("INBOX",), *(b"Subject: x\r\n\r\n" + b"x" * (size - 16) + b"\r\n" for size in sizes)
    )
    found = pages(box, ("INBOX",))
    assert [[ref.size for ref in page.refs] for page in found] == [[100], [2000], [100], [950]]


def test_a_page_asked_again_gives_the_same_messages(box: Box) -> None:
    box.deliver(("INBOX",), *map(mail, range(5)))
    inbox = folder(box, "INBOX")
    first = box.source.page(inbox, "", LIMIT)
    second = box.source.page(inbox, first.cursor, LIMIT)
    assert box.source.page(inbox, "", LIMIT) == first
    assert box.source.page(inbox, first.cursor, LIMIT) == second


def test_a_cursor_stays_good_for_what_arrives_later(box: Box) -> None:
    box.deliver(("INBOX",), *map(mail, range(3)))
    end = pages(box, ("INBOX",))[-1].cursor
    nothing = box.source.page(folder(box, "INBOX"), end, LIMIT)
    assert (nothing.refs, nothing.cursor, nothing.more) == ((), end, False)
    box.deliver(("INBOX",), mail(9))
    later = pages(box, ("INBOX",), end)
    assert len([ref for page in later for ref in page.refs]) == 1
    assert later[-1].cursor != end


def test_bytes_flags_and_date_come_unaltered(box: Box) -> None:
    odd = b"Subject: =?utf-8?q?x?=\r\nX-Odd:  two  spaces\r\n\r\n\xe9 8-bit\r\n\r\n"
    box.deliver(("INBOX",), odd, flags=("\\Seen", "\\Flagged", "$Work"))
    box.deliver(("INBOX",), mail(2), date=datetime(1971, 1, 1, tzinfo=UTC))
    inbox = folder(box, "INBOX")
    refs = box.source.page(inbox, "", LIMIT).refs
    first, second = read(box.source.fetch(inbox, refs))
    assert (first.ref, first.mime, first.received) == (refs[0], odd, DATE)
    if box.keeps_zones:
        assert first.received.utcoffset() == DATE.utcoffset()
    assert first.flags == {"\\Seen", "\\Flagged", "$Work"}
    assert (second.ref, second.mime) == (refs[1], mail(2))
    assert second.received == datetime(1971, 1, 1, tzinfo=UTC)
    assert second.flags == frozenset()


def test_messages_come_in_the_order_of_the_folder(box: Box) -> None:
    box.deliver(("INBOX",), *map(mail, range(60)))
    inbox = folder(box, "INBOX")
    refs = box.source.page(inbox, "", BatchLimit()).refs
    assert [item.ref for item in read(box.source.fetch(inbox, refs))] == list(refs)
    some = refs[3:50:4]
    assert [item.ref for item in read(box.source.fetch(inbox, some))] == list(some)
    assert list(box.source.fetch(inbox, [])) == []


def test_reading_changes_nothing_at_the_source(box: Box) -> None:
    box.deliver(("INBOX",), mail(1))
    inbox = folder(box, "INBOX")
    refs = box.source.page(inbox, "", LIMIT).refs
    for _ in range(2):
        (item,) = box.source.fetch(inbox, refs)
        assert isinstance(item, Item)
        assert item.flags == frozenset()
    assert folder(box, "INBOX") == inbox


def test_messages_that_vanished_come_as_gone_at_the_end(box: Box) -> None:
    box.deliver(("INBOX",), *map(mail, range(4)))
    inbox = folder(box, "INBOX")
    refs = box.source.page(inbox, "", BatchLimit()).refs
    box.delete(("INBOX",), refs[1].uid)
    box.reconnect()
    answers = list(box.source.fetch(inbox, refs))
    assert [type(answer) for answer in answers] == [Item, Item, Item, Gone]
    assert [answer.ref for answer in answers] == [refs[0], *refs[2:], refs[1]]
    assert list(box.source.fetch(inbox, [refs[1]])) == [Gone(refs[1])]
    assert list(box.source.fetch(inbox, [ItemRef("4000000", 1)])) == [Gone(ItemRef("4000000", 1))]


def test_messages_that_are_not_fetched_are_told_by_date_and_header(box: Box) -> None:
    contents = (
        mail(1),
        b"Subject: =?utf-8?q?=C3=BC?=\r\nX-Long: " + b"x" * 900 + b"\r\n\r\nb",
        LARGE,
    )
    box.deliver(("INBOX",), *contents, mail(4))
    refs = [ref for page in pages(box, ("INBOX",)) for ref in page.refs]
    box.delete(("INBOX",), refs[3].uid)
    box.reconnect()
    found = box.source.outline(folder(box, "INBOX"), refs)
    assert {uid: each.received for uid, each in found.items()} == {
        ref.uid: DATE for ref in refs[:3]
    }
    headers = [found[ref.uid].header.rstrip() for ref in refs[:3]]
    assert headers == [content.partition(b"\r\n\r\n")[0] for content in contents]


def test_several_batches_are_asked_for_before_the_first_is_read(box: Box) -> None:
    box.deliver(("A",), *map(mail, range(9)))
    box.deliver(("B",), *map(mail, range(100, 103)))
    one, other = folder(box, "A"), folder(box, "B")
    refs = box.source.page(one, "", BatchLimit()).refs
    others = box.source.page(other, "", BatchLimit()).refs
    asked = [
        box.source.fetch(one, refs[:4]),
        box.source.fetch(one, refs[4:]),
        box.source.fetch(other, others),
        box.source.fetch(one, refs[2:3]),
    ]
    found = [[whole(item.mime) for item in read(answers)] for answers in asked]
    assert found == [
        list(map(mail, range(4))),
        list(map(mail, range(4, 9))),
        list(map(mail, range(100, 103))),
        [mail(2)],
    ]


def test_what_follows_may_be_announced(box: Box) -> None:
    box.deliver(("A",), *map(mail, range(9)))
    box.deliver(("B",), *map(mail, range(100, 103)))
    one, other = folder(box, "A"), folder(box, "B")
    refs = box.source.page(one, "", BatchLimit()).refs
    others = box.source.page(other, "", BatchLimit()).refs
    asked = [
        box.source.fetch(one, refs[:4], refs[4:]),
        box.source.fetch(one, refs[4:6]),
        box.source.fetch(one, refs[6:]),
        box.source.fetch(other, others[:1], others[1:]),
        box.source.fetch(one, refs[2:3]),  # others[1:] were announced in vain
        box.source.fetch(other, others[2:]),
    ]
    found = [[whole(item.mime) for item in read(answers)] for answers in asked]
    assert found == [
        list(map(mail, range(4))),
        list(map(mail, range(4, 6))),
        list(map(mail, range(6, 9))),
        [mail(100)],
        [mail(2)],
        [mail(102)],
    ]


def test_messages_that_vanished_do_not_disturb_the_batches_behind(box: Box) -> None:
    box.deliver(("A",), *map(mail, range(6)))
    place = folder(box, "A")
    refs = box.source.page(place, "", BatchLimit()).refs
    box.delete(("A",), refs[1].uid)
    box.delete(("A",), refs[2].uid)
    box.reconnect()
    first, second = box.source.fetch(place, refs[:3]), box.source.fetch(place, refs[3:])
    assert [type(answer) for answer in first] == [Item, Gone, Gone]
    assert [item.mime for item in read(second)] == [mail(3), mail(4), mail(5)]


def test_large_messages_come_as_streams(box: Box) -> None:
    box.deliver(("INBOX",), mail(0), LARGE, mail(2), LARGE + b"end\r\n")
    inbox = folder(box, "INBOX")
    refs = box.source.page(inbox, "", BatchLimit()).refs
    found = []
    for answer in box.source.fetch(inbox, refs):
        assert isinstance(answer, Item)
        assert isinstance(answer.mime, MimeStream) is (answer.ref.size > 1_000_000)
        assert len(answer.mime) == answer.ref.size
        assert answer.received == DATE
        found.append(whole(answer.mime))
    assert found == [mail(0), LARGE, mail(2), LARGE + b"end\r\n"]


def test_a_stream_may_be_left_unread_or_in_its_middle(box: Box) -> None:
    box.deliver(("INBOX",), LARGE, LARGE, mail(2))
    inbox = folder(box, "INBOX")
    answers = box.source.fetch(inbox, box.source.page(inbox, "", BatchLimit()).refs)
    unread, half = next(answers), None
    assert isinstance(unread, Item)
    assert isinstance(unread.mime, MimeStream)
    unread.mime.close()
    half = next(answers)
    assert isinstance(half, Item)
    assert isinstance(half.mime, MimeStream)
    next(iter(half.mime))
    half.mime.close()
    (last,) = read(answers)
    assert last.mime == mail(2)


def test_who_leaves_early_can_go_on(box: Box) -> None:
    box.deliver(("INBOX",), *map(mail, range(9)))
    inbox = folder(box, "INBOX")
    refs = box.source.page(inbox, "", BatchLimit()).refs
    first, second = box.source.fetch(inbox, refs[:5]), box.source.fetch(inbox, refs[5:])
    next(first)
    first.close()  # type: ignore[attr-defined]
    assert [item.mime for item in read(second)] == [mail(number) for number in range(5, 9)]
    assert [item.mime for item in read(box.source.fetch(inbox, refs))] == list(map(mail, range(9)))


def test_one_thread_fetches_while_another_looks(box: Box) -> None:
    box.deliver(("A",), *map(mail, range(40)))
    box.deliver(("B",), *map(mail, range(5)))
    place = folder(box, "A")
    refs = box.source.page(place, "", BatchLimit()).refs
    found: list[bytes] = []

    def fetch() -> None:
        for start in range(0, 40, 10):
            found.extend(
                whole(item.mime) for item in read(box.source.fetch(place, refs[start : start + 10]))
            )

    thread = threading.Thread(target=fetch)
    thread.start()
    for _ in range(5):
        assert box.source.page(folder(box, "B"), "", LIMIT).more
    thread.join(20)
    assert found == list(map(mail, range(40)))


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


def test_a_folder_tells_where_it_ends_and_whether_it_changed(box: Box) -> None:
    box.deliver(("A",), *map(mail, range(3)))
    before = folder(box, "A")
    if before.end:
        assert pages(box, ("A",))[-1].cursor == before.end
    assert folder(box, "A") == before
    box.deliver(("A",), mail(9))
    box.reconnect()
    after = folder(box, "A")
    assert after.count == 4
    if before.end:
        assert after.end != before.end
        assert len(box.source.page(after, before.end, LIMIT).refs) == 1
    if before.changes:
        assert after.changes != before.changes
        box.flag(("A",), box.source.page(after, "", LIMIT).refs[0].uid, ("\\Seen",))
        box.reconnect()
        assert folder(box, "A").changes != after.changes


def test_a_source_that_was_opened_ahead_is_the_same(box: Box) -> None:
    box.deliver(("A",), mail(1), mail(2))
    box.reconnect()
    box.source.open()
    box.source.open()
    place = folder(box, "A")
    refs = box.source.page(place, "", LIMIT).refs
    box.source.open()
    assert [whole(item.mime) for item in read(box.source.fetch(place, refs))] == [mail(1), mail(2)]
    box.source.close()
    box.source.open()
    box.source.close()
    assert folder(box, "A").count == 2


def shown(found: Sequence[Page]) -> list[tuple[Sequence[ItemRef], bool]]:
    """The pages without their cursors: there may be several to one place."""
    return [(page.refs, page.more) for page in found]


def test_what_is_expected_is_the_same(box: Box) -> None:
    names = [("INBOX",), ("A",), ("B",), ("Empty",)]
    for number, path in enumerate(names[:3]):
        box.deliver(path, *map(mail, range(number, 5)))
    box.deliver(("Empty",), mail(1))
    empty = folder(box, "Empty")
    box.delete(("Empty",), box.source.page(empty, "", LIMIT).refs[0].uid)
    box.reconnect()
    places = [folder(box, *path) for path in names]
    first = [box.source.page(place, "", LIMIT) for place in places]
    second = [
        box.source.page(place, page.cursor, LIMIT)
        for place, page in zip(places, first, strict=True)
    ]
    box.reconnect()
    box.source.expect([(place, "") for place in places])
    again = [box.source.page(place, "", LIMIT) for place in places]
    assert shown(again) == shown(first)
    box.source.expect([(place, page.cursor) for place, page in zip(places, again, strict=True)])
    further = [
        box.source.page(place, page.cursor, LIMIT)
        for place, page in zip(places, again, strict=True)
    ]
    assert shown(further) == shown(second)
    box.source.expect([])


def read_three(box: Box, place: Folder) -> tuple[str, tuple[ItemRef, ...]]:
    """The cursor behind three messages, and those that the source counts as read then: all, if its
    cursors say nothing of single messages."""
    refs = box.source.page(place, "", BatchLimit()).refs
    first = box.source.page(place, "", BatchLimit(items=3))
    return first.cursor, refs if box.source.capabilities.repeats else first.refs


def test_flags_that_changed_are_read(box: Box) -> None:
    if not box.source.capabilities.reads_flags:
        pytest.skip("reads no flags")
    box.deliver(("A",), *map(mail, range(4)), flags=("\\Seen",))
    place = folder(box, "A")
    refs = box.source.page(place, "", BatchLimit()).refs
    cursor, known = read_three(box, place)
    first = box.source.read_flags(place, cursor, "")
    assert isinstance(first, FlagReading)
    assert first.complete
    assert first.flags == {ref.uid: {"\\Seen"} for ref in known}
    assert box.source.read_flags(place, cursor, first.state) is None
    box.flag(("A",), refs[0].uid, ("\\Flagged", "\\Answered"))
    box.flag(("A",), refs[1].uid, ())
    second = box.source.read_flags(folder(box, "A"), cursor, first.state)
    assert isinstance(second, FlagReading)
    assert second.state != first.state
    assert second.flags[refs[0].uid] == {"\\Flagged", "\\Answered"}
    assert second.flags[refs[1].uid] == frozenset()
    assert second.flags.keys() <= {ref.uid for ref in known}
    assert box.source.read_flags(folder(box, "A"), cursor, second.state) is None


def test_uids_that_are_still_there_are_listed(box: Box) -> None:
    if not box.source.capabilities.lists_uids:
        pytest.skip("lists no uids")
    box.deliver(("A",), *map(mail, range(4)))
    place = folder(box, "A")
    refs = box.source.page(place, "", BatchLimit()).refs
    cursor, known = read_three(box, place)
    assert box.source.uids(place, cursor) == {ref.uid for ref in known}
    box.delete(("A",), refs[1].uid)
    box.reconnect()
    there = {ref.uid for ref in known if ref != refs[1]}
    assert box.source.uids(folder(box, "A"), cursor) == there
    assert box.source.uids(folder(box, "A"), "") == frozenset()


def test_a_source_may_be_closed_twice(box: Box) -> None:
    box.source.folders()
    box.source.close()
    box.source.close()


def test_a_source_may_be_closed_while_another_thread_reads(box: Box) -> None:
    box.deliver(("INBOX",), *[LARGE] * 3)
    inbox = folder(box, "INBOX")
    answers = box.source.fetch(inbox, box.source.page(inbox, "", BatchLimit()).refs)
    first = next(answers)
    assert isinstance(first, Item)
    assert isinstance(first.mime, MimeStream)
    ended = threading.Event()

    def read_on() -> None:
        try:
            for answer in answers:
                assert isinstance(answer, Item)
                whole(answer.mime)
        except SourceBusy:
            pass
        finally:
            ended.set()

    thread = threading.Thread(target=read_on, daemon=True)
    thread.start()
    box.source.close()
    first.mime.close()
    assert ended.wait(10)
