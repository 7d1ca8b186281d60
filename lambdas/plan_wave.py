"""PlanWave: the manifest becomes the wave, or all of its faults are answered."""

from __future__ import annotations

from typing import Any

from migration import events, notices, wave, wiring
from migration.entry import entry


@entry(events.PlanWave)
def handler(job: events.PlanWave, _context: Any) -> events.PlanWaveResult:
    wired = wiring.wire()
    planned = wave.plan_wave(
        wired.settings, wired.blobs, wired.ledger, job.run, job.now, job.manifest, job.version
    )
    notices.tell_start(wired.teller, job.run, job.now, planned.count, planned.entities)
    return events.PlanWaveResult(
        planned.key,
        planned.version,
        planned.count,
        planned.entities_key,
        planned.entities_version,
        planned.entities,
    )
