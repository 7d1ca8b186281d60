"""EnableAdministrator: an impersonation role, effective on the mailboxes; the target's kind."""

from __future__ import annotations

from typing import Any

from migration import administrator, events, wiring
from migration.entry import entry
from migration.target_choice import IMAP, settle_target


@entry(events.EnableAdministrator)
def handler(job: events.EnableAdministrator, _context: Any) -> events.EnableAdministratorResult:
    wired = wiring.wire()
    kind, ledger, probe = wired.settings.target_kind, wired.ledger, wired.probe_target
    enabled = administrator.enable_administrator(
        wired.directory, ledger, wired.role_name, job.run, probe, needs_role=kind != IMAP
    )
    settled = settle_target(kind, lambda: wired.candidates(enabled), ledger, job.run, job.now)
    return events.EnableAdministratorResult(enabled.role, settled)
