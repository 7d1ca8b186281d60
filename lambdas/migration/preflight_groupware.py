"""What can be checked of calendars, address books and tasks before anything is changed.

As the checks of preflight.py: a problem stops the run, a warning stands in its timeline.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from migration.findings import NOTHING, Findings, look
from migration.intake import ENDINGS, INTAKE
from migration.model import ManifestRow
from migration.ports import BlobStore, Secrets
from migration.preflight import Checked
from migration.settings import DAV, FILES, GROUPWARE_NEEDS_EWS, M365, M365_IMAP, Settings
from migration.survey_model import GroupwareSurvey, choose_sample
from migration.target_choice import IMAP

Survey = Callable[[str, Mapping[str, object], Sequence[str]], GroupwareSurvey]
"""Given a place of groupware.sources (DAV, M365), the source's secret and users: looks shortly into
what these users have there."""

_NO_PLACE = (
    "the tenant file has no `groupware.sources`: calendars, contacts and tasks of Microsoft 365 "
    "are not copied; set it to [m365] if they shall be"
)


def check_groupware(
    settings: Settings, blobs: BlobStore, secrets: Secrets, survey: Survey, checked: Checked
) -> Checked:
    """`checked`, and what was found out about the places that the tenant file names for calendars
    and the like; without one nothing is asked, and told only where the source is known to have
    them."""
    sources = settings.groupware.sources
    if not sources:
        is_told = settings.source_kind in (M365, M365_IMAP)
        return checked.join(Findings((), (_NO_PLACE,))) if is_told else checked
    manifest = checked.manifest
    rows = manifest.rows if manifest and not manifest.faults else ()
    rooms = manifest.resources if manifest and not manifest.faults else ()
    findings = Findings((GROUPWARE_NEEDS_EWS,)) if settings.target_kind == IMAP else NOTHING
    if FILES in sources and rows:
        known = [*(row.target for row in rows), *(room.address for room in rooms if room.source)]
        findings += check_files(blobs.list(INTAKE), known)
    for place in (DAV, M365):
        if place in sources and rows:
            findings += look(partial(_look, place, secrets, survey, rows))
    return checked.join(findings)


def check_files(keys: Iterable[str], addresses: Iterable[str]) -> Findings:
    """Files that nobody would read. The keys are those below INTAKE, the addresses those of
    WorkMail whose calendars and the like are copied."""
    places = [key.removeprefix(INTAKE).partition("/") for key in keys if not key.endswith("/")]
    known = {address.strip().lower() for address in addresses}
    strangers = {folder for folder, _, _ in places if folder.strip().lower() not in known}
    others = [name for _, _, name in places if not name.lower().endswith(ENDINGS)]
    warnings = []
    if not places:
        warnings.append(f"`groupware.sources` has files, and nothing lies below {INTAKE}")
    if strangers:
        warnings.append(
            f"{len(strangers)} folders below {INTAKE} have no address in WorkMail of this "
            "manifest as their name, so that nobody gets what is in them"
        )
    if others:
        warnings.append(
            f"{len(others)} files below {INTAKE} end neither in .ics nor in .vcf, and are not read"
        )
    return Findings(warnings=tuple(warnings))


def _look(place: str, secrets: Secrets, survey: Survey, rows: Sequence[ManifestRow]) -> Findings:
    chosen = [rows[number] for number in choose_sample(len(rows))]
    seen = survey(place, secrets.read_source(), [row.source for row in chosen])
    return check_survey(seen, [row.line for row in chosen], _ADVICE[place])


_ADVICE = {
    DAV: "check `groupware.dav_url`, the source's secret, and that the server lets AWS connect",
    M365: "check that the application has Calendars.Read, Contacts.Read and Tasks.Read.All, and "
    "that its scope has these mailboxes",
}
"""By the place: what to do where nothing could be opened."""


def check_survey(survey: GroupwareSurvey, lines: Sequence[int], advice: str) -> Findings:
    """Calendars and address books that cannot be opened. `lines` are those of the manifest, by the
    places of the survey."""
    if not survey.unopened:
        return NOTHING
    counted = Counter(each.error for each in survey.unopened)
    told = ", ".join(f"{error} ({number})" for error, number in sorted(counted.items()))
    where = ", ".join(str(lines[each.place]) for each in survey.unopened)
    tried = len(survey.collections) + len(survey.unopened)
    said = (
        f"the calendars and address books of {len(survey.unopened)} of {tried} mailboxes that were "
        f"tried could not be opened: {told}; by the line of the manifest: {where}; {advice}"
    )
    # a mailbox fails alone, a server with all of them
    return Findings((), (said,)) if survey.collections else Findings((said,))
