"""Prepare: the first state. Checks the input and takes the tenant's lock."""

from __future__ import annotations

from typing import Any

from migration import events, starts, wiring
from migration.entry import entry


@entry(events.Prepare)
def handler(job: events.Prepare, context: Any) -> events.PrepareResult:
    wanted, wired = job.wanted, wiring.wire()
    admission = starts.admit(wired.starting(context), job.execution, job.run, wanted)
    return events.PrepareResult(
        admission.verdict,
        admission.owner,
        (wired.ledger.last_run() if wanted.only_report else "") or job.run,
        wanted.chosen,
        {**wired.settings.limits, **wanted.limits},
        starts.manifest_of(wanted, wired.settings.manifest_key),
        wanted.version,
        *wanted.waves,
        unfinished=wanted.unfinished,
    )
