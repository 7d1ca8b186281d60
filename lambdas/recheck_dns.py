"""RecheckDns: whether mail still goes to WorkMail, before another delta pass."""

from __future__ import annotations

from typing import Any

from migration import cutover, events, wiring
from migration.entry import entry


@entry(events.RecheckDns)
def handler(job: events.RecheckDns, _context: Any) -> events.RecheckDnsResult:
    look = cutover.recheck_dns(wiring.wire().lookout, job.run, job.now)
    return events.RecheckDnsResult(look.went_back, look.open)
