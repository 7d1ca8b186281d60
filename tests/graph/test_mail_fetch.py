"""What becomes of messages that Graph gives, and of those that it does not."""

from collections import Counter
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import httpx
import pytest

from localrun.fakes.graph import GraphServer
from migration.errors import SourceBusy
from migration.mail import BatchLimit, Folder, Gone, Item, ItemRef, Unreadable
from migration.mime import MimeStream, whole
from migration.sources.graph import GraphSource
from migration.sources.graph_content import Content, Contents
from migration.sources.graph_flags import Told
from migration.wire.graph import GraphClient
from tests.graph.plain import mime
from tests.graph.scripted import URL, NoTokens
from tests.graph.sources import ANN, DATE, GraphBox, new_client, wait_until

INBOX = ("INBOX",)
LIMIT = BatchLimit(items=50)
LARGE = mime("large", body="0123456789\n" * 300_000).replace(b"\n", b"\r\n")


@pytest.fixture
def box(server: GraphServer) -> Iterator[GraphBox]:
    made = GraphBox(server, speed=20)
    made.mailbox.rename_folder("inbox", "INBOX")
    yield made
    made.close()


def listed(box: GraphBox) -> tuple[Folder, tuple[ItemRef, ...]]:
    place = next(each for each in box.source.folders() if each.path == INBOX)
    return place, box.source.page(place, "", LIMIT).refs


def seed(box: GraphBox, count: int) -> list[str]:
    return box.deliver(INBOX, *(mime(f"message {number}") for number in range(count)))


def questions(server: GraphServer) -> Counter[str]:
    """How many of each kind were asked."""
    kinds = ("$value", "/delta", "childFolders", "$count")
    return Counter(
        next((kind for kind in kinds if kind in each.path), "other") for each in server.requests
    )


def test_one_question_is_asked_for_each_message(server: GraphServer, box: GraphBox) -> None:
    seed(box, 50)
    place, refs = listed(box)
    server.traffic.requests.clear()
    assert len(list(box.source.fetch(place, refs))) == 50
    assert questions(server) == {"$value": 50}


@pytest.mark.parametrize("width", [1, 4])
def test_no_more_than_four_are_under_way(server: GraphServer, box: GraphBox, width: int) -> None:
    """While another thread lists, and a batch runs, too."""
    seed(box, 40)
    for number in range(25):
        box.deliver((f"F{number}",), mime("one"))
    server.latency = 0.005
    server.traffic.at_once = width
    place, refs = listed(box)
    answers = box.source.fetch(place, refs)
    folders = box.source.folders()
    box.source.expect([(each, "") for each in folders])
    assert len(list(answers)) == 40
    assert server.most_in_flight(ANN) <= 4
    refused = sum(1 for each in server.requests if each.status == 429)
    assert refused == 0 if width == 4 else refused > 0


def test_a_service_that_takes_less_at_once_gets_less(server: GraphServer, box: GraphBox) -> None:
    """After the first refusals nearly all goes through."""
    seed(box, 50)
    place, refs = listed(box)
    server.latency = 0.003
    server.traffic.at_once = 2
    server.traffic.requests.clear()
    assert all(isinstance(each, Item) for each in box.source.fetch(place, refs))
    statuses = [each.status for each in server.requests]
    assert Counter(statuses)[200] == 50
    assert 0 < Counter(statuses)[429] <= 8


def test_a_long_pause_is_left_to_the_workflow(server: GraphServer, box: GraphBox) -> None:
    seed(box, 10)
    place, refs = listed(box)
    server.faults.refuse(429, "ApplicationThrottled", path="value$", after=3, retry_after=90)
    with pytest.raises(SourceBusy) as busy:
        list(box.source.fetch(place, refs))
    assert busy.value.retry_after >= 90
    assert "@" not in str(busy.value)
    box.source.close()
    assert len(list(box.source.fetch(place, refs))) == 10


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (500, "ErrorCorruptData"),
        (400, "ErrorInvalidRecipients"),
        (403, "ErrorItemPropertyRequestFailed"),
        (500, "ErrorInternalServerError"),
        (502, "UnknownError"),
    ],
)
def test_a_message_that_cannot_be_given_is_told_at_the_end(
    box: GraphBox, status: int, code: str
) -> None:
    known = seed(box, 4)
    place, refs = listed(box)
    box.mailbox.corrupt(known[1], status=status, code=code)
    answers = list(box.source.fetch(place, refs))
    assert [type(each) for each in answers] == [Item, Item, Item, Unreadable]
    assert answers[-1] == Unreadable(refs[1], code)


def test_a_mailbox_that_fails_as_a_whole_is_busy(server: GraphServer, box: GraphBox) -> None:
    seed(box, 2)
    place, refs = listed(box)
    server.faults.refuse(500, "ErrorInternalServerError", times=None)
    with pytest.raises(SourceBusy):
        list(box.source.fetch(place, refs))


def test_a_message_over_which_the_connection_breaks_holds_up_no_other(
    server: GraphServer, box: GraphBox
) -> None:
    known = seed(box, 4)
    place, refs = listed(box)
    server.faults.drop(path=f"/{known[1]}/", times=1000)
    answers = list(box.source.fetch(place, refs))
    assert [type(each) for each in answers] == [Item, Item, Item, Unreadable]
    assert answers[-1] == Unreadable(refs[1], "connection-lost")


def test_a_mailbox_to_which_all_connections_break_is_busy(
    server: GraphServer, box: GraphBox
) -> None:
    seed(box, 2)
    place, refs = listed(box)
    server.faults.drop(times=1000)
    with pytest.raises(SourceBusy):
        list(box.source.fetch(place, refs))


class Breaking(httpx.SyncByteStream):
    """Breaks off in the middle, unless `is_whole`."""

    def __init__(self, body: bytes, *, is_whole: bool) -> None:
        self.body, self.is_whole = body, is_whole

    def __iter__(self) -> Iterator[bytes]:
        half = len(self.body) // 2
        yield self.body[:half]
        if not self.is_whole:
            raise httpx.ReadError("broken")
        yield self.body[half:]


@pytest.mark.parametrize("body", [mime("small"), LARGE], ids=["small", "large"])
def test_what_came_before_a_connection_broke_is_not_kept(body: bytes) -> None:
    tries = count(1)

    def answer(request: httpx.Request) -> httpx.Response:
        if not request.url.path.endswith("/$value"):
            return httpx.Response(200, json={"id": "F="})
        return httpx.Response(200, stream=Breaking(body, is_whole=next(tries) == 3))

    client = GraphClient(URL, NoTokens(), transport=httpx.MockTransport(answer))
    told = Told(ItemRef("A=", 1), DATE, frozenset())
    content = Content()
    assert Contents(client, ANN, lambda _: told).read_message("F=", told.ref, content) == told
    assert whole(content.mime) == body
    content.close()
    assert next(tries) == 4


def test_a_message_that_was_moved_is_gone_from_its_folder(box: GraphBox) -> None:
    known = seed(box, 2)
    box.make(("A",))
    place, refs = listed(box)
    box.mailbox.move(known[0], "A")
    assert list(box.source.fetch(place, refs))[-1] == Gone(refs[0])


def test_flags_are_asked_for_where_no_list_has_told_them(
    server: GraphServer, box: GraphBox
) -> None:
    box.deliver(INBOX, mime("one"), flags=("\\Seen", "\\Flagged", "$Forwarded", "Red category"))
    place, refs = listed(box)
    other = GraphSource(new_client(server), ANN)
    (first,), (second,) = box.source.fetch(place, refs), other.fetch(place, refs)
    assert isinstance(first, Item)
    assert isinstance(second, Item)
    assert second.flags == {"\\Seen", "\\Flagged", "$Forwarded", "Red category"}
    assert (first.flags, first.received) == (second.flags, second.received)
    other.close()


def open_files() -> set[str]:
    """What this process has open that has no name any more."""
    found = set()
    for entry in Path("/proc/self/fd").iterdir():
        try:
            target = str(entry.readlink())
        except FileNotFoundError:
            continue
        if target.startswith("/tmp") and "deleted" in target:
            found.add(target)
    return found


@pytest.mark.parametrize("how", ["read", "closed", "left", "source closed"])
def test_files_of_large_messages_are_closed(box: GraphBox, how: str) -> None:
    box.deliver(INBOX, LARGE, LARGE, LARGE)
    place, refs = listed(box)
    before = open_files()
    answers = box.source.fetch(place, refs)
    first = next(answers)
    assert isinstance(first, Item)
    assert isinstance(first.mime, MimeStream)
    assert open_files() - before
    match how:
        case "read":
            assert whole(first.mime) == LARGE
            for each in answers:
                assert isinstance(each, Item)
                assert whole(each.mime) == LARGE
        case "closed":
            first.mime.close()
            for each in answers:
                assert isinstance(each, Item)
                assert isinstance(each.mime, MimeStream)
                each.mime.close()
        case "left":
            answers.close()  # type: ignore[attr-defined]
        case "source closed":
            box.source.close()
    box.source.close()
    wait_until(
        lambda: open_files() <= before
    )  # what comes at this moment is let go when it is there


def test_the_header_of_a_large_message_comes_without_the_rest(
    server: GraphServer, box: GraphBox
) -> None:
    known = box.deliver(INBOX, LARGE, mime("small"), mime("broken"))
    box.mailbox.corrupt(known[2])
    place, refs = listed(box)
    found = box.source.outline(place, refs)
    assert found[known[0]].header == LARGE[: LARGE.index(b"\r\n\r\n") + 4]
    assert found[known[1]].header.startswith(b"From: Bob")
    assert known[2] not in found
