"""SummarisePass: what a pass over all mailboxes came to."""

from __future__ import annotations

from typing import Any

from migration import events, notices, runs, wave, wiring
from migration.entry import entry


@entry(events.SummarisePass)
def handler(job: events.SummarisePass, _context: Any) -> events.SummarisePassResult:
    wired = wiring.wire()
    summary = runs.summarise_pass(
        wired.ledger, job.run, job.pass_id, job.passes, job.now, job.retries, job.retries_left
    )
    retry = wave.share_wave(wired.blobs, job.run, job.pass_id, job.retries, summary.again)
    notices.tell_pass(wired.teller, job.run, job.now, job.passes, summary)
    return events.SummarisePassResult(*summary.figures, retry.count, retry.key, retry.version)
