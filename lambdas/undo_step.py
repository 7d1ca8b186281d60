"""UndoStep: takes back a few things that this migration has made."""

from __future__ import annotations

from typing import Any

from migration import events, rollback_undo, wiring
from migration.entry import entry


@entry(events.UndoStep)
def handler(job: events.UndoStep, _context: Any) -> events.UndoStepResult:
    wired = wiring.wire()
    keys, carried = job.deeds.split(), job.carried.split()
    left = rollback_undo.undo_step(
        wired.directory, wired.ledger, wired.blobs, job.run, keys, carried, job.mailbox
    )
    return events.UndoStepResult(left)
