"""What every Target promises. A new target joins with an entry in `target_cases`; what it cannot
do (`Capabilities`) is skipped, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial

import pytest

from localrun.fakes.mailbox import MemoryTarget
from localrun.fakes.workmail_ews import EwsServer
from migration.access import Entry
from migration.directory_model import Token
from migration.errors import FolderGone, SourceBusy
from migration.identity import migration_key
from migration.mail import (
    Folder,
    FolderPlan,
    Gone,
    Item,
    ItemRef,
    Outcome,
    SpecialUse,
    Stamped,
    Stored,
)
from migration.mime import Mime, MimeStream, fingerprint, whole
from migration.ports import Target
from migration.targets.workmail_ews import WorkmailEwsTarget
from migration.targets.workmail_imap import WorkmailImapTarget
from migration.wire.ews import EwsClient
from migration.wire.ews_login import Basic
from tests.contract.imap_servers import ABOUT_SOURCES, KINDS, ImapServers

OpenTarget = Callable[[], Target]
TargetCase = Callable[[], AbstractContextManager[OpenTarget]]


@contextmanager
def memory_target() -> Iterator[OpenTarget]:
    target = MemoryTarget()
    yield lambda: target


@contextmanager
def memory_target_without_keys() -> Iterator[OpenTarget]:
    target = MemoryTarget(keeps_key=False)
    yield lambda: target


@contextmanager
def workmail_ews_target() -> Iterator[OpenTarget]:
    with EwsServer(lambda *_: "ok", lambda _: True, lambda: 1e9) as server:
        yield lambda: WorkmailEwsTarget(EwsClient(server.url, lambda: Token("t"), "a@example.test"))


@contextmanager
def workmail_ews_target_by_password(entry: Entry) -> Iterator[OpenTarget]:
    """WorkMail lets the administrator in by this entry alone."""
    admin = Basic("admin@example.test", "Admins-password-1", entry)
    with EwsServer(
        lambda *_: "unknown",
        lambda _: True,
        lambda: 1e9,
        check_password=lambda user, password: (user, password) == (admin.user, admin.password),
        may_open=lambda user, mailbox: "ok" if mailbox == "a@example.test" else "denied",
    ) as server:
        server.basic_entries = {entry}
        yield lambda: WorkmailEwsTarget(EwsClient(server.url, admin, "a@example.test"))


servers = ImapServers()
"""Those of this module's tests."""


@pytest.fixture(scope="module", autouse=True)
def _end_of_servers() -> Iterator[None]:
    yield
    servers.close()


@contextmanager
def workmail_imap_target(kind: str) -> Iterator[OpenTarget]:
    mailbox = servers.mailbox(kind)
    yield lambda: WorkmailImapTarget(mailbox.server, mailbox.login)


target_cases: dict[str, TargetCase] = {
    "memory": memory_target,
    "memory without keys": memory_target_without_keys,
    "workmail ews": workmail_ews_target,
    **{
        f"workmail ews by password, {entry}": partial(workmail_ews_target_by_password, entry)
        for entry in Entry
    },
    **{kind: partial(workmail_imap_target, kind) for kind in KINDS if kind not in ABOUT_SOURCES},
}
"""Each has an empty mailbox, gives what opens it (each time anew), and ends what it started."""


@pytest.fixture(params=target_cases)
def open_target(request: pytest.FixtureRequest) -> Iterator[OpenTarget]:
    with ExitStack() as stack:
        opens = stack.enter_context(target_cases[request.param]())

        def opened() -> Target:
            target = opens()
            stack.callback(target.close)
            return target

        yield opened


@pytest.fixture
def target(open_target: OpenTarget) -> Target:
    return open_target()


# -- words of the tests

RECEIVED = datetime(2020, 1, 1, 12, 30, 59, tzinfo=UTC)
LARGE = 1_500_000


def plan(*path: str, special: SpecialUse | None = None) -> FolderPlan:
    return FolderPlan(Folder("key", path, "1", 0, special), path, special)


def ensure(target: Target, *path: str) -> str:
    (folder_id,) = target.ensure_folders([plan(*path)])
    return folder_id


def small(number: int) -> bytes:
    return (
        b"From: a@example.test\r\nDate: Wed, 01 Jan 2020 12:00:00 +0000\r\n"
        b"Message-ID: <%d@example.test>\r\nSubject: %d\r\n\r\nbody %d\r\n" % ((number,) * 3)
    )


def large(number: int) -> bytes:
    content = small(number)
    lines = (LARGE - len(content)) // 16
    return content + b"0123456789abcd\r\n" * lines


def stream(content: bytes) -> MimeStream:
    pieces = (content[start : start + 50_000] for start in range(0, len(content), 50_000))
    return MimeStream(len(content), pieces)


def stamped(number: int, *flags: str, content: Mime | None = None) -> Stamped:
    mime = small(number) if content is None else content
    item = Item(ItemRef(str(number), len(mime)), mime, RECEIVED, frozenset(flags))
    return Stamped(migration_key("acme", "m", "f", "1", str(number)), item)


def store(target: Target, folder_id: str, batch: Iterable[Stamped]) -> list[str]:
    """Appends all; their ids."""
    return ids_of(target.append(folder_id, batch).outcomes())


def ids_of(outcomes: Sequence[Outcome]) -> list[str]:
    assert all(isinstance(outcome, Stored) for outcome in outcomes)
    return [outcome.target_id for outcome in outcomes if isinstance(outcome, Stored)]


def found(target: Target, folder_id: str, mark: str, numbers: Iterable[int]) -> set[int]:
    """Which of the numbered messages came into the folder after the mark, known again as the
    target allows."""
    keys = {stamped(number).key: number for number in numbers}
    prints = {fingerprint(small(number)): number for number in numbers}
    answers = list(target.since(folder_id, mark, list(keys)))
    if target.capabilities.keeps_key:
        return {keys[each.key] for each in answers}
    return {prints[each.fingerprint] for each in answers if each.fingerprint in prints}


def shown(target: Target, folder_id: str, ids: Sequence[str]) -> dict[str, Item | None]:
    """The items by id, None for those that are gone; the content of each is read."""
    answers: dict[str, Item | None] = {}
    for each in target.show(folder_id, ids):
        assert each.ref.uid not in answers
        if isinstance(each, Gone):
            answers[each.ref.uid] = None
        else:
            content = whole(each.mime)
            answers[each.ref.uid] = Item(each.ref, content, each.received, each.flags)
    assert sorted(answers) == sorted(ids)
    return answers


def flags_of(item: Item | None) -> set[str]:
    """A server adds \\Recent by itself."""
    assert item is not None
    return set(item.flags) - {"\\Recent"}


# -- folders


def test_a_folder_is_created_once_with_its_parents(target: Target) -> None:
    folder_id = ensure(target, "Projects", "2020", "Été & Co")
    assert folder_id
    assert ensure(target, "Projects", "2020", "Été & Co") == folder_id
    assert ensure(target, "Projects", "2020") != folder_id
    assert target.count(folder_id) == 0


def test_folders_are_answered_in_order_whatever_they_share(target: Target) -> None:
    plans = [plan("A", "B"), plan("A"), plan("C"), plan("A", "B", "D"), plan("A"), plan("E", "B")]
    ids = target.ensure_folders(plans)
    assert len(ids) == len(plans)
    assert ids[1] == ids[4]
    assert len(set(ids)) == 5
    assert target.ensure_folders(list(reversed(plans))) == ids[::-1]
    assert target.ensure_folders([]) == []


def test_special_folders_are_there_and_apart(target: Target) -> None:
    names = {
        SpecialUse.INBOX: "Inbox",
        SpecialUse.SENT: "Sent Items",
        SpecialUse.DRAFTS: "Drafts",
        SpecialUse.TRASH: "Deleted Items",
        SpecialUse.JUNK: "Junk E-mail",
    }
    plans = [plan(name, special=use) for use, name in names.items()]
    ids = target.ensure_folders([*plans, plan("Own")])
    assert len(set(ids)) == 6
    assert target.ensure_folders(plans) == ids[:5]


def test_another_worker_finds_the_same_folders(open_target: OpenTarget) -> None:
    first, second = open_target(), open_target()
    assert ensure(second, "A", "B") == ensure(first, "A", "B")
    assert ensure(first, "A") == ensure(second, "A")


# -- append


def test_appended_items_are_answered_in_order_and_counted(target: Target) -> None:
    one, other = target.ensure_folders([plan("A"), plan("B")])
    batch = [stamped(number) for number in range(5)]
    outcomes = target.append(one, iter(batch)).outcomes()
    assert [outcome.key for outcome in outcomes] == [each.key for each in batch]
    ids = ids_of(outcomes)
    assert target.count(one, ids) == 5
    assert target.count(other, ids) == 0


def test_an_empty_batch_has_no_outcome(target: Target) -> None:
    assert list(target.append(ensure(target, "A"), []).outcomes()) == []


def test_connections_may_be_made_ahead(target: Target) -> None:
    target.open()
    target.open()
    assert len(store(target, ensure(target, "A"), [stamped(1)])) == 1


def test_several_batches_are_under_way(target: Target) -> None:
    folders = target.ensure_folders([plan("A"), plan("B")])
    receipts = [
        target.append(folders[turn % 2], [stamped(turn * 100 + number) for number in range(60)])
        for turn in range(5)
    ]
    answers = [receipt.outcomes() for receipt in receipts]
    for turn, outcomes in enumerate(answers):
        keys = [stamped(turn * 100 + number).key for number in range(60)]
        assert [outcome.key for outcome in outcomes] == keys
    for place, folder_id in enumerate(folders):
        ids = [each for outcomes in answers[place::2] for each in ids_of(outcomes)]
        assert target.count(folder_id, ids) == len(ids) == (180, 120)[place]


def test_large_messages_come_as_streams(target: Target) -> None:
    folder_id = ensure(target, "A")
    contents = [small(0), large(1), small(2), large(3)]
    streams = {number: stream(contents[number]) for number in (1, 3)}
    batch = [stamped(number, content=streams.get(number)) for number in range(4)]
    ids = store(target, folder_id, batch)
    assert all(each.is_complete for each in streams.values())
    assert target.count(folder_id, ids) == 4
    items = shown(target, folder_id, ids)
    for item_id, content in zip(ids, contents, strict=True):
        item = items[item_id]
        assert item is not None
        assert item.received == RECEIVED
        if target.capabilities.keeps_bytes:
            assert fingerprint(item.mime) == fingerprint(content)


def test_a_stream_whose_source_breaks_off_is_not_stored(target: Target) -> None:
    folder_id = ensure(target, "A")
    mark = target.mark(folder_id)

    def breaks_off() -> Iterator[bytes]:
        yield large(1)[: LARGE // 2]
        raise SourceBusy("the source is gone", 5.0)

    broken = MimeStream(LARGE, breaks_off())
    with pytest.raises(SourceBusy):
        target.append(folder_id, [stamped(1, content=broken)]).outcomes()
    assert list(target.since(folder_id, mark, [stamped(1).key])) == []


def test_a_batch_cut_off_in_the_middle_is_known_to_since(target: Target) -> None:
    folder_id = ensure(target, "A")
    mark = target.mark(folder_id)

    def cut_off() -> Iterator[Stamped]:
        yield stamped(0)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        target.append(folder_id, cut_off())
    assert found(target, folder_id, mark, range(3)) <= {0}


# -- since


def test_since_knows_what_came_after_the_mark(target: Target) -> None:
    folder_id = ensure(target, "A")
    mark = target.mark(folder_id)
    assert found(target, folder_id, mark, (1, 2)) == set()
    ids = store(target, folder_id, [stamped(1), stamped(2)])
    assert found(target, folder_id, mark, (1, 2, 3)) == {1, 2}
    keys = [stamped(number).key for number in (1, 2, 3)]
    assert sorted(each.target_id for each in target.since(folder_id, mark, keys)) == sorted(ids)
    if not target.capabilities.keeps_key:
        assert {each.size for each in target.since(folder_id, mark, keys)} == {len(small(1))}


def test_a_receipt_marks_the_end_of_its_items(target: Target) -> None:
    folder_id = ensure(target, "A")
    before = target.mark(folder_id)
    receipts = [target.append(folder_id, [stamped(number)]) for number in range(3)]
    for receipt in receipts:
        receipt.outcomes()
    for number, receipt in enumerate(receipts):
        later = set(range(number + 1, 3)) if receipt.mark else {0, 1, 2}
        assert found(target, folder_id, receipt.mark, range(3)) == later
    assert found(target, folder_id, before, range(3)) == {0, 1, 2}


def test_a_mark_is_good_for_another_worker(open_target: OpenTarget) -> None:
    first = open_target()
    folder_id = ensure(first, "A")
    mark = first.mark(folder_id)
    store(first, folder_id, [stamped(1), stamped(2)])
    first.close()
    assert found(open_target(), folder_id, mark, (1, 2, 3)) == {1, 2}


def test_what_was_there_before_is_not_found_with_a_mark(open_target: OpenTarget) -> None:
    first = open_target()
    folder_id = ensure(first, "A")
    store(first, folder_id, [stamped(1)])
    second = open_target()
    mark = second.mark(folder_id)
    store(second, folder_id, [stamped(2)])
    assert found(second, folder_id, mark, (2,)) == {2}
    if mark:
        assert found(second, folder_id, mark, (1, 2)) == {2}


def test_since_does_not_find_what_is_in_another_folder(target: Target) -> None:
    one, other = target.ensure_folders([plan("A"), plan("B")])
    mark = target.mark(one)
    store(target, other, [stamped(1)])
    assert found(target, one, mark, (1,)) == set()


# -- show, set_flags, remove


def test_items_are_shown_as_the_target_has_them(target: Target) -> None:
    folder_id = ensure(target, "A")
    flags = [("\\Seen",), ("\\Flagged", "\\Answered"), ("\\Draft",), ()]
    batch = [stamped(number, *some) for number, some in enumerate(flags)]
    ids = store(target, folder_id, batch)
    items = shown(target, folder_id, ids)
    for item_id, one in zip(ids, batch, strict=True):
        item = items[item_id]
        assert item is not None
        assert flags_of(item) == one.item.flags
        assert item.received == RECEIVED
        assert item.ref.size > 0
        if target.capabilities.keeps_bytes:
            assert fingerprint(item.mime) == fingerprint(one.item.mime)
    assert list(target.show(folder_id, [])) == []


def test_flags_become_those_that_are_given(target: Target) -> None:
    if not target.capabilities.sets_flags:
        pytest.skip("sets no flags")
    folder_id = ensure(target, "A")
    ids = store(target, folder_id, [stamped(1, "\\Seen"), stamped(2), stamped(3, "\\Answered")])
    target.set_flags(folder_id, {ids[0]: frozenset(), ids[1]: frozenset({"\\Seen", "\\Flagged"})})
    items = shown(target, folder_id, ids)
    assert [flags_of(items[item_id]) for item_id in ids] == [
        set(),
        {"\\Seen", "\\Flagged"},
        {"\\Answered"},
    ]
    target.set_flags(folder_id, {})


def test_what_is_removed_is_gone_and_nothing_else(target: Target) -> None:
    if not target.capabilities.removes:
        pytest.skip("removes nothing")
    folder_id = ensure(target, "A")
    mark = target.mark(folder_id)
    ids = store(target, folder_id, [stamped(number) for number in range(4)])
    target.remove(folder_id, [ids[1], ids[3]])
    target.remove(folder_id, [ids[1]])
    target.remove(folder_id, [])
    assert [shown(target, folder_id, ids)[item_id] is None for item_id in ids] == [0, 1, 0, 1]
    assert target.count(folder_id, ids) == 2
    assert found(target, folder_id, mark, range(4)) == {0, 2}
    if target.capabilities.sets_flags:
        target.set_flags(folder_id, dict.fromkeys(ids, frozenset({"\\Seen"})))
        assert flags_of(shown(target, folder_id, ids)[ids[0]]) == {"\\Seen"}


def test_all_items_of_the_mailbox_are_counted_whoever_put_them_there(
    open_target: OpenTarget,
) -> None:
    target = open_target()
    assert target.total() == 0
    inbox = target.ensure_folders([plan("INBOX", special=SpecialUse.INBOX)])[0]
    below = ensure(target, "A & B", "Größe", "C (1)")
    ids = store(target, inbox, [stamped(1), stamped(2)])
    store(target, below, [stamped(3)])
    assert (target.total(), open_target().total()) == (3, 3)
    target.remove(inbox, ids[:1])
    assert target.total() == 2
    target.close()
    assert target.total() == 2


# -- what disappears


def test_a_folder_is_removed_with_all_it_holds(target: Target) -> None:
    folder_id = ensure(target, "A")
    ids = store(target, folder_id, [stamped(1)])
    assert len(list(target.show(folder_id, ids))) == 1  # an IMAP server has it open after that
    target.remove_folder(folder_id)
    target.remove_folder(folder_id)
    again = ensure(target, "A")
    assert found(target, again, target.mark(again), (1,)) == set()
    assert len(store(target, again, [stamped(1)])) == 1


@pytest.mark.parametrize(
    "act",
    [
        lambda target, folder, ids: target.append(folder, [stamped(2)]).outcomes(),
        lambda target, folder, ids: list(target.since(folder, "", [stamped(1).key])),
        lambda target, folder, ids: target.count(folder, ids),
        lambda target, folder, ids: list(target.show(folder, ids)),
        lambda target, folder, ids: target.set_flags(folder, {ids[0]: frozenset({"\\Seen"})}),
    ],
    ids=["append", "since", "count", "show", "set_flags"],
)
def test_a_folder_that_a_user_deletes_is_gone(
    open_target: OpenTarget, act: Callable[[Target, str, Sequence[str]], object]
) -> None:
    target = open_target()
    folder_id = ensure(target, "A")
    ids = store(target, folder_id, [stamped(1)])
    open_target().remove_folder(folder_id)
    with pytest.raises(FolderGone):
        act(target, folder_id, ids)
    assert len(store(target, ensure(target, "A"), [stamped(1)])) == 1


def test_a_target_that_was_closed_opens_again(target: Target) -> None:
    folder_id = ensure(target, "A")
    store(target, folder_id, [stamped(1)])
    target.close()
    assert len(store(target, folder_id, [stamped(2)])) == 1
    target.close()
    assert ensure(target, "A") == folder_id


def test_a_target_may_be_closed_twice(target: Target) -> None:
    store(target, ensure(target, "A"), [stamped(1)])
    target.close()
    target.close()
