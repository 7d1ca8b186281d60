"""CopySlice: copies one mailbox for as long as this invocation may run."""

from __future__ import annotations

from typing import Any

from migration import events, wiring
from migration.copy.slices import SliceJob
from migration.entry import entry
from migration.slice_run import run_slice


@entry(events.CopySlice)
def handler(job: events.CopySlice, context: Any) -> events.CopySliceResult:
    wired = wiring.wire()
    if wired.was_refused(job.mailbox):
        return events.CopySliceResult("failed", 0, 0)
    settings, policy = wired.settings, wired.settings.policy
    # Not `job.now`: an attempt that the workflow repeats is given that of the first.
    at, left = wiring.moment(context), wiring.seconds_left(context)
    what, subjects = (settings.tenant, job.mailbox, job.pass_id, at), settings.report_subjects
    part = SliceJob(*what, policy=policy, run=job.run, subjects=subjects)
    with wired.open_mailbox(job.mailbox, job.access, job.target) as ends:
        result = run_slice(*ends, wired.ledger, wired.blobs, wired.metrics, part, at, left)
    return events.CopySliceResult(result.outcome.value, result.wait_seconds, result.copied)
