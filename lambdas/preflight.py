"""Preflight: everything that can be checked before anything is changed, all problems at once."""

from __future__ import annotations

from typing import Any

from migration import events, preflight, wiring
from migration.entry import entry


@entry(events.Preflight)
def handler(job: events.Preflight, _context: Any) -> events.PreflightResult:
    wired = wiring.wire()
    result = preflight.run_preflight(
        wired.settings,
        wired.directory,
        wired.blobs,
        wired.secrets,
        wired.probe_source,
        wired.ledger,
        job.run,
        job.now,
        job.manifest,
    )
    return events.PreflightResult(result.days_left, len(result.warnings), result.provisions)
