"""What can be checked before anything is changed: all problems at once, each with what to do.

The `check_*` functions are pure: they get what was read and answer with findings. A problem stops
the run; a warning stands in the run's timeline, and the run goes on.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from urllib.parse import urlsplit

from migration.copy import selection
from migration.end_of_support import LAST_DAY, days_left
from migration.errors import (
    CredentialsRejected,
    MailboxUnreachable,
    ManifestInvalid,
    PreflightFailed,
    SourceBusy,
    TenantMisconfigured,
)
from migration.findings import NOTHING, Findings, look
from migration.manifest import Manifest, read_manifest
from migration.model import CopyPolicy, ManifestRow, NewPasswords, Note
from migration.passwords import RULE, count_passwords, count_weak, find_faults
from migration.ports import BlobStore, Directory, Ledger, Secrets
from migration.preflight_workmail import check_workmail
from migration.settings import ANY_IMAP, M365, M365_IMAP, Settings
from migration.source_secret import find_app_faults
from migration.survey_model import SourceSurvey, choose_sample
from migration.target_choice import IMAP

# General reference, "Amazon WorkMail endpoints and quotas".
WORKMAIL_REGIONS = ("us-east-1", "us-west-2", "eu-west-1")
ACKNOWLEDGE_BELOW_DAYS = 60
_ROOM = 50 * 1024**3
"""Bytes of a WorkMail mailbox at most."""


@dataclass(frozen=True, slots=True)
class Preflight:
    """A preflight without problems. `days_left` counts to the last day of WorkMail; unless it
    `provisions`, users are managed elsewhere, and the run leaves them alone."""

    days_left: int
    warnings: tuple[str, ...]
    provisions: bool = True


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found out, be it good or bad. `notices` are facts that need no action. `manifest` is
    None if there is none, `survey` if the source does not answer."""

    days_left: int
    notices: tuple[str, ...]
    findings: Findings
    manifest: Manifest | None
    survey: SourceSurvey | None

    def join(self, more: Findings) -> Checked:
        """The same with what was found later, each problem once."""
        new = tuple(each for each in more.problems if each not in self.findings.problems)
        return replace(self, findings=self.findings + replace(more, problems=new))


SurveySource = Callable[[Mapping[str, object], Sequence[str]], SourceSurvey]
"""Given the source's secret and users: connects, raising what the source raises, and looks shortly
into mailboxes of these users."""


def check_all(
    settings: Settings,
    directory: Directory,
    blobs: BlobStore,
    secrets: Secrets,
    survey_source: SurveySource,
    now: str,
    manifest_key: str = "",
    version: str = "",
) -> Checked:
    """Checks everything, and looks shortly into the source.

    `manifest_key` and `version` are those of this run's manifest, if not the tenant's usual one,
    the newest. Its faults are no findings: PlanWave tells them. Busy errors of the directory pass:
    then nothing is known yet.
    """
    days = days_left(now)
    end = check_end_of_support(days, settings.end_of_support_acknowledged)
    manifest, manifest_findings = _read_manifest(settings, blobs, manifest_key, version)
    rows = manifest.rows if manifest and not manifest.faults else ()
    findings = (
        Findings(end.problems)
        + check_region(settings.source_secret_arn)
        + check_ews_url(settings.ews_url)
        + check_imap_server(settings.target_imap_host, settings.target_imap_tls)
        + check_policy(settings.policy)
        + look(partial(_check_workmail, settings, directory, rows))
    )
    secret, secret_findings = _read_secret(secrets, settings.source_kind)
    findings += secret_findings + look(
        lambda: check_passwords(
            secrets.read_target(), settings.target_kind, settings.passwords_new_users
        )
    )
    survey, source_findings = None, NOTHING
    if not secret_findings.problems:
        survey, source_findings = _survey(survey_source, secret, rows)
    elif settings.source_kind == ANY_IMAP:  # who takes tokens alone does not answer without one
        survey, source_findings = _survey(survey_source, secret, ())
    findings += manifest_findings + source_findings
    return Checked(days, end.warnings, findings, manifest, survey)


def conclude(checked: Checked, ledger: Ledger, run: str, now: str) -> Preflight:
    """The warnings become a note of the run; PreflightFailed with every problem instead."""
    findings = checked.findings
    if findings.problems:
        raise PreflightFailed(findings.problems)
    warnings = checked.notices + findings.warnings
    ledger.add_note(run, Note(now, "Preflight", "; ".join(warnings)))
    return Preflight(checked.days_left, warnings, findings.provisions)


def _check_workmail(
    settings: Settings, directory: Directory, rows: Sequence[ManifestRow]
) -> Findings:
    return check_workmail(
        directory,
        settings.domains,
        settings.target_kind,
        rows,
        settings.passwords_new_users,
        register=settings.domain_register,
    )


def _read_manifest(
    settings: Settings, blobs: BlobStore, key: str, version: str
) -> tuple[Manifest | None, Findings]:
    try:
        return read_manifest(settings, blobs, key or settings.manifest_key, version), NOTHING
    except ManifestInvalid as missing:
        return None, Findings(missing.problems)


def _read_secret(secrets: Secrets, kind: str) -> tuple[Mapping[str, object], Findings]:
    try:
        secret = secrets.read_source()
    except TenantMisconfigured as error:
        return {}, Findings(error.problems)
    return secret, check_secret(secret, kind)


def _survey(
    survey_source: SurveySource, secret: Mapping[str, object], rows: Sequence[ManifestRow]
) -> tuple[SourceSurvey | None, Findings]:
    """With whose mailboxes could not be opened, by their lines: a run fails with these alone."""
    chosen = [rows[place] for place in choose_sample(len(rows))]
    try:
        seen = survey_source(secret, [row.source for row in chosen])
    except (MailboxUnreachable, SourceBusy, CredentialsRejected) as error:
        advice = "check `source` in the tenant file, and that the server lets AWS connect"
        return None, Findings((f"the source does not answer ({error}): {advice}",))
    except TenantMisconfigured as error:
        return None, Findings(error.problems)
    return seen, check_survey(seen, [row.line for row in chosen])


def check_survey(survey: SourceSurvey, lines: Sequence[int]) -> Findings:
    """Mailboxes that cannot be opened, or that do not fit. `lines` are those of the manifest, by
    the places of the survey."""
    warnings = []
    if survey.unopened:
        counted = Counter(each.error for each in survey.unopened)
        told = ", ".join(f"{error} ({number})" for error, number in sorted(counted.items()))
        where = ", ".join(str(lines[each.place]) for each in survey.unopened)
        tried = len(survey.mailboxes) + len(survey.unopened)
        warnings.append(
            f"{len(survey.unopened)} of {tried} mailboxes of the source that were tried could not "
            f"be looked into: {told}; by the line of the manifest: {where}; check the source's "
            "secret, and that the server has these mailboxes"
        )
    large = [each.place for each in survey.mailboxes if (each.size or 0) > _ROOM]
    if large:
        where = ", ".join(str(lines[place]) for place in large)
        warnings.append(
            f"mailboxes of the source with more than 50 GB, which is what WorkMail has room for, "
            f"by the line of the manifest: {where}; leave some of it out (`copy` in the tenant "
            "file), or let their users clear up"
        )
    return Findings(warnings=tuple(warnings))


def check_end_of_support(days: int, acknowledged: str) -> Findings:
    """WorkMail ends: past that day nothing can be done, shortly before it only knowingly."""
    if days < 0:
        problem = f"Amazon WorkMail ended on {LAST_DAY}: choose another target"
        return Findings((problem,))
    warning = f"Amazon WorkMail ends in {days} days, on {LAST_DAY}, with all mail in it"
    if days < ACKNOWLEDGE_BELOW_DAYS and acknowledged != LAST_DAY:
        problem = (
            f"{warning}: to migrate nevertheless, set `end_of_support_acknowledged: "
            f'"{LAST_DAY}"` in the tenant file and deploy again'
        )
        return Findings((problem,), (warning,))
    return Findings(warnings=(warning,))


def check_region(secret_arn: str) -> Findings:
    """The stack's Region, which its secret's ARN holds, must be one that has WorkMail."""
    parts = secret_arn.split(":")
    region = parts[3] if len(parts) > 3 else ""
    if region in ("", *WORKMAIL_REGIONS):
        return NOTHING
    known = ", ".join(WORKMAIL_REGIONS)
    return Findings((f"there is no WorkMail in {region}: set `region` to one of {known}",))


def check_ews_url(url: str) -> Findings:
    """Tokens and mail travel over it, so it must be https; a server on this machine may not be."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if host and (parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host))):
        return NOTHING
    example = "https://ews.mail.<region>.awsapps.com/EWS/Exchange.asmx"
    return Findings((f"`target.ews_url` in the tenant file must look like {example}",))


def check_imap_server(host: str, tls: str) -> Findings:
    """As with EWS: passwords and mail travel over it."""
    if tls != "none" or _is_loopback(host):
        return NOTHING
    return Findings(("`target.imap_tls` in the tenant file must be ssl or starttls",))


def check_policy(policy: CopyPolicy) -> Findings:
    """Synthesis has checked it; a function's environment can be changed by hand."""
    return Findings(tuple(selection.faults(policy)))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_secret(secret: Mapping[str, object], kind: str) -> Findings:
    """What must be in the source's secret, by the kind of the source: an administrator's login for
    all mailboxes, or a password for each, or both; of Microsoft 365 an application's login."""
    if kind in (M365, M365_IMAP):
        return Findings(tuple(find_app_faults(secret)))
    problems = []
    form = '{"admin": {"user": ..., "password": ...}} or {"mailboxes": {"<source>": "<password>"}}'
    if not {"admin", "mailboxes"} & set(secret):
        problems.append(f"the source's secret has neither form: {form}")
    admin = secret.get("admin", {"user": "x", "password": "x"})
    if not isinstance(admin, Mapping) or not _has_texts(admin, ("user", "password")):
        problems.append("`admin` in the source's secret must have a user and a password")
    passwords = secret.get("mailboxes", {"x": "x"})
    if not isinstance(passwords, Mapping) or not passwords:
        problems.append("`mailboxes` in the source's secret must map each source to its password")
    elif wrong := sum(not _is_text(password) for password in passwords.values()):
        problems.append(f"{wrong} of the `mailboxes` in the source's secret have no password")
    return Findings(tuple(problems))


def check_passwords(
    secret: Mapping[str, object], target_kind: str, new_users: NewPasswords
) -> Findings:
    """The target's secret may be empty, unless IMAP is all there is and nobody makes passwords up.
    Whoever has one made up by an earlier run is not looked for."""
    problems = find_faults(secret)
    generates = new_users is NewPasswords.GENERATE
    if target_kind == IMAP and not generates and not count_passwords(secret):
        problems.append(
            "`target.kind` is workmail_imap, and the target's secret holds no password: put those "
            "of all mailboxes there"
        )
    weak = count_weak(secret)
    warning = (
        f"{weak} of the passwords in the target's secret break the rule of WorkMail's own "
        f"directory ({RULE}): it will refuse to create these users"
    )
    return Findings(tuple(problems), (warning,) if weak else ())


def _has_texts(value: Mapping[object, object], keys: Iterable[str]) -> bool:
    return all(_is_text(value.get(key)) for key in keys)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != ""
