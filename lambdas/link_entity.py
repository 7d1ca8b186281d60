"""LinkEntity: one entity gets its members, delegates, booking options or permissions."""

from __future__ import annotations

from typing import Any

from migration import entities, events, wiring
from migration.entry import entry


@entry(events.LinkEntity)
def handler(job: events.LinkEntity, _context: Any) -> events.LinkEntityResult:
    wired = wiring.wire()
    directory = wired.journalled_directory(job.run, job.now)
    outcome = entities.link_entity(directory, wired.ledger, job.entity)
    return events.LinkEntityResult(outcome)
