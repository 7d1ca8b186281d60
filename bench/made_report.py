"""Reports of migrations that nobody has made, of any size: for the bench and the tests of the page.

The same numbers make the same report. One mailbox in 500 has failed, and one in 50 has messages
that were refused or adjusted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import localrun  # noqa: F401 - puts the product on the path
from migration.copy.findings import Verified
from migration.directory_model import EntityRecord, EntityStatus, Group
from migration.dns_model import DnsFinding, DnsProgress, DnsRecord, DnsVerdict, DnsWatch, RecordKind
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
    PassLine,
    Tally,
)
from migration.progress_model import ProgressHistory, ProgressPoint
from migration.question_model import Question, QuestionKind
from migration.report_lines import Summary
from migration.report_summary import MailboxFacts, RunFacts, summarise

_BEGAN = datetime(2026, 12, 4, 18, tzinfo=UTC)
_FIRST_PASS, _DELTA_PASS = _BEGAN + timedelta(minutes=12), _BEGAN + timedelta(hours=20)
_NOW = "2026-12-06T09:30:00Z"
_DOMAIN = "acme.example"
_FIRST_NAMES = (
    "Anna Zoë Otto Emil Rosa Paul Ines Jürgen Chloé Mateusz Aiko Nadia Łukasz Siân".split()
)
_LAST_NAMES = (
    "Ahrens Østergård Müller-Lüdenscheidt Costa Nguyen Brandt Kowalczyk Dubois Silva Watanabe "
    "Papadopoulos"
).split()
_FOLDERS = (
    *("INBOX", "Sent", "Drafts", "Archive", "Trash", "Projects/2024", "Projects/2025"),
    *("Customers/North", "Customers/South", "Invoices", "Travel", "Newsletters", "Private"),
    *("Contracts", "Support/Closed"),
)


@dataclass(frozen=True, slots=True)
class Size:
    """How large the migration is that a report is made of. `messages`: in an inbox, about."""

    mailboxes: int
    folders: int = len(_FOLDERS)
    messages: int = 900


def make_report(size: Size) -> Summary:
    """The report of a run that went through every phase."""
    mailboxes = [_make_mailbox(number, size) for number in range(size.mailboxes)]
    return summarise(_make_run(mailboxes), mailboxes, _NOW)


def _at(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


# ---- mailboxes -------------------------------------------------------------------------------


def _make_mailbox(number: int, size: Size) -> MailboxFacts:
    first = _FIRST_NAMES[number % len(_FIRST_NAMES)]
    last = _LAST_NAMES[number // len(_FIRST_NAMES) % len(_LAST_NAMES)]
    name = f"user{number:05d}"
    mailbox = Mailbox(
        *(f"{number:016x}", f"{name}@old.example", f"{name}@{_DOMAIN}", name, f"{first} {last}")
    )
    if number % 500 == 7:
        failure = Failure("CredentialsRejected", "the source refused the login")
        failed = MailboxRecord(mailbox, "run-1", MailboxStatus.FAILED, "u", "created", failure)
        return MailboxFacts(failed, (), ())
    remarks = tuple(_make_remarks(number)) if number % 50 == 3 else ()
    folders = [_make_folder(number, at, size, remarks) for at in range(size.folders)]
    total = sum((folder.total for folder in folders), Tally())
    agreement = Agreement.EXCEPTIONS if remarks else Agreement.AGREE
    record = MailboxRecord(
        *(mailbox, "run-1", MailboxStatus.COPIED, "u", "created", None),
        verdict=MailboxVerdict(1, agreement, total, Tally(4)),
        passes=_make_passes(number, total),
    )
    verified = Verified(
        *(total.copied, total.copied, True, "", 0, 0, 0, 0, total.rejected, len(remarks) // 2)
    )
    return MailboxFacts(record, folders, remarks, verified)


def _make_folder(number: int, at: int, size: Size, remarks: Sequence[Remark]) -> FolderRecord:
    path = tuple(_FOLDERS[at % len(_FOLDERS)].split("/"))
    copied = (size.messages * (at == 0) or size.messages // 9) + (number * 37 + at * 11) % 97
    refused = sum(each.fate is not Fate.ADJUSTED for each in remarks) if at == 0 else 0
    total = Tally(copied, copied * (21_000 + number * 911 % 90_000), refused)
    agreement = Agreement.EXCEPTIONS if refused else Agreement.AGREE
    reason = f"{refused} refused" if refused else ""
    check = FolderCheck(copied + refused, copied, copied, agreement, reason)
    return FolderRecord(f"k{at}", path, path, "1", "t", total=total, check=check)


def _make_remarks(number: int) -> Iterator[Remark]:
    received = _at(_BEGAN - timedelta(days=number % 900, hours=number % 24))
    size = 41_900_331 + number
    yield Remark("k0", str(48_213 + number), size, "too-large", Fate.REJECTED, received)
    yield Remark("k0", str(number), 1_212, "date-left-out", Fate.ADJUSTED)


def _make_passes(number: int, total: Tally) -> tuple[PassLine, ...]:
    ended = _FIRST_PASS + timedelta(minutes=30 + number % 1000)
    again = _DELTA_PASS + timedelta(minutes=2 + number % 90)
    return (
        PassLine(_millis(_FIRST_PASS), total.copied - 4, total.rejected, 0, _at(ended)),
        PassLine(_millis(_DELTA_PASS), 4, 0, 0, _at(again)),
    )


def _millis(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


# ---- the run ---------------------------------------------------------------------------------


def _make_run(mailboxes: Sequence[MailboxFacts]) -> RunFacts:
    messages = sum(folder.total.copied for each in mailboxes for folder in each.folders)
    size = sum(folder.total.size for each in mailboxes for folder in each.folders)
    findings, progress = _look_at_dns()
    cutover = QuestionKind.CUTOVER
    asked, answered = "2026-12-05T08:00:00Z", "2026-12-05T12:40:00Z"
    group = Group("g1", f"staff@{_DOMAIN}", "Staff")
    refusal = Failure("UserRefused", "alias 2: CreateAlias: LimitExceededException: a quota")
    return RunFacts(
        *("acme", "prod-2026-12-04", tuple(_make_notes()), _NOW, findings, None),
        secrets="workmail-migration/acme/",
        entities=[EntityRecord(group, "run-1", EntityStatus.FAILED, "id", "changed", refusal)],
        questions=[
            Question(
                *("run-1", cutover, asked, "id", "", _NOW, ("approve", "reject")),
                *((), "approve", "link", answered),
            )
        ],
        watch=DnsWatch(_at(_DELTA_PASS), ready="2026-12-06T03:10:00Z", records=progress),
        history=ProgressHistory("run-1", 600, tuple(_make_points(len(mailboxes), messages, size))),
    )


def _make_notes() -> Iterator[Note]:
    for minutes, state, what in (
        (0, "Preflight", "checks passed"),
        (4, "PlanWave", "the wave is planned"),
        (6, "EnsureDomains", "one domain is verified"),
        (8, "PreparePasswords", "passwords are made"),
        (11, "EnableAdministrator", "access is given"),
        (1140, "SummarisePass", "First copy: all mailboxes are judged"),
        (1150, "ApproveCutover", "approval is asked for"),
        (1210, "PublishDns", "records are published"),
        (1270, "SummarisePass", "Delta pass 1: all mailboxes are judged"),
        (1990, "CheckDns", "every required record is right"),
        (2000, "DrainOldMx", "the old server is looked at again"),
        (2350, "VerifyTenant", "counts agree"),
        (2360, "SendClientGuides", "client settings are written"),
    ):
        yield Note(_at(_BEGAN + timedelta(minutes=minutes)), state, what)


def _make_points(mailboxes: int, messages: int, size: int) -> Iterator[ProgressPoint]:
    """Quicker in the night than by day, and nothing while approval is waited for."""
    done = 0.0
    for step in range(110):
        moment = _FIRST_PASS + timedelta(minutes=10 * step)
        yield ProgressPoint(
            _at(moment), int(mailboxes * done), int(messages * done), int(size * done)
        )
        done = min(0.99, done + (0.014 if moment.hour < 6 else 0.0075))


def _look_at_dns() -> tuple[list[DnsFinding], dict[str, DnsProgress]]:
    inbound = "10 inbound-smtp.eu-west-1.amazonaws.com"
    mx = DnsRecord(_DOMAIN, "MX", inbound, required=True, kind=RecordKind.MX)
    spf = DnsRecord(_DOMAIN, "TXT", "v=spf1 include:amazonses.com ~all", kind=RecordKind.SPF)
    key = "q7x2m5j3k4l6n8p9r1s2t3u4v5w6x7y8"
    dkim = DnsRecord(f"{key}._domainkey.{_DOMAIN}", "CNAME", f"{key}.dkim.amazonses.com")
    auto = DnsRecord(f"autodiscover.{_DOMAIN}", "CNAME", "autodiscover.mail.eu-west-1.awsapps.com")
    servers = (("192.0.2.1:53", "ns1.acme.example"), ("8.8.8.8:53", ""))
    findings = [
        DnsFinding(record, DnsVerdict.RIGHT, (record.value,), 300, server=server, host=host)
        for record in (mx, dkim)
        for server, host in servers
    ]
    findings += [
        DnsFinding(spf, DnsVerdict.WRONG, ("v=spf1 mx -all",), server=servers[0][0]),
        DnsFinding(
            *(spf, DnsVerdict.STALE, ("v=spf1 mx -all",)),
            server=servers[1][0],
            stale_until="2026-12-06T10:00:00Z",
        ),
        DnsFinding(auto, DnsVerdict.MISSING, server=servers[0][0]),
        DnsFinding(auto, DnsVerdict.UNANSWERED, server=servers[1][0], detail="SERVFAIL"),
    ]
    right = DnsProgress(DnsVerdict.RIGHT, "2026-12-06T03:10:00Z")
    return findings, {mx.key: right, dkim.key: right}
