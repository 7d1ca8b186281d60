"""What can be checked by the source's directory before anything is changed: whether the manifest
has everybody. All of it are warnings, since a manifest may leave out whom it likes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from migration.discovery_compare import compare, tell_differences, write_differences
from migration.discovery_model import Outline
from migration.errors import (
    CredentialsRejected,
    MailboxUnreachable,
    SourceBusy,
    TenantMisconfigured,
)
from migration.findings import Findings
from migration.ports import BlobStore, Secrets
from migration.preflight import Checked
from migration.settings import Settings
from migration.spreadsheet import CONTENT_TYPE
from migration.survey_model import SECONDS_AT_MOST

Survey = Callable[[Mapping[str, object], float], Outline | None]
"""Given the source's secret and how many seconds it may take: the users and groups of its
directory, raising what SourceDirectory raises; None for a kind of source that has no directory."""


def check_directory(
    settings: Settings,
    blobs: BlobStore,
    secrets: Secrets,
    survey: Survey,
    run: str,
    checked: Checked,
) -> Checked:
    """`checked`, and how the manifest differs from the source's directory; plans/<run>/source.csv
    lists it. Nothing is asked without a good manifest, or of a source that did not answer."""
    manifest = checked.manifest
    if manifest is None or manifest.faults or checked.survey is None:
        return checked
    try:
        outline = survey(secrets.read_source(), SECONDS_AT_MOST)
    except (CredentialsRejected, MailboxUnreachable, SourceBusy) as error:
        return checked.join(_not_compared(str(error)))
    except TenantMisconfigured as error:
        return checked.join(_not_compared("; ".join(error.problems)))
    if outline is None:
        return checked
    differences = compare(outline, manifest, settings.domains)
    if not differences:
        return checked
    key = f"plans/{run}/source.csv"
    blobs.put(key, write_differences(differences), CONTENT_TYPE)
    return checked.join(tell_differences(differences, key))


def _not_compared(reason: str) -> Findings:
    said = f"the manifest was not compared with the source's directory: {reason}"
    return Findings(warnings=(said,))
