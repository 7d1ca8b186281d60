"""Preflight: everything that can be checked before anything is changed, and the plan of a run that
provisions."""

from __future__ import annotations

from typing import Any

from migration import events, preflight, run_plan, wiring
from migration.entry import entry


@entry(events.Preflight)
def handler(job: events.Preflight, context: Any) -> events.PreflightResult:
    wired = wiring.wire()
    settings, directory, blobs, ledger = wired.settings, wired.directory, wired.blobs, wired.ledger
    secrets, probe, run, now = wired.secrets, wired.probe_source, job.run, job.now
    read = job.manifest, job.version
    checked = preflight.run_preflight(
        settings, directory, blobs, secrets, probe, ledger, run, now, *read
    )
    plan = settings, directory, blobs, ledger, run, now, *read, wiring.seconds_left(context)
    if job.provision and checked.provisions:
        run_plan.plan_run(*plan)
    return events.PreflightResult(checked.days_left, len(checked.warnings), checked.provisions)
