"""VerifyMailbox: source, target and ledger are asked; all three must agree."""

from __future__ import annotations

from typing import Any

from migration import events, wiring
from migration.copy import verify
from migration.entry import entry


@entry(events.VerifyMailbox)
def handler(job: events.VerifyMailbox, _context: Any) -> events.VerifyMailboxResult:
    wired = wiring.wire()
    with wired.open_mailbox(job.mailbox, job.role) as (source, target):
        verdict = verify.verify_mailbox(source, target, wired.ledger, job.mailbox, job.pass_id)
    return events.VerifyMailboxResult(verdict.agreement.value, verdict.in_pass.copied)
