"""CheckDns: one look at the published records, and how long to wait for the next."""

from __future__ import annotations

from typing import Any

from migration import cutover, events, measures, notices, wiring
from migration.entry import entry


@entry(events.CheckDns)
def handler(job: events.CheckDns, context: Any) -> events.CheckDnsResult:
    wired = wiring.wire()
    look = cutover.check_dns(wired.lookout, job.run, job.since, job.now)
    wired.metrics.emit(wiring.moment(context), measures.of_dns(look.open))
    notices.tell_cutover(wired.teller, job.run, job.now, look.ready)
    return events.CheckDnsResult(
        look.ready, look.wait_seconds, look.open, look.overdue, look.drain_seconds
    )
