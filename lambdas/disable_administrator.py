"""DisableAdministrator: whatever opens mailboxes is taken back, on every way out."""

from __future__ import annotations

from typing import Any

from migration import administrator, events, wiring
from migration.entry import entry


@entry(events.DisableAdministrator)
def handler(job: events.DisableAdministrator, context: Any) -> events.DisableAdministratorResult:
    removal = wiring.wire().administrator_removal(context)
    removed = administrator.disable_administrator(removal, job.run, job.now)
    return events.DisableAdministratorResult(removed)
