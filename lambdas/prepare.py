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
        verdict=admission.verdict,
        owner=admission.owner,
        run=(wired.ledger.last_run() if wanted.only_report else "") or job.run,
        phases={phase: phase in wanted.phases for phase in events.PHASES},
        limits={**wired.settings.limits, **wanted.limits},
        manifest=starts.manifest_of(wanted, wired.settings.manifest_key),
        version=wanted.version,
        rollback_of=wanted.rollback_of,
        wave_of=wanted.wave_of,
        unfinished=wanted.unfinished,
    )
