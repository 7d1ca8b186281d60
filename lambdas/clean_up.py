"""CleanUp: an execution ended without its own last states; called by a rule, not by a state."""

from __future__ import annotations

from typing import Any

from migration import administrator, aftermath, events, notices, wiring
from migration.entry import entry


@entry(events.CleanUp)
def handler(job: events.CleanUp, context: Any) -> events.CleanUpResult:
    wired, now = wiring.wire(), wiring.moment(context)
    removal = wired.administrator_removal(context)
    cleaned = aftermath.clean_up(
        wired.ledger,
        wired.executions,
        lambda: administrator.disable_administrator(removal, job.run, job.now),
        aftermath.Ended(job.execution, job.run, job.status, job.now),
        now,
    )
    if cleaned:
        notices.tell_abort(wired.teller, job.run, job.now, job.status)
        wired.progress_file.show_abort(job.execution, now, job.status)
    return events.CleanUpResult(cleaned)
