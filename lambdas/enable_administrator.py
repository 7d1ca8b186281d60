"""EnableAdministrator: an impersonation role, effective on the mailboxes."""

from __future__ import annotations

from typing import Any

from migration import administrator, events, wiring
from migration.entry import entry


@entry(events.EnableAdministrator)
def handler(job: events.EnableAdministrator, _context: Any) -> events.EnableAdministratorResult:
    wired = wiring.wire()
    role = administrator.enable_administrator(
        wired.directory, wired.ledger, wired.role_name, job.run, wired.probe_target
    )
    return events.EnableAdministratorResult(role)
