"""FailEntity: the reason why a group, a resource or a sharing cannot go on is written down."""

from __future__ import annotations

from typing import Any

from migration import entities, events, wiring
from migration.entry import entry
from migration.model import Failure


@entry(events.FailEntity)
def handler(job: events.FailEntity, _context: Any) -> events.FailEntityResult:
    entities.fail_entity(wiring.wire().ledger, job.entity, Failure(job.error, job.cause))
    return events.FailEntityResult(recorded=True)
