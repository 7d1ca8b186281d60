"""The report: what is counted, how it is judged, what the page shows and what it cannot do."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser

import pytest

from localrun.fakes.blobs import MemoryBlobs
from localrun.fakes.ledger import MemoryLedger
from migration import errors
from migration.advice import advise, split_problems
from migration.copy.audit import Row
from migration.copy.findings import Extra, FolderFindings, Place, Verified
from migration.copy.findings import to_json as to_lists
from migration.copy.judge import Looked
from migration.directory_model import EntityRecord, Group
from migration.dns_model import DnsFinding, DnsProgress, DnsRecord, DnsVerdict, DnsWatch, RecordKind
from migration.figures import format_bytes, format_moment, make_visible
from migration.mail import Fate, Folder, FolderPlan, ItemRef, Remark
from migration.model import (
    Agreement,
    Failure,
    FolderCheck,
    FolderRecord,
    Mailbox,
    MailboxRecord,
    MailboxStatus,
    MailboxVerdict,
    Note,
    PassLine,
    Tally,
)
from migration.progress_model import ProgressHistory, ProgressPoint
from migration.question_model import Question, QuestionKind
from migration.remark_words import advise_on, explain
from migration.report import to_json, write_report
from migration.report_dns import group_by_record
from migration.report_lines import Outcome, Summary
from migration.report_page import headline, tell_verified, to_html
from migration.report_steps import next_steps
from migration.report_summary import MailboxFacts, RunFacts, summarise
from migration.report_tables import TABLES
from migration.settings import Settings
from migration.zone_model import PublishedSet, RecordSet
from tests.unit.test_settings import environment

NOW = "2026-12-05T11:10:00.000Z"
FIRST_PASS = 1_796_414_400_000  # 2026-12-04T20:00:00Z
SETTINGS = replace(Settings.from_env(environment()), tenant="acme")
FACTS = RunFacts("acme", "run-1", (), "", (), None)


def mailbox(name: str, display_name: str = "") -> Mailbox:
    address = f"{name}@acme.example"
    return Mailbox(f"id-{name}", f"{name}@old.example", address, name, display_name or name.title())


def folder(
    key: str,
    path: tuple[str, ...],
    total: Tally,
    check: FolderCheck | None = None,
    target_path: tuple[str, ...] = (),
) -> FolderRecord:
    return FolderRecord(key, path, target_path or path, "1", "t", total=total, check=check)


def facts(
    name: str,
    status: MailboxStatus = MailboxStatus.COPIED,
    agreement: Agreement | None = Agreement.AGREE,
    folders: tuple[FolderRecord, ...] = (),
    remarks: tuple[Remark, ...] = (),
    reasons: tuple[str, ...] = (),
    failure: Failure | None = None,
) -> MailboxFacts:
    verdict = None
    if agreement:
        verdict = MailboxVerdict(1, agreement, Tally(), Tally(4), reasons)
    record = MailboxRecord(
        mailbox(name), "run-1", status, "u", "created", failure=failure, verdict=verdict
    )
    return MailboxFacts(record, folders, remarks)


FAILED = facts(
    "emil",
    MailboxStatus.FAILED,
    None,
    failure=Failure("CredentialsRejected", "the source refused the login"),
)
CLEAN = facts(
    "anna",
    folders=(folder("k1", ("INBOX",), Tally(3, 900), FolderCheck(3, 3, 3, Agreement.AGREE)),),
)
REFUSED = facts(
    "zoe",
    agreement=Agreement.EXCEPTIONS,
    folders=(
        folder("k2", ("Sent",), Tally(5, 500), FolderCheck(5, 5, 5, Agreement.AGREE), ("Out",)),
        folder(
            "k1",
            ("INBOX",),
            Tally(7, 700, 1, 2),
            FolderCheck(8, 7, 7, Agreement.EXCEPTIONS, "1 refused"),
        ),
    ),
    remarks=(Remark("k1", "48213", 41_900_331, "too-large"),),
    reasons=("folder k1: 1 refused", "folder k9: 3 in a folder that was never copied"),
)
DIFFERS = facts("otto", agreement=Agreement.DIFFER)
PLANNED = facts("paul", MailboxStatus.PROVISIONED, None)
HALF = facts("rosa", MailboxStatus.COPYING, None)
PAUSED = facts("rosa", MailboxStatus.PAUSED)  # an earlier pass had judged it


# ---- what is counted -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mailboxes", "failure", "verdict"),
    [
        ([CLEAN], None, "done"),
        ([CLEAN, PLANNED], None, "done"),
        ([], None, "done"),
        ([CLEAN, FAILED], None, "exceptions"),
        ([CLEAN, REFUSED], None, "exceptions"),
        ([CLEAN, DIFFERS], None, "exceptions"),
        ([CLEAN, HALF], None, "exceptions"),
        ([CLEAN, PAUSED], None, "exceptions"),
        ([CLEAN], Failure("TenantMisconfigured", "the tenant file names no domain"), "failed"),
        ([], Failure("ManifestInvalid", "line 2: empty"), "failed"),
    ],
)
def test_verdict(mailboxes: list[MailboxFacts], failure: Failure | None, verdict: str) -> None:
    assert summarise(replace(FACTS, failure=failure), mailboxes, NOW).verdict == verdict


CUTOVER, DNS = QuestionKind.CUTOVER, QuestionKind.DNS


def decided(kind: QuestionKind, answer: str, by: str = "link") -> Question:
    return Question("run-1", kind, NOW, "secret-id", "token", NOW, (), (), answer, by, NOW)


@pytest.mark.parametrize(
    ("questions", "failure", "verdict"),
    [
        ((decided(CUTOVER, "approve"),), None, "done"),
        ((decided(CUTOVER, ""),), None, "done"),  # it was not answered yet
        ((decided(CUTOVER, "reject"),), None, "not cut over"),
        ((decided(CUTOVER, "expired", ""),), None, "not cut over"),
        ((decided(CUTOVER, "approve"), decided(DNS, "wait")), None, "done"),
        ((decided(CUTOVER, "approve"), decided(DNS, "proceed")), None, "exceptions"),
        ((decided(CUTOVER, "approve"), decided(DNS, "stop")), None, "not cut over"),
        ((decided(CUTOVER, "reject"),), Failure("Unexpected", "x"), "failed"),
        ((decided(QuestionKind.ROLLBACK, "reject"),), None, "done"),
        ((decided(QuestionKind.ERASURE, "reject"),), None, "done"),
    ],
)
def test_the_verdict_follows_what_the_operators_have_decided(
    questions: tuple[Question, ...], failure: Failure | None, verdict: str
) -> None:
    told = replace(FACTS, questions=questions, failure=failure)
    assert summarise(told, [CLEAN], NOW).verdict == verdict


def test_what_was_decided_stands_in_the_report_and_what_to_do_then() -> None:
    questions = (decided(CUTOVER, "approve", "AROAEXAMPLE"), decided(DNS, "stop", "command"))
    summary = summarise(replace(FACTS, questions=questions), [CLEAN], NOW)
    html = to_html(summary).decode()
    for part in (
        "<h1>Not cut over</h1>",
        "the cut-over was approved (by AROAEXAMPLE of IAM)",
        "the run was ended because the DNS is not right (by a command)",
        "Nothing is cut over: the old server goes on as before",
    ):
        assert part in html
    for text in (html, to_json(summary).decode()):
        assert "secret-id" not in text
        assert "token" not in text


def test_counts_and_order() -> None:
    summary = summarise(FACTS, [CLEAN, PLANNED, REFUSED, HALF, FAILED, DIFFERS], NOW)
    assert summary.counts == {
        "mailboxes": 6,
        "done": 1,
        "exceptions": 3,
        "failed": 1,
        "messages": 15,
        "rejected": 1,
        "adjusted": 0,
        "user_remarks": 0,
        "in_test_domain": 0,
        "entities": 0,
        "entities_failed": 0,
        "items": 0,
        "items_refused": 0,
    }
    assert [line.outcome for line in summary.mailboxes] == [
        Outcome.FAILED,
        Outcome.DIFFERS,
        Outcome.UNFINISHED,
        Outcome.EXCEPTIONS,
        Outcome.DONE,
        Outcome.NOT_COPIED,
    ]
    assert summary.provisioned == {"created": 6}


def test_what_could_not_be_made_of_a_user_is_told_and_counted_and_no_exception() -> None:
    remark = "WorkMail has another value of <city>, and the directory is read-only here"
    record = replace(CLEAN.record, remarks=(remark,))
    summary = summarise(FACTS, [replace(CLEAN, record=record), PLANNED], NOW)
    assert (summary.verdict, summary.counts["user_remarks"]) == ("done", 1)
    assert sorted(line.user_remarks for line in summary.mailboxes) == [(), (remark,)]
    page = to_html(summary).decode()
    assert page.count("The WorkMail user: WorkMail has another value of &lt;city&gt;") == 1
    assert "It could not make everything that the manifest says (1 user): " in page
    assert "could not make everything" not in to_html(summarise(FACTS, [CLEAN], NOW)).decode()
    assert json.loads(to_json(summary))["counts"]["user_remarks"] == 1


EARLY = replace(CLEAN, record=replace(CLEAN.record, address="anna@acme.awsapps.com"))


def test_an_early_start_is_not_complete_before_everybody_has_the_own_address() -> None:
    otto = facts("otto")
    summary = summarise(FACTS, [EARLY, otto], NOW)
    assert (summary.verdict, summary.counts["in_test_domain"]) == ("exceptions", 1)
    assert [line.outcome for line in summary.mailboxes] == [Outcome.DONE] * 2
    assert headline(summary) == "2 of 2 mailboxes complete; 1 in the test domain still."
    (step,) = next_steps(summary)
    assert step == (
        "Leave MX as it is: 1 mailbox has its address in the test domain still. When WorkMail says "
        "that the tenant's domains are verified, start the workflow again with the phase "
        "provision, which gives them their own."
    )
    page = to_html(summary).decode()
    assert page.count("Its address is still <bdi>anna@acme.awsapps.com</bdi>") == 1
    staff = EntityRecord(Group("g", "staff@acme.example", "Staff"), "run-1")
    summary = summarise(replace(FACTS, entities=[staff]), [EARLY, EARLY], NOW)
    assert "2 mailboxes have addresses in the test domain" in next_steps(summary)[0]
    assert next_steps(summary)[0].endswith("resources and permissions are made then, too.")
    promoted = replace(EARLY, record=replace(EARLY.record, address=""))
    assert summarise(FACTS, [promoted, otto], NOW).verdict == "done"


def test_a_failed_mailbox_stays_failed_although_an_earlier_pass_agreed() -> None:
    record = replace(CLEAN.record, status=MailboxStatus.FAILED, failure=Failure("X", "y"))
    (line,) = summarise(FACTS, [replace(CLEAN, record=record)], NOW).mailboxes
    assert line.outcome is Outcome.FAILED
    assert line.messages == 3


def test_a_mailbox_line_adds_up_its_folders_and_tells_each_reason_once() -> None:
    (line,) = summarise(FACTS, [REFUSED], NOW).mailboxes
    assert (line.messages, line.size, line.refused, line.gone, line.copied) == (12, 1200, 1, 2, 4)
    assert [each.path for each in line.folders] == [("INBOX",), ("Sent",)]
    assert line.reasons == ("folder k9: 3 in a folder that was never copied",)
    assert line.refusals[0].path == ("INBOX",)


def test_headline_and_next_steps() -> None:
    summary = summarise(FACTS, [CLEAN, PLANNED, REFUSED, FAILED, DIFFERS], NOW)
    assert headline(summary) == (
        "1 of 5 mailboxes complete; 2 with exceptions, 1 failed, 1 not copied in this run."
    )
    assert [step.split()[0] for step in next_steps(summary)] == ["Put", "Keep", "Give"]
    clean = summarise(FACTS, [CLEAN], NOW)
    assert headline(clean) == "1 mailbox is complete: source, ledger and WorkMail agree."
    assert len(next_steps(clean)) == 1
    assert headline(summarise(FACTS, [], NOW)) == "No mailbox was planned."


@pytest.mark.parametrize("leaf", [*errors.leaves(errors.TenantError), errors.Unexpected,
                                  *errors.leaves(errors.MailboxError)])  # fmt: skip
def test_every_error_that_can_stand_in_a_report_has_its_own_advice(
    leaf: type[errors.MigrationError],
) -> None:
    assert advise(leaf.__name__) != advise("States.Timeout")


def test_problems_come_apart_as_the_error_joined_them() -> None:
    error = errors.ManifestInvalid(["line 2: a", "line 3: b"])
    assert split_problems(Failure("ManifestInvalid", str(error))) == error.problems
    assert split_problems(Failure("States.Timeout", "")) == ()


# ---- what is written -------------------------------------------------------------------------


def filled_ledger() -> MemoryLedger:
    ledger = MemoryLedger()
    ledger.plan_mailboxes("run-1", [mailbox("anna"), mailbox("emil")])
    ledger.plan_mailboxes("run-0", [mailbox("before")])
    ledger.set_provisioned("id-anna", "u", "created")
    plan = FolderPlan(Folder("k1", ("INBOX",), "1", 2), ("INBOX",))
    record = ledger.claim_folder("id-anna", plan, "t", 1, 1)
    ledger.advance("id-anna", record, replace(record, cursor="2", total=Tally(1, 10, 1)))
    check = FolderCheck(2, 1, 1, Agreement.EXCEPTIONS, "1 refused")
    ledger.set_check("id-anna", "k1", check)
    remark = Remark("k1", "2", 99, "too-large")
    known = replace(remark, received="2019-05-03T07:30:00Z", subject="Minutes")
    ledger.add_remarks("id-anna", [known])
    ledger.set_begun("id-anna", 2, "2026-12-04T20:00:00Z")
    verdict = MailboxVerdict(FIRST_PASS, Agreement.EXCEPTIONS, Tally(1), Tally(1))
    ledger.set_verdict("id-anna", verdict, "2026-12-04T21:00:00Z")
    point = ProgressPoint("2026-12-04T20:30:00Z", 0, 1, 5)
    ledger.set_progress_history(ProgressHistory("run-1", 0, (point,)))
    ledger.set_failed("id-emil", Failure("QuotaExceeded", "the WorkMail mailbox is full"))
    ledger.add_note("run-1", Note("2026-12-04T18:00:00Z", "PlanWave", "2 mailboxes planned"))
    mx = DnsRecord("acme.example", "MX", "10 new.example", required=True)
    finding = DnsFinding(mx, DnsVerdict.RIGHT, ("10 new.example.",), 300, "192.0.2.1:53")
    ledger.write_dns("run-1", "2026-12-04T22:00:00Z", [finding], DnsWatch())
    return ledger


def test_it_writes_summary_and_page_and_answers_with_verdict_key_and_counts() -> None:
    blobs = MemoryBlobs()
    written = write_report(SETTINGS, filled_ledger(), blobs, "run-1", NOW, None)
    assert written.verdict == "exceptions"
    assert written.key == "reports/run-1/report.html"
    names = ("report.html", "summary.json", *(table.file for table in TABLES))
    assert set(blobs.files()) == {f"reports/run-1/{name}" for name in names}
    summary = json.loads(blobs.get("reports/run-1/summary.json"))
    assert summary["counts"] == written.counts
    assert (summary["schema"], summary["tenant"], summary["run"]) == (1, "acme", "run-1")
    assert (summary["verdict"], summary["written"], summary["days_left"]) == (
        "exceptions",
        NOW,
        116,
    )
    assert summary["timeline"] == [
        {"at": "2026-12-04T18:00:00Z", "state": "PlanWave", "what": "2 mailboxes planned"}
    ]
    assert summary["dns"]["cut_over"] is True
    failed, refused = summary["mailboxes"]
    assert failed["failure"] == {
        "error": "QuotaExceeded",
        "reason": "the WorkMail mailbox is full",
    }
    assert refused["folders"][0]["agreement"] == "exceptions"
    assert refused["refusals"] == [
        {
            "folder_key": "k1",
            "path": ["INBOX"],
            "uid": "2",
            "size": 99,
            "reason": "too-large",
            "fate": "rejected",
            "received": "2019-05-03T07:30:00Z",
            "subject": "Minutes",
        }
    ]
    assert refused["passes"] == [
        {
            "pass_id": FIRST_PASS,
            "copied": 1,
            "refused": 0,
            "gone": 0,
            "ended": "2026-12-04T21:00:00Z",
        }
    ]
    assert (refused["begun"], refused["ended"]) == ("2026-12-04T20:00:00Z", "2026-12-04T21:00:00Z")
    assert (failed["passes"], failed["begun"], failed["ended"]) == ([], "", "")
    assert summary["progress"] == [
        {"at": "2026-12-04T18:00:00Z", "mailboxes": 0, "messages": 0, "size": 0},
        {"at": "2026-12-04T20:30:00Z", "mailboxes": 0, "messages": 1, "size": 5},
        {"at": NOW, "mailboxes": 1, "messages": 2, "size": 10},
    ]
    assert [each["name"] for each in summary["phases"]] == ["Checks", "First copy", "Report"]


def test_what_verification_has_found_stands_in_the_report() -> None:
    blobs = MemoryBlobs()
    row = Row(ItemRef("3", 10), Fate.STORED, "t3")
    looked = Looked(1, differing=((row, ("content",)), (row, ("flags",))))
    check = FolderCheck(3, 2, 2, Agreement.DIFFER)
    found = FolderFindings("k1", check, looked, (Place("k1", "9", 5),), (Extra("k1", "", 0, 4),))
    body = to_lists(1, [found], [Remark("k1", "2", 99, "x")], by_bytes=True, stopped="")
    blobs.put(f"verify/id-anna/{FIRST_PASS}.json", body)
    write_report(SETTINGS, filled_ledger(), blobs, "run-1", NOW, None)
    _, line = json.loads(blobs.get("reports/run-1/summary.json"))["mailboxes"]
    assert line["lists"] == f"verify/id-anna/{FIRST_PASS}.json"
    assert line["verified"] == {
        "compared": 1,
        "copied": 2,
        "by_bytes": True,
        "stopped": "",
        "missing": 1,
        "extra": 4,
        "differing": 1,
        "flags": 1,
        "refused": 1,
        "adjusted": 0,
    }
    html = blobs.get("reports/run-1/report.html").decode()
    assert (
        "1 of 2 messages compared by content, byte by byte: 1 missing, 4 there twice, "
        "1 differing, 1 with other flags, 1 refused." in html
    )
    assert f"<code>verify/id-anna/{FIRST_PASS}.json</code>" in html
    assert "Look at the messages that differ" in html


def test_a_run_that_failed_before_anything_was_planned_has_a_report_too() -> None:
    blobs = MemoryBlobs()
    failure = Failure("PreflightFailed", "the source cannot be reached\nno secret")
    written = write_report(SETTINGS, MemoryLedger(), blobs, "run-1", NOW, failure)
    assert written.verdict == "failed"
    page = blobs.get(written.key).decode()
    assert "<li>the source cannot be reached</li>" in page
    assert "<li>no secret</li>" in page
    assert advise("PreflightFailed") in page


def test_the_fields_of_the_schema_are_these() -> None:
    """A field that goes or changes its meaning is another schema."""
    summary = json.loads(to_json(summarise(FACTS, [REFUSED], NOW)))
    assert summary["schema"] == 1
    assert set(summary) == set(
        "schema tenant run written verdict failure counts provisioned passwords end_of_support "
        "days_left timeline dns mailboxes entities entity_outcomes rollback decisions "
        "clients dns_rollback progress phases groupware".split()
    )
    assert set(summary["dns"]) == {"at", "cut_over", "findings", "went_back", "records"}
    (line,) = summary["mailboxes"]
    assert set(line) == set(
        "id display_name source target provisioned status outcome failure reasons messages size "
        "copied refused gone folders refusals adjusted verified lists password_in "
        "user_remarks address passes begun ended collections losses losses_file "
        "settings".split()
    )
    assert set(line["folders"][0]) == set(
        "key path target_path source ledger target refused gone size agreement reason "
        "skipped".split()
    )
    assert set(line["refusals"][0]) == set(
        "folder_key path uid size reason fate received subject".split()
    )
    assert set(line["passes"][0]) == set("pass_id copied refused gone ended".split())
    assert set(summary["progress"][0]) == set("at mailboxes messages size".split())
    assert set(summary["phases"][0]) == set("name begun ended".split())


# ---- what the page shows ---------------------------------------------------------------------


@dataclass
class Page(HTMLParser):
    """The page as a browser takes it: elements, and the text of each table row."""

    elements: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    rows: list[str] = field(default_factory=list)
    text: str = ""

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag == "tr":
            self.rows.append("")

    def handle_data(self, data: str) -> None:
        words = " ".join(data.split())
        self.text += f" {words}" if words else ""
        if self.rows and words:
            self.rows[-1] += f" {words}"

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.elements)


def page(summary: Summary) -> Page:
    parsed = Page()
    parsed.feed(to_html(summary).decode())
    parsed.close()
    return parsed


def test_a_long_uid_is_shown_by_its_end_and_is_there_whole() -> None:
    long = "AAkALgAAAAAAHYQDEapmEc2byACqAC-EWg0AkgoAbcd"
    refused = replace(REFUSED, remarks=[replace(REFUSED.remarks[0], uid=long)])
    parsed = page(summarise(FACTS, [refused], NOW))
    assert any(f"…{long[-16:]}" in row and long not in row for row in parsed.rows)
    assert ("code", {"title": long}) in parsed.elements


HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{ 7*7 }}\u202egnp.exe\x07"


def test_hostile_names_show_as_text() -> None:
    check = FolderCheck(1, 1, 1, Agreement.DIFFER, HOSTILE)
    hostile = MailboxFacts(
        MailboxRecord(
            Mailbox("id", HOSTILE, HOSTILE, HOSTILE, HOSTILE),
            "run-1",
            MailboxStatus.FAILED,
            provisioned=HOSTILE,
            failure=Failure(HOSTILE, HOSTILE),
        ),
        [folder(HOSTILE, (HOSTILE, "\ud800"), Tally(1), check, (HOSTILE,))],
        [Remark(HOSTILE, HOSTILE, 1, HOSTILE)],
    )
    record = DnsRecord(HOSTILE, "TXT", HOSTILE)
    finding = DnsFinding(record, DnsVerdict.WRONG, (HOSTILE,), 1, HOSTILE)
    every = RunFacts(
        HOSTILE, HOSTILE, [Note(NOW, HOSTILE, HOSTILE)], NOW, [finding], Failure("E", HOSTILE)
    )
    summary = summarise(every, [hostile], NOW)
    parsed = page(summary)
    assert parsed.count("script") == page(summarise(FACTS, [REFUSED], NOW)).count("script")
    assert parsed.count("img") == 0
    handlers = [name for _, attrs in parsed.elements for name in attrs if name.startswith("on")]
    assert handlers == []
    assert "<script>alert(1)</script>" in parsed.text
    assert "{{ 7*7 }}" in parsed.text
    assert "\N{REPLACEMENT CHARACTER}gnp.exe" in parsed.text
    assert json.loads(to_json(summary))["mailboxes"][0]["display_name"] == HOSTILE


def test_the_dns_is_told_record_by_record_server_by_server() -> None:
    mx = DnsRecord("acme.example", "MX", "10 new.example", required=True, kind=RecordKind.MX)
    policy = DnsRecord("acme.example", "TXT", "v=spf1 include:amazonses.com ~all")
    policy = replace(policy, kind=RecordKind.SPF)
    found = ('"v=spf1 ip4:192.0.2.1 -all"', '"another text"')
    answers = [
        DnsFinding(mx, DnsVerdict.RIGHT, server="192.0.2.1:53", host="ns1.acme.example"),
        DnsFinding(mx, DnsVerdict.UNANSWERED, server="192.0.2.2:53", host="ns2", detail="LAME"),
        DnsFinding(
            mx, DnsVerdict.STALE, ("10 old.",), server="8.8.8.8:53", stale_until="2026-12-04T19:30Z"
        ),
        DnsFinding(policy, DnsVerdict.WRONG, found, server="8.8.8.8:53"),
    ]
    progress = {mx.key: DnsProgress(DnsVerdict.STALE, "2026-12-04T18:05:00Z")}
    watched = replace(
        FACTS, looked=NOW, findings=answers, watch=DnsWatch(began=NOW, records=progress)
    )
    rows = page(summarise(watched, [CLEAN], NOW)).rows
    (row,) = [row for row in rows if row.startswith(" MX required")]
    for told in (
        *("right at ns1.acme.example (192.0.2.1:53)", "unanswered at ns2 (192.0.2.2:53) LAME"),
        "stale at 8.8.8.8:53 found 10 old. in its cache until 2026-12-04 19:30 UTC",
    ):
        assert told in " ".join(row.split())
    assert row.endswith("2026-12-04 18:05 UTC")
    (row,) = [row for row in rows if row.startswith(" TXT acme.example")]
    assert "in place of the present one: v=spf1 ip4:192.0.2.1 include:amazonses.com -all" in row
    assert "\N{EN DASH}" in row


def test_mail_that_goes_to_the_old_server_again_is_an_exception() -> None:
    mx = DnsRecord("acme.example", "MX", "10 new.example", required=True)
    wrong = DnsFinding(mx, DnsVerdict.WRONG)
    back = DnsWatch(began=NOW, ready=NOW, went_back="2026-12-05T08:00:00Z")
    watched = replace(FACTS, looked=NOW, findings=[wrong], watch=back)
    summary = summarise(watched, [CLEAN], NOW)
    assert summary.verdict == "exceptions"
    assert any("Mail goes to the old server again" in step for step in next_steps(summary))
    assert "Mail goes to the old server again since 2026-12-05 08:00 UTC" in page(summary).text
    never = replace(watched, watch=replace(back, ready=""))
    assert summarise(never, [CLEAN], NOW).verdict == "done", "there was no cut-over yet"


def test_a_row_for_each_mailbox_folder_refusal_and_record() -> None:
    mx = DnsRecord("acme.example", "MX", "10 new.example", required=True)
    answers = [
        DnsFinding(mx, DnsVerdict.RIGHT, ("10 new.example.",), 300, "192.0.2.1:53"),
        DnsFinding(mx, DnsVerdict.WRONG, ("10 old.example.",), 300, "192.0.2.2:53"),
    ]
    watched = replace(FACTS, looked=NOW, findings=answers)
    rows = page(summarise(watched, [CLEAN, REFUSED, FAILED], NOW)).rows
    assert any(row.startswith(" Emil emil@acme.example , from emil@old.example") for row in rows)
    assert any("CredentialsRejected : the source refused the login" in row for row in rows)
    assert " INBOX 1 refused 8 7 7 1 700 B exceptions" in rows
    assert any(row.startswith(" Sent in WorkMail: Out 5 5 5 0 500 B agrees") for row in rows)
    refused = " zoe@acme.example INBOX 48213 – 41.9 MB refused too-large It is larger than"
    assert any(row.startswith(refused) for row in rows)
    assert any(row.startswith(" MX required acme.example 10 new.example right") for row in rows)
    assert any("wrong at 192.0.2.2:53 found 10 old.example." in row for row in rows)


@pytest.mark.parametrize(
    ("fate", "reason", "words"),
    [
        (Fate.REJECTED, "ErrorX", "refused ErrorX WorkMail does not take it. Give its owner"),
        (Fate.UNREADABLE, "no-body", "unreadable no-body The old server lists it"),
        (Fate.QUARANTINED, "crash", "put aside crash It has ended its workers again"),
        (Fate.ADJUSTED, "odd", "adjusted odd It is in WorkMail, but not exactly as it was."),
        (
            Fate.ADJUSTED,
            "crlf+date-left-out",
            "adjusted crlf+date-left-out Its line ends were made regular. Its date of receipt",
        ),
    ],
)
def test_a_remark_says_in_words_what_happened_and_what_to_do(
    fate: Fate, reason: str, words: str
) -> None:
    remark = Remark("k1", "7", 1, reason, fate)
    (row,) = [
        row
        for row in page(summarise(FACTS, [replace(REFUSED, remarks=[remark])], NOW)).rows
        if row.startswith(" zoe@acme.example INBOX 7")
    ]
    assert words in row


def test_every_fate_that_is_remarked_on_has_words_of_its_own() -> None:
    for fate in (Fate.REJECTED, Fate.UNREADABLE, Fate.QUARANTINED, Fate.ADJUSTED):
        assert explain(fate, "")
        assert advise_on(fate)
    for code in ("crlf", "nul-removed", "header-added", "keywords-left-out", "date-left-out"):
        assert explain(Fate.ADJUSTED, code) != explain(Fate.ADJUSTED, "")


def test_what_was_adjusted_is_in_workmail_and_comes_after_what_is_not() -> None:
    adjusted = Remark("k2", "5", 10, "crlf", Fate.ADJUSTED)
    with_both = replace(REFUSED, remarks=[adjusted, *REFUSED.remarks])
    summary = summarise(FACTS, [with_both], NOW)
    (line,) = summary.mailboxes
    assert ([each.uid for each in line.refusals], [each.uid for each in line.adjusted]) == (
        ["48213"],
        ["5"],
    )
    assert (summary.counts["rejected"], summary.counts["adjusted"]) == (1, 1)
    rows = [row for row in page(summary).rows if row.startswith(" zoe@acme.example")]
    assert [row.split()[2] for row in rows] == ["48213", "5"]


def test_a_verification_without_remarks_says_so() -> None:
    clean = Verified(20, 1000, False, "", 0, 0, 0, 0, 0, 0)
    assert tell_verified(clean) == (
        "20 of 1,000 messages compared by content, by all that WorkMail shows: no remarks."
    )


def test_trouble_is_unfolded_and_peace_is_folded() -> None:
    folded = [
        "open" in attrs
        for tag, attrs in page(summarise(FACTS, [CLEAN, REFUSED], NOW)).elements
        if tag == "details"
    ]
    phases, *mailboxes = folded
    assert (phases, mailboxes) == (False, [True, False])


def test_the_verdict_and_the_days_left_stand_there() -> None:
    text = page(summarise(FACTS, [CLEAN], NOW)).text
    assert text.startswith(" Done – WorkMail migration of acme")
    assert "WorkMail ends on 2027-03-31 116 days left." in text
    after = page(summarise(FACTS, [CLEAN], "2027-04-02T00:00:00Z")).text
    assert "That day has passed." in after


def test_the_page_is_one_file_that_loads_nothing_and_runs_its_own_scripts_alone() -> None:
    html = to_html(summarise(FACTS, [CLEAN, REFUSED, FAILED], NOW)).decode()
    parsed = page(summarise(FACTS, [CLEAN, REFUSED, FAILED], NOW))
    links = [
        value
        for _, attrs in parsed.elements
        for name, value in attrs.items()
        if name in ("src", "href")
    ]
    assert links[0] == "data:,"
    ids = {f"#{attrs['id']}" for _, attrs in parsed.elements if "id" in attrs}
    assert set(links[1:]) <= ids
    assert "@import" not in html
    (policy,) = [attrs["content"] for tag, attrs in parsed.elements if "http-equiv" in attrs]
    loaded, allowed = (policy or "").split("; script-src ")
    assert loaded == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    scripts = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    digests = [hashlib.sha256(text.encode()).digest() for text in scripts]
    wanted = [f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests]
    assert allowed.split() == wanted
    others = {tuple(attrs.items()) for tag, attrs in parsed.elements if tag == "script" and attrs}
    assert others == {(("type", "application/json"),)}


def test_the_page_can_be_heard_printed_and_read_on_a_phone_and_in_the_dark() -> None:
    html = to_html(summarise(FACTS, [CLEAN, REFUSED, FAILED], NOW)).decode()
    parsed = page(summarise(FACTS, [CLEAN, REFUSED, FAILED], NOW))
    assert ("html", {"lang": "en"}) in parsed.elements
    assert parsed.count("h1") == parsed.count("main") == 1
    assert parsed.count("caption") == parsed.count("table") > 3
    headers = [attrs for tag, attrs in parsed.elements if tag == "th"]
    assert all(attrs.get("scope") in ("row", "col") for attrs in headers)
    ids = {attrs["id"] for _, attrs in parsed.elements if "id" in attrs}
    named = {attrs["aria-labelledby"] for _, attrs in parsed.elements if "aria-labelledby" in attrs}
    assert named == ids
    for rule in ("prefers-color-scheme: dark", "@media print", "max-width: 40rem"):
        assert rule in html
    assert 'name="viewport"' in html


def colours(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,6})", block))


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(char * 2 for char in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_text_has_the_contrast_that_wcag_asks_for(theme: int) -> None:
    html = to_html(summarise(FACTS, [CLEAN], NOW)).decode()
    palette = colours(re.findall(r":root \{(.*?)\}", html, re.DOTALL)[theme])
    pairs = [(ink, ground) for ink in ("ink", "muted") for ground in ("page", "card", "stripe")]
    for tone in ("good", "warn", "bad", "quiet"):
        pairs += [(tone, f"{tone}-bg"), (tone, "card")]
    for ink, ground in pairs:
        assert contrast(palette[ink], palette[ground]) >= 4.5, (ink, ground)


def test_a_long_list_of_messages_is_cut_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("migration.report_page._REMARK_ROWS", 1)
    many = replace(REFUSED, remarks=[*REFUSED.remarks, Remark("k1", "7", 1, "x")])
    parsed = page(summarise(FACTS, [CLEAN, many], NOW))
    assert "The first 1 of 2; summary.json has them all." in parsed.text
    assert "48213" in parsed.text


# ---- small things ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (99_949, "99.9 kB"),
        (99_951, "100 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (41_900_331, "41.9 MB"),
        (5_000_000_000_000_000, "5000 TB"),
    ],
)
def test_sizes_have_three_digits(size: int, text: str) -> None:
    assert format_bytes(size) == text


def test_moments_are_shown_in_utc() -> None:
    assert format_moment("2026-12-04T18:00:59.123Z") == "2026-12-04 18:00 UTC"
    assert format_moment("2026-12-04T18:00:00+02:00") == "2026-12-04 16:00 UTC"


def test_letters_of_all_languages_stay_as_they_are() -> None:
    for name in ("Größe & Übung", "Архив", "受信トレイ", "دریافت‌ها", "👩‍💻"):
        assert make_visible(name) == name


def test_findings_of_one_record_stand_together_in_the_order_of_the_servers() -> None:
    one, two = DnsRecord("a", "MX", "x"), DnsRecord("b", "MX", "x")
    first, second = DnsFinding(one, DnsVerdict.RIGHT), DnsFinding(two, DnsVerdict.RIGHT)
    third = DnsFinding(one, DnsVerdict.WRONG)
    assert group_by_record([first, second, third]) == [(one, [first, third]), (two, [second])]


def test_where_made_up_passwords_are_is_told_with_the_command_to_read_them() -> None:
    facts = replace(FACTS, secrets="workmail-migration/acme/")
    places = ["waves/run-1/1", "waves/run-1/1", "waves/run-0/reset/1", "target", ""]
    mailboxes = [
        MailboxFacts(MailboxRecord(mailbox(f"user{n}"), "run-1", password_in=place), (), ())
        for n, place in enumerate(places)
    ]
    summary = summarise(facts, mailboxes, NOW)
    assert summary.passwords == {
        "workmail-migration/acme/waves/run-0/reset/1": 1,
        "workmail-migration/acme/waves/run-1/1": 2,
    }
    assert sorted(line.password_in for line in summary.mailboxes) == sorted(places)
    command = "aws secretsmanager get-secret-value --secret-id "
    shown = page(summary)
    assert [row.split(" --query")[0].strip() for row in shown.rows if command in row] == [
        f"{command}'{secret}'" for secret in summary.passwords
    ]
    assert command not in page(summarise(facts, mailboxes[3:], NOW)).text


# ---- a rollback of the DNS -------------------------------------------------------------------


def test_a_rollback_of_the_dns_says_what_came_back_and_what_is_left() -> None:
    ledger, blobs = MemoryLedger(), MemoryBlobs()
    mx = RecordSet("acme.example", "MX", 300, ("10 new.example.",))
    done = PublishedSet(
        "Z1", mx.name, mx.type, None, (mx,), "run-0", outcome="restored", decided_by="run-1"
    )
    ledger.keep_published(done)
    assert write_report(SETTINGS, ledger, blobs, "run-1", NOW, None).verdict == "done"
    left = replace(done, type="TXT", outcome="left", reason="somebody has changed it")
    ledger.keep_published(left)
    ledger.keep_published(replace(done, name="x.acme.example", decided_by="run-2"))
    assert write_report(SETTINGS, ledger, blobs, "run-1", NOW, None).verdict == "exceptions"
    summary = json.loads(blobs.get("reports/run-1/summary.json"))
    assert summary["dns_rollback"] == {
        "restored": ["MX of acme.example"],
        "left": [["TXT of acme.example", "somebody has changed it"]],
    }
    page = blobs.get("reports/run-1/report.html").decode()
    assert "before this migration: 1; left as they are: 1." in page
    assert "TXT of acme.example</bdi>: somebody has changed it" in page
    assert "start rollback-dns again" in page
    failed = write_report(SETTINGS, ledger, blobs, "run-1", NOW, Failure("Unexpected", "x"))
    assert failed.verdict == "failed"
    write_report(SETTINGS, ledger, blobs, "run-3", NOW, None)
    assert json.loads(blobs.get("reports/run-3/summary.json"))["dns_rollback"] is None


def test_what_an_earlier_version_kept_of_a_pass_is_told_as_far_as_it_goes() -> None:
    (line,) = summarise(FACTS, [CLEAN], NOW).mailboxes
    assert line.passes == (PassLine(1, 4, 0, 0, ""),)
    assert (line.begun, line.ended) == ("", "")


def test_the_last_point_counts_what_was_left_out_and_what_failed() -> None:
    skipped = folder("k1", ("INBOX",), Tally(3, 900, rejected=1, gone=1, skipped=5))
    broken = replace(FAILED, folders=(folder("k1", ("INBOX",), Tally(2, 100)),))
    summary = summarise(FACTS, [facts("anna", folders=(skipped,)), broken, PLANNED], NOW)
    assert summary.progress == (ProgressPoint(NOW, 1, 12, 1000),)
