"""How far the copy is, for whoever decides about the cut-over."""

from __future__ import annotations

import pytest

from localrun.fakes.ledger import MemoryLedger
from migration.copy_state import (
    CopyState,
    Pace,
    count_copy,
    describe_copy,
    look_at_copy,
)
from migration.figures import format_duration
from migration.mail import Folder, FolderPlan
from migration.model import Agreement, Failure, Mailbox, MailboxStatus, MailboxVerdict, Note, Tally
from migration.transitions import finish, open_batch
from tests.contract.test_ledger import REFS

RUN, BEGAN = "run-1", 1_796_407_200_000  # 2026-12-04T18:00:00Z
PASS_BEFORE = BEGAN - 86_400_000


def judged(
    ledger: MemoryLedger, id_: str, agreement: Agreement, total: Tally, in_pass: Tally, at: int
) -> None:
    ledger.set_verdict(id_, MailboxVerdict(at, agreement, total, in_pass))


@pytest.fixture
def ledger() -> MemoryLedger:
    """Five mailboxes: two complete, one with exceptions, one failed, one that nobody has judged."""
    ledger = MemoryLedger()
    boxes = [Mailbox(each, each, f"{each}@acme.example", each, each) for each in "abcde"]
    ledger.plan_mailboxes(RUN, boxes)
    agree, exceptions = Agreement.AGREE, Agreement.EXCEPTIONS
    judged(ledger, "a", agree, Tally(3000, 90_000), Tally(2000, 60_000), BEGAN)
    judged(ledger, "b", agree, Tally(400, 5_000), Tally(400, 5_000), PASS_BEFORE)
    judged(ledger, "c", exceptions, Tally(10, 100, 2), Tally(0, 0, 2), BEGAN)
    ledger.set_failed("d", Failure("CredentialsRejected", "x"))
    ledger.set_status("e", MailboxStatus.PAUSED)
    ledger.add_note(RUN, Note("2026-12-04T17:00:00Z", "SummarisePass", "an earlier pass"))
    ledger.add_note(RUN, Note("2026-12-04T19:00:00Z", "SummarisePass", "the last pass"))
    ledger.add_note(RUN, Note("2026-12-04T20:00:00Z", "CheckDns", "something later"))
    return ledger


def test_every_mailbox_is_counted_once(ledger: MemoryLedger) -> None:
    state = look_at_copy(ledger, RUN, BEGAN, 1)
    assert (state.done, state.exceptions, state.failed, state.open) == (2, 1, 1, 1)
    assert state.mailboxes == 5
    assert state.failures == (("CredentialsRejected", 1),)
    assert state.total == Tally(3410, 95_100, 2)


def test_the_pace_is_that_of_the_last_pass(ledger: MemoryLedger) -> None:
    state = look_at_copy(ledger, RUN, BEGAN, 1)
    assert state.pace == Pace(2000, 60_000, 3600.0)
    assert state.pace.per_thousand == 1800
    assert dict(describe_copy(state)) == {
        "Mailboxes": "2 complete, 1 with exceptions, 1 failed, 1 not copied in this run",
        "Failed by": "CredentialsRejected (1)",
        "Copied": "3,410 messages, 95.1 kB",
        "Refused": "2 messages; the report will name them",
        "Last pass": "2,000 messages, 60.0 kB in 60 min",
        "A delta pass": "takes at most as long (60 min); about 30 min for every 1,000 new messages",
    }
    facts = count_copy(state)
    assert (facts["last_pass_seconds"], facts["seconds_per_1000_messages"]) == (3600, 1800)


def test_a_run_that_has_copied_nothing_tells_what_earlier_ones_did() -> None:
    ledger = MemoryLedger()
    ledger.plan_mailboxes(RUN, [Mailbox("a", "a", "a@acme.example", "a", "A")])
    plan = FolderPlan(Folder("f1", ("INBOX",), "1", 2), ("Inbox",))
    record = ledger.claim_folder("a", plan, "t1", 1, 1)
    record = ledger.advance("a", record, open_batch(record, REFS, "8", "m1"))
    ledger.advance("a", record, finish(record, {"7", "8"}, Tally(2, 300)))
    state = look_at_copy(ledger, RUN, 0, 0)
    assert (state.open, state.total, state.pace) == (1, Tally(2, 300), Pace())
    assert [label for label, _ in describe_copy(state)] == ["Mailboxes", "Copied"]


def test_a_pass_that_copied_little_gives_no_estimate_by_the_thousand() -> None:
    state = CopyState(1, 1, 0, 0, 0, (), Tally(5, 50), Pace(5, 50, 30))
    told = dict(describe_copy(state))["A delta pass"]
    assert told == "takes at most as long (30 s), if fewer messages have come since"
    assert Pace(0, 0, 30).per_thousand == 0


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (89, "89 s"),
        (90, "2 min"),
        (89 * 60, "89 min"),
        (90 * 60, "1 h 30 min"),
        (7200, "2 h"),
        (47.9 * 3600, "47 h 54 min"),
        (48 * 3600, "2 d"),
        (76 * 3600, "3 d 4 h"),
    ],
)
def test_durations_have_two_units_at_most(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text
