"""FailMailbox: the reason why a mailbox cannot go on is written down."""

from __future__ import annotations

from typing import Any

from migration import events, notices, wiring
from migration.entry import entry
from migration.model import Failure


@entry(events.FailMailbox)
def handler(job: events.FailMailbox, _context: Any) -> events.FailMailboxResult:
    wired = wiring.wire()
    wired.ledger.set_failed(job.mailbox, Failure(job.error, job.cause))
    notices.tell_failure(wired.teller, job.run, job.now, job.mailbox, job.error)
    return events.FailMailboxResult(recorded=True)
