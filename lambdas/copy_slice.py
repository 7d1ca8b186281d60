"""CopySlice: copies one mailbox for as long as this invocation may run."""

from __future__ import annotations

from typing import Any

from migration import events, runs, wiring
from migration.copy.engine import SliceJob, copy_slice
from migration.entry import entry


@entry(events.CopySlice)
def handler(job: events.CopySlice, context: Any) -> events.CopySliceResult:
    wired = wiring.wire()
    if wired.was_refused(job.mailbox):
        return events.CopySliceResult("failed", 0, 0)
    tenant, policy = wired.settings.tenant, wired.settings.policy
    part = SliceJob(tenant, job.mailbox, job.pass_id, job.now, policy=policy, run=job.run)
    with wired.open_mailbox(job.mailbox, job.access, job.target) as (source, target):
        result = copy_slice(
            source, target, wired.ledger, wired.blobs, part, wiring.seconds_left(context)
        )
    runs.note_pause(wired.ledger, job.mailbox, result.outcome.value)
    return events.CopySliceResult(result.outcome.value, result.wait_seconds, result.copied)
