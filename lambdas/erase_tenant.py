"""EraseTenant: erases for as long as this invocation may run."""

from __future__ import annotations

from typing import Any

from migration import erasure, events, wiring
from migration.entry import entry


@entry(events.EraseTenant)
def handler(job: events.EraseTenant, context: Any) -> events.EraseTenantResult:
    means = wiring.wire().erasure_means(context)
    more, erased = erasure.erase_tenant(means, job.run, job.now, job.found)
    return events.EraseTenantResult(more, erased)
