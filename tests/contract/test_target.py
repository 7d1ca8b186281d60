"""What every Target promises. A new target joins with a function in `target_cases`."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime

import pytest

from localrun.fakes.mailbox import MemoryTarget
from migration.identity import migration_key
from migration.model import (
    Folder,
    FolderPlan,
    Item,
    ItemRef,
    Outcome,
    SpecialUse,
    Stamped,
    Stored,
)
from migration.ports import Target

TargetCase = Callable[[], AbstractContextManager[Target]]


@contextmanager
def memory_target() -> Iterator[Target]:
    yield MemoryTarget()


target_cases: dict[str, TargetCase] = {"memory": memory_target}
"""Each opens an empty mailbox and ends what it started."""


@pytest.fixture(params=target_cases)
def target(request: pytest.FixtureRequest) -> Iterator[Target]:
    with target_cases[request.param]() as opened:
        yield opened
        opened.close()


def plan(*path: str, special: SpecialUse | None = None) -> FolderPlan:
    return FolderPlan(Folder("key", path, "1", 0, special), path, special)


def stamped(number: int) -> Stamped:
    mime = b"From: a@example.test\r\nSubject: %d\r\n\r\nbody %d\r\n" % (number, number)
    received = datetime(2020, 1, 1, 12, number, tzinfo=UTC)
    item = Item(ItemRef(str(number), len(mime)), mime, received, frozenset({"\\Seen"}))
    return Stamped(migration_key("acme", "m", "f", "1", str(number)), item)


def test_a_folder_is_created_once_with_its_parents(target: Target) -> None:
    folder_id = target.ensure_folder(plan("Projects", "2020", "Été & Co"))
    assert folder_id
    assert target.ensure_folder(plan("Projects", "2020", "Été & Co")) == folder_id
    assert target.ensure_folder(plan("Projects", "2020")) != folder_id
    assert target.count(folder_id) == 0


def test_special_folders_are_there_and_apart(target: Target) -> None:
    inbox = target.ensure_folder(plan("Inbox", special=SpecialUse.INBOX))
    sent = target.ensure_folder(plan("Sent Items", special=SpecialUse.SENT))
    assert inbox != sent
    assert target.ensure_folder(plan("Inbox", special=SpecialUse.INBOX)) == inbox


def test_appended_items_are_answered_in_order_and_counted(target: Target) -> None:
    folder_id = target.ensure_folder(plan("A"))
    batch = [stamped(number) for number in range(5)]
    outcomes = list(target.append(folder_id, iter(batch)))
    assert [outcome.key for outcome in outcomes] == [each.key for each in batch]
    assert all(isinstance(outcome, Stored) for outcome in outcomes)
    assert target.count(folder_id) == 5
    assert target.count(target.ensure_folder(plan("B"))) == 0


def test_an_empty_batch_has_no_outcome(target: Target) -> None:
    assert list(target.append(target.ensure_folder(plan("A")), [])) == []


def test_since_knows_what_came_after_the_mark(target: Target) -> None:
    folder_id = target.ensure_folder(plan("A"))
    before, after, never = [stamped(1), stamped(2)], [stamped(3), stamped(4)], [stamped(5)]
    list(target.append(folder_id, before))
    mark = target.mark(folder_id)
    assert target.since(folder_id, mark, [each.key for each in after]) == frozenset()
    list(target.append(folder_id, after))
    asked = [each.key for each in (*after, *never)]
    assert target.since(folder_id, mark, asked) == {each.key for each in after}


def test_since_does_not_find_the_key_in_another_folder(target: Target) -> None:
    one, other = target.ensure_folder(plan("A")), target.ensure_folder(plan("B"))
    mark = target.mark(one)
    list(target.append(other, [stamped(1)]))
    assert target.since(one, mark, [stamped(1).key]) == frozenset()


def test_a_batch_cut_off_in_the_middle_is_known_to_since(target: Target) -> None:
    folder_id = target.ensure_folder(plan("A"))
    mark = target.mark(folder_id)
    batch = [stamped(number) for number in range(3)]

    def cut_off() -> Iterator[Stamped]:
        yield batch[0]
        raise RuntimeError

    outcomes: list[Outcome] = []
    with pytest.raises(RuntimeError):
        outcomes.extend(target.append(folder_id, cut_off()))
    found = target.since(folder_id, mark, [each.key for each in batch])
    assert {outcome.key for outcome in outcomes} <= found <= {batch[0].key}


def test_a_target_may_be_closed_twice(target: Target) -> None:
    target.close()
    target.close()
