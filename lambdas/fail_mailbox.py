"""FailMailbox: the reason why a mailbox cannot go on is written down."""

from __future__ import annotations

from typing import Any

from migration import events, wiring
from migration.entry import entry
from migration.model import Failure


@entry(events.FailMailbox)
def handler(job: events.FailMailbox, _context: Any) -> events.FailMailboxResult:
    wiring.wire().ledger.set_failed(job.mailbox, Failure(job.error, job.cause))
    return events.FailMailboxResult(recorded=True)
