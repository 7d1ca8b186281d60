"""Calendars, address books, tasks and notes in the report."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

from localrun.fakes.blobs import MemoryBlobs
from localrun.fakes.ledger import MemoryLedger
from migration.identity import groupware_id
from migration.items.ews_notes import IN_THE_TEXT
from migration.mail import Folder, FolderPlan
from migration.model import (
    Agreement,
    FolderCheck,
    FolderRecord,
    Mailbox,
    MailboxStatus,
    MailboxVerdict,
    Tally,
)
from migration.report import write_report
from migration.report_groupware import (
    GroupwareReport,
    Kept,
    KindLine,
    LossLine,
    MailboxLosses,
    read_losses,
    tell_collections,
    tell_groupware,
)
from migration.settings import Settings
from tests.unit.test_settings import environment

RUN, NOW, BOX = "run1", "2026-12-04T18:00:00Z", "box1"
GONE = "Exchange has no place for it"
LOST = LossLine("calendar", "CONFERENCE", GONE, Kept.NOT, 2)
MOVED = LossLine("calendar", "URL", IN_THE_TEXT, Kept.ELSEWHERE, 1)


def record(
    kind: str, name: str, copied: int, *, refused: int = 0, check: FolderCheck | None = None
) -> FolderRecord:
    total = Tally(copied=copied, rejected=refused)
    key = f"{kind}-{name}"
    return FolderRecord(key, (kind, name), (kind, ""), "1", "id", total=total, check=check)


def told(*lines: LossLine) -> bytes:
    losses = [
        {"kind": each.kind, "what": each.what, "why": each.why, "count": each.count}
        for each in lines
    ]
    return json.dumps({"losses": losses}).encode()


def test_a_collection_that_was_never_compared_has_no_counts_of_the_servers() -> None:
    (line,) = tell_collections([record("tasks", "To do", 3)])
    assert (line.source, line.copied, line.target, line.agreement) == (None, 3, None, None)


def test_collections_are_told_by_kind_and_name() -> None:
    records = [record("notes", "N", 1), record("calendar", "b", 1), record("calendar", "A", 1)]
    assert [line.name for line in tell_collections(records)] == ["A", "b", "N"]


def test_kinds_are_added_up_over_mailboxes() -> None:
    check = FolderCheck(4, 3, 2, Agreement.DIFFER, "1 is missing")
    anna = tell_collections([record("calendar", "A", 3, refused=1, check=check)])
    bob = tell_collections([record("calendar", "B", 5), record("contacts", "C", 7)])
    report = tell_groupware([anna, bob, ()], [])
    assert report == GroupwareReport(
        (
            KindLine("calendar", 2, 2, 4, 8, 1, 3, 2, 1),
            KindLine("contacts", 1, 1, 0, 7, 0, 0, 0, 0),
        ),
        (),
    )


def test_without_collections_there_is_nothing_to_tell() -> None:
    assert tell_groupware([(), ()], [MailboxLosses((LOST,))]) is None


def test_what_was_written_down_of_a_mailbox_is_read_with_what_became_of_it() -> None:
    blobs = MemoryBlobs()
    assert read_losses(blobs, BOX) == MailboxLosses()
    blobs.put(f"groupware/{BOX}/losses.json", told(LOST, MOVED))
    assert read_losses(blobs, BOX) == MailboxLosses((LOST, MOVED), f"groupware/{BOX}/losses.csv")
    assert read_losses(blobs, BOX).count == 3


def test_losses_of_all_mailboxes_are_grouped_the_most_frequent_first() -> None:
    losses = [MailboxLosses((MOVED, LOST)), MailboxLosses((replace(MOVED, count=4),))]
    report = tell_groupware([tell_collections([record("calendar", "A", 1)])], losses)
    assert report is not None
    assert report.losses == (replace(MOVED, count=5), LOST)


def test_the_report_and_its_tables_tell_of_calendars() -> None:
    ledger, blobs = MemoryLedger(), MemoryBlobs()
    ledger.plan_mailboxes(RUN, [Mailbox(BOX, "anna", "anna@example.com", "anna", "Anna")])
    ledger.set_status(BOX, MailboxStatus.COPYING)
    id_ = groupware_id(BOX)
    plan = FolderPlan(Folder("c1", ("calendar", "Work"), "1", 0), ("calendar", ""))
    before = ledger.claim_folder(id_, plan, "target-1", ledger.next_fence(id_), 1)
    ledger.advance(id_, before, replace(before, total=Tally(copied=3)))
    ledger.set_check(id_, "c1", FolderCheck(3, 3, 2, Agreement.DIFFER, "1 event is missing"))
    refused = FolderPlan(Folder("c2", ("contacts", "Friends"), "1", 0), ("contacts", ""))
    before = ledger.claim_folder(id_, refused, "target-2", ledger.next_fence(id_), 1)
    ledger.advance(id_, before, replace(before, total=Tally(rejected=1)))
    ledger.set_check(id_, "c2", FolderCheck(1, 0, 0, Agreement.EXCEPTIONS, "1 refused"))
    reasons = ("calendar c1: 1 event is missing", "something else")
    verdict = MailboxVerdict(1, Agreement.DIFFER, Tally(), Tally(), reasons, Tally(3), Tally(3))
    ledger.set_verdict(BOX, verdict, NOW)
    blobs.put(f"groupware/{BOX}/losses.json", told(LOST, MOVED))
    write_report(Settings.from_env(environment()), ledger, blobs, RUN, NOW, None)

    summary = json.loads(blobs.get(f"reports/{RUN}/summary.json"))
    assert (summary["counts"]["items"], summary["counts"]["messages"]) == (3, 0)
    (line,) = summary["mailboxes"]
    assert line["reasons"] == ["something else"]
    assert line["collections"][0]["reason"] == "1 event is missing"
    assert (line["losses"], line["losses_file"]) == (3, f"groupware/{BOX}/losses.csv")

    def rows(name: str) -> list[dict[str, str]]:
        text = blobs.get(f"reports/{RUN}/{name}").decode("utf-8-sig")
        return list(csv.DictReader(io.StringIO(text)))

    collection, _ = rows("collections.csv")
    assert (collection["address"], collection["name"]) == ("anna@example.com", "Work")
    assert [collection[name] for name in ("source", "ledger", "target")] == ["3", "3", "2"]
    assert [row["kept"] for row in rows("losses.csv")] == ["lost or in part", "in another place"]
    failures = [row for row in rows("failures.csv") if row["kind"] == "collection"]
    assert [(row["folder"], row["fate"]) for row in failures] == [
        ("calendar / Work", "differs"),
        ("contacts / Friends", "exceptions"),
    ]
    assert f"groupware/{BOX}/losses.csv" in failures[1]["advice"]
    page = blobs.get(f"reports/{RUN}/report.html").decode()
    assert "Calendars, contacts, tasks" in page
    assert "CONFERENCE" in page
