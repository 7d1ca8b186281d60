"""VerifyMailbox: source, target and ledger are asked; all three must agree."""

from __future__ import annotations

from typing import Any

from migration import events, measures, wiring
from migration.copy.verify import verify_mailbox
from migration.entry import entry


@entry(events.VerifyMailbox)
def handler(job: events.VerifyMailbox, context: Any) -> events.VerifyMailboxResult:
    wired = wiring.wire()
    ledger, blobs = wired.ledger, wired.blobs
    tenant, policy = wired.settings.tenant, wired.settings.policy
    how = (policy, wiring.seconds_left(context), tenant, lambda: wiring.moment(context))
    items = wired.verify_groupware(job.mailbox, job.access, job.pass_id, context)
    with wired.open_mailbox(job.mailbox, job.access, job.target) as ends:
        about = (*ends, ledger, blobs, job.mailbox, job.pass_id)
        verdict = verify_mailbox(*about, *how, items=items)
    wired.metrics.emit(wiring.moment(context), measures.of_verdict(verdict.agreement))
    return events.VerifyMailboxResult(verdict.agreement.value, verdict.copied_in_pass)
