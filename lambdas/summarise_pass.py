"""SummarisePass: what a pass over all mailboxes came to."""

from __future__ import annotations

from typing import Any

from migration import events, runs, wiring
from migration.entry import entry


@entry(events.SummarisePass)
def handler(job: events.SummarisePass, _context: Any) -> events.SummarisePassResult:
    summary = runs.summarise_pass(wiring.wire().ledger, job.run, job.pass_id, job.passes, job.now)
    return events.SummarisePassResult(
        summary.done,
        summary.exceptions,
        summary.failed,
        summary.paused,
        summary.unsettled,
        summary.copied,
        summary.pause_wanted,
    )
