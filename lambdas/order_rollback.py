"""OrderRollback: the steps, in stages, when it is known which mailboxes are kept."""

from __future__ import annotations

from typing import Any

from migration import events, rollback, wiring
from migration.entry import entry


@entry(events.OrderRollback)
def handler(job: events.OrderRollback, _context: Any) -> events.OrderRollbackResult:
    wired = wiring.wire()
    keys = rollback.order_rollback(
        wired.directory, wired.ledger, wired.blobs, wired.schedules, job.run, job.of, job.now
    )
    return events.OrderRollbackResult({str(number): key for number, key in enumerate(keys, 1)})
