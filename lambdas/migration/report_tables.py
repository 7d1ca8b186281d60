"""The tables beside a report, which a spreadsheet opens: one for each question that is asked of a
migration. Pure.

`TABLES` is the one place that says which columns there are; docs/report.md is written from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any, Generic, TypeVar

from migration.dns_model import DnsFinding
from migration.report_failures import FailureRow, tell_failures, tell_reasons
from migration.report_groupware import CollectionLine, LossLine
from migration.report_lines import MailboxLine, Summary
from migration.spreadsheet import Cell, write_sheet

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Column(Generic[Row]):
    """A column has the meaning of the row's field that it shows, `path` with dots, or its own."""

    name: str
    read: Callable[[Row], Cell]
    meaning: str = ""
    path: str = ""


@dataclass(frozen=True, slots=True)
class Table(Generic[Row]):
    """`about` says what a row is; `row` is the dataclass that the rows are of."""

    file: str
    about: str
    row: type[Row]
    rows: Callable[[Summary], Iterable[Row]]
    columns: tuple[Column[Row], ...]

    def write(self, summary: Summary) -> bytes:
        """The file."""
        readers = [column.read for column in self.columns]
        rows = ([read(row) for read in readers] for row in self.rows(summary))
        return write_sheet([column.name for column in self.columns], rows)


def to_csv(summary: Summary) -> Mapping[str, bytes]:
    """Every table by the name of its file."""
    return {table.file: table.write(summary) for table in TABLES}


def _field(path: str, name: str) -> Column[Row]:
    return Column(name, attrgetter(path), path=path)


def _fields(*paths: str) -> tuple[Column[Row], ...]:
    return tuple(_field(path, path.rpartition(".")[2]) for path in paths)


def _times(*names: str) -> tuple[Column[Row], ...]:
    return tuple(Column(name, _utc(attrgetter(name)), path=name) for name in names)


def _utc(read: Callable[[Row], str]) -> Callable[[Row], Cell]:
    """A time with another offset in UTC; what is none as it is: the source may have said it."""

    def read_utc(row: Row) -> Cell:
        text = read(row)
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            return text
        if moment.tzinfo is None:
            return text
        return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")

    return read_utc


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
        *_fields("id", "display_name", "source", "target", "address", "outcome", "status"),
        Column("error", lambda line: line.failure.error if line.failure else "",
               "why it failed: the error's name; empty if it did not"),
        Column("reason", tell_reasons,
               "why it failed, or does not simply agree, as far as no folder tells it"),
        Column("at_source", lambda line: _sum(each.source for each in line.folders),
               "messages that its folders had at the source when they were last compared; empty if "
               "none ever was"),
        *_fields("messages"),
        Column("at_target", lambda line: _sum(each.target for each in line.folders),
               "messages that its folders had in WorkMail when they were last compared; empty if "
               "none ever was"),
        *_fields("size", "copied", "refused"),
        Column("adjusted", lambda line: len(line.adjusted),
               "messages that are in WorkMail not exactly as they were"),
        *_fields("gone"),
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
        *_times("begun", "ended"),
        Column("items", lambda line: line.items,
               "items of its calendars, address books, tasks and notes that were copied"),
        *_fields("losses", "losses_file", "provisioned"),
        Column("remarks", lambda line: "; ".join(line.user_remarks),
               "what of the WorkMail user could not be made as the manifest says"),
        *_fields("password_in", "lists"),
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
    _fields(
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
    _fields("kind", "what", "kept", "why", "count"),
)


# ---- failures.csv ----------------------------------------------------------------------------

FAILURES: Table[FailureRow] = Table(
    "failures.csv",
    "One row for each message that was not copied, or not exactly, and for each mailbox, group, "
    "resource, permission, folder and collection that is not as it should be. No row is good news.",
    FailureRow,
    tell_failures,
    (
        *_fields("kind", "id", "name", "address", "folder", "uid"),
        *_times("received"),
        *_fields("size", "fate", "code", "explanation", "advice", "subject"),
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
        *_fields("finding.record.kind", "finding.record.type", "finding.record.name"),
        _field("finding.record.value", "expected"),
        *_fields("finding.record.required", "over_all", "first_right"),
        *_fields("finding.server", "finding.host", "finding.authoritative", "finding.verdict"),
        Column("found", lambda row: " | ".join(row.finding.found),
               "what the server answered, with | between several"),
        *_fields("finding.ttl", "finding.stale_until", "finding.detail", "last_looked"),
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
    _fields("at", "ended", "kind", "state", "what"),
)

TABLES: tuple[Table[Any], ...] = (MAILBOXES, COLLECTIONS, LOSSES, FAILURES, DNS, TIMELINE)
