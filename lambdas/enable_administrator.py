"""EnableAdministrator: rights to open all mailboxes, effective on them; the target's kind."""

from __future__ import annotations

from typing import Any

from migration import administrator, aftermath, events, wiring
from migration.entry import entry
from migration.target_choice import IMAP, settle_target


@entry(events.EnableAdministrator)
def handler(job: events.EnableAdministrator, context: Any) -> events.EnableAdministratorResult:
    wired, when = wiring.wire(), (job.run, job.now)
    kind, means = wired.settings.target_kind, wired.administrator_means(context)
    who, rights = wired.settings.target_administrator, kind != IMAP
    enabled = aftermath.make_under_lock(
        wired.ledger,
        job.execution,
        lambda: administrator.enable_administrator(means, who, *when, needs_rights=rights),
        lambda: administrator.disable_administrator(means, *when),
    )
    settled = settle_target(kind, lambda: wired.candidates(enabled), wired.ledger, *when)
    return events.EnableAdministratorResult(enabled.access.code, settled)
