"""PrepareDns: finds the hosted zones and lowers the TTL of the old MX."""

from __future__ import annotations

from typing import Any

from migration import events, publishing, wiring
from migration.entry import entry


@entry(events.PrepareDns)
def handler(job: events.PrepareDns, _context: Any) -> events.PrepareDnsResult:
    wired = wiring.wire()
    done = publishing.prepare_dns(wired.publishing_means, job.run, job.now)
    return events.PrepareDnsResult(done.changed, done.left)
