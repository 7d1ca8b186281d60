"""PlanRollback: what would be taken back, as a file that the operator reads."""

from __future__ import annotations

from typing import Any

from migration import events, rollback, wiring
from migration.entry import entry


@entry(events.PlanRollback)
def handler(job: events.PlanRollback, _context: Any) -> events.PlanRollbackResult:
    wired = wiring.wire()
    planned = rollback.plan_rollback(
        wired.directory, wired.ledger, wired.blobs, job.run, job.of, job.now
    )
    return events.PlanRollbackResult(
        planned.count, planned.left, planned.looks, planned.looks_key, wired.ledger.last_run()
    )
