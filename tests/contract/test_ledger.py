"""What every Ledger promises."""

from dataclasses import replace

import pytest

from localrun.fakes.ledger import MemoryLedger
from migration.aws.ledger import DynamoLedger
from migration.errors import FencedOff, SourceChanged
from migration.model import (
    Agreement,
    DnsFinding,
    DnsRecord,
    DnsVerdict,
    Failure,
    Folder,
    FolderCheck,
    FolderPlan,
    Intent,
    ItemRef,
    Mailbox,
    MailboxRecord,
    MailboxStatus,
    MailboxVerdict,
    Note,
    Rejection,
    Tally,
)
from migration.ports import Ledger

BOX = "mailbox1"
NOW = "2026-11-23T10:00:00Z"
INTENT = Intent((ItemRef("7", 100), ItemRef("8", 200)), cursor="8", more=True, mark="m1")
NEXT = Intent((ItemRef("9", 300),), cursor="9", more=False, mark="m2")


@pytest.fixture(params=["memory", "dynamodb"])
def ledger(request: pytest.FixtureRequest) -> Ledger:
    if request.param == "memory":
        return MemoryLedger()
    return DynamoLedger(request.getfixturevalue("table"), "acme")


def plan(key: str = "f1", validity: str = "1") -> FolderPlan:
    folder = Folder(key, ("Sent", "Été"), validity, 3)
    return FolderPlan(folder, ("Sent Items", "Été"))


def mailbox(id_: str) -> Mailbox:
    return Mailbox(id_, "ann", f"{id_}@example.test", id_, "Ann É", aliases=("a@example.test",))


# ---- the tenant


def test_the_lock_goes_to_the_first_who_asks_and_stays_with_it(ledger: Ledger) -> None:
    assert ledger.acquire_lock("run1", NOW) == "run1"
    assert ledger.acquire_lock("run2", NOW) == "run1"
    assert ledger.acquire_lock("run1", NOW) == "run1"


def test_a_released_lock_is_free(ledger: Ledger) -> None:
    ledger.acquire_lock("run1", NOW)
    assert ledger.release_lock("run2") is False
    assert ledger.release_lock("run1") is True
    assert ledger.release_lock("run1") is False
    assert ledger.acquire_lock("run2", NOW) == "run2"


def test_only_one_takes_over_from_a_dead_owner(ledger: Ledger) -> None:
    ledger.acquire_lock("run1", NOW)
    assert ledger.take_over_lock("run2", "run1", NOW) is True
    assert ledger.take_over_lock("run3", "run1", NOW) is False
    assert ledger.acquire_lock("run4", NOW) == "run2"


def test_taking_over_again_after_a_lost_answer_succeeds(ledger: Ledger) -> None:
    ledger.acquire_lock("run1", NOW)
    ledger.take_over_lock("run2", "run1", NOW)
    assert ledger.take_over_lock("run2", "run1", NOW) is True


def test_notes_come_back_by_time_and_one_replaces_its_like(ledger: Ledger) -> None:
    late, early = Note("2026-02", "B", "late"), Note("2026-01", "A", "early")
    for note in (late, early, replace(late, what="later")):
        ledger.add_note("run1", note)
    ledger.add_note("run10", Note("2026-01", "A", "another run"))
    assert ledger.notes("run1") == [early, replace(late, what="later")]


def test_the_latest_dns_findings_are_kept(ledger: Ledger) -> None:
    record = DnsRecord("example.test", "MX", "10 inbound", required=True)
    finding = DnsFinding(record, DnsVerdict.WRONG, ("10 old",), 3600, "127.0.0.1:53")
    assert ledger.dns("run1") == ("", [])
    ledger.write_dns("run1", "2026-01", [finding, finding])
    ledger.write_dns("run1", NOW, [finding])
    assert ledger.dns("run1") == (NOW, [finding])


# ---- mailboxes


def test_planned_mailboxes_come_back_by_id_and_by_run(ledger: Ledger) -> None:
    ledger.plan_mailboxes("run1", [mailbox("b"), mailbox("a")])
    ledger.plan_mailboxes("run2", [mailbox("c")])
    assert list(ledger.mailboxes("run1")) == [
        MailboxRecord(mailbox("a"), "run1"),
        MailboxRecord(mailbox("b"), "run1"),
    ]
    assert ledger.mailbox("c").run == "run2"


def test_an_unknown_mailbox_is_a_key_error(ledger: Ledger) -> None:
    with pytest.raises(KeyError):
        ledger.mailbox("nobody")
    with pytest.raises(KeyError):
        ledger.set_status("nobody", MailboxStatus.COPYING)


def test_a_mailbox_goes_through_its_states(ledger: Ledger) -> None:
    ledger.plan_mailboxes("run1", [mailbox("a")])
    ledger.set_provisioned("a", "user-1", "created")
    record = ledger.mailbox("a")
    assert (record.status, record.user_id, record.provisioned) == (
        MailboxStatus.PROVISIONED,
        "user-1",
        "created",
    )
    ledger.set_failed("a", Failure("QuotaExceeded", "the mailbox is full"))
    assert ledger.mailbox("a").status is MailboxStatus.FAILED
    assert ledger.mailbox("a").failure == Failure("QuotaExceeded", "the mailbox is full")
    ledger.set_status("a", MailboxStatus.COPYING)
    assert ledger.mailbox("a").status is MailboxStatus.COPYING


def test_a_verdict_ends_the_copy_and_clears_the_failure(ledger: Ledger) -> None:
    ledger.plan_mailboxes("run1", [mailbox("a")])
    ledger.set_failed("a", Failure("SourceBusy", "too long"))
    verdict = MailboxVerdict(2, Agreement.EXCEPTIONS, Tally(5, 50, 1, 1), Tally(1), ("1 refused",))
    ledger.set_verdict("a", verdict)
    record = ledger.mailbox("a")
    assert (record.status, record.failure, record.verdict) == (MailboxStatus.COPIED, None, verdict)


def test_planning_again_starts_over_and_keeps_what_was_copied(ledger: Ledger) -> None:
    ledger.plan_mailboxes("run1", [mailbox("a")])
    ledger.set_provisioned("a", "user-1", "created")
    ledger.set_failed("a", Failure("X", "y"))
    ledger.claim_folder("a", plan(), "t1", 1, 1)
    ledger.plan_mailboxes("run2", [mailbox("a")])
    record = ledger.mailbox("a")
    assert (record.run, record.status, record.failure) == ("run2", MailboxStatus.PLANNED, None)
    assert record.user_id == "user-1"
    assert len(ledger.folders("a")) == 1
    assert list(ledger.mailboxes("run1")) == []


def test_fences_only_grow_and_belong_to_one_mailbox(ledger: Ledger) -> None:
    fences = [ledger.next_fence(BOX) for _ in range(3)]
    assert fences == sorted(set(fences))
    assert fences[0] > 0
    assert ledger.next_fence("another") <= fences[0]


# ---- folders


def test_a_first_claim_creates_the_record(ledger: Ledger) -> None:
    record = ledger.claim_folder(BOX, plan(), "t1", 4, 1)
    assert (record.fence, record.cursor, record.total, record.pass_id) == (4, "", Tally(), 1)
    assert (record.path, record.target_path) == (("Sent", "Été"), ("Sent Items", "Été"))
    assert (record.target_id, record.validity, record.intent) == ("t1", "1", None)
    assert ledger.folders(BOX) == [record]
    assert ledger.folders("another") == []


def test_folders_come_in_the_order_of_their_keys(ledger: Ledger) -> None:
    for key in ("f2", "f1", "f10"):
        ledger.claim_folder(BOX, plan(key), "t", 1, 1)
    assert [record.key for record in ledger.folders(BOX)] == ["f1", "f10", "f2"]


def test_a_batch_goes_from_intent_to_commit(ledger: Ledger) -> None:
    record = ledger.claim_folder(BOX, plan(), "t1", 1, 1)
    record = ledger.open_intent(BOX, record, INTENT)
    assert record.intent == INTENT
    assert ledger.folders(BOX) == [record]
    record = ledger.commit(BOX, record, Tally(1, 100, 1, 0), NEXT)
    assert (record.cursor, record.intent) == ("8", NEXT)
    assert record.total == record.in_pass == Tally(1, 100, 1, 0)
    assert ledger.folders(BOX) == [record]
    record = ledger.commit(BOX, record, Tally(1, 300), None)
    assert (record.cursor, record.intent) == ("9", None)
    assert record.total == Tally(2, 400, 1, 0)
    assert ledger.folders(BOX) == [record]


def test_a_higher_fence_takes_over_and_the_old_worker_can_write_nothing(ledger: Ledger) -> None:
    old = ledger.claim_folder(BOX, plan(), "t1", 1, 1)
    new = ledger.claim_folder(BOX, plan(), "t1", 2, 1)
    with pytest.raises(FencedOff):
        ledger.claim_folder(BOX, plan(), "t1", 1, 1)
    with pytest.raises(FencedOff):
        ledger.open_intent(BOX, old, INTENT)
    opened = ledger.open_intent(BOX, new, INTENT)
    with pytest.raises(FencedOff):
        ledger.touch_intent(BOX, replace(old, intent=INTENT), NOW)
    with pytest.raises(FencedOff):
        ledger.commit(BOX, replace(old, intent=INTENT), Tally(2), None)
    assert ledger.folders(BOX) == [opened]


def test_a_worker_can_see_that_it_was_overtaken(ledger: Ledger) -> None:
    old = ledger.open_intent(BOX, ledger.claim_folder(BOX, plan(), "t1", 1, 1), INTENT)
    ledger.check_claim(BOX, old)
    ledger.claim_folder(BOX, plan(), "t1", 2, 1)
    with pytest.raises(FencedOff):
        ledger.check_claim(BOX, old)


def test_an_intent_survives_the_takeover(ledger: Ledger) -> None:
    old = ledger.open_intent(BOX, ledger.claim_folder(BOX, plan(), "t1", 1, 1), INTENT)
    assert ledger.claim_folder(BOX, plan(), "t9", 2, 1) == replace(old, fence=2)


def test_a_claim_with_the_same_fence_may_be_repeated(ledger: Ledger) -> None:
    record = ledger.claim_folder(BOX, plan(), "t1", 1, 1)
    assert ledger.claim_folder(BOX, plan(), "t1", 1, 1) == record


def test_an_intent_is_not_opened_over_another_or_from_an_old_position(ledger: Ledger) -> None:
    before = ledger.claim_folder(BOX, plan(), "t1", 1, 1)
    opened = ledger.open_intent(BOX, before, INTENT)
    with pytest.raises(FencedOff):
        ledger.open_intent(BOX, before, NEXT)
    ledger.commit(BOX, opened, Tally(2), None)
    with pytest.raises(FencedOff):
        ledger.open_intent(BOX, before, INTENT)


def test_a_commit_does_not_count_twice(ledger: Ledger) -> None:
    opened = ledger.open_intent(BOX, ledger.claim_folder(BOX, plan(), "t1", 1, 1), INTENT)
    ledger.commit(BOX, opened, Tally(2), NEXT)
    with pytest.raises(FencedOff):
        ledger.commit(BOX, opened, Tally(5), None)
    assert ledger.folders(BOX)[0].total == Tally(2)


def test_touching_keeps_the_first_time_and_counts_attempts(ledger: Ledger) -> None:
    record = ledger.open_intent(BOX, ledger.claim_folder(BOX, plan(), "t1", 1, 1), INTENT)
    first = ledger.touch_intent(BOX, record, NOW)
    second = ledger.touch_intent(BOX, record, "2027-01-01T00:00:00Z")
    assert first.intent == replace(INTENT, seen_at=NOW, attempts=1)
    assert second.intent == replace(INTENT, seen_at=NOW, attempts=2)
    committed = ledger.commit(BOX, second, Tally(2), NEXT)
    assert committed.intent == NEXT
    assert ledger.folders(BOX) == [committed]


def test_the_first_claim_of_a_pass_resets_the_counts_of_the_pass(ledger: Ledger) -> None:
    record = ledger.open_intent(BOX, ledger.claim_folder(BOX, plan(), "t1", 1, 1), INTENT)
    ledger.commit(BOX, record, Tally(2, 300), None)
    same = ledger.claim_folder(BOX, plan(), "t1", 2, 1)
    assert same.in_pass == Tally(2, 300)
    later = ledger.claim_folder(BOX, plan(), "t1", 3, 2)
    assert (later.in_pass, later.total, later.pass_id) == (Tally(), Tally(2, 300), 2)
    assert ledger.folders(BOX) == [later]


def test_another_validity_is_refused_once_something_was_copied(ledger: Ledger) -> None:
    record = ledger.claim_folder(BOX, plan(), "t1", 1, 1)
    again = ledger.claim_folder(BOX, plan(validity="2"), "t1", 2, 1)
    assert (again.validity, again.cursor) == ("2", "")
    record = ledger.open_intent(BOX, again, INTENT)
    with pytest.raises(SourceChanged):  # in doubt: something may have been copied
        ledger.claim_folder(BOX, plan(validity="3"), "t1", 3, 1)
    ledger.commit(BOX, record, Tally(2), None)
    with pytest.raises(SourceChanged):
        ledger.claim_folder(BOX, plan(validity="3"), "t1", 3, 1)


def test_a_check_is_kept_beside_the_position(ledger: Ledger) -> None:
    record = ledger.open_intent(BOX, ledger.claim_folder(BOX, plan(), "t1", 1, 1), INTENT)
    check = FolderCheck(3, 2, 2, Agreement.EXCEPTIONS, "1 refused")
    ledger.set_check(BOX, "f1", check)
    assert ledger.folders(BOX) == [replace(record, check=check)]
    ledger.commit(BOX, record, Tally(2), None)
    assert ledger.folders(BOX)[0].check == check


def test_rejections_come_by_folder_and_number_and_overwrite(ledger: Ledger) -> None:
    rows = [Rejection("f1", uid, 10, "too-large") for uid in ("100", "9", "21")]
    ledger.add_rejections(BOX, [*rows, Rejection("f0", "1", 1, "x")])
    ledger.add_rejections(BOX, [replace(rows[0], reason="bad-mime")])
    assert [(each.folder_key, each.uid, each.reason) for each in ledger.rejections(BOX)] == [
        ("f0", "1", "x"),
        ("f1", "9", "too-large"),
        ("f1", "21", "too-large"),
        ("f1", "100", "bad-mime"),
    ]
    assert ledger.rejections("another") == []


def test_an_intent_is_kept_as_it_was_given(ledger: Ledger) -> None:
    seen = replace(INTENT, seen_at=NOW, attempts=2)
    record = ledger.open_intent(BOX, ledger.claim_folder(BOX, plan(), "t1", 1, 1), seen)
    assert ledger.folders(BOX)[0].intent == seen
    ledger.commit(BOX, record, Tally(), replace(seen, seen_at=""))
    assert ledger.folders(BOX)[0].intent == replace(seen, seen_at="")


def test_a_big_batch_fits(ledger: Ledger) -> None:
    refs = tuple(ItemRef(f"AAMkAGI2{number:0120}", 10**8) for number in range(200))
    record = ledger.claim_folder(BOX, plan(), "t1", 1, 1)
    ledger.open_intent(BOX, record, Intent(refs, "c" * 2000, True, "m" * 500))
    intent = ledger.folders(BOX)[0].intent
    assert intent is not None
    assert intent.refs == refs


def test_the_last_run_is_the_one_that_planned_last(ledger: Ledger) -> None:
    assert ledger.last_run() == ""
    ledger.plan_mailboxes("run-1", [])
    ledger.plan_mailboxes("run-2", [])
    assert ledger.last_run() == "run-2"
