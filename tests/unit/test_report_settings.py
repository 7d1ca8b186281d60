"""Rules and automatic replies in the report."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict, replace

import pytest

from localrun.fakes.blobs import MemoryBlobs
from localrun.fakes.ledger import MemoryLedger
from migration.mailbox_settings import (
    Audience,
    AutomaticReply,
    MailboxSettings,
    ReplyStatus,
    Rule,
)
from migration.model import Mailbox, MailboxStatus
from migration.report import write_report
from migration.report_settings import SettingKind, find_domains, make_plain, tell_settings
from migration.settings import Settings
from tests.unit.test_settings import environment

RUN, NOW, BOX = "run1", "2026-12-04T18:00:00Z", "box1"
DOMAINS = frozenset({"acme.example", "old.example"})
RULE = Rule(
    "Bills <b>",
    2,
    True,
    ("the subject contains “bill”", "it is signed"),
    ("the owner is in Cc",),
    ("forward it to eve@else.example", "redirect it to theo@ACME.example"),
    ("eve@else.example", "theo@ACME.example"),
)
REPLY = AutomaticReply(
    ReplyStatus.SCHEDULED,
    "<p>Back&nbsp;soon</p><p>Anna</p>",
    "Away",
    Audience.CONTACTS,
    "2026-12-24T16:00:00Z",
    "2027-01-02T07:00:00Z",
)


def test_only_other_domains_are_outside() -> None:
    (line,) = tell_settings(MailboxSettings((RULE,)), DOMAINS)
    assert line.outside == ("eve@else.example",)
    assert find_domains(["a@Acme.example", "b@old.example", "anna"]) == DOMAINS


def test_a_reply_is_told_with_its_time_its_text_and_to_whom_it_goes() -> None:
    (line,) = tell_settings(MailboxSettings(reply=REPLY), DOMAINS)
    assert (line.kind, line.is_active) == (SettingKind.REPLY, True)
    assert line.conditions == ("from 2026-12-24T16:00:00Z", "until 2027-01-02T07:00:00Z")
    assert line.actions == (
        "answer colleagues: Back soon / Anna",
        "answer the owner's contacts outside: Away",
    )
    for audience, told in ((Audience.NOBODY, 1), (Audience.EVERYBODY, 2)):
        (line,) = tell_settings(MailboxSettings(reply=replace(REPLY, audience=audience)), DOMAINS)
        assert len(line.actions) == told
    (off,) = tell_settings(MailboxSettings(reply=replace(REPLY, status=ReplyStatus.OFF)), DOMAINS)
    assert not off.is_active


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("plain", "plain"),
        ("<html><head><style>p {}</style></head><body>a<br>b &lt;c&gt;</body>", "a / b <c>"),
        ("<!-- no -->\r\n<div>  a\n b </div>", "a b"),
        ("", ""),
    ],
)
def test_html_becomes_what_it_shows(text: str, plain: str) -> None:
    assert make_plain(text) == plain


def written(settings: MailboxSettings) -> MemoryBlobs:
    ledger, blobs = MemoryLedger(), MemoryBlobs()
    ledger.plan_mailboxes(RUN, [Mailbox(BOX, "anna", "anna@acme.example", "anna", "Anna")])
    ledger.set_status(BOX, MailboxStatus.COPYING)
    blobs.put(f"groupware/{BOX}/settings.json", json.dumps(asdict(settings)).encode())
    write_report(Settings.from_env(environment()), ledger, blobs, RUN, NOW, None)
    return blobs


def test_the_report_its_page_and_a_table_tell_them() -> None:
    blobs = written(MailboxSettings((RULE,), REPLY, ("rules:denied",), is_at_target=True))
    (line,) = json.loads(blobs.get(f"reports/{RUN}/summary.json"))["mailboxes"]
    assert [one["kind"] for one in line["settings"]] == ["rule", "automatic reply", "problem"]
    text = blobs.get(f"reports/{RUN}/settings.csv").decode("utf-8-sig")
    rule, reply, problem = csv.DictReader(io.StringIO(text))
    assert rule == {
        "mailbox": BOX,
        "address": "anna@acme.example",
        "kind": "rule",
        "order": "2",
        "name": "Bills <b>",
        "is_active": "yes",
        "conditions": "the subject contains “bill”; and it is signed",
        "exceptions": "the owner is in Cc",
        "actions": "forward it to eve@else.example; redirect it to theo@ACME.example",
        "outside": "eve@else.example",
        "is_there": "no",
    }
    assert reply["conditions"] == "from 2026-12-24T16:00:00Z; and until 2027-01-02T07:00:00Z"
    assert reply["is_there"] == "yes"
    assert "(there is one in WorkMail)" in blobs.get(f"reports/{RUN}/report.html").decode()
    assert (problem["kind"], problem["name"]) == ("problem", "rules:denied")
    page = blobs.get(f"reports/{RUN}/report.html").decode()
    assert "Rules and automatic replies" in page
    assert "1 sends messages on to addresses outside" in page
    assert "Bills &lt;b&gt;" in page and "<b>" not in page


def test_a_report_without_rules_has_no_chapter_of_them() -> None:
    page = written(MailboxSettings()).get(f"reports/{RUN}/report.html").decode()
    assert "Rules and automatic replies" not in page
