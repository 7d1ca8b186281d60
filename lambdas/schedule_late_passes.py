"""ScheduleLatePasses: passes that begin by themselves, days after this run."""

from __future__ import annotations

from typing import Any

from migration import events, late_passes, wiring
from migration.entry import entry


@entry(events.ScheduleLatePasses)
def handler(job: events.ScheduleLatePasses, _context: Any) -> events.ScheduleLatePassesResult:
    wired = wiring.wire()
    number = late_passes.schedule_late_passes(
        wired.schedules, wired.ledger, wired.settings.delta_late_days, job.run, job.now
    )
    return events.ScheduleLatePassesResult(number)
