"""PlanErasure: counts all that is kept of the tenant; nothing is changed."""

from __future__ import annotations

from typing import Any

from migration import erasure, events, wiring
from migration.entry import entry


@entry(events.PlanErasure)
def handler(job: events.PlanErasure, context: Any) -> events.PlanErasureResult:
    means = wiring.wire().erasure_means(context)
    found = erasure.plan_erasure(means, unfinished=job.unfinished)
    return events.PlanErasureResult(found, sum(found.values()))
