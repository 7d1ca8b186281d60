"""Runs at a moment, whose progress pages are opened in the browser."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from migration.dns_model import DnsFinding, DnsRecord, DnsVerdict
from migration.model import Failure, Mailbox, MailboxRecord, MailboxStatus, Note
from migration.progress import MailboxView
from migration.progress_log import tell_log
from migration.progress_look import LedgerLook, view_run
from migration.progress_model import HistoryEvent, ProgressPoint
from migration.progress_states import tell_states
from migration.progress_view import LogKind, LogLine, ProgressView, RunHead, RunStatus
from migration.question_model import Question, QuestionKind
from tests.browser.hostile import NAMES

BEGUN, LATER = "2026-12-04T18:00:00Z", "2026-12-09T18:00:00Z"
_HOUR = timedelta(hours=1)
_STATUSES = tuple(MailboxStatus)
_PASSED = (
    *("Prepare", "HasLock", "Preflight", "PlanWave", "WantsProvisioning", "PreparePasswords"),
    *("ProvisionDirectory", "EnableAdministrator", "FullPass", "CopyMailboxes", "SummarisePass"),
    *("StartCutover", "PublishDns", "CheckDns", "WaitForDns", "CheckDns", "WaitForDns"),
)


def make_view(mailboxes: int = 30) -> ProgressView:
    """A run that copies, asks, and waits for the DNS, with something of everything."""
    head = RunHead("acme", "acme.example", "friday", after(9), BEGUN, others=("saturday",))
    finding = DnsFinding(
        DnsRecord("acme.example", "MX", "10 inbound-smtp.example", required=True),
        DnsVerdict.WRONG,
        server="192.0.2.1",
        authoritative=True,
    )
    kind = QuestionKind.DNS
    question = Question("friday", kind, after(8), "id", "token", LATER, ("wait", "stop"))
    look = LedgerLook(tuple(_make_mailbox(at) for at in range(mailboxes)), (finding,), (question,))
    notes = [Note(after(at), "CheckDns", f"MX is wrong, look {at}") for at in range(9)]
    told = [LogLine(after(4.1), LogKind.TOLD, "acme: 30 mailboxes copied")]
    states, log = tell_states(_events(), head.status), tell_log(_events(), notes, told)
    view = view_run(head, look, None, _points(), states, log)
    return replace(view, percent=41.7, per_second=12.3, seconds_left=5_400.0)


def make_ended_view(status: RunStatus) -> ProgressView:
    """A run that has ended so."""
    failure = Failure("VerificationFailed", "3 folders differ; 1 mailbox failed")
    failed = status is RunStatus.FAILED
    view = make_view(3)
    head = replace(
        view.head,
        status=status,
        failure=failure if failed else None,
        report="report.html",
        others=(),
    )
    ended = tell_states(_events(), status)
    made = view_run(head, LedgerLook(), None, _points(), ended, view.log)
    return replace(made, mailboxes=view.mailboxes, counts=view.counts)


def make_hostile_view() -> ProgressView:
    """Whatever comes from somebody's mailbox, or from outside, is hostile."""
    view = make_view(len(NAMES))
    lines = tuple(
        replace(line, name=name, address=name)
        for line, name in zip(view.mailboxes, NAMES, strict=True)
    )
    head = replace(view.head, tenant=NAMES[0], domain=NAMES[1], run=NAMES[2], others=NAMES)
    log = tuple(LogLine(after(1), kind, name) for name in NAMES for kind in LogKind)
    return replace(view, head=head, mailboxes=lines, log=log, dns_open=NAMES)


def after(hours: float) -> str:
    """So many hours after the begin."""
    return (datetime.fromisoformat(BEGUN) + hours * _HOUR).isoformat()


def _make_mailbox(at: int) -> tuple[MailboxRecord, MailboxView]:
    address = f"user{at}@acme.example"
    name = f"User Number {at}" if at % 3 else ""
    mailbox = Mailbox(f"m{at}", address, address, f"user{at}", name)
    status = _STATUSES[at % len(_STATUSES)]
    judged = int(status is MailboxStatus.COPIED)
    return MailboxRecord(mailbox, "friday", status), MailboxView(
        status, judged, 1_000 * at, 1_000 * at + 7, 4_000_000 * at
    )


def _points() -> tuple[ProgressPoint, ...]:
    return tuple(ProgressPoint(after(at / 12), at, at * at * 100, at * 10**6) for at in range(60))


def _events() -> list[HistoryEvent]:
    """One state every half hour."""
    return [
        HistoryEvent("TaskStateEntered", after(at / 2), name) for at, name in enumerate(_PASSED)
    ]
