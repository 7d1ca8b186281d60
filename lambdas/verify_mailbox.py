"""VerifyMailbox: source, target and ledger are asked; all three must agree."""

from __future__ import annotations

from typing import Any

from migration import events, measures, wiring
from migration.copy import verify
from migration.entry import entry


@entry(events.VerifyMailbox)
def handler(job: events.VerifyMailbox, context: Any) -> events.VerifyMailboxResult:
    wired = wiring.wire()
    ledger, blobs = wired.ledger, wired.blobs
    tenant, policy = wired.settings.tenant, wired.settings.policy
    left = wiring.seconds_left(context)
    with wired.open_mailbox(job.mailbox, job.access, job.target) as (source, target):
        verdict = verify.verify_mailbox(
            source, target, ledger, blobs, job.mailbox, job.pass_id, policy, left, tenant
        )
    wired.metrics.emit(wiring.moment(context), measures.of_verdict(verdict.agreement))
    return events.VerifyMailboxResult(verdict.agreement.value, verdict.in_pass.copied)
