"""ApproveRollback: says where the operator finds how to answer; the state waits for that."""

from __future__ import annotations

from typing import Any

from migration import events, rollback, wiring
from migration.entry import entry


@entry(events.ApproveRollback)
def handler(job: events.ApproveRollback, _context: Any) -> events.ApproveRollbackResult:
    wired = wiring.wire()
    key = rollback.ask_approval(wired.desk, job.run, job.token, job.count, job.now)
    return events.ApproveRollbackResult(key)
