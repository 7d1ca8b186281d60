"""RecheckDns: whether mail still goes to WorkMail, before another delta pass."""

from __future__ import annotations

from typing import Any

from migration import cutover, events, measures, wiring
from migration.entry import entry


@entry(events.RecheckDns)
def handler(job: events.RecheckDns, context: Any) -> events.RecheckDnsResult:
    wired = wiring.wire()
    look = cutover.recheck_dns(wired.lookout, job.run, job.now)
    wired.metrics.emit(wiring.moment(context), measures.of_dns(look.open))
    return events.RecheckDnsResult(look.went_back, look.open)
