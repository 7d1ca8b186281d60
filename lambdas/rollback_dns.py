"""RollbackDns: one step of putting the old records back."""

from __future__ import annotations

from typing import Any

from migration import dns_rollback, events, wiring
from migration.entry import entry


@entry(events.RollbackDns)
def handler(job: events.RollbackDns, _context: Any) -> events.RollbackDnsResult:
    wired = wiring.wire()
    done = dns_rollback.rollback_dns(wired.publishing_means, job.run, job.since, job.now)
    return events.RollbackDnsResult(done.pending, done.wait_seconds, done.changed, done.left)
