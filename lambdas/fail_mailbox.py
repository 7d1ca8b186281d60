"""FailMailbox: the reason why a mailbox cannot go on is written down."""

from __future__ import annotations

from typing import Any

from migration import events, measures, notices, wiring
from migration.entry import entry
from migration.model import Failure


@entry(events.FailMailbox)
def handler(job: events.FailMailbox, context: Any) -> events.FailMailboxResult:
    wired = wiring.wire()
    wired.ledger.set_failed(job.mailbox, Failure(job.error, job.cause))
    wired.metrics.emit(wiring.moment(context), measures.of_failure(job.error))
    notices.tell_failure(wired.teller, job.run, job.now, job.mailbox, job.error)
    return events.FailMailboxResult(recorded=True)
