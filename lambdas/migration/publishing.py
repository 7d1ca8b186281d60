"""Publishes the DNS records of a tenant.

With `publish: route53` in the account's hosted zones, else as files for whoever changes the DNS;
the files are written in both cases. What is changed, and in which order, is decided in
dns_publishing.py. One call makes one step and says whether to come again: the workflow does the
waiting, until Route 53 says that all its servers have a change. A call may be killed anywhere and
made again: it looks at the zone and goes on from there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from migration import dns, dns_publishing
from migration.dns_forms import DomainPlan, to_zone_text, write_forms
from migration.dns_model import DnsRecord
from migration.dns_publishing import Plan, Step
from migration.dns_restoring import intend
from migration.dns_survey import survey
from migration.dns_values import is_any, is_same
from migration.errors import ProvisioningPending, TenantMisconfigured
from migration.model import Note, Notice, NoticeKind
from migration.ports import BlobStore, Directory, Ledger, Resolver, Zones
from migration.runs import refuse_before_promotion
from migration.settings import Settings
from migration.telling import Teller
from migration.zone_changes import ZoneWriter
from migration.zone_model import HostedZone, PublishedSet, RecordSet

ROUTE53 = "route53"
_ZONES_IN_NOTICE = 20  # the rest is in the bucket; SNS takes 256 KB
WAIT = 20
"""Seconds between two looks whether a change is in sync; it takes 60 as a rule, says Route 53."""

_READ_AGAIN = 15.0  # seconds

PATIENCE = timedelta(minutes=30)
"""After so long nobody waits for Route 53 any more: the check of the DNS sees it anyway."""


@dataclass(frozen=True, slots=True)
class Means:
    """What publishing needs."""

    settings: Settings
    region: str
    directory: Directory
    zones: Zones
    resolver: Resolver
    ledger: Ledger
    blobs: BlobStore
    teller: Teller

    def writer(self, run: str) -> ZoneWriter:
        """Who changes the hosted zones."""
        return ZoneWriter(self.zones, self.ledger, self.blobs, run)


@dataclass(frozen=True, slots=True)
class Progress:
    """`pending`: call again after `wait_seconds`. `changed` record sets were written by this call;
    `left` are as they were although they should be otherwise."""

    pending: bool
    wait_seconds: int
    changed: int
    left: int


@dataclass(frozen=True, slots=True)
class _Domain:
    """A domain, the hosted zone it is in, what it shall have, and what is to be done."""

    name: str
    zone: HostedZone
    records: Sequence[DnsRecord]
    standing: Sequence[RecordSet]
    plan: Plan


# ---- before ----------------------------------------------------------------------------------


def prepare_dns(means: Means, run: str, now: str) -> Progress:
    """Finds the hosted zones, tells what will be in the way, and lowers the TTL of the old MX if
    the tenant file says so. Waits for nothing: the cut-over is hours away. Does nothing unless the
    tenant publishes by Route 53. TenantMisconfigured if a domain has no hosted zone."""
    settings = means.settings
    if settings.dns_publish != ROUTE53:
        return Progress(False, 0, 0, 0)
    domains = _look(means)
    changed = 0
    for each in domains:
        if settings.dns_lower_ttl:
            step = dns_publishing.plan_lower_ttl(
                each.name, each.records, each.standing, settings.dns_lower_ttl
            )
            changed += _write(means, run, each, [step] if step else [], late=False)
    conflicts = _conflicts(domains)
    told = [f"domains whose hosted zone was found: {len(domains)}"]
    if changed:
        told.append(f"old MX that may be cached for {settings.dns_lower_ttl} s now: {changed}")
    _note(means, run, now, "PrepareDns", [*told, *conflicts])
    return Progress(False, 0, changed, len(conflicts))


# ---- the cut-over ----------------------------------------------------------------------------


def publish_dns(means: Means, run: str, since: str, now: str) -> Progress:
    """Writes the files, and with `publish: route53` one batch of changes at most; pending until
    Route 53 has all of them in sync. `since` is when this began.

    TenantMisconfigured if WorkMail does not know a domain, or if one has no hosted zone of its own
    or several, and before anything is written or told if mailboxes of the run have addresses in
    the test domain: mail to their own would be refused. The Busy errors of the ports pass.
    """
    refuse_before_promotion(means.ledger)
    if means.settings.dns_publish != ROUTE53:
        plans = [
            DomainPlan(name, _plan_by_answers(means, name, records))
            for name, records in _wanted(means).items()
        ]
        _hand_out(means, run, plans)
        zones = [to_zone_text(each) for each in plans[:_ZONES_IN_NOTICE]]
        _finish(means, run, now, [each.plan for each in plans], zones)
        return Progress(False, 0, 0, sum(len(each.plan.conflicts) for each in plans))
    domains = _look(means)
    _hand_out(means, run, [DomainPlan(each.name, each.plan) for each in domains])
    left, late = len(_conflicts(domains)), is_overdue(since, now)
    for number, batch in enumerate((_first, _last), 1):
        changed = sum(_write(means, run, each, batch(each), late) for each in domains)
        if changed:
            told = f"batch {number} of 2: record sets written in Route 53: {changed}"
            _note(means, run, now, "PublishDns", [told])
            return Progress(True, WAIT, changed, left)
        if _is_waiting(means, run, domains) and not late:
            return Progress(True, WAIT, 0, left)
    _finish(means, run, now, [_tell_undone(each.plan) for each in domains])
    return Progress(False, 0, 0, left)


def _tell_undone(plan: Plan) -> Plan:
    """The plan at the end, when nothing should be left to do."""
    undone = (f"{step.after.type} of {step.after.name}" for step in (*plan.first, *plan.last))
    told = (f"{what}: it was published, and somebody has changed it back" for what in undone)
    return replace(plan, conflicts=(*plan.conflicts, *told))


def _first(domain: _Domain) -> Sequence[Step]:
    return domain.plan.first


def _last(domain: _Domain) -> Sequence[Step]:
    return domain.plan.last


def forms_prefix(run: str) -> str:
    """Below which the files with the records lie."""
    return f"reports/{run}/dns/"


def _hand_out(means: Means, run: str, plans: Sequence[DomainPlan]) -> None:
    """Writes the files, once for a run: they say what was to be done before anything was."""
    done = f"{forms_prefix(run)}records.html"
    if means.blobs.exists(done):
        return
    # the page comes last: it says that all the others are there
    for form in reversed(write_forms(plans)):
        means.blobs.put(f"{forms_prefix(run)}{form.name}", form.body, form.media_type)


def _finish(
    means: Means, run: str, now: str, plans: Sequence[Plan], zones: Sequence[str] = ()
) -> None:
    """Notes and tells what was published, or, as `zones`, what is to be."""
    conflicts = [conflict for plan in plans for conflict in plan.conflicts]
    remarks = [remark for plan in plans for remark in plan.remarks]
    place = forms_prefix(run)
    if means.settings.dns_publish == ROUTE53:
        subject = "the DNS records for WorkMail are published"
        what = f"published in Route 53; the records lie below {place}"
    else:
        subject = "DNS records for WorkMail are to be published"
        what = f"the records to publish lie below {place}, as a page, a table, zone files and more"
    if conflicts:
        what = f"{what}; left to you: {len(conflicts)}"
    text = "\n".join(
        [f"{what[0].upper()}{what[1:]}.", *conflicts, *remarks, *(f"\n{zone}" for zone in zones)]
    )
    facts: dict[str, str | int | bool] = {"place": place, "left": len(conflicts)}
    means.teller.tell(
        Notice(NoticeKind.DNS, run, now, f"{means.teller.tenant}: {subject}", text, facts),
        "published",
    )
    _note(means, run, now, "PublishDns", [what, *conflicts, *remarks])


# ---- what there is ---------------------------------------------------------------------------


def _wanted(means: Means) -> dict[str, tuple[DnsRecord, ...]]:
    """The records that each domain shall have."""
    settings = means.settings
    if not settings.domains:
        raise TenantMisconfigured(["the tenant file names no domain"])
    known = {name: means.directory.domain(name) for name in settings.domains}
    missing = [name for name, domain in known.items() if domain is None]
    if missing:
        raise TenantMisconfigured(
            [f"domain {name} is not registered in the WorkMail organization" for name in missing]
        )
    return {
        domain.name.rstrip(".").lower(): dns.expected_records(
            domain, means.region, settings.dns_require, settings.dns_mail_from
        )
        for domain in known.values()
        if domain
    }


def _plan_by_answers(means: Means, name: str, records: Sequence[DnsRecord]) -> Plan:
    standing, remarks = survey(means.resolver, name, records)
    plan = dns_publishing.plan(name, records, standing, means.settings.dns_gateways)
    return replace(plan, remarks=(*plan.remarks, *remarks))


def _look(means: Means) -> list[_Domain]:
    """All domains, in their hosted zones."""
    wanted = _wanted(means)
    found = {name: means.zones.find(name) for name in wanted}
    zones = _choose(found, means.settings.dns_zone_id)
    domains = []
    for name, records in wanted.items():
        zone = zones[name]
        names = dns_publishing.names_to_read(records, zone.name)
        standing = means.zones.record_sets(zone.id, names)
        gateways = means.settings.dns_gateways
        plan = dns_publishing.plan(name, records, standing, gateways, zone.name)
        domains.append(_Domain(name, zone, records, standing, plan))
    return domains


def _choose(found: Mapping[str, Sequence[HostedZone]], wanted: str) -> dict[str, HostedZone]:
    """The zone of each domain; TenantMisconfigured names all that have none or several."""
    chosen, problems = {}, []
    for name, zones in found.items():
        fitting = [zone for zone in zones if zone.id == wanted] or list(zones)
        if len(fitting) == 1:
            chosen[name] = fitting[0]
        elif fitting:
            ids = ", ".join(zone.id for zone in fitting)
            problems.append(
                f"domain {name} has several public hosted zones, {ids}: say in dns.zone_id which "
                "one its registrar names"
            )
        else:
            problems.append(
                f"domain {name} has no public hosted zone in this account: make one, or set "
                "dns.publish to none and publish the records yourself"
            )
    if problems:
        raise TenantMisconfigured(problems)
    return chosen


def _conflicts(domains: Iterable[_Domain]) -> list[str]:
    return [conflict for domain in domains for conflict in domain.plan.conflicts]


# ---- what is done ----------------------------------------------------------------------------


def _write(means: Means, run: str, domain: _Domain, steps: Sequence[Step], late: bool) -> int:
    """Makes the changes of one domain; how many. When it is `late`, nothing is written a second
    time: somebody, or some other program, changes it back.

    Route 53 puts a set in the place of whatever is there, and with many domains it is minutes since
    that was read: it is read again. ProvisioningPending if somebody has changed it meanwhile."""
    zone = domain.zone.id
    known = {(each.zone, each.name, each.type): each for each in means.ledger.published()}
    begun, todo = [], []
    for step in steps:
        record = known.get((zone, step.after.name, step.after.type))
        if not (late and record and _has_written(record, step, run)):
            begun.append(intend(record, zone, step.before, step.after, run))
            todo.append(step)
    if todo:
        _refuse_other_state(means, zone, todo)
        means.writer(run).change(zone, begun, dns_publishing.changes_of(todo))
    return len(todo)


def _refuse_other_state(means: Means, zone: str, steps: Sequence[Step]) -> None:
    standing = means.zones.record_sets(zone, {step.after.name for step in steps})
    here = {(each.name, each.type): each for each in standing}
    if any(not is_same(here.get((s.after.name, s.after.type)), s.before) for s in steps):
        raise ProvisioningPending("somebody has changed the hosted zone meanwhile", _READ_AGAIN)


def _has_written(record: PublishedSet, step: Step, run: str) -> bool:
    return record.run == run and bool(record.change) and is_any(step.after, record.written)


def _is_waiting(means: Means, run: str, domains: Sequence[_Domain]) -> bool:
    zones = {domain.zone.id for domain in domains}
    names = {step.after.name for domain in domains for step in domain.plan.steps}
    ours = [
        each
        for each in means.ledger.published()
        if each.zone in zones and each.name in names and not each.outcome
    ]
    return means.writer(run).is_waiting(ours, lambda record: record.written[-1])


def is_overdue(since: str, now: str) -> bool:
    """Whether it is time to stop waiting for Route 53."""
    return datetime.fromisoformat(now) - datetime.fromisoformat(since) >= PATIENCE


def _note(means: Means, run: str, now: str, state: str, told: Iterable[str]) -> None:
    means.ledger.add_note(run, Note(now, state, "; ".join(told)))
