"""Prepare: the first state. Checks the input and takes the tenant's lock."""

from __future__ import annotations

from typing import Any

from migration import events, runs, wiring
from migration.entry import entry


@entry(events.Prepare)
def handler(job: events.Prepare, context: Any) -> events.PrepareResult:
    wanted = events.ExecutionInput.parse(job.input)
    wired, now = wiring.wire(), wiring.moment(context)
    owner = runs.let_in(wired.ledger, wired.executions, job.execution, now, wanted.control)
    run = (wired.ledger.last_run() if wanted.only_report else "") or job.run
    phases = {phase: phase in wanted.phases for phase in events.PHASES}
    limits = {**wired.settings.limits, **wanted.limits}
    manifest, taken = wanted.manifest or wired.settings.manifest_key, owner != job.execution
    return events.PrepareResult(taken, owner, run, phases, limits, manifest, *wanted.waves)
