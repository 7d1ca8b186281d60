"""Watches the DNS until mail goes to WorkMail: one look per call, the workflow does the waiting.

Afterwards it looks again before every pass, in case somebody puts the old records back.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime

from migration import dns, dns_verdicts, dns_waits, dns_watch
from migration.dns_model import DnsFinding, DnsRecord, DnsWatch
from migration.drain import note_drain, published_ttl
from migration.errors import TenantMisconfigured
from migration.model import Note
from migration.ports import Directory, DnsAnswer, Ledger, Resolver
from migration.runs import refuse_before_promotion
from migration.settings import Settings
from migration.telling import Teller

# All servers may be silent: asked one after another, ten domains would outlast the Lambda.
_QUESTIONS_AT_ONCE = 16
_SUBJECT = 100  # characters, as SNS wants it


@dataclass(frozen=True, slots=True)
class Lookout:
    """What a look is made with. `region` is where WorkMail is; the resolver is for this look."""

    settings: Settings
    region: str
    directory: Directory
    resolver: Resolver
    ledger: Ledger
    teller: Teller


@dataclass(frozen=True, slots=True)
class Look:
    """`open` counts the required records that are not right yet; no wait when `ready`. `overdue`:
    it has taken as long as it may, and the operator is to be asked. `drain_seconds` is the highest
    TTL that was seen in this run on an MX that was not right, or that one had which this migration
    has changed: senders may keep it for so long. 0 if there was none."""

    ready: bool
    wait_seconds: int
    open: int
    overdue: bool = False
    drain_seconds: int = 0


@dataclass(frozen=True, slots=True)
class SecondLook:
    """`went_back`: mail goes, or may go, to the old server again."""

    went_back: bool
    open: int


def check_dns(lookout: Lookout, run: str, since: str, now: str) -> Look:
    """Compares what is published for all domains with what WorkMail expects.

    The ledger keeps the findings of the latest look and what is remembered of all; the timeline
    gets a line when they differ from the look before, the operators a notice (see dns_watch.py).
    `since` is when the waiting began, the last time that the operator wanted it; `now` the time of
    this look.

    TenantMisconfigured if WorkMail does not know a domain, or if mailboxes still have
    addresses in the test domain: mail to their own would be refused, also if it is WorkMail that
    has refused them theirs. Directory's Busy leaves pass.
    """
    refuse_before_promotion(lookout.ledger)
    findings = _look(lookout, now)
    watch = _keep(lookout, run, "CheckDns", now, findings)
    if dns_verdicts.is_cut_over(findings):
        drain = max(watch.old_mx_ttl, _published_ttl(lookout, run, now))
        minutes = lookout.settings.cutover_drain_minutes
        note_drain(lookout.ledger, run, drain, minutes, now)
        return Look(True, 0, 0, drain_seconds=drain)
    moment = datetime.fromisoformat(now)
    # The waits go on growing when the operator lets it wait on: the history has an end.
    wait = dns_waits.choose_wait(datetime.fromisoformat(watch.began), moment, findings)
    days = lookout.settings.dns_timeout_days
    overdue = dns_waits.is_overdue(datetime.fromisoformat(since), moment, days)
    return Look(False, wait, len(dns_verdicts.find_open(findings)), overdue, watch.old_mx_ttl)


def _published_ttl(lookout: Lookout, run: str, now: str) -> int:
    ledger, domains = lookout.ledger, lookout.settings.domains
    lowered = [note.at for note in ledger.notes(run) if note.state == "PrepareDns"]
    return published_ttl(ledger.published(), domains, min(lowered, default=""), now)


def recheck_dns(lookout: Lookout, run: str, now: str) -> SecondLook:
    """Looks again after the cut-over, keeps and tells what it finds as check_dns does, and never
    waits. Nothing is asked in a run that has not seen a cut-over. Raises as check_dns does."""
    if not lookout.ledger.dns_watch(run).ready:
        return SecondLook(went_back=False, open=0)
    findings = _look(lookout, now)
    watch = _keep(lookout, run, "RecheckDns", now, findings)
    return SecondLook(bool(watch.went_back), len(dns_verdicts.find_open(findings)))


def _look(lookout: Lookout, now: str) -> list[DnsFinding]:
    settings, moment = lookout.settings, datetime.fromisoformat(now)
    records = _expect(settings, lookout.region, lookout.directory)
    gateways = {host.rstrip(".").lower() for host in settings.dns_gateways}
    answers = _ask(records, lookout.resolver)
    return [
        finding
        for record in records
        for finding in dns_verdicts.judge_all(
            record, answers[record.name, record.type], moment, gateways
        )
    ]


def _expect(settings: Settings, region: str, directory: Directory) -> list[DnsRecord]:
    if not settings.domains:
        raise TenantMisconfigured(["the tenant file names no domain"])
    records: list[DnsRecord] = []
    problems = []
    for name in settings.domains:
        domain = directory.domain(name)
        if domain is None:
            problems.append(f"domain {name} is not registered in the WorkMail organization")
        else:
            require, mail_from = settings.dns_require, settings.dns_mail_from
            records += dns.expected_records(domain, region, require, mail_from)
    if problems:
        raise TenantMisconfigured(problems)
    return records


def _ask(
    records: Iterable[DnsRecord], resolver: Resolver
) -> dict[tuple[str, str], list[DnsAnswer]]:
    questions = list(dict.fromkeys((record.name, record.type) for record in records))
    with ThreadPoolExecutor(_QUESTIONS_AT_ONCE) as pool:
        answered = pool.map(lambda asked: resolver.ask(*asked), questions)
        return dict(zip(questions, answered, strict=True))


def _keep(lookout: Lookout, run: str, state: str, now: str, findings: list[DnsFinding]) -> DnsWatch:
    ledger = lookout.ledger
    before, (_, found_before) = ledger.dns_watch(run), ledger.dns(run)
    after = dns_watch.remember(before, findings, now)
    what = dns_verdicts.describe(findings)
    gone_back = dns_watch.describe_gone_back(before, findings)
    # Note and notice first: a call that dies between the two is repeated and tells the change
    # again, a call that had kept the findings already would see no change.
    if what != dns_verdicts.describe(found_before):
        ledger.add_note(run, Note(now, state, " ".join(filter(None, (gone_back, what)))))
    if notice := dns_watch.choose_notice(run, now, before, after, findings):
        subject = f"{lookout.settings.tenant}: {notice.subject}"[:_SUBJECT]
        lookout.teller.tell(replace(notice, subject=subject), f"{notice.kind} {now}")
        after = replace(after, told=now)
    ledger.write_dns(run, now, findings, after)
    return after
