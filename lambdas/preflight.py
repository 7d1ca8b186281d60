"""Preflight: everything that can be checked before anything is changed, and the plan of the run."""

from __future__ import annotations

from typing import Any

from migration import events, preflight, preflight_directory, preflight_groupware, run_plan, wiring
from migration.entry import entry


@entry(events.Preflight)
def handler(job: events.Preflight, context: Any) -> events.PreflightResult:
    wired = wiring.wire()
    settings, directory, blobs, ledger = wired.settings, wired.directory, wired.blobs, wired.ledger
    asked = settings, blobs, wired.secrets
    read = wired.survey_source, job.now, job.manifest, job.version
    checked = preflight.check_all(settings, directory, blobs, wired.secrets, *read)
    checked = preflight_groupware.check_groupware(*asked, wired.survey_groupware, checked)
    checked = preflight_directory.check_directory(*asked, wired.survey_directory, job.run, checked)
    planned = run_plan.Job(job.run, job.now, job.manifest, job.phases)
    left = wiring.seconds_left(context)
    checked = run_plan.plan_run(settings, directory, blobs, ledger, planned, checked, left)
    passed = preflight.conclude(checked, ledger, job.run, job.now)
    return events.PreflightResult(passed.days_left, len(passed.warnings), passed.provisions)
