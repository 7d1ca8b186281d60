"""The tables beside a report, which a spreadsheet opens: one for each question that is asked of a
migration. Pure.

`TABLES` is the one place that says which columns there are; docs/report.md is written from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from migration.dns_model import DnsFinding
from migration.report_columns import Column, Table, field, fields, joined, times
from migration.report_failures import FailureRow, tell_failures, tell_reasons
from migration.report_groupware import CollectionLine, LossLine
from migration.report_lines import MailboxLine, Summary
from migration.report_settings import SettingLine


def to_csv(summary: Summary) -> Mapping[str, bytes]:
    """Every table by the name of its file."""
    return {table.file: table.write(summary) for table in TABLES}


# ---- mailboxes.csv ---------------------------------------------------------------------------


def _sum(counts: Iterable[int | None]) -> int | None:
    """None if none of them is known."""
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


MAILBOXES: Table[MailboxLine] = Table(
    "mailboxes.csv",
    "One row for each mailbox; those that need attention come first.",
    MailboxLine,
    lambda summary: summary.mailboxes,
    (
        *fields("id", "display_name", "source", "target", "address", "outcome", "status"),
        Column("error", lambda line: line.failure.error if line.failure else "",
               "why it failed: the error's name; empty if it did not"),
        Column("reason", tell_reasons,
               "why it failed, or does not simply agree, as far as no folder tells it"),
        Column("at_source", lambda line: _sum(each.source for each in line.folders),
               "messages that its folders had at the source when they were last compared; empty if "
               "none ever was"),
        *fields("messages"),
        Column("at_target", lambda line: _sum(each.target for each in line.folders),
               "messages that its folders had in WorkMail when they were last compared; empty if "
               "none ever was"),
        *fields("size", "copied", "refused"),
        Column("adjusted", lambda line: len(line.adjusted),
               "messages that are in WorkMail not exactly as they were"),
        *fields("gone"),
        Column("folders", lambda line: len(line.folders), "how many folders it has at the source"),
        Column("compared", lambda line: line.verified.compared if line.verified else None,
               "messages that the last pass has compared by content; empty if it has not"),
        Column("missing", lambda line: line.verified.missing if line.verified else None,
               "messages that WorkMail was given and has not, as far as the last pass has looked"),
        Column("extra", lambda line: line.verified.extra if line.verified else None,
               "messages that WorkMail has more than once, as far as the last pass has looked"),
        Column("differing", lambda line: line.verified.differing if line.verified else None,
               "messages that WorkMail has otherwise, as far as the last pass has looked"),
        Column("passes", lambda line: len(line.passes), "how many passes of the run went over it"),
        *times("begun", "ended"),
        Column("items", lambda line: line.items,
               "items of its calendars, address books, tasks and notes that were copied"),
        *fields("losses", "losses_file", "provisioned"),
        Column("remarks", lambda line: "; ".join(line.user_remarks),
               "what of the WorkMail user could not be made as the manifest says"),
        *fields("password_in", "lists"),
    ),
)  # fmt: skip


# ---- collections.csv, losses.csv -------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CollectionRow:
    """A collection, and whose it is.

    mailbox     the digest by which logs, messages and files name the mailbox
    address     the mailbox's address in WorkMail
    collection  the collection
    """

    mailbox: str
    address: str
    collection: CollectionLine


def _collections(summary: Summary) -> Iterator[CollectionRow]:
    for line in summary.mailboxes:
        yield from (CollectionRow(line.id, line.target, each) for each in line.collections)


COLLECTIONS: Table[CollectionRow] = Table(
    "collections.csv",
    "One row for each calendar, address book, list of tasks and of notes.",
    CollectionRow,
    _collections,
    fields(
        *("mailbox", "address", "collection.kind", "collection.name", "collection.at_target"),
        *("collection.source", "collection.copied", "collection.refused", "collection.ledger"),
        *("collection.target", "collection.agreement", "collection.reason", "collection.key"),
    ),
)

LOSSES: Table[LossLine] = Table(
    "losses.csv",
    "One row for each property or feature of calendars, contacts, tasks and notes that WorkMail "
    "does not have as the source has it, and each reason. Single items stand in the file that "
    "mailboxes.csv names for each mailbox.",
    LossLine,
    lambda summary: summary.groupware.losses if summary.groupware else (),
    fields("kind", "what", "kept", "why", "count"),
)


# ---- settings.csv ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SettingRow:
    """A rule or an automatic reply, and whose it is.

    mailbox  the digest by which logs, messages and files name the mailbox
    address  the mailbox's address in WorkMail
    setting  the rule or the reply
    """

    mailbox: str
    address: str
    setting: SettingLine


def _settings(summary: Summary) -> Iterator[SettingRow]:
    for line in summary.mailboxes:
        yield from (SettingRow(line.id, line.target, each) for each in line.settings)


SETTINGS: Table[SettingRow] = Table(
    "settings.csv",
    "One row for each rule of an inbox and each automatic reply at the source, in words by which "
    "they can be made again in WorkMail. What forwards to outside has the "
    "addresses in a column of their own.",
    SettingRow,
    _settings,
    (
        *fields("mailbox", "address", "setting.kind", "setting.order", "setting.name"),
        *fields("setting.is_active"),
        joined("setting.conditions", "; and "),
        joined("setting.exceptions", "; or "),
        joined("setting.actions", "; "),
        joined("setting.outside", ", "),
        *fields("setting.is_there"),
    ),
)


# ---- failures.csv ----------------------------------------------------------------------------

FAILURES: Table[FailureRow] = Table(
    "failures.csv",
    "One row for each message that was not copied, or not exactly, and for each mailbox, group, "
    "resource, permission, folder and collection that is not as it should be. No row is good news.",
    FailureRow,
    tell_failures,
    (
        *fields("kind", "id", "name", "address", "folder", "uid"),
        *times("received"),
        *fields("size", "fate", "code", "explanation", "advice", "subject"),
    ),
)


# ---- dns.csv ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DnsRow:
    """A record as a server answered it, beside the record over all servers.

    finding      the answer
    over_all     the verdict over all servers; empty if there is none
    first_right  when the record was right at all servers for the first time; empty if it never was
    last_looked  when the servers were last asked
    """

    finding: DnsFinding
    over_all: str
    first_right: str
    last_looked: str


def _dns_rows(summary: Summary) -> Iterator[DnsRow]:
    dns = summary.dns
    for each in dns.findings:
        record = dns.records.get(each.record.key)
        over_all, first_right = (record.verdict, record.first_right) if record else ("", "")
        yield DnsRow(each, over_all, first_right, dns.at)


DNS: Table[DnsRow] = Table(
    "dns.csv",
    "One row for each record that WorkMail expects and each server that was asked for it, as they "
    "were when they were asked last.",
    DnsRow,
    _dns_rows,
    (
        *fields("finding.record.kind", "finding.record.type", "finding.record.name"),
        field("finding.record.value", "expected"),
        *fields("finding.record.required", "over_all", "first_right"),
        *fields("finding.server", "finding.host", "finding.authoritative", "finding.verdict"),
        Column("found", lambda row: " | ".join(row.finding.found),
               "what the server answered, with | between several"),
        *fields("finding.ttl", "finding.stale_until", "finding.detail", "last_looked"),
    ),
)  # fmt: skip


# ---- timeline.csv ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """Something that happened, or a part of the run.

    at     when it happened; of a phase, when it began
    ended  when the phase ended; empty if it has not, and for what has no duration
    kind   event or phase
    state  the state of the workflow that tells the event
    what   what happened; the name of the phase
    """

    at: str
    ended: str
    kind: str
    state: str
    what: str


def _timeline(summary: Summary) -> Iterable[TimelineRow]:
    phases = [
        TimelineRow(each.begun, each.ended, "phase", "", each.name) for each in summary.phases
    ]
    events = [TimelineRow(each.at, "", "event", each.state, each.what) for each in summary.timeline]
    return sorted([*phases, *events], key=attrgetter("at"))


TIMELINE: Table[TimelineRow] = Table(
    "timeline.csv",
    "One row for each thing that happened, and for each phase of the run, in the order of time.",
    TimelineRow,
    _timeline,
    fields("at", "ended", "kind", "state", "what"),
)

TABLES: tuple[Table[Any], ...] = (
    MAILBOXES,
    COLLECTIONS,
    LOSSES,
    SETTINGS,
    FAILURES,
    DNS,
    TIMELINE,
)
