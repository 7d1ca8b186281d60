"""VerifyTenant: the judgement over all mailboxes after the last pass."""

from __future__ import annotations

from typing import Any

from migration import events, runs, wiring
from migration.entry import entry


@entry(events.VerifyTenant)
def handler(job: events.VerifyTenant, _context: Any) -> events.VerifyTenantResult:
    verdict = runs.judge_tenant(wiring.wire().ledger, job.run, job.now)
    return events.VerifyTenantResult(verdict.agreement.value, verdict.mailboxes, verdict.failed)
