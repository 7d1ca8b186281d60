"""What preflight asks of the WorkMail organization: its state, domains, rules, settings and limits.

The `check_*` functions are pure, but for `check_workmail`, which reads what they judge.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial

from migration.access_rules import Access, Protocol, judge_access
from migration.directory_model import (
    AccessRule,
    DirectoryUser,
    MailboxSize,
    MailDomain,
    Organization,
)
from migration.domains import Step, rule_on_domain
from migration.errors import Busy, UserRefused
from migration.findings import NOTHING, Findings, look
from migration.model import ManifestRow, NewPasswords
from migration.passwords import SIGNS_IN_ELSEWHERE, lives_elsewhere
from migration.ports import Directory
from migration.target_choice import AUTO, IMAP

# Administrator guide, "Amazon WorkMail quotas"; this one can be raised.
USERS_BY_DEFAULT = 1000

ASKED_AT_MOST = 200
"""Sizes that are asked for, one call each, one after the other: even at a second each they leave
most of Preflight's time to the rest, the plan above all."""

_FULL = 0.9  # of the quota; from there on WorkMail warns the user, too
_LINES_NAMED = 20


def check_workmail(
    directory: Directory,
    domains: Iterable[str],
    target_kind: str,
    rows: Sequence[ManifestRow],
    new_users: NewPasswords,
    *,
    register: bool,
) -> Findings:
    """Everything about the organization. `rows` are those of a manifest without faults; without
    any, users and mailboxes are not looked at. `register`: the run adds domains that are missing.

    What may not be read is a problem, and the rest is read nevertheless. TenantMisconfigured if the
    organization itself may not be."""
    organization = directory.organization()
    findings = check_organization(organization)
    findings += check_new_users(organization.directory_type, new_users)
    if not is_active(organization):
        return findings  # it answers no other question before it is active
    for name in domains:
        findings += look(partial(_check_domain, directory, name, register=register))
    return (
        findings
        + look(lambda: check_retention(directory.retention_days()))
        + look(lambda: check_access(directory.access_rules(), target_kind))
        + look(lambda: check_dmarc(enforced=directory.enforces_dmarc()))
        + look(lambda: check_sign_in(directory.authentication_mode(), target_kind))
        + look(lambda: _check_users(directory, rows))
    )


def _check_domain(directory: Directory, name: str, *, register: bool) -> Findings:
    return check_domain(name, directory.domain(name), register=register)


def _check_users(directory: Directory, rows: Sequence[ManifestRow]) -> Findings:
    if not rows:
        return NOTHING
    users = directory.enabled_users()
    return check_user_quota(rows, users) + look(lambda: _check_sizes(directory, rows, users))


def _check_sizes(
    directory: Directory, rows: Iterable[ManifestRow], users: Iterable[DirectoryUser]
) -> Findings:
    """Asks for the sizes of mailboxes that exist, in the order of the manifest. A busy WorkMail
    ends it: a warning less is no reason to hold the run up. Nor is a mailbox that is not shown."""
    ids = {user.email.lower(): user.id for user in users}
    there = [(row.line, ids[row.target.lower()]) for row in rows if row.target.lower() in ids]
    sizes: dict[int, MailboxSize] = {}
    asked = 0
    for line, user_id in there[:ASKED_AT_MOST]:
        try:
            size = directory.mailbox_size(user_id)
        except Busy:
            break
        except UserRefused:
            continue
        asked += 1
        if size is not None:
            sizes[line] = size
    return check_sizes(sizes, asked, len(there))


def is_active(organization: Organization) -> bool:
    """Whether it can be worked with. WorkMail's states are free text."""
    return organization.state.lower() == "active"


def check_organization(organization: Organization) -> Findings:
    """It must be active. With interoperability its users are Exchange's: they are left alone."""
    problems, warnings = [], []
    if not is_active(organization):
        state = organization.state or "unknown"
        problems.append(
            f"the organization's state is {state}, not Active: wait if it is being created, else "
            "see why in the WorkMail console"
        )
    if organization.interoperability:
        warnings.append(
            "interoperability with Exchange is on, so that users and their addresses are managed "
            "there: this run creates no user, enables none and adds no alias, and does not wait "
            "for MX to point to WorkMail, because it stays at Exchange in that mode; see that "
            "every user of the manifest is enabled in WorkMail"
        )
    provisions = not organization.interoperability
    return Findings(tuple(problems), tuple(warnings), provisions=provisions)


def check_new_users(directory_type: str, new_users: NewPasswords) -> Findings:
    """Passwords are made up for WorkMail's own directory alone."""
    if new_users is not NewPasswords.GENERATE or not lives_elsewhere(directory_type):
        return NOTHING
    warning = (
        f"the organization's users are kept in another directory ({directory_type}), and their "
        "passwords with them: this run makes none up; give new users theirs there, or put them "
        "into the target's secret, and set `passwords.new_users` to none or secret in the tenant "
        "file"
    )
    return Findings(warnings=(warning,))


def check_domain(name: str, domain: MailDomain | None, *, register: bool) -> Findings:
    """The domain must be in the organization, or be added by the run; the run waits for its
    verification, unless WorkMail has given up."""
    ruling = rule_on_domain(name, domain, register=register)
    if ruling.step is Step.USE:
        return NOTHING
    if ruling.step is Step.REFUSE:
        return Findings((ruling.text,), verified=False)
    if ruling.step is Step.REGISTER:
        warning = (
            f"the domain {name} is not in the organization: the phase `provision` adds it, tells "
            "the record that must be published for it, and waits"
        )
        return Findings(warnings=(warning,), verified=False)
    warning = f"{ruling.text}; the phase `provision` waits for it"
    return Findings(warnings=(warning,), verified=False)


def check_retention(days: Mapping[str, int]) -> Findings:
    """An active policy counts from a message's date or last change, and may delete old mail as
    soon as it is copied."""
    return Findings(
        warnings=tuple(
            f"a retention policy removes what is older than {limit} days from {folder}: copied "
            "mail may vanish at once; consider turning it off until the migration has ended"
            for folder, limit in sorted(days.items())
        )
    )


def check_access(rules: Sequence[AccessRule], target_kind: str) -> Findings:
    """The protocol that the run needs must not be denied; `auto` begins with EWS, and needs IMAP
    only if EWS loses something."""
    way, other = (
        (Protocol.IMAP, Protocol.EWS) if target_kind == IMAP else (Protocol.EWS, Protocol.IMAP)
    )
    judged, fallback = judge_access(rules, way), judge_access(rules, other)
    reasons = "; ".join(judged.reasons)
    where = "under Access control rules in the WorkMail console"
    widen = (
        f"{where}, remove what denies it and allow {way} without conditions until the migration "
        "has ended"
    )
    if judged.access is Access.BLOCKED:
        passwords = target_kind == AUTO and fallback.access is Access.OPEN
        instead = ", or set `target.kind: workmail_imap` in the tenant file" if passwords else ""
        problem = f"the access control rules deny {way} to the migration ({reasons}): {widen}"
        return Findings((f"{problem}{instead}",))
    warnings = []
    if judged.access is Access.UNSURE:
        warnings.append(
            f"the access control rules may deny {way} to the migration ({reasons}), whose IP "
            f"addresses are AWS's and change: {widen}"
        )
    if target_kind == AUTO and fallback.access is not Access.OPEN:
        verb = "deny" if fallback.access is Access.BLOCKED else "may deny"
        warnings.append(
            f"the access control rules {verb} {other} to the migration "
            f"({'; '.join(fallback.reasons)}): if EWS loses dates or flags, there is no other way; "
            f"to have it, allow {other} {where}"
        )
    return Findings(warnings=tuple(warnings))


def check_dmarc(*, enforced: bool) -> Findings:
    """Mail that is relayed has a sender whose policy does not know the relay."""
    if not enforced:
        return NOTHING
    warning = (
        "WorkMail enforces DMARC on incoming mail: what the old system forwards or relays to it "
        "can be rejected or put into Junk E-mail; turn the enforcement off in the organization's "
        "settings until MX points to WorkMail, or let the old system keep its mail, which the "
        "delta passes bring"
    )
    return Findings(warnings=(warning,))


def check_sign_in(authentication_mode: str, target_kind: str) -> Findings:
    """With IAM Identity Center alone, no password of the directory opens a mailbox."""
    if authentication_mode != SIGNS_IN_ELSEWHERE:
        return NOTHING
    fact = "users sign in through IAM Identity Center alone, and passwords open no mailbox"
    if target_kind == IMAP:
        problem = (
            f"{fact}, while `target.kind` is workmail_imap: set it to workmail_ews in the tenant "
            "file, or let the WorkMail directory sign users in, too (authentication mode "
            "IDENTITY_PROVIDER_AND_DIRECTORY)"
        )
        return Findings((problem,))
    warning = (
        f"{fact}: assign them to WorkMail in IAM Identity Center, and tell them to make a personal "
        "access token for their mail programs; the migration itself can only use EWS"
    )
    return Findings(warnings=(warning,))


def check_user_quota(rows: Iterable[ManifestRow], users: Sequence[DirectoryUser]) -> Findings:
    """The quota is not readable here and can have been raised, so this only warns. A row is new
    if no enabled user has its address or its user name."""
    known = {user.email.lower() for user in users} | {user.name.lower() for user in users}
    new = sum(not {row.target.lower(), row.username.lower()} & known for row in rows)
    total = len(users) + new
    if not new or total <= USERS_BY_DEFAULT:
        return NOTHING
    warning = (
        f"the organization has {len(users)} enabled users, and the manifest adds {new}: {total} "
        f"are more than the {USERS_BY_DEFAULT} that WorkMail allows by default; unless that was "
        "done, ask for a higher quota of users per organization in Service Quotas"
    )
    return Findings(warnings=(warning,))


def check_sizes(sizes: Mapping[int, MailboxSize], asked: int, there: int) -> Findings:
    """`sizes` by the line of the manifest. Of `there` mailboxes that exist already, so many were
    asked for their size."""
    full = [
        str(line)
        for line, size in sorted(sizes.items())
        if size.quota_mb and size.held_mb > _FULL * size.quota_mb
    ]
    warnings = []
    if full:
        more = f" and {len(full) - _LINES_NAMED} more" if len(full) > _LINES_NAMED else ""
        warnings.append(
            f"WorkMail mailboxes that are more than {_FULL:.0%} full, by the line of the manifest: "
            f"{', '.join(full[:_LINES_NAMED])}{more}; make room in them, or raise their quota, "
            "which is 50 GB at most"
        )
    if asked < there:
        warnings.append(
            f"only {asked} of the {there} mailboxes that are in WorkMail already were asked how "
            "full they are"
        )
    return Findings(warnings=tuple(warnings))
