"""CopyGroupware: copies the calendars, address books, tasks and notes of one mailbox for as long as
this invocation may run."""

from __future__ import annotations

from typing import Any

from migration import events, wiring
from migration.copy.slices import SliceJob
from migration.entry import entry
from migration.groupware_run import run_groupware


@entry(events.CopyGroupware)
def handler(job: events.CopyGroupware, context: Any) -> events.CopyGroupwareResult:
    wired = wiring.wire()
    tenant, policy = wired.settings.tenant, wired.settings.policy
    # Not `job.now`: an attempt that the workflow repeats is given that of the first.
    at, left = wiring.moment(context), wiring.seconds_left(context)
    part = SliceJob(tenant, job.mailbox, job.pass_id, at, policy=policy, run=job.run)
    with wired.open_groupware(job.mailbox, job.access, at) as ends:
        ports = *ends, wired.ledger, wired.blobs, wired.metrics
        with wired.open_settings(job.mailbox, job.access) as own:
            result = run_groupware(*ports, part, at, left, own)
    return events.CopyGroupwareResult(result.outcome.value, result.wait_seconds, result.copied)
