"""A report in which every text from outside is hostile: names, reasons, records of the DNS."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from migration.copy.findings import Verified
from migration.directory_model import EntityRecord, EntityStatus, Group
from migration.dns_model import DnsFinding, DnsRecord, DnsVerdict
from migration.mail import Fate, Remark
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
    Tally,
)
from migration.report_groupware import Kept, LossLine, MailboxLosses
from migration.report_lines import Summary
from migration.report_summary import MailboxFacts, RunFacts, summarise

NOW = "2026-12-05T11:10:00.000Z"
NAMES = (
    "<script>alert('x')</script>",
    "\"'><img src=x onerror=alert(2)>",
    "</script><script>alert(3)</script>",
    "</td></tr></table><h1>Done</h1>",
    "<!--<script>",
    "</bdi></style><style>*{display:none}</style>",
    "\u202egnp.exe\u202d\u2067x",
    "\u05e9\u05dc\u05d5\u05dd 123 \u0645\u0631\u062d\u0628\u0627",
    "nul\x00bell\x07escape\x1b[2J",
    "W" * 300,
    "\N{WOMAN}\u200d\N{WOMAN}\u200d\N{GIRL}\N{RAINBOW}" * 20,
    "Z\u0351\u0346\u0302\u0341\u034b" * 30,
    "{{ 7*7 }} {% raw %} ${alert(4)} `",
    "&lt;b&gt;&amp;amp;",
    "half \ud800 of a pair",
    "javascript:alert(5)",
    "constructor",
    "__proto__",
)


def make_hostile_report(names: tuple[str, ...] = NAMES) -> Summary:
    """A failed run with a mailbox, a calendar, an entity, a record and a note of each name."""
    findings = [
        DnsFinding(DnsRecord(name, "TXT", name), DnsVerdict.WRONG, (name,), 1, name, detail=name)
        for name in names
    ]
    facts = RunFacts(
        *(names[0], names[2], [Note(NOW, name, name) for name in names], NOW, findings),
        Failure("TenantMisconfigured", "; ".join(names)),
        entities=list(_make_entities(names)),
    )
    return summarise(facts, [_make_mailbox(at, name) for at, name in enumerate(names)], NOW)


def _make_mailbox(at: int, name: str) -> MailboxFacts:
    check = FolderCheck(1, 1, 1, Agreement.DIFFER, name)
    tally = Tally(123_456_789, 9 * 10**12, 1_234_567)
    folders = [
        FolderRecord(f"k{at}", (name, name), (name,), "1", "t", total=tally, check=check),
    ]
    record = MailboxRecord(
        Mailbox(f"id{at}", name, name, name, name),
        *("run-1", MailboxStatus.FAILED if at % 2 else MailboxStatus.COPIED, "u", name),
        failure=Failure(name, name) if at % 2 else None,
        verdict=MailboxVerdict(1, Agreement.DIFFER, tally, tally, (name,)),
        address=name,
        remarks=(name,),
    )
    remarks = [
        Remark(f"k{at}", name, 10**9, name, Fate.REJECTED, NOW, name),
        Remark(f"unknown{name}", name, 1, name, Fate.ADJUSTED),
    ]
    verified = Verified(1, 2, False, name, 1, 1, 1, 1, 1, 1)
    collections = [replace(folders[0], path=("calendar", name), target_path=("calendar", name))]
    losses = MailboxLosses((LossLine("calendar", name, name, Kept.NOT, 10**9),), name)
    return MailboxFacts(record, folders, remarks, verified, collections, losses)


def _make_entities(names: tuple[str, ...]) -> Iterator[EntityRecord]:
    for at, name in enumerate(names):
        group = Group(f"g{at}", name, name)
        failure = Failure(name, name)
        yield EntityRecord(group, "run-1", EntityStatus.FAILED, "id", name, failure, (name,))
