"""How a folder's record changes: no message up to the cursor is ever forgotten."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from migration.errors import FencedOff, SourceChanged
from migration.mail import Folder, FolderPlan, ItemRef
from migration.model import FolderRecord, Intent, Tally
from migration.transitions import claim, finish, leave, open_batch, resume, touch

NOW = "2026-11-23T10:00:00Z"
LATER = "2026-11-23T11:00:00Z"
REFS = (ItemRef("7", 100), ItemRef("8", 200))


def plan(validity: str = "1", scope: str = "") -> FolderPlan:
    return FolderPlan(Folder("f1", ("Sent",), validity, 3), ("Sent Items",), scope=scope)


def opened() -> FolderRecord:
    """Two messages are about to be appended."""
    return open_batch(claim(None, plan(), "t1", 1, 1), REFS, "8", "m1")


def intent_of(record: FolderRecord) -> Intent:
    assert record.intent is not None
    return record.intent


# ---- claims


def test_a_first_claim_begins_at_the_beginning() -> None:
    assert claim(None, plan(scope="s"), "t1", 4, 9) == FolderRecord(
        "f1", ("Sent",), ("Sent Items",), "1", "t1", fence=4, pass_id=9, scope="s"
    )


def test_a_lower_fence_is_refused_and_the_same_may_come_again() -> None:
    record = claim(None, plan(), "t1", 4, 1)
    assert claim(record, plan(), "t1", 4, 1) == record
    with pytest.raises(FencedOff):
        claim(record, plan(), "t1", 3, 1)


def test_a_known_folder_keeps_its_target_its_position_and_its_batch() -> None:
    record = opened()
    assert claim(record, plan(), "t9", 2, 1) == replace(record, fence=2)


def test_a_new_pass_counts_from_zero_and_the_total_goes_on() -> None:
    record = finish(opened(), {"7", "8"}, Tally(2, 300))
    assert claim(record, plan(), "t1", 2, 1).in_pass == Tally(2, 300)
    later = claim(record, plan(), "t1", 2, 2)
    assert (later.pass_id, later.in_pass, later.total) == (2, Tally(), Tally(2, 300))


def test_a_recreated_folder_begins_anew_and_remembers_where_its_audit_was() -> None:
    record = replace(finish(opened(), {"7", "8"}, Tally(2, 300, 1, 1, 1)), flags_state="9", fence=1)
    again = claim(record, plan("2", "s"), "t9", 2, 1)
    assert again == replace(
        record,
        fence=2,
        validity="2",
        scope="s",
        cursor="",
        flags_state="",
        recount=True,
        earlier=("f1/1",),
        total=Tally(2, 300),
    )
    assert claim(again, plan("3", "s"), "t9", 3, 1).earlier == ("f1/1", "f1/2")


def test_a_folder_recreated_under_an_open_batch_is_for_the_operator() -> None:
    with pytest.raises(SourceChanged):
        claim(opened(), plan("2"), "t1", 2, 1)


def test_other_filters_begin_anew_once_no_batch_is_open() -> None:
    assert claim(opened(), plan(scope="s"), "t1", 1, 1) == opened()
    record = finish(opened(), {"7", "8"}, Tally(1, 100, 1, 0, 3))
    again = claim(record, plan(scope="s"), "t1", 1, 1)
    assert again == replace(
        record, scope="s", cursor="", recount=True, total=Tally(1, 100, 1, 0, 0)
    )


# ---- batches


def test_a_page_without_messages_moves_the_cursor_alone() -> None:
    record = opened()
    assert open_batch(record, (), "50", "m9") == replace(record, cursor="50")


def test_a_second_batch_joins_the_first_and_keeps_its_mark() -> None:
    record = open_batch(opened(), (ItemRef("9", 5),), "9", "m2")
    assert intent_of(record) == Intent((*REFS, ItemRef("9", 5)), "m1")
    assert record.cursor == "9"


def test_what_is_finished_is_counted_and_the_rest_stays_in_the_intent() -> None:
    record = touch(opened(), NOW)
    half = finish(record, {"7"}, Tally(1, 100), "m7")
    assert intent_of(half) == Intent(REFS[1:], "m7", NOW)
    assert half.total == half.in_pass == Tally(1, 100)
    assert finish(half, {"8"}, Tally(0, 0, 1)).intent is None


def test_without_a_new_mark_the_old_one_stays() -> None:
    assert intent_of(finish(opened(), {"7"}, Tally(1))).mark == "m1"


def test_an_intent_that_is_found_open_remembers_when_and_how_often() -> None:
    first = touch(opened(), NOW)
    second = touch(first, LATER)
    assert intent_of(first) == Intent(REFS, "m1", NOW, attempts=1, crashes=1)
    assert intent_of(second) == Intent(REFS, "m1", NOW, attempts=2, crashes=2)


def test_a_worker_that_lives_to_leave_is_no_crash() -> None:
    left = leave(touch(opened(), NOW), LATER, tried=True)
    assert intent_of(left) == Intent(REFS, "m1", LATER, attempts=1, crashes=1, left=True)
    assert intent_of(touch(left, NOW)) == Intent(REFS, "m1", LATER, attempts=2, crashes=1)


def test_leaving_without_having_tried_takes_the_attempt_back() -> None:
    assert intent_of(leave(touch(opened(), NOW), "", tried=False)).attempts == 0
    assert intent_of(leave(opened(), "", tried=False)).attempts == 0
    assert intent_of(leave(touch(opened(), NOW), "", tried=False)).seen_at == NOW


def test_a_worker_that_begins_anew_is_what_its_successor_waits_for() -> None:
    resumed = resume(touch(opened(), NOW), "m5", 1)
    assert intent_of(resumed) == Intent(REFS, "m5", "", attempts=1, crashes=1, focus=1)
    assert intent_of(touch(resumed, LATER)).seen_at == LATER


# ---- any sequence


class Copy(RuleBasedStateMachine):
    """A folder and whatever its workers do; `settled` holds the messages that were dealt with."""

    record: FolderRecord

    def __init__(self) -> None:
        super().__init__()
        self.listed: list[str] = []
        self.settled: list[str] = []

    @initialize()
    def claim_first(self) -> None:
        self.record = claim(None, plan(), "t1", 1, 1)

    @rule(number=st.integers(0, 5), mark=st.text("m1", max_size=2))
    def open_batch(self, number: int, mark: str) -> None:
        uids = [str(len(self.listed) + 1 + offset) for offset in range(number)]
        self.listed += uids
        refs = [ItemRef(uid, int(uid)) for uid in uids]
        cursor = self.listed[-1] if self.listed else ""
        self.record = open_batch(self.record, refs, cursor, mark)

    @precondition(lambda self: self.record.intent)
    @rule(data=st.data())
    def finish(self, data: st.DataObject) -> None:
        refs = intent_of(self.record).refs
        uids = data.draw(st.sets(st.sampled_from([ref.uid for ref in refs])))
        tally = Tally()
        for _ in uids:
            tally += data.draw(
                st.sampled_from(
                    [Tally(copied=1), Tally(rejected=1), Tally(gone=1), Tally(skipped=1)]
                )
            )
        self.settled += uids
        self.record = finish(self.record, uids, tally, data.draw(st.sampled_from(["", "m9"])))

    @precondition(lambda self: self.record.intent)
    @rule(now=st.sampled_from([NOW, LATER]))
    def touch(self, now: str) -> None:
        self.record = touch(self.record, now)

    @precondition(lambda self: self.record.intent)
    @rule(focus=st.integers(0, 3))
    def resume(self, focus: int) -> None:
        self.record = resume(self.record, "m2", focus)

    @precondition(lambda self: self.record.intent)
    @rule(seen_at=st.sampled_from(["", NOW]), tried=st.booleans())
    def leave(self, seen_at: str, tried: bool) -> None:
        self.record = leave(self.record, seen_at, tried=tried)

    @rule(passes=st.integers(0, 1))
    def take_over(self, passes: int) -> None:
        record = self.record
        self.record = claim(record, plan(), "t1", record.fence + 1, record.pass_id + passes)

    @invariant()
    def every_message_up_to_the_cursor_is_counted_or_in_the_intent(self) -> None:
        intent = self.record.intent
        open_uids = [ref.uid for ref in intent.refs] if intent else []
        assert self.record.cursor == (self.listed[-1] if self.listed else "")
        assert self.record.total.seen == len(self.settled)
        assert sorted(self.settled + open_uids, key=int) == self.listed

    @invariant()
    def no_intent_is_empty(self) -> None:
        assert self.record.intent is None or self.record.intent.refs

    @invariant()
    def workers_are_never_fewer_than_none(self) -> None:
        intent = self.record.intent or Intent((), "")
        assert min(intent.attempts, intent.crashes) >= 0


Copy.TestCase.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
TestCopy = Copy.TestCase
