"""What every Ledger promises."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from localrun.fakes.ledger import MemoryLedger
from localrun.file_ledger import FileLedger
from migration.aws.ledger import DynamoLedger
from migration.deeds import Deed, DeedKind, DeedState
from migration.directory_model import (
    AdministratorRecord,
    Before,
    Booking,
    EntityRecord,
    EntityStatus,
    Grant,
    GrantRecord,
    Group,
    Permission,
    Resource,
    ResourceKind,
    Sharing,
)
from migration.dns_model import DnsFinding, DnsProgress, DnsRecord, DnsVerdict, DnsWatch, RecordKind
from migration.errors import FencedOff, SourceChanged
from migration.mail import Fate, Folder, FolderPlan, ItemRef, Remark
from migration.model import (
    Agreement,
    Failure,
    FolderCheck,
    FolderRecord,
    GuideRecord,
    GuideState,
    Intent,
    Mailbox,
    MailboxRecord,
    MailboxStatus,
    MailboxVerdict,
    Note,
    PassLine,
    Profile,
    Tally,
)
from migration.ports import Ledger
from migration.progress_model import Look, ProgressHistory, ProgressPoint, ProgressRecord
from migration.question_model import Question, QuestionKind
from migration.transitions import finish, leave, open_batch, resume, touch
from migration.zone_model import PublishedSet, RecordSet

BOX = "mailbox1"
NOW = "2026-11-23T10:00:00Z"
REFS = (ItemRef("7", 100), ItemRef("8", 200))
CHECK = FolderCheck(3, 2, 2, Agreement.EXCEPTIONS, "1 refused")


@pytest.fixture(params=["memory", "file", "moto", "emulated"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    if request.param == "memory":
        yield MemoryLedger()
    elif request.param in ("moto", "emulated"):
        yield DynamoLedger(request.getfixturevalue(f"{request.param}_table"), "acme")
    else:
        file = FileLedger(tmp_path / "ledger.sqlite", "acme")
        yield file
        file.close()


def plan(key: str = "f1", validity: str = "1", scope: str = "") -> FolderPlan:
    folder = Folder(key, ("Sent", "Été"), validity, 3)
    return FolderPlan(folder, ("Sent Items", "Été"), scope=scope)


def mailbox(id_: str) -> Mailbox:
    profile = Profile(city="Zürich", hidden=False, role="USER", identity_center_id="0" * 36)
    address = f"{id_}@example.test"
    return Mailbox(
        id_, "ann", address, id_, "Ann É", "", "", ("a@example.test",), profile, 2048, True
    )


def claim(ledger: Ledger, fence: int = 1, pass_id: int = 1) -> FolderRecord:
    return ledger.claim_folder(BOX, plan(), "t1", fence, pass_id)


def begin(ledger: Ledger, record: FolderRecord) -> FolderRecord:
    """A batch is about to be appended."""
    return ledger.advance(BOX, record, open_batch(record, REFS, "8", "m1"))


def end(ledger: Ledger, record: FolderRecord) -> FolderRecord:
    """One message of the batch was copied, one refused."""
    return ledger.advance(BOX, record, finish(record, {"7", "8"}, Tally(1, 100, 1)))


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


def test_the_owner_of_the_lock_can_be_asked(ledger: Ledger) -> None:
    assert ledger.lock_owner() == ""
    ledger.acquire_lock("run1", NOW)
    ledger.acquire_lock("run2", NOW)
    assert ledger.lock_owner() == "run1"
    ledger.take_over_lock("run3", "run1", NOW)
    assert ledger.lock_owner() == "run3"
    ledger.release_lock("run3")
    assert ledger.lock_owner() == ""


def test_only_one_takes_over_from_a_dead_owner(ledger: Ledger) -> None:
    ledger.acquire_lock("run1", NOW)
    assert ledger.take_over_lock("run2", "run1", NOW) is True
    assert ledger.take_over_lock("run3", "run1", NOW) is False
    assert ledger.acquire_lock("run4", NOW) == "run2"


def test_taking_over_again_after_a_lost_answer_succeeds(ledger: Ledger) -> None:
    ledger.acquire_lock("run1", NOW)
    ledger.take_over_lock("run2", "run1", NOW)
    assert ledger.take_over_lock("run2", "run1", NOW) is True


def test_a_start_is_claimed_once_and_an_older_one_comes_too_late(ledger: Ledger) -> None:
    assert ledger.claim_start("upload a", "002", "run1") == "run1"
    assert ledger.claim_start("upload a", "002", "run1") == "run1"
    assert ledger.claim_start("upload a", "002", "run2") == "run1"
    assert ledger.claim_start("upload a", "001", "run2") == "run1"
    assert ledger.claim_start("upload a", "003", "run3") == "run3"
    assert ledger.claim_start("upload a", "002", "run1") == "run3"


def test_starts_of_other_triggers_do_not_count(ledger: Ledger) -> None:
    ledger.claim_start("upload a", "002", "run1")
    assert ledger.claim_start("upload b", "001", "run2") == "run2"


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
    assert ledger.dns_watch("run1") == DnsWatch()
    ledger.write_dns("run1", "2026-01", [finding, finding], DnsWatch(began="2026-01"))
    ledger.write_dns("run1", NOW, [finding], DnsWatch(began=NOW))
    ledger.write_dns("run2", "2026-02", [], DnsWatch())
    assert ledger.dns("run1") == (NOW, [finding])
    assert ledger.dns_watch("run1") == DnsWatch(began=NOW)


def test_all_that_a_look_at_the_dns_tells_is_kept(ledger: Ledger) -> None:
    record = DnsRecord("_dmarc.example.test", "TXT", '"v=DMARC1;\\195\\164"', kind=RecordKind.DMARC)
    stale = DnsFinding(record, DnsVerdict.STALE, ("a", "b"), 60, "[::1]:53", stale_until=NOW)
    own = DnsFinding(
        record, DnsVerdict.UNANSWERED, server="a", host="ns1", authoritative=True, detail="LAME"
    )
    records = {
        record.key: DnsProgress(DnsVerdict.STALE, "2026-01"),
        "MX example.test 10 x": DnsProgress(DnsVerdict.UNANSWERED),
    }
    watch = DnsWatch("2026-01", "2026-02", "2026-03", "2026-04", 3600, records)
    ledger.write_dns("run1", NOW, [stale, own], watch)
    assert ledger.dns("run1") == (NOW, [stale, own])
    assert ledger.dns_watch("run1") == watch


def test_a_look_at_forty_domains_at_twelve_servers_has_room(ledger: Ledger) -> None:
    """400 KB is what DynamoDB takes for an item."""
    findings = [
        DnsFinding(
            DnsRecord(f"name-{number % 11}.domain-{number // 11}.example.test", "TXT", "v" * 60),
            DnsVerdict.WRONG,
            ("w" * 90, f"{number}"),
            3600 + server,
            f"192.0.2.{server}:53",
            f"ns{server}.domain-{number // 11}.example.test",
        )
        for number in range(40 * 11)
        for server in range(12)
    ]
    ledger.write_dns("run1", NOW, findings, DnsWatch())
    assert ledger.dns("run1") == (NOW, findings)


# ---- mailboxes


def test_planned_mailboxes_come_back_by_id_and_by_run(ledger: Ledger) -> None:
    ledger.plan_mailboxes("run1", [mailbox("b"), mailbox("a")])
    ledger.plan_mailboxes("run2", [mailbox("c")])
    assert list(ledger.mailboxes("run1")) == [
        MailboxRecord(mailbox("a"), "run1"),
        MailboxRecord(mailbox("b"), "run1"),
    ]
    assert ledger.mailbox("c").run == "run2"
    assert [record.mailbox.id for record in ledger.mailboxes()] == ["a", "b", "c"]


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


def test_a_mailbox_that_has_begun_knows_how_much_there_is(ledger: Ledger) -> None:
    ledger.plan_mailboxes("run1", [mailbox("a")])
    ledger.set_begun("a", 4711)
    record = ledger.mailbox("a")
    assert (record.status, record.expected) == (MailboxStatus.COPYING, 4711)
    ledger.plan_mailboxes("run2", [mailbox("a")])
    assert ledger.mailbox("a").expected == 0
    ledger.set_begun("a", 12)
    ledger.forget_mailbox("a")
    assert ledger.mailbox("a").expected == 0
    with pytest.raises(KeyError):
        ledger.set_begun("nobody", 1)


def test_a_mailbox_knows_when_it_was_begun_first_in_a_run(ledger: Ledger) -> None:
    ledger.plan_mailboxes("run1", [mailbox("a")])
    ledger.set_begun("a", 7)
    assert ledger.mailbox("a").begun == ""
    ledger.set_begun("a", 7, NOW)
    ledger.set_begun("a", 8, "2026-11-24T10:00:00Z")
    record = ledger.mailbox("a")
    assert (record.begun, record.expected) == (NOW, 8)
    ledger.plan_mailboxes("run2", [mailbox("a")])
    assert ledger.mailbox("a").begun == ""


def test_a_mailbox_has_each_pass_of_the_run_once_oldest_first(ledger: Ledger) -> None:
    def judge(pass_id: int, copied: int, at: str) -> None:
        in_pass = Tally(copied, 9, rejected=1, gone=2, skipped=3)
        verdict = MailboxVerdict(pass_id, Agreement.AGREE, Tally(copied), in_pass)
        ledger.set_verdict("a", verdict, at)

    ledger.plan_mailboxes("run1", [mailbox("a")])
    judge(1_796_000_000_002, 5, NOW)
    judge(1_796_000_000_002, 6, NOW)
    ledger.set_failed("a", Failure("X", "y"))
    judge(1_796_000_000_001, 4, "")
    assert ledger.mailbox("a").passes == (
        PassLine(1_796_000_000_001, 4, 1, 2, ""),
        PassLine(1_796_000_000_002, 6, 1, 2, NOW),
    )
    ledger.plan_mailboxes("run2", [mailbox("a")])
    assert ledger.mailbox("a").passes == ()
    with pytest.raises(KeyError):
        ledger.set_verdict("nobody", MailboxVerdict(1, Agreement.AGREE, Tally(), Tally()))


def test_the_looks_at_the_progress_are_kept_and_replaced(ledger: Ledger) -> None:
    assert ledger.progress() is None
    first = ProgressRecord("run1", NOW, (Look(NOW, "first pass", 3, "0 0 1"),))
    ledger.set_progress(first)
    assert ledger.progress() == first
    empty = ProgressRecord("run2", "", ())
    ledger.set_progress(empty)
    assert ledger.progress() == empty


def test_the_history_of_each_run_is_kept_and_replaced(ledger: Ledger) -> None:
    assert ledger.progress_history("run1") == ProgressHistory("run1")
    point = ProgressPoint(NOW, 10_000, 10**9, 10**13)
    first = ProgressHistory("run1", 0, (point,))
    full = ProgressHistory("run1", 480, (point, *[replace(point, at=NOW)] * 499))
    other = ProgressHistory("run10", 0, (replace(point, size=0),))
    for each in (first, other, full):
        ledger.set_progress_history(each)
    assert ledger.progress_history("run1") == full
    assert ledger.progress_history("run10") == other
    assert ledger.progress() is None


def test_a_verdict_ends_the_copy_and_clears_the_failure(ledger: Ledger) -> None:
    ledger.plan_mailboxes("run1", [mailbox("a")])
    ledger.set_failed("a", Failure("SourceBusy", "too long"))
    tallies = Tally(5, 50, 1, 1), Tally(1), ("1 refused",), Tally(7), Tally(2)
    verdict = MailboxVerdict(2, Agreement.EXCEPTIONS, *tallies)
    ledger.set_verdict("a", verdict)
    record = ledger.mailbox("a")
    assert (record.status, record.failure, record.verdict) == (MailboxStatus.COPIED, None, verdict)


def test_planning_again_starts_over_and_keeps_what_was_copied(ledger: Ledger) -> None:
    ledger.plan_mailboxes("run1", [mailbox("a")])
    ledger.set_provisioned("a", "user-1", "created")
    ledger.set_password_place("a", "waves/run1/1")
    ledger.set_failed("a", Failure("X", "y"))
    ledger.claim_folder("a", plan(), "t1", 1, 1)
    ledger.plan_mailboxes("run2", [mailbox("a")])
    record = ledger.mailbox("a")
    assert (record.run, record.status, record.failure) == ("run2", MailboxStatus.PLANNED, None)
    assert (record.user_id, record.password_in) == ("user-1", "waves/run1/1")
    assert len(ledger.folders("a")) == 1
    assert list(ledger.mailboxes("run1")) == []


def test_a_mailbox_has_an_address_for_the_time_being_and_remarks(ledger: Ledger) -> None:
    ledger.plan_mailboxes("run1", [mailbox("a")])
    planned = ledger.mailbox("a")
    assert (planned.address, planned.remarks) == ("", ())
    assert planned.at_present == planned.mailbox
    ledger.set_provisioned("a", "user-1", "creating", status=MailboxStatus.PLANNED)
    record = ledger.mailbox("a")
    assert (record.status, record.provisioned) == (MailboxStatus.PLANNED, "creating")
    ledger.set_provisioned("a", "user-1", "created", "a@acme.awsapps.com", ["city: x", "role: y"])
    record = ledger.mailbox("a")
    assert record.status is MailboxStatus.PROVISIONED
    assert (record.address, record.remarks) == ("a@acme.awsapps.com", ("city: x", "role: y"))
    assert record.at_present == replace(record.mailbox, target="a@acme.awsapps.com")
    assert list(ledger.mailboxes("run1")) == [record]
    ledger.plan_mailboxes("run2", [mailbox("a")])
    record = ledger.mailbox("a")
    assert (record.address, record.remarks) == ("a@acme.awsapps.com", ())
    ledger.set_provisioned("a", "user-1", "changed")
    record = ledger.mailbox("a")
    assert (record.address, record.remarks) == ("", ())


def test_a_refusal_is_over_when_the_user_is_provisioned(ledger: Ledger) -> None:
    ledger.plan_mailboxes("run1", [mailbox("a")])
    failure = Failure("UserRefused", "the name is reserved")
    ledger.set_failed("a", failure)
    assert ledger.mailbox("a").refused
    for status in (MailboxStatus.PLANNED, MailboxStatus.FAILED):
        ledger.set_provisioned("a", "user-1", "creating", status=status)
        assert (ledger.mailbox("a").status, ledger.mailbox("a").failure) == (status, failure)
    ledger.set_provisioned("a", "user-1", "created")
    assert ledger.mailbox("a").failure is None
    assert not ledger.mailbox("a").refused


def test_where_a_password_is_changes_nothing_else(ledger: Ledger) -> None:
    ledger.plan_mailboxes("run1", [mailbox("a")])
    ledger.set_provisioned("a", "user-1", "creating")
    before = ledger.mailbox("a")
    assert before.password_in == ""
    ledger.set_password_place("a", "target")
    assert ledger.mailbox("a") == replace(before, password_in="target")
    ledger.set_password_place("a", "")
    assert ledger.mailbox("a") == before
    with pytest.raises(KeyError):
        ledger.set_password_place("nobody", "target")


def test_fences_only_grow_and_belong_to_one_mailbox(ledger: Ledger) -> None:
    fences = [ledger.next_fence(BOX) for _ in range(3)]
    assert fences == sorted(set(fences))
    assert fences[0] > 0
    assert ledger.next_fence("another") <= fences[0]


GROUP = Group("g", "sales@acme.example", "Sales", True, ("s@acme.example",), ("anna@acme.example",))
RESOURCE = Resource(
    "r",
    "oak@acme.example",
    "Oak",
    ResourceKind.ROOM,
    source_name="The Great Oak Room",
    booking=Booking(auto_accept=False, auto_decline_conflicts=True),
    delegates=("sales@acme.example",),
    source="oak@old.example",
)
SHARING = Sharing(
    "s",
    "anna@acme.example",
    (Grant("bob@acme.example", frozenset({Permission.SEND_AS, Permission.FULL_ACCESS})),),
)


def test_planned_entities_come_back_by_id_and_by_run(ledger: Ledger) -> None:
    ledger.plan_entities("run1", [SHARING, GROUP])
    ledger.plan_entities("run2", [RESOURCE])
    assert list(ledger.entities("run1")) == [
        EntityRecord(GROUP, "run1"),
        EntityRecord(SHARING, "run1"),
    ]
    assert ledger.entity("r") == EntityRecord(RESOURCE, "run2")
    with pytest.raises(KeyError):
        ledger.entity("nobody")


def test_an_entity_planned_again_keeps_what_it_is_in_workmail(ledger: Ledger) -> None:
    ledger.plan_entities("run1", [GROUP])
    failed = EntityRecord(
        GROUP,
        "run1",
        EntityStatus.FAILED,
        "id-1",
        "created",
        Failure("UserRefused", "no"),
        ("member 1 is not known",),
    )
    ledger.set_entity(failed)
    assert ledger.entity("g") == failed
    renamed = replace(GROUP, name="Selling")
    ledger.plan_entities("run2", [renamed])
    assert ledger.entity("g") == EntityRecord(
        renamed, "run2", EntityStatus.PLANNED, "id-1", "created"
    )
    assert list(ledger.entities("run1")) == []


def test_there_is_one_administrator_until_it_is_dropped(ledger: Ledger) -> None:
    assert ledger.administrator() is None
    begun = AdministratorRecord("m@acme.awsapps.com", Before.ABSENT, why="no role")
    ledger.set_administrator(begun)
    assert ledger.administrator() == begun
    known = AdministratorRecord(
        "m@acme.awsapps.com", Before.DISABLED, "id-1", refusals=3, seen=True
    )
    ledger.set_administrator(known)
    assert ledger.administrator() == known
    for _ in range(2):
        ledger.drop_administrator()
    assert ledger.administrator() is None


def test_what_was_before_a_grant_is_kept_until_it_is_dropped(ledger: Ledger) -> None:
    before = frozenset({Permission.SEND_AS, Permission.SEND_ON_BEHALF})
    grants = [GrantRecord("a", "m"), GrantRecord("b", "m", before)]
    for grant in reversed(grants):
        ledger.set_grant(grant)
    assert ledger.grants() == grants
    ledger.set_grant(replace(grants[1], given=True))
    assert ledger.grants() == [grants[0], GrantRecord("b", "m", before, given=True)]
    for _ in range(2):
        ledger.drop_grant("a")
    assert [grant.owner_id for grant in ledger.grants()] == ["b"]


def test_the_last_run_is_the_one_that_planned_last(ledger: Ledger) -> None:
    assert ledger.last_run() == ""
    ledger.plan_mailboxes("run-1", [])
    ledger.plan_mailboxes("run-2", [])
    assert ledger.last_run() == "run-2"


# ---- folders: claims


def test_a_first_claim_creates_the_record(ledger: Ledger) -> None:
    record = ledger.claim_folder(BOX, plan(scope="s1"), "t1", 4, 1)
    assert (record.fence, record.cursor, record.total, record.pass_id) == (4, "", Tally(), 1)
    assert (record.path, record.target_path) == (("Sent", "Été"), ("Sent Items", "Été"))
    assert (record.target_id, record.validity, record.intent) == ("t1", "1", None)
    assert (record.scope, record.earlier, record.recount) == ("s1", (), False)
    assert ledger.folders(BOX) == [record]
    assert ledger.folders("another") == []


def test_folders_come_in_the_order_of_their_keys(ledger: Ledger) -> None:
    for key in ("f2", "f1", "f10"):
        ledger.claim_folder(BOX, plan(key), "t", 1, 1)
    assert [record.key for record in ledger.folders(BOX)] == ["f1", "f10", "f2"]


def test_a_claim_with_the_same_fence_may_be_repeated(ledger: Ledger) -> None:
    first = claim(ledger)
    again = claim(ledger)
    assert replace(again, revision=first.revision) == first
    assert ledger.folders(BOX) == [again]


def test_every_claim_and_every_advance_is_a_new_revision(ledger: Ledger) -> None:
    first = claim(ledger)
    second = begin(ledger, first)
    third = claim(ledger, fence=2)
    assert first.revision < second.revision < third.revision


def test_a_higher_fence_takes_over_and_the_old_worker_can_write_nothing(ledger: Ledger) -> None:
    old = claim(ledger, fence=1)
    new = claim(ledger, fence=2)
    with pytest.raises(FencedOff):
        claim(ledger, fence=1)
    with pytest.raises(FencedOff):
        begin(ledger, old)
    opened = begin(ledger, new)
    with pytest.raises(FencedOff):
        end(ledger, replace(old, intent=opened.intent))
    assert ledger.folders(BOX) == [opened]


def test_a_worker_with_the_right_revision_and_an_old_fence_can_write_nothing(
    ledger: Ledger,
) -> None:
    claim(ledger, fence=1)
    new = claim(ledger, fence=2)
    with pytest.raises(FencedOff):
        begin(ledger, replace(new, fence=1))
    assert ledger.folders(BOX) == [new]


def test_a_worker_can_see_that_it_was_overtaken(ledger: Ledger) -> None:
    claimed = claim(ledger)
    old = begin(ledger, claimed)
    ledger.check_claim(BOX, old)
    ledger.check_claim(BOX, claimed)  # its own batch is no rival
    claim(ledger, fence=2)
    with pytest.raises(FencedOff):
        ledger.check_claim(BOX, old)


def test_an_intent_survives_the_takeover_and_the_target_stays(ledger: Ledger) -> None:
    old = begin(ledger, claim(ledger))
    new = ledger.claim_folder(BOX, plan(), "t9", 2, 1)
    assert replace(new, fence=1, revision=old.revision) == old


def test_the_first_claim_of_a_pass_resets_the_counts_of_the_pass(ledger: Ledger) -> None:
    end(ledger, begin(ledger, claim(ledger)))
    same = claim(ledger, fence=2)
    assert same.in_pass == Tally(1, 100, 1)
    later = claim(ledger, fence=3, pass_id=2)
    assert (later.in_pass, later.total, later.pass_id) == (Tally(), Tally(1, 100, 1), 2)
    assert ledger.folders(BOX) == [later]


def test_pass_ids_are_milliseconds(ledger: Ledger) -> None:
    assert claim(ledger, pass_id=1_795_428_000_123).pass_id == 1_795_428_000_123
    assert ledger.folders(BOX)[0].pass_id == 1_795_428_000_123


def test_a_recreated_folder_is_read_anew_and_keeps_what_was_copied(ledger: Ledger) -> None:
    record = end(ledger, begin(ledger, claim(ledger)))
    record = ledger.advance(BOX, record, replace(record, flags_state="modseq 9"))
    new = ledger.claim_folder(BOX, plan(validity="2"), "t9", 2, 2)
    assert (new.validity, new.cursor, new.flags_state, new.recount) == ("2", "", "", True)
    assert (new.total, new.in_pass) == (Tally(1, 100), Tally())
    assert (new.earlier, new.target_id) == (("f1/1",), "t1")
    assert ledger.folders(BOX) == [new]
    twice = ledger.claim_folder(BOX, plan(validity="3"), "t9", 3, 3)
    assert twice.earlier == ("f1/1", "f1/2")


def test_a_folder_that_is_recreated_while_a_batch_is_open_is_left_alone(ledger: Ledger) -> None:
    opened = begin(ledger, claim(ledger))
    with pytest.raises(SourceChanged):
        ledger.claim_folder(BOX, plan(validity="2"), "t1", 2, 1)
    assert ledger.folders(BOX) == [opened]


def test_other_filters_have_the_folder_read_anew(ledger: Ledger) -> None:
    record = end(ledger, begin(ledger, claim(ledger)))
    record = ledger.advance(
        BOX, record, replace(record, total=record.total + Tally(skipped=4), flags_state="9")
    )
    new = ledger.claim_folder(BOX, plan(scope="s2"), "t1", 2, 1)
    assert (new.scope, new.cursor, new.recount, new.earlier) == ("s2", "", True, ())
    assert (new.total, new.flags_state) == (Tally(1, 100, 1), "9")
    assert ledger.folders(BOX) == [new]


def test_other_filters_wait_until_an_open_batch_is_done(ledger: Ledger) -> None:
    begin(ledger, claim(ledger))
    new = ledger.claim_folder(BOX, plan(scope="s2"), "t1", 2, 1)
    assert (new.scope, new.cursor, new.recount) == ("", "8", False)
    assert new.intent is not None


# ---- folders: batches


def test_a_batch_goes_from_intent_to_total(ledger: Ledger) -> None:
    record = begin(ledger, claim(ledger))
    assert (record.cursor, record.intent) == ("8", Intent(REFS, "m1"))
    assert ledger.folders(BOX) == [record]
    record = end(ledger, record)
    assert (record.cursor, record.intent) == ("8", None)
    assert record.total == record.in_pass == Tally(1, 100, 1)
    assert ledger.folders(BOX) == [record]


def test_one_update_ends_a_batch_and_begins_the_next(ledger: Ledger) -> None:
    record = begin(ledger, claim(ledger))
    done = finish(record, {"7", "8"}, Tally(2, 300))
    record = ledger.advance(BOX, record, open_batch(done, (ItemRef("9", 5),), "9", "m2"))
    assert (record.cursor, record.intent) == ("9", Intent((ItemRef("9", 5),), "m2"))
    assert ledger.folders(BOX) == [record]


def test_nobody_advances_from_an_old_position(ledger: Ledger) -> None:
    before = claim(ledger)
    opened = begin(ledger, before)
    with pytest.raises(FencedOff):
        ledger.advance(BOX, before, replace(before, cursor="99"))
    ended = end(ledger, opened)
    with pytest.raises(FencedOff):
        ledger.advance(BOX, before, replace(before, cursor="99"))
    with pytest.raises(FencedOff):
        ledger.advance(BOX, opened, finish(opened, {"7", "8"}, Tally(5)))
    assert ledger.folders(BOX) == [ended]


def test_whatever_a_record_holds_comes_back(ledger: Ledger) -> None:
    record = begin(ledger, claim(ledger))
    full = replace(
        record,
        path=("Café", "日本"),
        target_path=("a/b",),
        target_id="t2",
        total=Tally(1, 2**40, 3, 4, 5),
        earlier=("f0/1", "f1/1"),
        recount=True,
        scope="s1",
        flags_state="n:9",
        intent=Intent(REFS, "m2", NOW, attempts=3, crashes=2, focus=7, left=True),
    )
    written = ledger.advance(BOX, record, full)
    assert written == replace(full, revision=written.revision)
    assert ledger.folders(BOX) == [written]
    plain = replace(written, intent=None, recount=False, earlier=(), cursor="", flags_state="")
    written = ledger.advance(BOX, written, plain)
    assert ledger.folders(BOX) == [written]
    assert (written.intent, written.recount) == (None, False)


def test_an_intent_tells_how_its_workers_ended(ledger: Ledger) -> None:
    record = begin(ledger, claim(ledger))
    changes: list[Callable[[FolderRecord], FolderRecord]] = [
        lambda record: touch(record, NOW),
        lambda record: resume(record, "m5", 1),
        lambda record: leave(record, NOW, tried=True),
        lambda record: touch(record, "2027-01-01T00:00:00Z"),
    ]
    for change in changes:
        record = ledger.advance(BOX, record, change(record))
        assert ledger.folders(BOX) == [record]
    intent = Intent(REFS, "m5", NOW, attempts=2, crashes=1, focus=1)
    assert record.intent == intent


def test_a_big_batch_fits(ledger: Ledger) -> None:
    refs = tuple(ItemRef(f"AAMkAGI2{number:0120}", 10**8) for number in range(600))
    record = claim(ledger)
    record = ledger.advance(BOX, record, open_batch(record, refs, "c" * 2000, "m" * 500))
    assert ledger.folders(BOX) == [record]


def test_an_id_may_hold_any_character(ledger: Ledger) -> None:
    uids = ("a b", "%20", "a%", '"', "ä:1", " ", "", "x\ty", "https://a.test/b?c=d&e=%2F")
    refs = tuple(ItemRef(uid, size) for size, uid in enumerate(uids))
    record = claim(ledger)
    record = ledger.advance(BOX, record, open_batch(record, refs, "c", "m"))
    assert ledger.folders(BOX) == [record]


def test_folders_of_one_name_in_two_mailboxes_do_not_meet(ledger: Ledger) -> None:
    begin(ledger, claim(ledger))
    other = ledger.claim_folder("mailbox2", plan(), "t1", 1, 1)
    assert (other.cursor, other.intent) == ("", None)
    assert ledger.folders("mailbox2") == [other]


# ---- folders: checks, renaming, pause


def test_a_check_is_kept_beside_the_position(ledger: Ledger) -> None:
    record = begin(ledger, claim(ledger))
    ledger.set_check(BOX, "f1", CHECK)
    assert ledger.folders(BOX) == [replace(record, check=CHECK)]
    end(ledger, record)  # a worker that has not seen the check
    assert ledger.folders(BOX)[0].check == CHECK
    assert claim(ledger, fence=2).check == CHECK


def test_the_check_of_a_folder_that_was_never_claimed_is_a_key_error(ledger: Ledger) -> None:
    claim(ledger)
    with pytest.raises(KeyError):
        ledger.set_check(BOX, "f9", CHECK)


def test_a_renamed_folder_goes_on_under_its_new_key(ledger: Ledger) -> None:
    end(ledger, begin(ledger, claim(ledger)))
    ledger.set_check(BOX, "f1", CHECK)
    (old,) = ledger.folders(BOX)
    new = replace(old, key="f2", path=("Archive",), earlier=("f1/1",))
    ledger.adopt_folder(BOX, "f1", new)
    assert ledger.folders(BOX) == [new]
    ledger.adopt_folder(BOX, "f1", new)
    assert ledger.folders(BOX) == [new]
    claimed = ledger.claim_folder(BOX, plan("f2"), "t9", 2, 1)
    assert (claimed.cursor, claimed.total, claimed.target_id) == ("8", Tally(1, 100, 1), "t1")
    assert claimed.check == CHECK


def test_an_overtaken_worker_does_not_adopt_a_folder(ledger: Ledger) -> None:
    begin(ledger, claim(ledger))
    (stale,) = ledger.folders(BOX)
    ledger.claim_folder(BOX, plan("f1"), "t1", stale.fence + 1, 1)
    with pytest.raises(FencedOff):
        ledger.adopt_folder(BOX, "f1", replace(stale, key="f2"))
    assert [record.key for record in ledger.folders(BOX)] == ["f1"]


def test_a_folder_that_was_adopted_keeps_what_its_new_owner_did(ledger: Ledger) -> None:
    end(ledger, begin(ledger, claim(ledger)))
    (stale,) = ledger.folders(BOX)
    ledger.adopt_folder(BOX, "f1", replace(stale, key="f2"))
    claimed = ledger.claim_folder(BOX, plan("f2"), "t1", stale.fence + 1, 1)
    ledger.adopt_folder(BOX, "f1", replace(stale, key="f2"))
    assert ledger.folders(BOX) == [claimed]


def test_the_copy_pauses_when_it_is_wanted(ledger: Ledger) -> None:
    assert ledger.pause_wanted() is False
    ledger.want_pause(True)
    ledger.want_pause(True)
    assert ledger.pause_wanted() is True
    ledger.want_pause(False)
    assert ledger.pause_wanted() is False


def test_an_abort_stops_its_own_run_and_no_other(ledger: Ledger) -> None:
    ledger.want_abort("run1")
    assert ledger.pause_wanted("run1") is True
    assert ledger.pause_wanted("run2") is False
    assert ledger.pause_wanted() is False


def test_a_pause_and_an_abort_do_not_end_each_other(ledger: Ledger) -> None:
    ledger.want_pause(True)
    ledger.want_abort("run1")
    assert ledger.pause_wanted("run2") is True
    ledger.want_pause(False)
    assert ledger.pause_wanted("run1") is True
    assert ledger.pause_wanted("run2") is False
    ledger.want_abort("run2")
    assert ledger.pause_wanted("run1") is False


# ---- remarks


def test_remarks_come_by_folder_and_number_and_overwrite(ledger: Ledger) -> None:
    rows = [Remark("f1", uid, 10, "too-large") for uid in ("100", "9", "21")]
    ledger.add_remarks(BOX, [*rows, Remark("f0", "1", 1, "x", Fate.QUARANTINED)])
    ledger.add_remarks(BOX, [replace(rows[0], reason="bad-mime", fate=Fate.ADJUSTED)])
    ledger.add_remarks(BOX, [])
    assert ledger.remarks(BOX) == [
        Remark("f0", "1", 1, "x", Fate.QUARANTINED),
        Remark("f1", "9", 10, "too-large"),
        Remark("f1", "21", 10, "too-large"),
        Remark("f1", "100", 10, "bad-mime", Fate.ADJUSTED),
    ]
    assert ledger.remarks("another") == []


def test_a_remark_keeps_what_is_known_of_its_message_and_no_more(ledger: Ledger) -> None:
    known = Remark("f1", "7", 0, "", Fate.UNREADABLE, NOW, "Grüße \ufffd \N{PILE OF POO}")
    ledger.add_remarks(BOX, [known])
    assert ledger.remarks(BOX) == [known]
    less = replace(known, received="", subject="")
    ledger.add_remarks(BOX, [less])
    assert ledger.remarks(BOX) == [less]


def test_the_remarks_of_one_folder_are_dropped(ledger: Ledger) -> None:
    kept = [Remark("f0", "1", 1, "x"), Remark("f10", "1", 1, "x")]
    ledger.add_remarks(BOX, [*kept, *(Remark("f1", str(uid), 1, "x") for uid in range(60))])
    ledger.add_remarks("another", [Remark("f1", "1", 1, "x")])
    ledger.drop_remarks(BOX, "f1")
    ledger.drop_remarks(BOX, "f1")
    ledger.drop_remarks("nobody", "f1")
    assert ledger.remarks(BOX) == kept
    assert len(ledger.remarks("another")) == 1


# ---- changed record sets

OLD_MX = RecordSet("acme.example", "MX", 3600, ("10 mail.old.example.",))
NEW_MX = RecordSet("acme.example", "MX", 300, ("10 inbound-smtp.eu-west-1.amazonaws.com.",))


def test_changed_record_sets_are_kept_one_for_each_zone_name_and_type(ledger: Ledger) -> None:
    assert ledger.published() == []
    mx = PublishedSet("Z1", "acme.example", "MX", OLD_MX, (NEW_MX,), "run1")
    txt = RecordSet("_dmarc.acme.example", "TXT", 60, ('"v=DMARC1"', '"\\303" "x"'), "weighted")
    others = [
        PublishedSet("Z1", "_dmarc.acme.example", "TXT", None, (txt,), "run1"),
        PublishedSet("Z2", "acme.example", "MX", None, (), "run1"),
    ]
    for record in (mx, *others):
        ledger.keep_published(record)
    done = replace(
        mx,
        written=(OLD_MX, NEW_MX),
        run="run2",
        change="C1",
        in_sync=True,
        outcome="left",
        decided_by="run3",
        reason="somebody has changed it",
    )
    ledger.keep_published(done)
    assert ledger.published() == [others[0], done, others[1]]


# ---- deeds

GIVEN = Deed(
    DeedKind.PERMISSIONS,
    "run-1",
    NOW,
    "owner-id",
    "grantee-id",
    before=frozenset({Permission.SEND_AS}),
    after=frozenset({Permission.SEND_AS, Permission.FULL_ACCESS}),
)


def test_a_deed_is_written_and_confirmed_in_the_same_place(ledger: Ledger) -> None:
    deed = Deed(DeedKind.USER, "run-1", NOW, "Anna")
    assert ledger.deed(deed.key) is None
    assert list(ledger.deeds()) == []
    ledger.record_deed(deed)
    done = replace(deed, subject="anna", state=DeedState.DONE, entity_id="u-1", run="run-2")
    ledger.record_deed(done)
    assert ledger.deed(deed.key) == done
    assert list(ledger.deeds()) == [done]


def test_deeds_come_by_run_and_in_the_order_of_their_keys(ledger: Ledger) -> None:
    deeds = [
        Deed(DeedKind.ALIAS, f"run-{n % 2}", NOW, "u-1", f"é{n}@example.test") for n in range(9)
    ]
    for deed in [*deeds, GIVEN]:
        ledger.record_deed(deed)
    in_order = sorted([*deeds, GIVEN], key=lambda deed: deed.key)
    assert list(ledger.deeds()) == in_order
    assert list(ledger.deeds("run-1")) == [deed for deed in in_order if deed.run == "run-1"]
    assert list(ledger.deeds("another")) == []


def test_a_deed_keeps_everything(ledger: Ledger) -> None:
    deed = replace(GIVEN, state=DeedState.UNDONE, decided_by="back", reason="kept: 3 items")
    ledger.record_deed(deed)
    assert ledger.deed(deed.key) == deed


def test_a_forgotten_mailbox_begins_anew_and_its_old_workers_are_cut_off(ledger: Ledger) -> None:
    ledger.plan_mailboxes("run-1", [mailbox(BOX), mailbox("mailbox2")])
    ledger.set_provisioned(BOX, "u-1", "created", "a@acme.awsapps.com", ["a remark"])
    ledger.set_password_place(BOX, "waves/run-1/1")
    fence = ledger.next_fence(BOX)
    record = claim(ledger, fence)
    ledger.claim_folder("mailbox2", plan(), "t1", 1, 1)
    ledger.add_remarks(BOX, [Remark("f1", "9", 10, "too-large")])
    ledger.set_begun(BOX, 3, NOW)
    ledger.set_verdict(BOX, MailboxVerdict(1, Agreement.AGREE, Tally(), Tally()), NOW)
    ledger.forget_mailbox(BOX)
    ledger.forget_mailbox(BOX)
    ledger.forget_mailbox("never planned")
    assert ledger.mailbox(BOX) == MailboxRecord(mailbox(BOX), "run-1")
    assert (ledger.folders(BOX), ledger.remarks(BOX)) == ([], [])
    assert len(ledger.folders("mailbox2")) == 1
    with pytest.raises(FencedOff):
        ledger.check_claim(BOX, record)
    with pytest.raises(FencedOff):
        ledger.advance(BOX, record, record)
    assert ledger.next_fence(BOX) > fence
    assert [each.mailbox.id for each in ledger.mailboxes("run-1")] == [BOX, "mailbox2"]


# ---- what the operators were told


def test_what_was_told_is_known_per_run(ledger: Ledger) -> None:
    assert ledger.is_told("run1", "started") is False
    ledger.set_told("run1", "started")
    ledger.set_told("run1", "started")
    assert ledger.is_told("run1", "started") is True
    assert ledger.is_told("run1", "start") is False
    assert ledger.is_told("run2", "started") is False


def test_only_the_first_keys_are_admitted_and_stay_so(ledger: Ledger) -> None:
    assert [ledger.admit("run1", "failed", key, 2) for key in "abca"] == [True, True, False, True]
    assert ledger.admit("run1", "failed", "c", 2) is False
    assert ledger.admit("run2", "failed", "c", 2) is True
    assert ledger.admit("run1", "other", "c", 2) is True


# ---- what the operators are asked

ASKED = Question(
    run="run1",
    kind=QuestionKind.CUTOVER,
    asked=NOW,
    id="secret-1",
    token="token-1",
    until="2026-12-07T10:00:00Z",
    answers=("approve", "reject"),
    facts=(("Mailboxes", "3 done"), ("Größe", "1.2 GB")),
)


def test_a_question_is_kept_as_it_was_put(ledger: Ledger) -> None:
    assert ledger.questions() == []
    assert ledger.ask(ASKED) == ASKED
    later = replace(ASKED, kind=QuestionKind.DNS, answers=("stop",), facts=(), id="secret-2")
    other = replace(ASKED, run="run10", id="secret-3")
    for each in (other, later):
        ledger.ask(each)
    assert ledger.questions("run1") == [ASKED, later]
    assert ledger.questions() == [ASKED, later, other]


def test_asking_again_keeps_the_id_and_takes_the_token(ledger: Ledger) -> None:
    ledger.ask(ASKED)
    again = replace(ASKED, id="secret-2", token="token-2", facts=(("a", "b"),), until="x")
    assert ledger.ask(again) == replace(again, id="secret-1")
    assert ledger.questions() == [replace(again, id="secret-1")]


def test_the_first_answer_stays_over_reminders(ledger: Ledger) -> None:
    ledger.ask(ASKED)
    answered = replace(ASKED, answer="approve", by="link", answered=NOW)
    assert ledger.settle(ASKED, "approve", "link", NOW) == answered
    assert ledger.settle(ASKED, "reject", "AIDA1", "later") == answered
    assert ledger.ask(replace(ASKED, token="token-2")) == replace(answered, token="token-2")


def test_an_answer_is_replaced_only_on_purpose(ledger: Ledger) -> None:
    ledger.ask(ASKED)
    ledger.settle(ASKED, "approve", "link", NOW)
    settled = ledger.settle(ASKED, "reject", "command", "later", over=True)
    assert (settled.answer, settled.by, settled.answered) == ("reject", "command", "later")
    assert ledger.questions() == [settled]


def test_a_question_that_was_never_put_cannot_be_answered(ledger: Ledger) -> None:
    for over in (False, True):
        with pytest.raises(KeyError):
            ledger.settle(ASKED, "approve", "link", NOW, over=over)
    assert ledger.questions() == []


# ---- settings of mail programs


def test_a_users_mail_begins_once(ledger: Ledger) -> None:
    assert ledger.begin_guide(BOX)
    assert list(ledger.guides()) == [GuideRecord(BOX, GuideState.SENDING)]
    assert not ledger.begin_guide(BOX)
    sent = GuideRecord(BOX, GuideState.SENT, NOW, "message-1")
    ledger.set_guide(sent)
    assert not ledger.begin_guide(BOX)
    assert list(ledger.guides()) == [sent]


@pytest.mark.parametrize("state", [GuideState.WRITTEN, GuideState.REFUSED])
def test_a_mail_that_was_not_sent_may_begin_again(ledger: Ledger, state: GuideState) -> None:
    ledger.set_guide(GuideRecord(BOX, state, NOW, reason="no such address"))
    assert ledger.begin_guide(BOX)
    assert list(ledger.guides()) == [GuideRecord(BOX, GuideState.SENDING)]


def test_client_settings_come_in_the_order_of_the_mailboxes_and_stay_over_runs(
    ledger: Ledger,
) -> None:
    records = [GuideRecord(f"mailbox{n}", GuideState.SENT, NOW, f"m-{n}") for n in (3, 1, 2)]
    for record in records:
        ledger.set_guide(record)
    ledger.plan_mailboxes("run-2", [mailbox("mailbox1")])
    ledger.forget_mailbox("mailbox1")
    assert list(ledger.guides()) == sorted(records, key=lambda each: each.mailbox_id)
