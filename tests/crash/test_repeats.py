"""A source whose pages show messages again, and that forgets its cursors: each message is copied
once, and one that was gone and is back is copied."""

from __future__ import annotations

from itertools import count

import pytest

from localrun.fakes.repeating_source import RepeatingSource
from migration.copy.audit import read_audit
from migration.copy.slices import SliceOutcome
from migration.copy.verify import verify_mailbox
from migration.mail import Fate
from migration.model import Agreement, CopyPolicy, DeltaPolicy, Mailbox
from tests.crash.worker import BOX, Crash, Path, World, each, picture, text

WORK: Path = ("Work",)


def make_world(messages: int, policy: CopyPolicy | None = None) -> World:
    world = World(repeats=True, policy=policy or CopyPolicy())
    for number in range(messages):
        world.source.deliver(WORK, text(number))
    return world


def repeating(world: World) -> RepeatingSource:
    assert isinstance(world.source, RepeatingSource)
    return world.source


def contents(world: World) -> list[bytes]:
    return sorted(picture(world).order[WORK])


def texts(*numbers: int) -> list[bytes]:
    return sorted(text(number) for number in numbers)


def test_what_a_user_reads_is_shown_again_and_not_copied_again() -> None:
    world = make_world(5)
    world.finish()
    world.source.flag(WORK, "2", ("\\Seen",))
    world.source.deliver(WORK, text(5))
    world.finish(2)
    assert contents(world) == texts(0, 1, 2, 3, 4, 5)
    (record,) = world.ledger.folders(BOX)
    assert record.in_pass.copied == 1


def test_forgotten_cursors_cost_a_comparison_and_no_copy() -> None:
    world = make_world(7)
    world.finish()
    repeating(world).forget_cursors()
    world.source.deliver(WORK, text(7))
    world.finish(2)
    assert contents(world) == texts(*range(8))
    (record,) = world.ledger.folders(BOX)
    assert (record.total.copied, record.in_pass.copied) == (8, 1)


@pytest.mark.parametrize(("step", "which"), [("after append", 4), ("before put", 1)])
def test_cursors_forgotten_in_the_middle_of_a_batch(step: str, which: int) -> None:
    world = make_world(8)
    world.break_off(each(step, Crash, which))
    repeating(world).forget_cursors()
    world.wait(1)
    world.finish()
    assert contents(world) == texts(*range(8))


def test_a_message_that_was_gone_and_is_back_is_copied() -> None:
    world = make_world(4)
    world.source.vanish(WORK, "2")
    world.finish()
    assert contents(world) == texts(0, 2, 3)
    world.source.come_back(WORK, "2")
    world.source.flag(WORK, "2", ("\\Seen",))
    world.finish(2)
    assert contents(world) == texts(0, 1, 2, 3)


def test_a_message_that_left_and_came_back_while_its_batch_was_read_is_copied() -> None:
    """It is listed again before anybody knows that it was gone."""
    world = make_world(4)
    world.source.vanish(WORK, "1")
    pages = count()

    def act(_number: int, name: str) -> None:
        if name == "before page" and next(pages) == 1:
            world.source.flag(WORK, "1", ("\\Seen",))

    world.act = act
    result = world.slice()
    world.act = None
    assert result.outcome is SliceOutcome.MORE
    world.source.come_back(WORK, "1")
    world.finish()
    assert contents(world) == texts(0, 1, 2, 3)


def test_what_was_deleted_on_both_sides_and_is_back_is_copied_and_counted() -> None:
    world = make_world(3, CopyPolicy(delta=DeltaPolicy.FOLLOW))
    world.finish()
    world.source.delete(WORK, "2")
    world.finish(2)
    assert contents(world) == texts(0, 2)
    repeating(world).restore(WORK, "2", text(1))
    world.finish(3)
    assert contents(world) == texts(0, 1, 2)
    (record,) = world.ledger.folders(BOX)
    audit = read_audit(world.blobs, BOX, record)
    assert audit.rows["2"].fate is Fate.STORED
    assert record.total.copied == audit.copies().copied == 3
    world.source.delete(WORK, "2")
    world.finish(4)
    assert contents(world) == texts(0, 2)


def test_what_filters_leave_out_is_counted_once_however_often_it_is_shown() -> None:
    world = make_world(3, CopyPolicy(max_message_bytes=80))
    world.source.deliver(WORK, text(50, 100))
    world.finish()
    for pass_id in (2, 3):
        world.source.flag(WORK, "4", (f"$Pass{pass_id}",))
        repeating(world).forget_cursors()
        world.finish(pass_id)
    (record,) = world.ledger.folders(BOX)
    assert record.total.skipped == 1
    world.policy = CopyPolicy()
    world.finish(4)
    assert contents(world) == sorted([*texts(0, 1, 2), text(50, 100)])
    (record,) = world.ledger.folders(BOX)
    assert record.total.skipped == 0


def test_verification_counts_what_has_arrived_and_not_what_is_shown_again() -> None:
    world = make_world(4)
    world.finish()
    world.source.flag(WORK, "1", ("\\Seen",))
    world.source.deliver(WORK, text(4))
    repeating(world).forget_cursors()
    world.ledger.plan_mailboxes("run", [Mailbox(BOX, "anna", "anna@acme.test", "anna", "Anna")])
    verdict = verify_mailbox(
        world.source,
        world.target,
        world.ledger,
        world.blobs,
        BOX,
        1,
        CopyPolicy(verify_sample=0),
        lambda: 1000.0,
    )
    (record,) = world.ledger.folders(BOX)
    assert record.check is not None
    assert (record.check.source, record.check.target) == (5, 4)
    assert verdict.agreement is not Agreement.DIFFER


@pytest.mark.parametrize("uid", [str(number) for number in range(1, 9)])
def test_a_message_that_is_listed_and_never_there_does_not_keep_the_copy_going(uid: str) -> None:
    """However often it is listed: the folder is read once more for it, and no more."""
    world = make_world(8)
    world.source.vanish(WORK, uid)
    world.finish()
    assert contents(world) == texts(*(number for number in range(8) if str(number + 1) != uid))
    world.finish(2)
