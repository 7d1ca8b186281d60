"""DisableAdministrator: the impersonation role is removed, on every way out."""

from __future__ import annotations

from typing import Any

from migration import administrator, events, wiring
from migration.entry import entry


@entry(events.DisableAdministrator)
def handler(job: events.DisableAdministrator, _context: Any) -> events.DisableAdministratorResult:
    wired = wiring.wire()
    removed = administrator.disable_administrator(wired.directory, wired.role_name)
    return events.DisableAdministratorResult(removed)
