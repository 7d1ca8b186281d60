"""ApproveErasure: asks the operators whether all of it may be erased; the state waits."""

from __future__ import annotations

from typing import Any

from migration import erasure, events, wiring
from migration.entry import entry


@entry(events.ApproveErasure)
def handler(job: events.ApproveErasure, _context: Any) -> events.ApproveErasureResult:
    wired = wiring.wire()
    days, last = wired.settings.cutover_approval_days, (job.reminder, job.found)
    key = erasure.ask_erasure(wired.desk, days, job.run, job.asked, job.now, job.token, *last)
    return events.ApproveErasureResult(key)
