"""The tables beside a report: rows, columns, and that they tell what the summary tells."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings

from migration.directory_model import EntityRecord, EntityStatus, Group
from migration.dns_model import DnsFinding, DnsProgress, DnsRecord, DnsVerdict, DnsWatch, RecordKind
from migration.mail import Fate
from migration.model import Agreement, Failure, FolderCheck, Note, Tally
from migration.report_lines import RemarkLine, Summary
from migration.report_phases import PhaseLine
from migration.report_summary import summarise
from migration.report_tables import TABLES, to_csv
from tests.unit.report_summaries import summaries
from tests.unit.test_report import CLEAN, FACTS, FAILED, HALF, NOW, PLANNED, REFUSED, facts, folder


def read(summary: Summary, name: str) -> list[dict[str, str]]:
    text = to_csv(summary)[name].decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_every_mailbox_has_a_row_in_the_order_of_the_page() -> None:
    summary = summarise(FACTS, [CLEAN, PLANNED, REFUSED, FAILED], NOW)
    rows = read(summary, "mailboxes.csv")
    assert [row["id"] for row in rows] == [line.id for line in summary.mailboxes]
    failed, refused, clean, planned = rows
    assert (failed["outcome"], failed["error"]) == ("failed", "CredentialsRejected")
    assert failed["reason"] == "the source refused the login"
    names = ("outcome", "at_source", "messages", "at_target", "size", "refused", "gone", "folders")
    assert [refused[name] for name in names] == ["exceptions", *"13 12 12 1200 1 2 2".split()]
    assert [clean[name] for name in names] == ["done", *"3 3 3 900 0 0 1".split()]
    assert [planned[name] for name in names] == ["not copied", "", "0", "", *"0000"]
    assert refused["reason"] == "folder k9: 3 in a folder that was never copied"


def test_what_was_compared_is_counted_as_far_as_it_was() -> None:
    half = folder("k2", ("Later",), Tally(4))
    some = facts("anna", folders=(folder("k1", ("INBOX",), Tally(3), CHECK), half))
    (row,) = read(summarise(FACTS, [some], NOW), "mailboxes.csv")
    assert (row["at_source"], row["messages"], row["at_target"]) == ("3", "7", "2")
    assert (row["compared"], row["missing"]) == ("", "")


CHECK = FolderCheck(3, 3, 2, Agreement.DIFFER, "1 missing")


def test_everything_that_needs_somebody_has_a_row_of_failures() -> None:
    group = Group("g1", "staff@acme.example", "Staff")
    refused = EntityRecord(group, "run-1", EntityStatus.FAILED, failure=Failure("UserRefused", "x"))
    entities = [refused, EntityRecord(replace(group, id="g2"), "run-1", EntityStatus.DONE)]
    differs = facts(
        "otto",
        agreement=Agreement.DIFFER,
        folders=(folder("k1", ("Läger", "A"), Tally(3), CHECK),),
        reasons=("2 folders differ",),
    )
    told = replace(FACTS, entities=entities, failure=Failure("PreflightFailed", "one\ntwo"))
    rows = read(
        summarise(told, [CLEAN, PLANNED, REFUSED, FAILED, HALF, differs], NOW), "failures.csv"
    )
    assert [(row["kind"], row["id"], row["fate"], row["code"]) for row in rows] == [
        ("run", "", "failed", "PreflightFailed"),
        ("mailbox", "id-emil", "failed", "CredentialsRejected"),
        ("mailbox", "id-otto", "differs", ""),
        ("mailbox", "id-rosa", "unfinished", ""),
        ("group", "g1", "failed", "UserRefused"),
        ("folder", "id-otto", "differs", ""),
        ("message", "id-zoe", "rejected", "too-large"),
    ]
    assert all(row["advice"] for row in rows)
    run, emil, otto, _, staff, läger, message = rows
    assert run["explanation"] == "one; two"
    assert (emil["name"], emil["address"]) == ("Emil", "emil@acme.example")
    assert otto["explanation"] == "2 folders differ"
    assert (staff["name"], staff["address"]) == ("Staff", "staff@acme.example")
    assert (läger["folder"], läger["explanation"]) == ("Läger / A", "1 missing")
    assert (message["folder"], message["uid"], message["size"]) == ("INBOX", "48213", "41900331")
    assert message["explanation"] == "It is larger than WorkMail takes."


def test_messages_that_are_not_there_come_before_those_that_are_not_exactly() -> None:
    line = summarise(FACTS, [REFUSED], NOW).mailboxes[0]
    adjusted = RemarkLine("k1", ("INBOX",), "7", 10, "crlf", Fate.ADJUSTED)
    first, second = replace(line, adjusted=(adjusted,)), replace(line, id="id-anna")
    summary = replace(summarise(FACTS, [], NOW), mailboxes=(first, second))
    rows = read(summary, "failures.csv")
    assert [(row["id"], row["fate"]) for row in rows] == [
        ("id-zoe", "rejected"),
        ("id-anna", "rejected"),
        ("id-zoe", "adjusted"),
    ]


def test_a_run_without_trouble_has_a_table_of_failures_without_rows() -> None:
    assert read(summarise(FACTS, [CLEAN, PLANNED], NOW), "failures.csv") == []


@pytest.mark.parametrize(
    ("received", "shown"),
    [
        ("2024-02-28T09:01:00+01:00", "2024-02-28T08:01:00Z"),
        ("2024-02-28T08:01:00Z", "2024-02-28T08:01:00Z"),
        ("2024-02-28", "2024-02-28"),
        ("", ""),
    ],
)
def test_a_message_is_told_with_its_subject_and_its_date_in_utc(received: str, shown: str) -> None:
    line = summarise(FACTS, [REFUSED], NOW).mailboxes[0]
    remark = replace(line.refusals[0], received=received, subject="=cmd|' /C calc'!A0")
    summary = summarise(FACTS, [], NOW)
    summary = replace(summary, mailboxes=(replace(line, refusals=(remark,)),))
    row = read(summary, "failures.csv")[-1]
    assert (row["received"], row["subject"]) == (shown, "'=cmd|' /C calc'!A0")


def test_the_dns_has_a_row_for_each_record_and_server() -> None:
    mx = DnsRecord("acme.example", "MX", "10 new.example", required=True, kind=RecordKind.MX)
    findings = [
        DnsFinding(mx, DnsVerdict.RIGHT, ("10 new.example.",), 300, "192.0.2.1:53", "ns1", True),
        DnsFinding(mx, DnsVerdict.STALE, ("1 a.", "2 b."), 60, "192.0.2.9:53", stale_until=NOW),
    ]
    watch = DnsWatch(records={mx.key: DnsProgress(DnsVerdict.STALE, "2026-12-04T22:00:00Z")})
    summary = summarise(replace(FACTS, looked=NOW, findings=findings, watch=watch), [], NOW)
    first, second = read(summary, "dns.csv")
    assert first == {
        "kind": "mx",
        "type": "MX",
        "name": "acme.example",
        "expected": "10 new.example",
        "required": "yes",
        "over_all": "stale",
        "first_right": "2026-12-04T22:00:00Z",
        "server": "192.0.2.1:53",
        "host": "ns1",
        "authoritative": "yes",
        "verdict": "right",
        "found": "10 new.example.",
        "ttl": "300",
        "stale_until": "",
        "detail": "",
        "last_looked": NOW,
    }
    assert (second["found"], second["authoritative"]) == ("1 a. | 2 b.", "no")
    assert (second["verdict"], second["stale_until"]) == ("stale", NOW)


def test_the_timeline_has_events_and_phases_in_the_order_of_time() -> None:
    notes = (Note("2026-12-04T18:00:00Z", "PlanWave", "2 planned"), Note(NOW, "Report", "-"))
    phase = PhaseLine("full pass", "2026-12-04T19:00:00Z", "")
    summary = replace(summarise(replace(FACTS, notes=notes), [], NOW), phases=(phase,))
    assert [tuple(row.values()) for row in read(summary, "timeline.csv")] == [
        ("2026-12-04T18:00:00Z", "", "event", "PlanWave", "2 planned"),
        ("2026-12-04T19:00:00Z", "", "phase", "", "full pass"),
        (NOW, "", "event", "Report", "'-"),
    ]


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(summaries)
def test_whatever_a_summary_says_its_tables_can_be_read_and_lose_nothing(summary: Summary) -> None:
    files = {table.file: read(summary, table.file) for table in TABLES}
    assert to_csv(summary).keys() == files.keys()
    for table in TABLES:
        assert all(
            set(row) == {column.name for column in table.columns} for row in files[table.file]
        )
    messages = [row for row in files["failures.csv"] if row["kind"] == "message"]
    lines = summary.mailboxes
    assert len(messages) == sum(len(line.refusals) + len(line.adjusted) for line in lines)
    assert [row["messages"] for row in files["mailboxes.csv"]] == [str(x.messages) for x in lines]
    assert len(files["dns.csv"]) == len(summary.dns.findings)
    assert len(files["timeline.csv"]) == len(summary.timeline) + len(summary.phases)
