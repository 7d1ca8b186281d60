"""What can be checked before anything is changed: all problems at once, each with what to do.

The `check_*` functions are pure: they get what was read and answer with findings. A problem stops
the run; a warning stands in the run's timeline, and the run goes on.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
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
)
from migration.findings import NOTHING, Findings, look
from migration.manifest import read_manifest
from migration.model import CopyPolicy, ManifestRow, NewPasswords, Note
from migration.passwords import RULE, count_passwords, count_weak, find_faults
from migration.ports import BlobStore, Directory, Ledger, Secrets
from migration.preflight_workmail import check_workmail
from migration.settings import Settings
from migration.target_choice import IMAP

# General reference, "Amazon WorkMail endpoints and quotas".
WORKMAIL_REGIONS = ("us-east-1", "us-west-2", "eu-west-1")
ACKNOWLEDGE_BELOW_DAYS = 60


@dataclass(frozen=True, slots=True)
class Preflight:
    """A preflight without problems. `days_left` counts to the last day of WorkMail; unless it
    `provisions`, users are managed elsewhere, and the run leaves them alone."""

    days_left: int
    warnings: tuple[str, ...]
    provisions: bool = True


def run_preflight(
    settings: Settings,
    directory: Directory,
    blobs: BlobStore,
    secrets: Secrets,
    probe_source: Callable[[], None],
    ledger: Ledger,
    run: str,
    now: str,
    manifest_key: str = "",
    version: str = "",
) -> Preflight:
    """Checks everything; PreflightFailed with every problem.

    `probe_source()` connects to the source and raises what the source raises. `manifest_key` and
    `version` are those of this run's manifest, if not the tenant's usual one, the newest. Warnings
    become a note of the run. Busy errors of the directory pass: then nothing is known yet.
    """
    days = days_left(now)
    rows, manifest_findings = _read_rows(settings, blobs, manifest_key, version)
    findings = (
        check_end_of_support(days, settings.end_of_support_acknowledged)
        + check_region(settings.source_secret_arn)
        + check_ews_url(settings.ews_url)
        + check_imap_server(settings.target_imap_host, settings.target_imap_tls)
        + check_policy(settings.policy)
        + look(partial(_check_workmail, settings, directory, rows))
        + look(lambda: check_secret(secrets.read_source()))
        + look(
            lambda: check_passwords(
                secrets.read_target(), settings.target_kind, settings.passwords_new_users
            )
        )
        + manifest_findings
        + look(lambda: _probe(probe_source))
    )
    if findings.problems:
        raise PreflightFailed(findings.problems)
    ledger.add_note(run, Note(now, "Preflight", "; ".join(findings.warnings)))
    return Preflight(days, findings.warnings, findings.provisions)


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


def _read_rows(
    settings: Settings, blobs: BlobStore, key: str, version: str
) -> tuple[Sequence[ManifestRow], Findings]:
    """The rows of a manifest without faults; else none. PlanWave tells the faults."""
    try:
        manifest = read_manifest(settings, blobs, key or settings.manifest_key, version)
    except ManifestInvalid as missing:
        return (), Findings(missing.problems)
    return () if manifest.faults else manifest.rows, NOTHING


def _probe(probe_source: Callable[[], None]) -> Findings:
    try:
        probe_source()
    except (MailboxUnreachable, SourceBusy, CredentialsRejected) as error:
        advice = "check `source` in the tenant file, and that the server lets AWS connect"
        return Findings((f"the source does not answer ({error}): {advice}",))
    return NOTHING


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


def check_secret(secret: Mapping[str, object]) -> Findings:
    """An administrator's login for all mailboxes, or a password for each, or both."""
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
