"""EnsureDomains: the tenant's domains are registered, and one look whether they are verified."""

from __future__ import annotations

from typing import Any

from migration import domains, events, wiring
from migration.entry import entry


@entry(events.EnsureDomains)
def handler(job: events.EnsureDomains, _context: Any) -> events.EnsureDomainsResult:
    wired = wiring.wire()
    look = domains.ensure_domains(
        wired.settings,
        wired.journalled_directory(job.run, job.now),
        wired.ledger,
        job.run,
        job.since,
        job.now,
        may_begin_early=job.may_begin_early,
    )
    return events.EnsureDomainsResult(look.verified, look.wait_seconds, look.early)
