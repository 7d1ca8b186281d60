"""What copying mail does at every step; what happens there to mail and collections alike is in
test_every_step.py.

Messages that an interrupted worker had not sent yet may come behind those that it had: so the order
within a folder is compared only where nothing was refused or interrupted.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from migration.copy.engine import SliceOutcome
from migration.model import Tally
from tests.crash.cases import MAIL_CASES, MailCase, quiet
from tests.crash.worker import EMPTY, INBOX, PACE, SENT, Crash, each, picture

# ---- the quiet run ---------------------------------------------------------------------------


@pytest.mark.parametrize("keeps_key", [True, False])
def test_the_quiet_run_copies_what_can_be_copied(keeps_key: bool) -> None:
    world = MailCase(1, keeps_key).world()
    assert world.finish(1) == 1
    end = picture(world)
    counts = {path: sum(messages.values()) for path, messages in end.messages.items()}
    assert (counts[("Inbox",)], counts[("Sent Items",)], counts[("Empty",)]) == (7, 4, 0)
    totals = {path: total for path, _, _, _, total, _ in end.records}
    assert (totals[INBOX].copied, totals[INBOX].rejected, totals[INBOX].gone) == (7, 2, 1)
    assert (totals[SENT].copied, totals[SENT].rejected) == (4, 2)
    assert totals[EMPTY] == Tally()
    reasons = {reason for _, _, reason in end.remarks}
    assert reasons == {"too-large", "bad-mime", "no-body"}


@pytest.mark.parametrize("keeps_key", [True, False])
def test_the_quiet_run_keeps_the_order_of_each_folder(keeps_key: bool) -> None:
    world = MailCase(1, keeps_key).world()
    world.finish(1)
    for path, messages in picture(world).order.items():
        if path != ("Sent Items",):  # a large message that is refused is tried again at the end
            numbers = [int(message.split(b"\r\n\r\n")[1].split()[0]) for message in messages]
            assert numbers == sorted(numbers)


@pytest.mark.parametrize("case", MAIL_CASES, ids=str)
def test_overlapping_work_ends_like_work_step_by_step(case: MailCase) -> None:
    world, alone = case.world(), case.world()
    world.pace = replace(PACE, overlap=True)
    world.finish(case.last_pass)
    assert alone.finish(case.last_pass) == 1
    assert picture(world) == picture(alone)


def test_the_steps_cover_every_effect() -> None:
    names = {name for case in MAIL_CASES for name in quiet(case)[0]}
    writes = ("next_fence", "claim_folder", "advance", "add_remarks", "adopt_folder")
    for effect in (*writes, "drop_remarks", "append", "put", "ensure_folders", "set_flags"):
        assert {f"before {effect}", f"after {effect}"} <= names
    assert {"before remove", "after remove", "before piece"} <= names


# ---- death -----------------------------------------------------------------------------------


def test_the_requests_of_a_recovering_worker_settle_too() -> None:
    world = MailCase(1, True).world()
    world.act = each("after append", Crash, 0)
    with pytest.raises(Crash):
        world.slice()
    first = world.slice()
    assert (first.outcome, first.retry_after) == (SliceOutcome.BACKOFF, PACE.settle)
    world.wait(PACE.settle)
    world.act = each("after append", Crash, 0)
    with pytest.raises(Crash):  # while it appends what was missing
        world.slice()
    world.act = None
    second = world.slice()
    assert (second.outcome, second.retry_after) == (SliceOutcome.BACKOFF, PACE.settle)
