"""The migration administrator: who opens all mailboxes, from EnableAdministrator to
DisableAdministrator, which stands on every way out; clean_up.py has the ways that no state sees.

An impersonation role costs nothing and knows no password, so it comes first. Where the organization
allows none, WorkMail's console may have chosen a migration administrator already; else a user is
made for it (administrator_user.py). WorkMail's API says that rights work while the mailboxes refuse
them for up to five minutes (administrator guide, "Managing impersonation roles"), so a mailbox is
asked.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from migration.access import Access, Entry, Way
from migration.administrator_user import (
    ensure_administrator,
    find_owner,
    grant_access,
    take_access_away,
)
from migration.directory_model import AdministratorRecord, Before
from migration.errors import (
    AdministratorPending,
    CredentialsRejected,
    MailboxUnreachable,
    TenantMisconfigured,
)
from migration.model import AdministratorKind, Mailbox, MailboxStatus, Note
from migration.passwords import SIGNS_IN_ELSEWHERE
from migration.ports import Directory, Ledger, WaveSecrets

# Each costs two calls: a wave of which nobody is ready must not outlast the function.
_ASKED_AT_MOST = 25
# The state's retries spread so many over minutes: with their waits a password that was just made is
# known by the fifth or so. Too many refusals may lock the account.
_REFUSALS_AT_MOST = 10


@dataclass(frozen=True, slots=True)
class Administrator:
    """How the mailboxes are opened, and a mailbox of the run that really lets it in."""

    access: Access
    mailbox: Mailbox


@dataclass(frozen=True, slots=True)
class Removal:
    """What the administrator's rights are taken away with."""

    directory: Directory
    ledger: Ledger
    secrets: WaveSecrets
    role_name: str
    seconds_left: Callable[[], float]


@dataclass(frozen=True, slots=True)
class Means(Removal):
    """What the administrator is made with. `probe(access, address)` opens a mailbox and raises what
    the target raises: AdministratorPending if the mailbox is not opened to it, CredentialsRejected
    if the login itself is refused. `knows_console_password()`: whether the target's secret has the
    password of the console's administrator; asked only where that is a way in."""

    source: random.Random
    tenant: str
    probe: Callable[[Access, str], None]
    knows_console_password: Callable[[], bool] = lambda: False


def enable_administrator(
    means: Means, wanted: AdministratorKind, run: str, now: str, *, needs_rights: bool = True
) -> Administrator:
    """Makes what is wanted unless it is there, and proves that a mailbox honours it. May be run
    again, and must be, after an AdministratorPending or ProvisioningPending.

    Without `needs_rights` only the mailbox is found: who logs in with passwords needs none.
    TenantMisconfigured, and no rights, if no mailbox of the run is ready, or if what is wanted is
    not to be had.
    """
    mailbox = _find_ready_mailbox(means, run)
    if mailbox is None:
        problem = (
            "no mailbox of this run is ready in WorkMail: run the phase `provision` first, or, "
            "where the users are managed in Exchange (interoperability), enable them in the "
            "WorkMail console"
        )
        raise TenantMisconfigured([f"{problem}; the report has the reason of each user"])
    if not needs_rights:
        return Administrator(Access(Way.OWNERS), mailbox)
    access = _enable(means, wanted, run, mailbox)
    means.ledger.add_note(run, Note(now, "Administrator", _describe(means, access)))
    return Administrator(access, mailbox)


def _describe(means: Means, access: Access) -> str:
    if access.way is Way.ROLE:
        return "an impersonation role opens the mailboxes"
    who = "a user of its own" if access.way is Way.USER else "the console's administrator"
    record = means.ledger.administrator()
    return f"{who} opens the mailboxes, by {access.entry}: {record.why if record else ''}"


def _enable(means: Means, wanted: AdministratorKind, run: str, mailbox: Mailbox) -> Access:
    by_file = "the tenant file wants it"
    if wanted is AdministratorKind.ROLE:
        return _open_by_role(means, run, mailbox)
    if wanted is AdministratorKind.CONSOLE:
        return _open_by_console(means, mailbox, by_file)
    if wanted is AdministratorKind.USER:
        return _open_by_user(means, run, mailbox, by_file)
    known = means.ledger.administrator()
    if known is not None:  # that was settled by an earlier attempt
        if known.before is Before.ENABLED:
            return _open_by_console(means, mailbox, known.why)
        return _open_by_user(means, run, mailbox, known.why)
    try:
        return _open_by_role(means, run, mailbox)
    except TenantMisconfigured as error:
        why = f"no impersonation role is to be had ({'; '.join(error.problems)})"
    if means.knows_console_password() and means.directory.organization().migration_admin:
        return _open_by_console(means, mailbox, why)
    return _open_by_user(means, run, mailbox, why)


def _open_by_role(means: Means, run: str, mailbox: Mailbox) -> Access:
    role_id = means.directory.find_role(means.role_name)
    if role_id is None:
        role_id = means.directory.create_role(
            means.role_name, f"Copies mail for the migration {run}. It is removed when that ends."
        )
    access = Access(Way.ROLE, role=role_id)
    try:
        means.probe(access, mailbox.target)
    except CredentialsRejected as refusal:
        # The mailboxes refuse a role that they have not heard of like one without rights.
        raise AdministratorPending("the mailboxes do not honour the role yet", 10) from refusal
    return access


def _open_by_console(means: Means, mailbox: Mailbox, why: str) -> Access:
    """As the migration administrator whom somebody has chosen in WorkMail's console, which has no
    API: what that user may is not touched. A user of the migration's own, of an earlier run or
    attempt, goes first: its record would be lost, and with it what takes its rights away."""
    _require_passwords(means)
    problems = []
    user_id = means.directory.organization().migration_admin
    user = means.directory.user(user_id) if user_id else None
    if user is None or not user.ready:
        problems.append(
            "WorkMail has no migration administrator who is enabled: choose one in the WorkMail "
            "console (Organization settings, Migration), or set `target.administrator: auto`"
        )
    if not means.knows_console_password():
        problems.append(
            "the target's secret has no password of the console's migration administrator: put it "
            'there as {"administrator": {"password": ...}}'
        )
    if problems or user is None:
        raise TenantMisconfigured(problems)
    known = means.ledger.administrator()
    if means.ledger.grants() or (known is not None and known.before is not Before.ENABLED):
        take_access_away(means.directory, means.ledger, means.secrets, means.seconds_left)
    record = AdministratorRecord(user.email, Before.ENABLED, user.id, why)
    means.ledger.set_administrator(record)
    return _settle_entry(means, Way.CONSOLE, mailbox)


def _open_by_user(means: Means, run: str, mailbox: Mailbox, why: str) -> Access:
    _require_passwords(means)
    administrator = ensure_administrator(
        means.directory, means.ledger, means.secrets, means.source, means.tenant, why
    )
    grant_access(means.directory, means.ledger, administrator, run, means.seconds_left)
    return _settle_entry(means, Way.USER, mailbox)


def _require_passwords(means: Means) -> None:
    if means.directory.authentication_mode() == SIGNS_IN_ELSEWHERE:
        problem = (
            "users sign in through IAM Identity Center alone, so that no user's password opens "
            "other mailboxes: allow impersonation roles, and set `target.administrator: role`"
        )
        raise TenantMisconfigured([problem])


def _settle_entry(means: Means, way: Way, mailbox: Mailbox) -> Access:
    """The way in which WorkMail lets a user open another's mailbox, which is not documented.

    A mailbox that refuses one entry, in whatever words, may have the other. A password that is
    refused is not tried by it: that locks accounts.
    """
    unreachable: list[MailboxUnreachable] = []
    _check_refusals(means, way)
    for entry in Entry:
        access = Access(way, entry=entry)
        try:
            means.probe(access, mailbox.target)
        except AdministratorPending:
            continue
        except MailboxUnreachable as error:
            unreachable.append(error)
            continue
        except CredentialsRejected as refusal:
            if refusal.after_login:
                continue
            _note_refusal(means, way)
            raise AdministratorPending("the password is not known everywhere yet", 30) from refusal
        return access
    if len(unreachable) == len(Entry):
        raise unreachable[0]
    raise AdministratorPending("the mailboxes do not let the administrator in yet", 15)


def _check_refusals(means: Means, way: Way) -> None:
    """TenantMisconfigured when the migration's own user was refused so often that its password
    cannot be too new any more."""
    record = means.ledger.administrator()
    if way is Way.USER and record is not None and record.refusals >= _REFUSALS_AT_MOST:
        problem = (
            f"WorkMail has refused the login of the migration's own user {record.refusals} times: "
            "see whether an access control rule denies it EWS, or set `target.administrator` to "
            "`role` or `console`"
        )
        raise TenantMisconfigured([problem])


def _note_refusal(means: Means, way: Way) -> None:
    """A password that was just made is unknown to the mail servers for a minute; the operator's is
    wrong."""
    record = means.ledger.administrator()
    if way is Way.CONSOLE or record is None:
        problem = (
            "WorkMail refuses the password of the console's migration administrator: put the right "
            "one into the target's secret"
        )
        raise TenantMisconfigured([problem])
    means.ledger.set_administrator(replace(record, refusals=record.refusals + 1))
    _check_refusals(means, way)


def _find_ready_mailbox(means: Means, run: str) -> Mailbox | None:
    """WorkMail is asked, because a run without the phase `provision` has only planned ones."""
    records = [
        each
        for each in means.ledger.mailboxes(run)
        if each.status is not MailboxStatus.FAILED and not each.mailbox.is_resource
    ]
    records.sort(key=lambda record: record.status is MailboxStatus.PLANNED)
    for record in records[:_ASKED_AT_MOST]:
        mailbox = record.at_present
        user = find_owner(means.directory, mailbox)
        if user is not None and user.email.lower() == mailbox.target.lower():
            return mailbox
    return None


def disable_administrator(means: Removal, run: str, now: str) -> bool:
    """Takes back whatever gives access: roles of that name, permissions, the user; whether there
    was anything. What cannot be taken does not keep the rest: its error leaves at the end. May be
    run again, and must be, after a TargetBusy or ProvisioningPending."""
    known = means.ledger.administrator()
    if known is not None and known.before is Before.ENABLED:
        what = (
            "the migration administrator of the WorkMail console has access to all mailboxes "
            "still: switch it off there (Organization settings, Migration)"
        )
        means.ledger.add_note(run, Note(now, "Administrator", what))
    try:
        had_roles = _remove_roles(means.directory, means.role_name)
    finally:
        had_access = take_access_away(
            means.directory, means.ledger, means.secrets, means.seconds_left
        )
    return had_roles or had_access


def _remove_roles(directory: Directory, role_name: str) -> bool:
    removed: set[str] = set()
    while (role_id := directory.find_role(role_name)) is not None:
        if role_id in removed:
            break  # the list is behind: WorkMail still shows what it has deleted
        directory.delete_role(role_id)
        removed.add(role_id)
    return bool(removed)
