"""Watches the DNS until mail goes to WorkMail: one look per call, the workflow does the waiting."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from migration import dns
from migration.drain import note_drain
from migration.errors import CutoverTimedOut, TenantMisconfigured
from migration.model import DnsFinding, DnsRecord, DnsVerdict, Note
from migration.ports import Directory, Ledger, Resolver
from migration.settings import Settings

# All servers may be silent: asked one after another, ten domains would outlast the Lambda.
_QUESTIONS_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Look:
    """`open` counts the required records that are not right yet; no wait when `ready`.
    `drain_seconds` is the TTL of the old MX record as it was seen before the change, 0 if it was
    never seen."""

    ready: bool
    wait_seconds: int
    open: int
    drain_seconds: int = 0


def check_dns(
    settings: Settings,
    region: str,
    directory: Directory,
    resolver: Resolver,
    ledger: Ledger,
    run: str,
    since: str,
    now: str,
) -> Look:
    """Compares what is published for all domains with what WorkMail expects.

    The ledger keeps the findings of the latest look; the timeline gets a line when they differ from
    the look before. `since` is when the cut-over began, `now` the time of this look.

    TenantMisconfigured if WorkMail does not know a domain, or if mailboxes of the run still have
    addresses in the test domain: mail to their own would be refused. Users whom WorkMail has
    refused do not count, here as everywhere: the others go on. CutoverTimedOut, naming what is
    open, if it still is after the configured days. Directory's Busy leaves pass.
    """
    _refuse_before_promotion(ledger, run)
    records = _expect(settings, region, directory)
    findings = _look(records, resolver)
    old_ttl = _old_ttl(ledger.dns(run)[1])
    _keep(ledger, run, now, findings)
    if dns.is_cut_over(findings):
        note_drain(ledger, run, old_ttl, settings.cutover_drain_minutes, now)
        return Look(ready=True, wait_seconds=0, open=0, drain_seconds=old_ttl)
    began, moment = datetime.fromisoformat(since), datetime.fromisoformat(now)
    if dns.has_timed_out(began, moment, settings.dns_timeout_days):
        days = settings.dns_timeout_days
        problems = [f"{line}, after {days} days" for line in dns.describe_open(findings)]
        raise CutoverTimedOut(problems)
    return Look(False, dns.next_wait(began, moment), len(dns.find_open(findings)))


def _refuse_before_promotion(ledger: Ledger, run: str) -> None:
    records = ledger.mailboxes(run)
    waiting = sum(record.address != "" and not record.refused for record in records)
    if waiting:
        problem = (
            f"{waiting} mailboxes have addresses in the test domain still, so that mail to their "
            "own would be lost: start again with the phase `provision`, which gives them those"
        )
        raise TenantMisconfigured([problem])


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
            records += dns.expected_records(domain, region)
    if problems:
        raise TenantMisconfigured(problems)
    return records


def _old_ttl(before: Iterable[DnsFinding]) -> int:
    """How long the MX that was not right yet at the look before may be cached."""
    return max(
        (
            finding.ttl
            for finding in before
            if finding.record.required and finding.verdict is not DnsVerdict.RIGHT
        ),
        default=0,
    )


def _look(records: Iterable[DnsRecord], resolver: Resolver) -> list[DnsFinding]:
    records = list(records)
    questions = list(dict.fromkeys((record.name, record.type) for record in records))
    with ThreadPoolExecutor(_QUESTIONS_AT_ONCE) as pool:
        answered = pool.map(lambda asked: resolver.ask(*asked), questions)
        answers = dict(zip(questions, answered, strict=True))
    return [
        dns.judge(record, answer)
        for record in records
        for answer in answers[record.name, record.type]
    ]


def _keep(ledger: Ledger, run: str, now: str, findings: list[DnsFinding]) -> None:
    _, before = ledger.dns(run)
    what = dns.describe(findings)
    # The note first: a call that dies between the two is repeated and notes the change again,
    # a call that had kept the findings already would see no change.
    if what != dns.describe(before):
        ledger.add_note(run, Note(now, "CheckDns", what))
    ledger.write_dns(run, now, findings)
