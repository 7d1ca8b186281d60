"""Puts back what stood in the hosted zones before this migration: the phase rollback-dns.

Only sets that still are what this migration has published; what somebody has changed since is left
and told. As in publishing.py, one call makes one step and says whether to come again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from migration.dns_restoring import CHANGED_SINCE, LEFT, RESTORED, Restoring, plan_restoring
from migration.errors import TenantMisconfigured
from migration.model import Note, Notice, NoticeKind
from migration.ports import Ledger
from migration.publishing import ROUTE53, WAIT, Means, Progress, is_overdue
from migration.zone_changes import SETS_AT_ONCE, group_by_zone
from migration.zone_model import PublishedSet, RecordSet

_STATE = "RollbackDns"


def rollback_dns(means: Means, run: str, since: str, now: str) -> Progress:
    """Pending until what was put back is everywhere. `since` is when this began; `left` counts what
    somebody has changed. TenantMisconfigured unless the tenant publishes by Route 53."""
    published = [each for each in means.ledger.published() if each.outcome != RESTORED]
    if published and means.settings.dns_publish != ROUTE53:
        problem = "the phase rollback-dns wants dns.publish: route53, by which it was published"
        raise TenantMisconfigured([problem])
    steps = [
        step for zone, records in group_by_zone(published) for step in _plan(means, zone, records)
    ]
    late = is_overdue(since, now)
    if late:
        steps = [_give_up(step, run) for step in steps]
    left = sum(bool(step.reason) for step in steps)
    if todo := [step for step in steps if step.change]:
        _restore(means, run, todo)
        told = f"record sets put back in Route 53: {len(todo)}"
        means.ledger.add_note(run, Note(now, _STATE, told))
        return Progress(True, WAIT, len(todo), left)
    back = [step.record for step in steps if not step.reason]
    if means.writer(run).is_waiting(back, _before) and not late:
        return Progress(True, WAIT, 0, left)
    for step in steps:
        outcome = LEFT if step.reason else RESTORED
        decided = replace(step.record, outcome=outcome, decided_by=run, reason=step.reason)
        means.ledger.keep_published(decided)
    _tell(means, run, now)
    return Progress(False, 0, 0, left)


def _plan(means: Means, zone: str, records: Sequence[PublishedSet]) -> list[Restoring]:
    standing = means.zones.record_sets(zone, {record.name for record in records})
    return plan_restoring(records, standing)


def _give_up(step: Restoring, run: str) -> Restoring:
    """What this run has put back already is not put back for ever: somebody, or some other program,
    publishes it again."""
    if step.change and step.record.run == run and step.record.change:
        return replace(step, change=None, reason=CHANGED_SINCE)
    return step


def _restore(means: Means, run: str, steps: Iterable[Restoring]) -> None:
    """MX first: the mail goes back before anything else does."""
    by_key = {(step.record.zone, step.record.name, step.record.type): step for step in steps}
    for zone, records in group_by_zone(step.record for step in by_key.values()):
        records.sort(key=lambda record: record.type != "MX")
        for start in range(0, len(records), SETS_AT_ONCE):
            chunk = records[start : start + SETS_AT_ONCE]
            changes = [by_key[each.zone, each.name, each.type].change for each in chunk]
            begun = [
                replace(
                    each, run=run, change="", in_sync=False, outcome="", decided_by="", reason=""
                )
                for each in chunk
            ]
            means.writer(run).change(zone, begun, [change for change in changes if change])


def _before(record: PublishedSet) -> RecordSet | None:
    return record.before


# ---- what is said of it ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DnsRollback:
    """What a run has put back in the DNS.

    restored  the record sets that are as they were before, by type and name
    left      those that were left as they are, each with the reason
    """

    restored: tuple[str, ...]
    left: tuple[tuple[str, str], ...]


def read_dns_rollback(ledger: Ledger, run: str) -> DnsRollback | None:
    """For the report; None if the run has put nothing back and left nothing."""
    decided = [each for each in ledger.published() if each.decided_by == run]
    if not decided:
        return None
    return DnsRollback(
        tuple(_name(each) for each in decided if each.outcome == RESTORED),
        tuple((_name(each), each.reason) for each in decided if each.outcome == LEFT),
    )


def tell_dns_rollback(rollback: DnsRollback) -> str:
    """One sentence."""
    told = f"DNS record sets that are as they were before this migration: {len(rollback.restored)}"
    return f"{told}; left as they are: {len(rollback.left)}." if rollback.left else f"{told}."


def _name(record: PublishedSet) -> str:
    return f"{record.type} of {record.name}"


def _tell(means: Means, run: str, now: str) -> None:
    rollback = read_dns_rollback(means.ledger, run)
    if rollback is None:
        what = "there is nothing to put back: this migration has published nothing in Route 53"
        means.ledger.add_note(run, Note(now, _STATE, what))
        return
    lines = [tell_dns_rollback(rollback), *(f"{what}: {why}" for what, why in rollback.left)]
    what = "some old DNS records are left" if rollback.left else "the old DNS records are back"
    subject = f"{means.teller.tenant}: {what}"
    facts = {"restored": len(rollback.restored), "left": len(rollback.left)}
    notice = Notice(NoticeKind.DNS, run, now, subject, "\n".join(lines), dict(facts))
    means.teller.tell(notice, "put back")
    means.ledger.add_note(run, Note(now, _STATE, " ".join(lines)))
