"""LookIntoMailbox: whether a mailbox holds what this migration did not put there."""

from __future__ import annotations

from typing import Any

from migration import events, rollback_look, wiring
from migration.entry import entry


@entry(events.LookIntoMailbox)
def handler(job: events.LookIntoMailbox, _context: Any) -> events.LookIntoMailboxResult:
    wired = wiring.wire()
    kept = rollback_look.look_into_mailbox(
        wired.directory,
        wired.ledger,
        wired.blobs,
        lambda: wired.open_target(job.mailbox, job.access, job.target),
        job.run,
        job.deed,
        job.mailbox,
        keep_copied=wired.settings.rollback_keep_copied,
    )
    return events.LookIntoMailboxResult(kept)
