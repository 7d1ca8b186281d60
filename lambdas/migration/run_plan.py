"""The plan of a run: what it will do and take, written down before it does anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from migration.directory_plan import PlanRow, describe, plan_directory, write_plan
from migration.errors import TenantMisconfigured
from migration.estimate.terms import Terms
from migration.findings import Findings
from migration.manifest import Manifest
from migration.migration_plan import Known, MigrationPlan, make_plan, summarise
from migration.model import Note
from migration.plan_page import to_html, to_json
from migration.ports import BlobStore, Directory, Ledger
from migration.preflight import Checked
from migration.settings import Settings
from migration.spreadsheet import CONTENT_TYPE
from migration.wave import to_mailboxes

_FOR_THE_REST = 30.0
"""Seconds that are left to a call that hangs, to the files and to the timeline."""
_WITH_PROBLEMS = 60.0
"""Seconds for a directory of which nothing will be changed: whoever mends the problems waits."""


@dataclass(frozen=True, slots=True)
class Job:
    """Which run plans, when, and what it is to do: its phases as PrepareResult has them."""

    run: str
    now: str
    manifest_key: str
    phases: Mapping[str, bool]


def plan_run(
    settings: Settings,
    directory: Directory,
    blobs: BlobStore,
    ledger: Ledger,
    job: Job,
    checked: Checked,
    seconds_left: Callable[[], float],
) -> Checked:
    """Writes `reports/<run>/plan.html` and `plan.json`, also when there are problems, and a line of
    the timeline; of a run that provisions `plans/<run>/plan.csv`, too. What `checked` says, with
    what WorkMail does not let be looked at.

    What takes longer than `seconds_left` is not looked at, and stands in the plan as that.
    """
    rows: tuple[PlanRow, ...] = ()
    unasked = ""
    manifest = checked.manifest
    if manifest is None or manifest.faults:
        unasked = "the manifest could not be read, so WorkMail was not asked about its entries"
    elif not (job.phases["provision"] and checked.findings.provisions):
        unasked = "this run leaves WorkMail's directory alone"
    else:
        try:
            rows = _look(settings, directory, checked, manifest, seconds_left)
        except TenantMisconfigured as error:
            checked = checked.join(Findings(error.problems))
            unasked = "WorkMail does not let its directory be looked at"
    plan = make_plan(
        _gather(settings, job, checked, rows, unasked),
        job.run,
        job.now,
        job.manifest_key or settings.manifest_key,
    )
    _write(blobs, ledger, plan)
    return checked


def _look(
    settings: Settings,
    directory: Directory,
    checked: Checked,
    manifest: Manifest,
    seconds_left: Callable[[], float],
) -> tuple[PlanRow, ...]:
    mailboxes = to_mailboxes(settings.tenant, manifest.rows)
    begun = seconds_left()
    longest = _WITH_PROBLEMS if checked.findings.problems else begun

    def time_left() -> float:
        left = seconds_left()
        return min(left - _FOR_THE_REST, longest - (begun - left))

    return tuple(plan_directory(directory, mailboxes, manifest.wanted, time_left))


def _gather(
    settings: Settings, job: Job, checked: Checked, rows: tuple[PlanRow, ...], unasked: str
) -> Known:
    return Known(
        terms=Terms.of(settings),
        phases=frozenset(phase for phase, chosen in job.phases.items() if chosen),
        problems=checked.findings.problems,
        warnings=checked.findings.warnings,
        notices=checked.notices,
        provisions=checked.findings.provisions,
        domains_open=not checked.findings.verified,
        manifest=checked.manifest,
        survey=checked.survey,
        rows=rows,
        unasked=unasked,
    )


def _write(blobs: BlobStore, ledger: Ledger, plan: MigrationPlan) -> None:
    """The line of the timeline comes last: what it names is there."""
    told = [": ".join(line) for line in summarise(plan)]
    if plan.rows:
        key = f"plans/{plan.run}/plan.csv"
        blobs.put(key, write_plan(plan.rows), CONTENT_TYPE)
        what = f"the directory: {describe(plan.rows)}; {key} has every entry"
        if plan.conflicts:
            what += (
                ", and says what of some conflicts and why: that is left as it is, and all else is "
                "done"
            )
        told.insert(0, what)
    folder = f"reports/{plan.run}"
    blobs.put(f"{folder}/plan.json", to_json(plan), "application/json")
    blobs.put(f"{folder}/plan.html", to_html(plan), "text/html; charset=utf-8")
    told.append(f"{folder}/plan.html shows it")
    ledger.add_note(plan.run, Note(plan.at, "Plan", "; ".join(told)))
