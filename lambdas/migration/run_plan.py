"""The plan of a run: what it will do to WorkMail's directory, written down before it does it."""

from __future__ import annotations

from collections.abc import Callable

from migration.directory_plan import Verdict, count, describe, plan_directory, write_plan
from migration.errors import ManifestInvalid
from migration.manifest import read_manifest
from migration.model import Note
from migration.ports import BlobStore, Directory, Ledger
from migration.settings import Settings
from migration.spreadsheet import CONTENT_TYPE
from migration.wave import to_mailboxes

_FOR_THE_REST = 30.0
"""Seconds that are left to a call that hangs, to the file and to the timeline."""


def plan_run(
    settings: Settings,
    directory: Directory,
    blobs: BlobStore,
    ledger: Ledger,
    run: str,
    now: str,
    manifest_key: str,
    version: str,
    seconds_left: Callable[[], float],
) -> None:
    """Writes `plans/<run>/plan.csv` and a line of the timeline, which tells how many of the
    manifest's entries conflict with what WorkMail has, or could not be looked at.

    A manifest that is missing or has faults is left to PlanWave, which tells them. What takes
    longer than `seconds_left` is not looked at, and stands in the plan as that.
    """
    try:
        manifest = read_manifest(settings, blobs, manifest_key or settings.manifest_key, version)
    except ManifestInvalid:
        return
    if manifest.faults:
        return
    mailboxes = to_mailboxes(settings.tenant, manifest.rows)
    rows = list(
        plan_directory(
            directory, mailboxes, manifest.wanted, lambda: seconds_left() - _FOR_THE_REST
        )
    )
    key = f"plans/{run}/plan.csv"
    blobs.put(key, write_plan(rows), CONTENT_TYPE)
    what = f"the directory: {describe(rows)}; {key} has every entry"
    if count(rows)[Verdict.CONFLICT]:
        what += (
            ", and says what of some conflicts and why: that is left as it is, and all else is done"
        )
    ledger.add_note(run, Note(now, "Plan", what))
