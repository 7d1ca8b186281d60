"""ApproveCutover: asks the operators whether the cut-over may begin; the state waits for that."""

from __future__ import annotations

from typing import Any

from migration import approval, events, wiring
from migration.entry import entry


@entry(events.ApproveCutover)
def handler(job: events.ApproveCutover, _context: Any) -> events.ApproveCutoverResult:
    wired = wiring.wire()
    settings, last = wired.settings, (job.pass_id, job.passes)
    asked, now, token, reminder = job.asked, job.now, job.token, job.reminder
    key = approval.ask_cutover(wired.desk, settings, job.run, asked, now, token, reminder, *last)
    return events.ApproveCutoverResult(key)
