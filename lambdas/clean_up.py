"""CleanUp: an execution ended without its own last states; called by a rule, not by a state."""

from __future__ import annotations

from typing import Any

from migration import administrator, aftermath, events, wiring
from migration.entry import entry


@entry(events.CleanUp)
def handler(job: events.CleanUp, _context: Any) -> events.CleanUpResult:
    wired = wiring.wire()
    cleaned = aftermath.clean_up(
        wired.ledger,
        wired.executions,
        lambda: administrator.disable_administrator(wired.directory, wired.role_name),
        aftermath.Ended(job.execution, job.run, job.status, job.now),
    )
    return events.CleanUpResult(cleaned)
