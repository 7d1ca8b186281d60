"""What every GroupwareTarget promises. A new one joins with an entry in `CASES`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime

import pytest

from localrun.fakes.groupware_target import MemoryGroupware
from localrun.fakes.workmail_ews import EwsServer
from migration.access import Entry
from migration.directory_model import Token
from migration.errors import FolderGone
from migration.groupware_port import (
    Collection,
    CollectionKind,
    CollectionPlan,
    GroupwareTarget,
    Keyed,
    Written,
)
from migration.identity import folder_key, migration_key
from migration.items.contact import Contact, Name
from migration.items.content import Content, Extent
from migration.items.event import Details, Event
from migration.items.ews_item import Destination
from migration.items.item import AnyItem
from migration.items.task import Task
from migration.items.times import UTC as UTC_ZONE
from migration.mail import Rejected
from migration.targets.workmail_groupware import WorkmailGroupware
from migration.wire.ews import EwsClient
from migration.wire.ews_groupware import EwsGroupware
from migration.wire.ews_login import Basic, Login
from migration.wire.ews_model import Created, FolderRef
from migration.wire.ews_request import name_item

TASKS, CONTACTS, CALENDAR = CollectionKind.TASKS, CollectionKind.CONTACTS, CollectionKind.CALENDAR


@dataclass(frozen=True)
class Place:
    """A mailbox. `open` connects to it; the others are what its user does with an item or a folder
    of that id, and `refused` is an item that the mailbox does not take, None if it takes all."""

    open: Callable[[], GroupwareTarget]
    edit: Callable[[str], None]
    delete: Callable[[str], None]
    delete_folder: Callable[[str], None]
    refused: AnyItem | None


@contextmanager
def memory() -> Iterator[Place]:
    refused = Task("refused", Content(summary="not this one"))
    target = MemoryGroupware(refuse=lambda item: "not-taken" if item == refused else "")
    yield Place(lambda: target, target.edit, target.drop, target.drop_folder, refused)


@contextmanager
def workmail_ews(login: Login = lambda: Token("t")) -> Iterator[Place]:
    """Exchange takes no events into a folder of tasks."""
    admin = Basic("admin@example.test", "Admins-password-1", Entry.DELEGATE)
    with EwsServer(
        lambda *_: "ok",
        lambda _: True,
        lambda: 1e9,
        check_password=lambda user, password: (user, password) == (admin.user, admin.password),
        may_open=lambda *_: "ok",
    ) as server:
        server.basic_entries = {Entry.DELEGATE}
        client = EwsClient(server.url, login, _OWNER)
        refused = Event("refused", Details(Extent(date(2026, 1, 5))))
        yield Place(
            lambda: WorkmailGroupware(EwsClient(server.url, login, _OWNER), _HERE),
            lambda item_id: _edit(client, item_id),
            lambda item_id: _delete(client, item_id),
            lambda folder_id: client.delete_folder(FolderRef(folder_id)),
            refused,
        )
        client.close()


_OWNER = "a@example.test"
_HERE = Destination(
    _OWNER, UTC_ZONE, datetime(2021, 1, 1, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC)
)


def _delete(client: EwsClient, item_id: str) -> None:
    assert EwsGroupware(client).delete([name_item(item_id)]) == [None]


def _edit(client: EwsClient, item_id: str) -> None:
    """Gives a task another title."""
    title = "<t:Task><t:Subject>edited</t:Subject></t:Task>"
    update = f'<t:SetItemField><t:FieldURI FieldURI="item:Subject"/>{title}</t:SetItemField>'
    change = f"{name_item(item_id)}<t:Updates>{update}</t:Updates>"
    (answer,) = EwsGroupware(client).change([f"<t:ItemChange>{change}</t:ItemChange>"])
    assert isinstance(answer, Created)


CASES: dict[str, Callable[[], AbstractContextManager[Place]]] = {
    "memory": memory,
    "workmail-ews": workmail_ews,
    "workmail-ews-delegate": lambda: workmail_ews(
        Basic("admin@example.test", "Admins-password-1", Entry.DELEGATE)
    ),
}


@pytest.fixture(params=CASES)
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    with CASES[request.param]() as made:
        yield made


@pytest.fixture
def target(place: Place) -> Iterator[GroupwareTarget]:
    opened = place.open()
    yield opened
    opened.close()


def plan(kind: CollectionKind, name: str = "") -> CollectionPlan:
    """`name` is that of the target; "" is the default folder."""
    source = name or "Mine"
    return CollectionPlan(Collection(folder_key(f"{kind}/{source}"), kind, source), name)


def key(uid: str) -> str:
    """A migration key as real ones are."""
    return migration_key("acme", "mailbox1-items", "collection", "1", uid)


def task(uid: str) -> Task:
    return Task(uid, Content(summary=f"task {uid}"))


def keyed(*uids: str) -> list[Keyed]:
    """A task for each, under its key."""
    return [Keyed(key(uid), (task(uid),)) for uid in uids]


def folder(target: GroupwareTarget, kind: CollectionKind = TASKS, name: str = "Work") -> str:
    (folder_id,) = target.ensure_collections([plan(kind, name)])
    return folder_id


def written(target: GroupwareTarget, folder_id: str, *batch: Keyed) -> list[Written]:
    """What became of items that are all taken."""
    outcomes = target.write(folder_id, batch)
    assert [each.key for each in outcomes] == [each.key for each in batch]
    taken = [each for each in outcomes if isinstance(each, Written)]
    assert taken == outcomes
    return taken


# ---- folders ---------------------------------------------------------------------------------


def test_folders_are_created_once(place: Place, target: GroupwareTarget) -> None:
    plans = [plan(TASKS, "Work"), plan(TASKS), plan(CONTACTS, "Friends"), plan(CALENDAR)]
    ids = target.ensure_collections(plans)
    assert len(set(ids)) == 4
    assert target.ensure_collections([plans[2], plans[0]]) == [ids[2], ids[0]]
    assert place.open().ensure_collections(plans) == ids


def test_kinds_have_folders_of_their_own(target: GroupwareTarget) -> None:
    """Of one name, too."""
    assert {TASKS, CONTACTS, CALENDAR} <= target.kinds()
    ids = target.ensure_collections([plan(TASKS, "Club"), plan(CONTACTS, "Club")])
    assert len(set(ids)) == 2


def test_no_folders_are_no_folders(target: GroupwareTarget) -> None:
    assert target.ensure_collections([]) == []


# ---- items -----------------------------------------------------------------------------------


def test_what_was_written_is_there(target: GroupwareTarget) -> None:
    folder_id = folder(target)
    outcomes = written(target, folder_id, *keyed("a", "b"))
    ids = [id_ for each in outcomes for id_ in each.marks]
    assert len(set(ids)) == 2
    assert target.count(folder_id) == 2
    found = target.find(folder_id, [key("a"), key("b"), key("c")])
    assert {(each.key, each.target_id) for each in found} == {
        (each.key, id_) for each in outcomes for id_ in each.marks
    }
    assert target.marks(folder_id, ids) == {
        id_: mark for each in outcomes for id_, mark in each.marks.items()
    }


def test_several_items_of_one_key(target: GroupwareTarget) -> None:
    folder_id = folder(target)
    both = Keyed(key("a"), (task("a"), task("b")))
    (outcome,) = written(target, folder_id, both)
    assert len(outcome.marks) == 2
    found = target.find(folder_id, [key("a")])
    assert {each.target_id for each in found} == set(outcome.marks)
    assert target.count(folder_id) == 2


def test_other_kinds(target: GroupwareTarget) -> None:
    folder_id = folder(target, CONTACTS, "Friends")
    person = Contact("p", name=Name(family="Doe", given="Jo"))
    (outcome,) = written(target, folder_id, Keyed(key("p"), (person,)))
    assert [each.target_id for each in target.find(folder_id, [key("p")])] == [*outcome.marks]


def test_a_default_folder(target: GroupwareTarget) -> None:
    folder_id = folder(target, name="")
    written(target, folder_id, *keyed("a"))
    assert target.count(folder_id) == 1


def test_a_whole_batch(target: GroupwareTarget) -> None:
    folder_id = folder(target)
    uids = [f"u{number}" for number in range(50)]
    written(target, folder_id, *keyed(*uids))
    assert target.count(folder_id) == 50
    found = target.find(folder_id, [key(uid) for uid in uids])
    assert sorted(each.key for each in found) == sorted(key(uid) for uid in uids)


def test_the_same_key_twice_is_two_items(target: GroupwareTarget) -> None:
    """Nobody but the engine knows what is there already."""
    folder_id = folder(target)
    (first,) = written(target, folder_id, *keyed("a"))
    (second,) = written(target, folder_id, *keyed("a"))
    assert not first.marks.keys() & second.marks.keys()
    assert len(target.find(folder_id, [key("a")])) == 2


def test_nothing_is_left_of_what_is_refused_and_the_others_arrive(
    place: Place, target: GroupwareTarget
) -> None:
    if place.refused is None:
        pytest.skip("it takes every item")
    folder_id = folder(target)
    batch = [*keyed("a"), Keyed(key("bad"), (task("x"), place.refused)), *keyed("b")]
    first, refused, last = target.write(folder_id, batch)
    assert isinstance(first, Written)
    assert isinstance(refused, Rejected)
    assert refused.key == key("bad")
    assert refused.reason
    assert isinstance(last, Written)
    assert target.find(folder_id, [key("bad")]) == []
    assert target.count(folder_id) == 2


def test_folders_know_nothing_of_each_other(target: GroupwareTarget) -> None:
    one, other = folder(target), folder(target, name="Other")
    (outcome,) = written(target, one, *keyed("a"))
    assert target.find(other, [key("a")]) == []
    assert target.count(other) == 0
    assert target.find(one, []) == []
    assert outcome.marks


# ---- marks -----------------------------------------------------------------------------------


def test_a_mark_changes_with_its_item_alone(place: Place, target: GroupwareTarget) -> None:
    folder_id = folder(target)
    outcomes = written(target, folder_id, *keyed("a", "b"))
    (changed,), (same,) = (list(each.marks) for each in outcomes)
    before = target.marks(folder_id, [changed, same])
    place.edit(changed)
    after = target.marks(folder_id, [changed, same])
    assert after[same] == before[same]
    assert after[changed] != before[changed]
    assert [each.target_id for each in target.find(folder_id, [key("a")])] == [changed]


def test_marks_of_what_is_not_there(place: Place, target: GroupwareTarget) -> None:
    folder_id = folder(target)
    outcomes = written(target, folder_id, *keyed("a", "b"))
    (lost,), (kept,) = (list(each.marks) for each in outcomes)
    place.delete(lost)
    assert set(target.marks(folder_id, [lost, kept])) == {kept}
    assert target.marks(folder_id, []) == {}


# ---- removal ---------------------------------------------------------------------------------


def test_what_was_removed_is_gone(target: GroupwareTarget) -> None:
    folder_id = folder(target)
    outcomes = written(target, folder_id, *keyed("a", "b", "c"))
    ids = [id_ for each in outcomes for id_ in each.marks]
    target.remove(folder_id, ids[:2])
    assert target.count(folder_id) == 1
    assert target.find(folder_id, [key("a"), key("b")]) == []
    target.remove(folder_id, ids)
    target.remove(folder_id, [])
    assert target.count(folder_id) == 0


# ---- what ends -------------------------------------------------------------------------------


def test_a_folder_that_is_gone(place: Place, target: GroupwareTarget) -> None:
    folder_id = folder(target)
    (outcome,) = written(target, folder_id, *keyed("a"))
    place.delete_folder(folder_id)
    asks: list[Callable[[], object]] = [
        lambda: target.write(folder_id, keyed("b")),
        lambda: target.find(folder_id, [key("a")]),
        lambda: target.count(folder_id),
    ]
    for ask in asks:
        with pytest.raises(FolderGone):
            ask()
    again = folder(target)
    assert target.count(again) == 0
    written(target, again, *keyed("a"))
    assert target.find(again, [key("a")])[0].target_id not in outcome.marks


def test_closing_is_not_the_end(target: GroupwareTarget) -> None:
    folder_id = folder(target)
    target.close()
    target.close()
    written(target, folder_id, *keyed("a"))
    assert target.count(folder_id) == 1
