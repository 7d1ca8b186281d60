"""MeasureProgress: how far the run at work is; called by a rule every few minutes, by no state."""

from __future__ import annotations

from typing import Any

from migration import events, progress, wiring
from migration.entry import entry


@entry(events.MeasureProgress)
def handler(job: events.MeasureProgress, _context: Any) -> events.MeasureProgressResult:
    wired = wiring.wire()
    at_work = progress.measure_progress(wired.ledger, wired.metrics, job.now)
    wired.progress_file.show_progress(job.now)
    return events.MeasureProgressResult(at_work)
