"""Pages of a Graph folder: everything is shown, whatever the rounds are like; and what changed."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from localrun.fakes.graph import GraphServer
from migration.errors import MailboxUnreachable, SourceBusy
from migration.mail import BatchLimit, Folder, Item, ItemRef, Page, Unreadable
from migration.sources import graph_lookout
from migration.sources.graph import GraphSource
from migration.sources.graph_rounds import Rounds
from migration.wire.graph_model import GraphRefused
from tests.graph.plain import mime
from tests.graph.scripted import URL, ScriptedGraph
from tests.graph.sources import ANN, DATE, GraphBox

INBOX = ("INBOX",)
LIMIT = BatchLimit(items=200, size=20_000_000)


@pytest.fixture
def box(server: GraphServer) -> Iterator[GraphBox]:
    made = GraphBox(server)
    made.mailbox.rename_folder("inbox", "INBOX")
    yield made
    made.close()


def inbox(box: GraphBox) -> Folder:
    return next(each for each in box.source.folders() if each.path == INBOX)


def walk(box: GraphBox, cursor: str = "", limit: BatchLimit = LIMIT) -> list[Page]:
    """The pages from a cursor to the end."""
    place, found = inbox(box), list[Page]()
    while not found or found[-1].more:
        found.append(box.source.page(place, cursor, limit))
        cursor = found[-1].cursor
        assert len(found) < 1000
    return found


def uids(pages: list[Page]) -> list[str]:
    return [ref.uid for page in pages for ref in page.refs]


def seed(box: GraphBox, count: int, first: int = 0) -> list[str]:
    contents = [mime(f"message {number}") for number in range(first, first + count)]
    return box.deliver(INBOX, *contents)


@pytest.mark.parametrize("most", [1, 7, 49, 50, 51, 200])
@pytest.mark.parametrize("page_limit", [None, 1, 10])
@pytest.mark.parametrize("empty_pages", [True, False])
def test_all_messages_are_shown_once(
    server: GraphServer, box: GraphBox, most: int, page_limit: int | None, empty_pages: bool
) -> None:
    known = seed(box, 120)
    server.faults.page_limit, server.faults.empty_pages = page_limit, empty_pages
    pages = walk(box, limit=BatchLimit(items=most))
    assert sorted(uids(pages)) == sorted(known)
    assert all(len(page.refs) <= min(most, 50) for page in pages)


def test_any_cursor_is_good_for_another_source(server: GraphServer, box: GraphBox) -> None:
    """A cut page is asked for anew, and may be another then."""
    known = seed(box, 90)
    place = inbox(box)
    cursor, found, more = "", list[str](), True
    while more:
        page = GraphBox(server).source.page(place, cursor, BatchLimit(items=20))
        found += [ref.uid for ref in page.refs]
        if len(found) == 20:
            box.delete(INBOX, found[0])
            box.flag(INBOX, found[1], ("\\Seen",))
        cursor, more = page.cursor, page.more
    assert sorted(found) == sorted(known)


def test_replays_are_shown_again_and_nothing_is_left_out(
    server: GraphServer, box: GraphBox
) -> None:
    known = seed(box, 250)
    server.faults.replays = 3
    found = uids(walk(box, limit=BatchLimit(items=30)))
    assert set(found) == set(known)


def test_a_round_shows_what_came_and_what_changed(box: GraphBox) -> None:
    known = seed(box, 5)
    end = walk(box)[-1].cursor
    quiet = box.source.page(inbox(box), end, LIMIT)
    assert quiet == Page((), end, more=False)
    (new,) = seed(box, 1, first=10)
    box.flag(INBOX, known[2], ("\\Seen",))
    box.delete(INBOX, known[0])
    pages = walk(box, end)
    assert set(uids(pages)) == {new, known[2]}
    assert pages[-1].cursor != end
    assert box.source.page(inbox(box), pages[-1].cursor, LIMIT).refs == ()


def test_what_was_only_deleted_moves_the_cursor(box: GraphBox) -> None:
    known = seed(box, 3)
    end = walk(box)[-1].cursor
    box.delete(INBOX, known[0])
    (page,) = walk(box, end)
    assert (page.refs, page.more) == ((), False)
    assert page.cursor != end
    assert box.source.page(inbox(box), page.cursor, LIMIT) == page


def test_a_message_that_was_moved_away_and_back_is_shown_again(box: GraphBox) -> None:
    known = seed(box, 2)
    box.make(("A",))
    end = walk(box)[-1].cursor
    box.mailbox.move(known[0], "A")
    away = walk(box, end)[-1].cursor
    box.mailbox.move(known[0], "inbox")
    assert uids(walk(box, away)) == [known[0]]


@pytest.mark.parametrize(
    ("status", "code"),
    [(410, "syncStateNotFound"), (400, "SyncStateInvalid"), (404, "ErrorItemNotFound")],
)
@pytest.mark.parametrize("reconnects", [True, False])
def test_a_forgotten_cursor_begins_anew(
    box: GraphBox, reconnects: bool, status: int, code: str
) -> None:
    known = seed(box, 70)
    place = inbox(box)
    middle = box.source.page(place, "", BatchLimit(items=20)).cursor
    end = walk(box)[-1].cursor
    box.mailbox.expire_delta_tokens(status, code)
    if reconnects:
        box.reconnect()
    assert box.source.page(place, end, LIMIT) == Page((), "", more=True)
    assert sorted(uids(walk(box, ""))) == sorted(known)
    # The page that was cut is the first of its round: its link has nothing to be forgotten.
    assert len(uids(walk(box, middle))) == 50


def test_a_service_that_takes_no_expand_with_a_delta_is_asked_for_each_message(
    server: GraphServer, box: GraphBox
) -> None:
    known = seed(box, 3)
    box.flag(INBOX, known[1], ("\\Answered", "\\Seen"))
    server.faults.refuse(400, "BadRequest", path="/messages/delta$", times=1)
    place = inbox(box)
    page = box.source.page(place, "", LIMIT)
    assert [ref.size for ref in page.refs] == [len(mime(f"message {n}")) for n in range(3)]
    end = box.source.page(place, page.cursor, LIMIT)
    assert end == Page((), page.cursor, more=False)
    found = {each.ref.uid: each.flags for each in items(box, place, page.refs)}
    assert found[known[1]] == {"\\Answered", "\\Seen"}


def items(box: GraphBox, place: Folder, refs: tuple[ItemRef, ...]) -> list[Item]:
    found = list(box.source.fetch(place, refs))
    assert all(isinstance(each, Item) for each in found)
    return [each for each in found if isinstance(each, Item)]


def test_dates_are_listed_and_sizes_make_batches(box: GraphBox) -> None:
    box.deliver(INBOX, mime("a", body="x" * 5000), date=DATE + timedelta(days=1))
    box.deliver(INBOX, mime("b", body="x" * 5000))
    pages = walk(box, limit=BatchLimit(items=10, size=6000))
    assert [len(page.refs) for page in pages] == [1, 1]
    assert [page.refs[0].received for page in pages] == [
        "2015-02-02T05:00:00+00:00",
        "2015-02-01T05:00:00+00:00",
    ]


def test_an_edited_draft_is_shown_as_another_message(box: GraphBox) -> None:
    (uid,) = box.deliver(("Drafts",), mime("draft"), flags=("\\Draft",))
    drafts = next(each for each in box.source.folders() if each.path == ("Drafts",))
    first = box.source.page(drafts, "", LIMIT)
    box.mailbox.message(uid).mime = mime("draft", body="edited")
    box.mailbox.touch(uid)
    second = box.source.page(drafts, first.cursor, LIMIT)
    assert first.refs[0].uid != second.refs[0].uid
    (item,) = items(box, drafts, second.refs)
    assert isinstance(item.mime, bytes)
    assert b"edited" in item.mime
    assert "\\Draft" in item.flags
    assert box.source.uids(drafts, second.cursor) == {second.refs[0].uid}
    box.reconnect()
    assert [type(each).__name__ for each in box.source.fetch(drafts, first.refs)] == ["Gone"]


def test_folders_that_are_expected_are_asked_for_together(
    server: GraphServer, box: GraphBox
) -> None:
    for number in range(30):
        box.deliver((f"F{number}",), mime("a"))
    places = [each for each in box.source.folders() if each.path[0].startswith("F")]
    box.source.expect([(place, "") for place in places])
    before = len(server.requests)
    found = [box.source.page(place, "", LIMIT) for place in places]
    assert len(server.requests) == before
    assert [len(page.refs) for page in found] == [1] * 30
    assert box.source.page(places[0], found[0].cursor, LIMIT).refs == ()
    assert len(server.requests) == before + 1


@pytest.mark.parametrize("status", [400, 410])
def test_a_beginning_that_is_refused_is_no_forgotten_cursor(
    server: GraphServer, box: GraphBox, status: int
) -> None:
    """Else the copy would begin anew for ever."""
    place = inbox(box)
    server.faults.refuse(status, "BadRequest", path="/delta", times=None)
    with pytest.raises(MailboxUnreachable):
        box.source.page(place, "", LIMIT)
    with pytest.raises(MailboxUnreachable):
        box.source.read_flags(place, "x", "")


def test_a_folder_whose_links_are_never_known_ends_with_an_error(
    server: GraphServer, box: GraphBox
) -> None:
    """Its beginning would be read again and again."""
    seed(box, 70)
    server.faults.page_limit = 10
    place, cursor = inbox(box), ""
    with pytest.raises(MailboxUnreachable, match="links"):
        for _ in range(20):
            cursor = box.source.page(place, cursor, LIMIT).cursor
            box.mailbox.expire_delta_tokens()


def test_what_cannot_be_told_of_a_message_is_not_made_up() -> None:
    """It would be unread, and very old."""
    inbox_id, delta = {"id": "F="}, f"/users/{ANN}/mailFolders/F=/messages/delta"
    folder = {**inbox_id, "displayName": "Inbox", "totalItemCount": 1, "childFolderCount": 0}
    graph = ScriptedGraph(
        {
            f"/users/{ANN}/mailFolders/inbox": inbox_id,
            f"/users/{ANN}/mailFolders/msgfolderroot/childFolders": [folder],
            f"/users/{ANN}/mailFolders/F=/messages": {"value": [inbox_id], "@odata.count": 1},
            delta: {
                "value": [{"id": "A=", "isRead": True}],
                "@odata.deltaLink": f"{URL}{delta}?$deltatoken=1",
            },
            f"/users/{ANN}/messages/A=": (500, "ErrorInternalServerError"),
            f"/users/{ANN}/mailFolders/F=/messages/A=/$value": mime("one"),
        }
    )
    source = GraphSource(graph.client, ANN)
    (place,) = source.folders()
    (ref,) = source.page(place, "", LIMIT).refs
    assert ref == ItemRef("A=", 0)
    flags = source.read_flags(place, "x", "")
    assert flags is not None
    assert flags.flags == {}
    assert list(source.fetch(place, [ref])) == [Unreadable(ref, "ErrorInternalServerError")]
    source.close()


@pytest.mark.parametrize(
    ("answer", "uids"),
    [
        ({"id": "A=", "isDraft": True, "changeKey": "2"}, {"A=~2"}),
        ((404, "ErrorItemNotFound"), set()),
    ],
)
def test_a_draft_of_which_little_is_told_is_not_taken_for_gone(
    answer: object, uids: set[str]
) -> None:
    """It would be deleted in WorkMail."""
    page = f"/users/{ANN}/mailFolders/F=/messages/delta"
    draft = {"id": "A=", "isDraft": True, "changeKey": "1"}
    graph = ScriptedGraph(
        {
            page: {"value": [draft], "@odata.nextLink": f"{URL}{page}?$skiptoken=2"},
            f"{page}?$skiptoken=2": {
                "value": [{"id": "A=", "isRead": True}],
                "@odata.deltaLink": f"{URL}{page}?$deltatoken=3",
            },
            f"/users/{ANN}/messages/A=": answer,
        }
    )
    assert Rounds(graph.client, ANN).uids("F=", 10) == uids
    graph.answers[f"/users/{ANN}/messages/A="] = (500, "ErrorInternalServerError")
    with pytest.raises(GraphRefused):
        Rounds(graph.client, ANN).uids("F=", 10)


def test_what_pages_have_told_is_known_when_their_turn_comes(
    server: GraphServer, box: GraphBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graph_lookout, "_TOLD", 3)
    for name in ("A", "B", "C"):
        box.deliver((name,), mime("one"), mime("two"))
    places = [each for each in box.source.folders() if each.path[0] in "ABC"]
    box.source.expect([(place, "") for place in places])
    server.traffic.requests.clear()
    for place in places:
        page = box.source.page(place, "", LIMIT)
        assert len(items(box, place, page.refs)) == 2
    assert {each.path.rpartition("/")[2] for each in server.requests} == {"$value"}


def test_a_throttled_page_is_a_busy_source(server: GraphServer, box: GraphBox) -> None:
    seed(box, 1)
    place = inbox(box)
    server.faults.refuse(429, "ApplicationThrottled", path="/delta", retry_after=120)
    with pytest.raises(SourceBusy) as busy:
        box.source.page(place, "", LIMIT)
    assert busy.value.retry_after >= 120
    assert "@" not in str(busy.value)


# ---- flags -----------------------------------------------------------------------------------


def test_flags_are_read_in_a_round_of_their_own(box: GraphBox) -> None:
    known = seed(box, 4)
    place, end = inbox(box), walk(box)[-1].cursor
    first = box.source.read_flags(place, end, "")
    assert first is not None
    assert (first.complete, first.flags) == (True, dict.fromkeys(known, frozenset()))
    assert box.source.read_flags(place, end, first.state) is None
    box.flag(INBOX, known[0], ("\\Seen", "Red category"))
    walk(box, end)  # has its own cursor
    second = box.source.read_flags(place, end, first.state)
    assert second is not None
    assert not second.complete
    assert second.flags == {known[0]: {"\\Seen", "Red category"}}


def test_flags_are_read_anew_when_their_state_was_forgotten(box: GraphBox) -> None:
    known = seed(box, 3)
    place, end = inbox(box), walk(box)[-1].cursor
    first = box.source.read_flags(place, end, "")
    assert first is not None
    box.mailbox.expire_delta_tokens()
    second = box.source.read_flags(place, end, first.state)
    assert second is not None
    assert second.complete
    assert second.flags.keys() == set(known)


def test_flags_of_a_large_folder_are_read_in_parts(
    server: GraphServer, box: GraphBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graph_lookout, "_FLAGS_PAGES", 2)
    known = seed(box, 50)
    place, end = inbox(box), walk(box)[-1].cursor
    server.faults.page_limit = 10
    parts, state, more = list[int](), "", True
    found: dict[str, frozenset[str]] = {}
    while more:
        part = box.source.read_flags(place, end, state)
        assert part is not None
        assert not part.complete
        parts.append(len(part.flags))
        found |= part.flags
        state, more = part.state, part.more
    assert (parts, set(found)) == ([20, 20, 10], set(known))
    assert box.source.read_flags(place, end, state) is None


def test_flags_whose_links_are_never_known_end_with_an_error(
    server: GraphServer, box: GraphBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graph_lookout, "_FLAGS_PAGES", 1)
    seed(box, 30)
    place, end, state = inbox(box), walk(box)[-1].cursor, ""
    server.faults.page_limit = 10
    with pytest.raises(MailboxUnreachable, match="links"):
        for _ in range(10):
            part = box.source.read_flags(place, end, state)
            assert part is not None
            state = part.state
            box.mailbox.expire_delta_tokens()


def test_nothing_is_asked_about_a_folder_that_was_never_read(
    server: GraphServer, box: GraphBox
) -> None:
    place = inbox(box)
    before = len(server.requests)
    assert box.source.read_flags(place, "", "") is None
    assert box.source.uids(place, "") == frozenset()
    assert len(server.requests) == before


def test_uids_are_all_there_are_over_many_pages(server: GraphServer, box: GraphBox) -> None:
    known = seed(box, 30)
    end = walk(box)[-1].cursor
    server.faults.page_limit = 7
    server.faults.replays = 2
    box.delete(INBOX, known[3])
    assert box.source.uids(inbox(box), end) == set(known) - {known[3]}
