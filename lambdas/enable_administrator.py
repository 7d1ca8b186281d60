"""EnableAdministrator: rights to open all mailboxes, effective on them; the target's kind."""

from __future__ import annotations

from typing import Any

from migration import administrator, events, wiring
from migration.entry import entry
from migration.target_choice import IMAP, settle_target


@entry(events.EnableAdministrator)
def handler(job: events.EnableAdministrator, context: Any) -> events.EnableAdministratorResult:
    wired = wiring.wire()
    kind, means = wired.settings.target_kind, wired.administrator_means(context)
    who = wired.settings.target_administrator
    enabled = administrator.enable_administrator(
        means, who, job.run, job.now, needs_rights=kind != IMAP
    )
    settled = settle_target(kind, lambda: wired.candidates(enabled), wired.ledger, job.run, job.now)
    return events.EnableAdministratorResult(enabled.access.code, settled)
