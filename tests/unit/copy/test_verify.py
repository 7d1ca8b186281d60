"""The judgement of the copy: two servers, the ledger, and the messages themselves."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from migration.copy.audit import read_audit
from migration.errors import SourceChanged, TargetBusy
from migration.mail import Remark
from migration.model import Agreement, CopyPolicy, DeltaPolicy, FolderCheck, MailboxStatus
from tests.unit.copy.copied_mailbox import BOX, INBOX, CopiedMailbox

AGREE, EXCEPTIONS, DIFFER = Agreement.AGREE, Agreement.EXCEPTIONS, Agreement.DIFFER
DAY = datetime(2024, 2, 29, 12, 30, 15, tzinfo=UTC)
A = ("A",)

LETTER = """From: Ann <ann@one.example>
To: bob@two.example
Date: Thu, 29 Feb 2024 12:30:15 +0000
Message-ID: <{number}@one.example>
Subject: Letter {number}

Dear Bob, this is letter {number}.
"""


def letter(number: int) -> bytes:
    return LETTER.format(number=number).replace("\n", "\r\n").encode()


def copied(
    *, keeps_key: bool = True, keeps_bytes: bool = True, adjusted: str = ""
) -> CopiedMailbox:
    """Four messages in the inbox, one in another folder, after the first pass."""
    mailbox = CopiedMailbox(keeps_key=keeps_key, keeps_bytes=keeps_bytes)
    for number in range(4):
        mailbox.source.deliver(INBOX, letter(number), DAY, ["\\Seen", "Projekt-X"])
    mailbox.source.deliver(A, letter(9), DAY)
    mailbox.copy(adjusted=adjusted)
    return mailbox


def lists(mailbox: CopiedMailbox, pass_id: int = 1) -> dict[str, Any]:
    """The four lists, without folders and sizes."""
    body = json.loads(mailbox.findings(pass_id))
    short: dict[str, Any] = {
        "missing": [each["uid"] for each in body["missing"]],
        "extra": [(each["uid"], each["count"]) for each in body["extra"]],
        "differing": [(each["uid"], "+".join(each["traits"])) for each in body["differing"]],
        "refused": [(each["uid"], each["reason"]) for each in body["refused"]],
    }
    return {name: found for name, found in short.items() if found}


def compared(mailbox: CopiedMailbox, pass_id: int = 1) -> int:
    folders = json.loads(mailbox.findings(pass_id))["folders"]
    return sum(folder["compared"] for folder in folders)


BOTH_KINDS = pytest.mark.parametrize("keeps_key", [True, False], ids=["by key", "by id"])
BYTES_OR_TRAITS = pytest.mark.parametrize("keeps_bytes", [True, False], ids=["bytes", "traits"])


# ---- counts ----------------------------------------------------------------------------------


@BOTH_KINDS
@BYTES_OR_TRAITS
def test_a_finished_copy_agrees_and_the_verdict_is_kept(keeps_key: bool, keeps_bytes: bool) -> None:
    mailbox = copied(keeps_key=keeps_key, keeps_bytes=keeps_bytes)
    assert mailbox.verify() == (AGREE, ())
    record = mailbox.ledger.mailbox(BOX)
    assert record.status is MailboxStatus.COPIED
    assert record.verdict is not None
    assert (record.verdict.total.copied, record.verdict.in_pass.copied) == (5, 5)
    assert all(each.check and each.check.agreement is AGREE for each in mailbox.ledger.folders(BOX))
    assert lists(mailbox) == {}
    assert compared(mailbox) == 5


@BOTH_KINDS
def test_a_user_who_tidies_up_between_two_passes_makes_no_difference_for_ever(
    keeps_key: bool,
) -> None:
    mailbox = copied(keeps_key=keeps_key)
    mailbox.verify()
    mailbox.lose(1)
    for pass_id in (2, 3):
        mailbox.copy(pass_id)
        agreement, (reason,) = mailbox.verify(pass_id)
        assert agreement is EXCEPTIONS
        assert reason.startswith("1 copied messages are no longer in their folder")
        assert lists(mailbox, pass_id) == {}


def test_a_user_who_moves_mail_to_another_copied_folder_makes_no_difference() -> None:
    mailbox = copied()
    mailbox.verify()
    mailbox.move(INBOX, A)
    for pass_id in (2, 3):
        mailbox.copy(pass_id)
        agreement, reasons = mailbox.verify(pass_id)
        assert agreement is EXCEPTIONS
        assert sorted(reason.split(":")[0] for reason in reasons) == [
            "1 copied messages are no longer in their folder",
            "1 copied messages of other folders are in this one",
        ]


def test_a_move_before_the_first_check_is_a_difference() -> None:
    mailbox = copied()
    mailbox.move(INBOX, A)
    assert mailbox.verify()[0] is DIFFER
    assert lists(mailbox)["missing"] == ["1"]


def test_what_is_doubled_is_not_taken_for_a_move() -> None:
    mailbox = copied()
    mailbox.verify()
    mailbox.move(INBOX, A)
    mailbox.target._items[mailbox.record(A).target_id] *= 2
    agreement, reasons = mailbox.verify(2)
    assert agreement is DIFFER
    assert "3 more in the target than were copied" in reasons


@BOTH_KINDS
def test_new_mail_at_the_target_is_not_counted(keeps_key: bool) -> None:
    mailbox = copied(keeps_key=keeps_key)
    for path in (INBOX, A):
        mailbox.target.deliver(mailbox.record(path).target_id, mailbox.kept(0).item)
    assert mailbox.verify() == (AGREE, ())


def test_what_arrived_at_the_source_is_told_from_what_was_missed() -> None:
    mailbox = copied()
    mailbox.source.deliver(INBOX, letter(5))
    assert mailbox.verify() == (AGREE, ("1 arrived at the source since",))
    mailbox.copy(2)
    missed = mailbox.source.deliver(INBOX, letter(6))
    record = mailbox.record()
    mailbox.ledger.advance(BOX, record, replace(record, cursor=missed))
    assert mailbox.verify(2) == (DIFFER, ("1 at the source that were never copied",))


def test_a_folder_that_was_never_copied_differs_unless_it_is_empty_or_left_out() -> None:
    mailbox = copied()
    mailbox.source.add_folder(("Empty",))
    assert mailbox.verify() == (AGREE, ())
    mailbox.source.deliver(("Later",), b"x")
    assert mailbox.verify() == (DIFFER, ("1 in a folder that was never copied",))
    left_out = ("1 in 1 folders that the tenant's filters leave out",)
    assert mailbox.verify_by(CopyPolicy(exclude=("Later",))) == (AGREE, left_out)


def test_a_folder_deleted_at_the_source_is_a_reason_and_its_mail_is_still_compared() -> None:
    mailbox = copied()
    del mailbox.source._folders[A]
    assert mailbox.verify() == (AGREE, ("1 gone from the source since",))
    mailbox.alter(0, A, mime=letter(10))
    assert mailbox.verify()[0] is DIFFER
    assert lists(mailbox) == {"differing": [("1", "content")]}


@BOTH_KINDS
def test_a_folder_deleted_at_the_target_has_lost_everything(keeps_key: bool) -> None:
    mailbox = copied(keeps_key=keeps_key)
    mailbox.target.drop_folder(A)
    assert mailbox.verify() == (DIFFER, ("1 missing in the target",))


def test_only_this_pass_counts_as_this_pass() -> None:
    mailbox = copied()
    mailbox.source.deliver(INBOX, letter(5))
    mailbox.copy(2)
    mailbox.verify(2)
    verdict = mailbox.ledger.mailbox(BOX).verdict
    assert verdict is not None
    assert (verdict.total.copied, verdict.in_pass.copied) == (6, 1)


def test_verifying_again_writes_only_the_verdict() -> None:
    mailbox = copied()
    mailbox.verify()
    writes = mailbox.ledger.writes
    mailbox.verify()
    assert mailbox.ledger.writes == writes + 1


def test_a_recreated_folder_cannot_be_judged() -> None:
    mailbox = copied()
    mailbox.source.recreate(A)
    with pytest.raises(SourceChanged):
        mailbox.verify()


# ---- what is altered behind the engine's back ------------------------------------------------


@BOTH_KINDS
def test_one_byte(keeps_key: bool) -> None:
    mailbox = copied(keeps_key=keeps_key)
    mailbox.alter(2, mime=letter(2).replace(b"letter 2", b"lettre 2"))
    assert mailbox.verify() == (DIFFER, ("1 damaged in the target",))
    assert lists(mailbox) == {"differing": [("3", "content")]}


def test_one_byte_of_a_large_message() -> None:
    mailbox = CopiedMailbox()
    content = letter(1) + b"x" * 3_000_000
    mailbox.source.deliver(INBOX, content, DAY)
    mailbox.copy()
    assert mailbox.verify() == (AGREE, ())
    mailbox.alter(0, mime=content[:-1] + b"y")
    assert mailbox.verify()[0] is DIFFER
    assert lists(mailbox) == {"differing": [("1", "content")]}


@pytest.mark.parametrize(
    ("old", "new", "trait"),
    [
        (b"this is letter 2", b"this is lettre 2", "text"),
        (b"Subject: Letter 2", b"Subject: Lettre 2", "subject"),
        (b"<2@one", b"<3@one", "message-id"),
        (b"ann@one", b"eve@one", "from"),
        (b"bob@two", b"eve@two", "to"),
        (b"12:30:15", b"12:30:16", "date"),
    ],
)
def test_one_trait_of_a_message_that_the_target_rebuilds(
    old: bytes, new: bytes, trait: str
) -> None:
    mailbox = copied(keeps_bytes=False)
    mailbox.alter(2, mime=letter(2).replace(old, new))
    assert mailbox.verify() == (EXCEPTIONS, ("1 shown otherwise by the target",))
    assert lists(mailbox) == {"differing": [("3", trait)]}


def test_a_message_that_the_target_shows_empty() -> None:
    mailbox = copied(keeps_bytes=False)
    mailbox.alter(2, mime=letter(2).partition(b"\r\n\r\n")[0] + b"\r\n\r\n")
    assert mailbox.verify() == (DIFFER, ("1 damaged in the target",))
    assert lists(mailbox) == {"differing": [("3", "empty")]}


@BYTES_OR_TRAITS
def test_the_date_of_receipt(keeps_bytes: bool) -> None:
    mailbox = copied(keeps_bytes=keeps_bytes)
    mailbox.alter(1, received=DAY + timedelta(seconds=1))
    assert mailbox.verify() == (EXCEPTIONS, ("1 shown otherwise by the target",))
    assert lists(mailbox) == {"differing": [("2", "received")]}


@BYTES_OR_TRAITS
@pytest.mark.parametrize(
    ("flags", "codes"),
    [
        (["Projekt-X"], "flags"),
        (["\\Seen", "\\Answered", "Projekt-X"], "flags"),
        (["\\Seen"], "keywords"),
        ([], "flags+keywords"),
    ],
)
def test_flags_are_named_and_do_not_fail_the_mailbox(
    keeps_bytes: bool, flags: list[str], codes: str
) -> None:
    mailbox = copied(keeps_bytes=keeps_bytes)
    mailbox.alter(1, flags=frozenset(flags))
    assert mailbox.verify() == (AGREE, ("1 with other flags in the target",))
    assert lists(mailbox) == {"differing": [("2", codes)]}


def test_flags_that_the_source_changed_later_are_no_difference() -> None:
    mailbox = copied()
    mailbox.source.flag(INBOX, "2", ["\\Seen", "\\Flagged"])
    assert mailbox.verify() == (AGREE, ())
    assert lists(mailbox) == {}


def test_the_same_flags_in_other_letters_and_those_of_a_session_are_no_difference() -> None:
    mailbox = copied()
    mailbox.alter(1, flags=frozenset({"\\seen", "projekt-x", "\\Recent"}))
    assert mailbox.verify() == (AGREE, ())


@BOTH_KINDS
@BYTES_OR_TRAITS
def test_a_message_that_is_gone(keeps_key: bool, keeps_bytes: bool) -> None:
    mailbox = copied(keeps_key=keeps_key, keeps_bytes=keeps_bytes)
    mailbox.lose(1)
    assert mailbox.verify() == (DIFFER, ("1 missing in the target",))
    assert lists(mailbox) == {"missing": ["2"]}


@BOTH_KINDS
@pytest.mark.parametrize("sample", [0, 1])
def test_a_message_that_is_gone_is_found_beyond_the_sample(keeps_key: bool, sample: int) -> None:
    mailbox = copied(keeps_key=keeps_key)
    mailbox.lose(1)
    assert mailbox.verify(sample=sample)[0] is DIFFER
    assert lists(mailbox) == {"missing": ["2"]}


def test_a_message_that_is_doubled_is_named() -> None:
    mailbox = copied()
    mailbox.double(1)
    assert mailbox.verify() == (DIFFER, ("1 more in the target than were copied",))
    assert lists(mailbox) == {"extra": [("2", 1)]}


def test_a_message_that_is_doubled_is_counted_where_it_cannot_be_named() -> None:
    mailbox = copied()
    mailbox.double(1)
    assert mailbox.verify(tenant="")[0] is DIFFER
    assert lists(mailbox) == {"extra": [("", 1)]}


def test_a_message_that_is_doubled_in_a_target_without_keys() -> None:
    mailbox = copied(keeps_key=False)
    mailbox.double(1)
    assert mailbox.verify() == (AGREE, ()), "only a look at everything can tell"
    assert mailbox.verify(sample=-1) == (DIFFER, ("1 more in the target than were copied",))
    assert lists(mailbox) == {"extra": [("2", 1)]}


def test_one_lost_and_one_doubled_do_not_make_up_for_each_other() -> None:
    mailbox = copied()
    mailbox.double(1)
    mailbox.lose(2)
    agreement, (reason,) = mailbox.verify()
    assert agreement is DIFFER
    assert reason == "1 missing in the target, and as many others in their place"
    assert lists(mailbox)["missing"] == ["3"]


@BYTES_OR_TRAITS
def test_duplicates_at_the_source_stay_duplicates(keeps_bytes: bool) -> None:
    mailbox = CopiedMailbox(keeps_key=False, keeps_bytes=keeps_bytes)
    for _ in range(3):
        mailbox.source.deliver(INBOX, letter(1), DAY)
    mailbox.copy()
    assert mailbox.verify(sample=-1) == (AGREE, ())
    assert lists(mailbox) == {}


# ---- what may differ -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("adjusted", "changes"),
    [
        ("crlf", {"mime": letter(1).replace(b"\r\n", b"\n")}),
        ("nul-removed", {"mime": letter(1).replace(b"Dear", b"De\0ar")}),
        ("header-added", {"mime": b"X-Migrated: yes\r\n\r\n" + letter(1)}),
        ("keywords-left-out", {"flags": frozenset({"\\Seen"})}),
        ("date-left-out", {"received": DAY + timedelta(days=400)}),
        ("crlf+date-left-out", {"received": DAY + timedelta(days=400)}),
        ("something-new", {"mime": b"something else"}),
    ],
)
def test_adjusted_messages_are_compared_without_what_was_adjusted(
    adjusted: str, changes: dict[str, Any]
) -> None:
    mailbox = copied(adjusted=adjusted)
    for number in range(4):
        own = dict(changes)
        if "mime" in own:
            own["mime"] = own["mime"].replace(b"letter 1", b"letter %d" % number)
            own["mime"] = own["mime"].replace(b"Letter 1", b"Letter %d" % number)
            own["mime"] = own["mime"].replace(b"<1@", b"<%d@" % number)
        mailbox.alter(number, **own)
    if adjusted == "header-added":
        mailbox.alter(0, A, mime=b"X-Migrated: yes\r\n\r\n" + letter(9))
    assert mailbox.verify() == (AGREE, ())
    body = json.loads(mailbox.findings())
    assert (body["differing"], len(body["adjusted"]), body["refused"]) == ([], 5, [])


def test_what_else_differs_in_an_adjusted_message_is_named() -> None:
    mailbox = copied(adjusted="keywords-left-out")
    mailbox.alter(1, mime=letter(7), flags=frozenset({"\\Flagged"}))
    assert mailbox.verify()[0] is DIFFER
    assert lists(mailbox) == {"differing": [("2", "content+flags")]}


def test_a_source_that_writes_messages_anew_each_time_is_not_taken_for_a_damaged_target() -> None:
    mailbox = copied()
    item = mailbox.source._folders[INBOX].items[2]
    mailbox.source._folders[INBOX].items[2] = replace(item, mime=b"X: 1\r\n" + letter(1))
    assert mailbox.verify() == (AGREE, ())


def test_what_the_source_deleted_is_missing_unless_deletions_are_followed() -> None:
    mailbox = copied()
    mailbox.verify()
    mailbox.source.delete(INBOX, "2")
    mailbox.lose(1)
    mailbox.double(0)
    mailbox.verify(2)
    assert lists(mailbox, 2) == {}, "its owner may have moved it: it was verified"

    mailbox = copied()
    mailbox.source.delete(INBOX, "2")
    mailbox.lose(1)
    mailbox.verify_by(CopyPolicy(delta=DeltaPolicy.ADD))
    assert lists(mailbox) == {"missing": ["2"]}


def test_what_was_refused_stands_in_the_lists() -> None:
    mailbox = copied()
    mailbox.ledger.add_remarks(BOX, [Remark(mailbox.record().key, "77", 5, "too-large")])
    mailbox.verify()
    assert lists(mailbox) == {"refused": [("77", "too-large")]}


def test_the_lists_hold_no_subject_and_no_address() -> None:
    mailbox = copied()
    mailbox.alter(1, mime=b"x")
    mailbox.lose(2)
    mailbox.verify()
    assert lists(mailbox).keys() == {"differing", "missing"}
    for secret in (b"@", b"Letter", b"example", b"INBOX"):
        assert secret not in mailbox.findings()


# ---- how much is looked at -------------------------------------------------------------------


def many(count: int = 30) -> CopiedMailbox:
    mailbox = CopiedMailbox()
    for number in range(count):
        mailbox.source.deliver(INBOX, letter(number) + b"x" * (number == 17), DAY)
    mailbox.copy()
    return mailbox


def looked_at(mailbox: CopiedMailbox, pass_id: int, sample: int) -> set[str]:
    """Alters the flags of everything: what is named then was looked at."""
    for number in range(len(mailbox.target.contents()[INBOX])):
        mailbox.alter(number, flags=frozenset({"\\Flagged"}))
    mailbox.verify(pass_id, sample)
    return {uid for uid, _ in lists(mailbox, pass_id).get("differing", ())}


def test_a_repetition_looks_at_the_same_messages_and_another_pass_at_others() -> None:
    mailbox = many()
    first = looked_at(mailbox, 1, 5)
    assert len(first) == compared(mailbox) == 5
    assert looked_at(mailbox, 1, 5) == first
    assert looked_at(mailbox, 2, 5) != first
    assert "18" in looked_at(mailbox, 3, 1), "the largest one"


def test_all_or_none() -> None:
    mailbox = many()
    assert len(looked_at(mailbox, 1, -1)) == compared(mailbox) == 30
    assert looked_at(mailbox, 2, 0) == set()
    assert compared(mailbox, 2) == 0


def test_what_an_earlier_pass_found_is_looked_at_again() -> None:
    mailbox = many()
    mailbox.alter(3, mime=b"broken")
    assert mailbox.verify(1, sample=-1)[0] is DIFFER
    for pass_id in (2, 3, 10):
        assert mailbox.verify(pass_id, sample=1)[0] is DIFFER
        assert lists(mailbox, pass_id) == {"differing": [("4", "content")]}
    mailbox.alter(3, mime=letter(3))
    assert mailbox.verify(11, sample=1) == (AGREE, ())


def test_without_time_the_counts_alone_are_judged_and_that_is_said() -> None:
    mailbox = copied()
    said = ("only 0 messages were compared by content, because there was no more time",)
    assert mailbox.verify(seconds=20.0) == (AGREE, said)
    assert json.loads(mailbox.findings())["stopped"] == "time"


@pytest.mark.parametrize("where", ["before fetch", "before show"])
def test_a_server_that_is_busy_ends_the_look_and_not_the_verification(where: str) -> None:
    mailbox = many(120)
    calls = 0

    def step(name: str) -> None:
        nonlocal calls
        calls += name == where
        if name == where and calls == (60 if where == "before fetch" else 2):
            raise TargetBusy("slow down", 5.0)

    mailbox.source.step = mailbox.target.step = step
    said = ("only 50 messages were compared by content, because a server was busy",)
    assert mailbox.verify(sample=-1) == (AGREE, said)


def test_a_server_that_is_busy_while_it_counts_is_asked_again_later() -> None:
    mailbox = copied()

    def step(name: str) -> None:
        if name == "before count":
            raise TargetBusy("slow down", 5.0)

    mailbox.target.step = step
    with pytest.raises(TargetBusy):
        mailbox.verify()


def test_what_has_no_place_at_the_target_is_not_looked_at() -> None:
    mailbox = copied()
    record = mailbox.record()
    rows = read_audit(mailbox.blobs, BOX, record).rows.values()
    mailbox.write_down(record, [replace(row, target_id="") for row in rows])
    assert mailbox.verify() == (AGREE, ())
    assert compared(mailbox) == 1


def test_where_the_target_gives_no_ids_messages_are_counted_by_their_content() -> None:
    mailbox = copied(keeps_key=False)
    record = mailbox.record()
    rows = read_audit(mailbox.blobs, BOX, record).rows.values()
    mailbox.write_down(record, [replace(row, target_id="") for row in rows])
    assert mailbox.verify(sample=-1) == (AGREE, ())
    mailbox.lose(1)
    mailbox.ledger.set_check(BOX, record.key, FolderCheck(0, 0, 0, DIFFER))
    assert mailbox.verify() == (DIFFER, ("1 missing in the target",))
    assert lists(mailbox) == {}, "it cannot be named"
