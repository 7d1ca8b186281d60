"""ProvisionEntity: one group or resource of the manifest comes to be in WorkMail."""

from __future__ import annotations

from typing import Any

from migration import entities, events, wiring
from migration.entry import entry


@entry(events.ProvisionEntity)
def handler(job: events.ProvisionEntity, _context: Any) -> events.ProvisionEntityResult:
    wired = wiring.wire()
    directory = wired.journalled_directory(job.run, job.now)
    outcome = entities.provision_entity(directory, wired.ledger, job.entity)
    return events.ProvisionEntityResult(outcome)
