"""The migration administrator as a user of WorkMail: made or enabled, given access, taken back.

For organizations that allow no impersonation role. WorkMail gives full access to a mailbox by a
permission of that mailbox (PutMailboxPermissions), which takes up to five minutes to work
(administrator guide, "Managing mailbox permissions"). What was there before, of the user and of
each permission, is in the ledger before it is changed, and is put back exactly. Every step may be
repeated; what was begun and not finished is found by its record.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

from migration.directory_model import (
    AdministratorRecord,
    Before,
    DirectoryUser,
    EntityStatus,
    GrantRecord,
    Permission,
    Resource,
)
from migration.errors import (
    AdministratorPending,
    MigrationError,
    ProvisioningPending,
    TargetBusy,
    TenantMisconfigured,
    UserRefused,
)
from migration.model import Mailbox
from migration.passwords import generate, read_administrator, write_administrator
from migration.ports import Directory, Ledger, WaveSecrets
from migration.workmail_names import TEST_DOMAIN

SECRET = "administrator"  # noqa: S105 - the path of the secret
"""Below workmail-migration/<tenant>/: the password of the user that this makes."""

_RETRY_AFTER = 5.0
_ENOUGH = 20.0
"""Seconds that must be left of a function for one more call or two."""


def user_name(tenant: str) -> str:
    """The administrator's user name. WorkMail's own guide calls such a user `migration_admin`."""
    return f"migration-admin-{tenant}".lower()[:64]


def ensure_administrator(
    directory: Directory,
    ledger: Ledger,
    secrets: WaveSecrets,
    source: random.Random,
    tenant: str,
    why: str,
) -> AdministratorRecord:
    """The user, ready to log in; `why` is kept with it. Its address is in the organization's test
    domain, which needs no verification.

    ProvisioningPending until its mailbox is there. TenantMisconfigured if somebody else's enabled
    user has the name: its password is not known, and not to be changed.
    """
    name = user_name(tenant)
    address = f"{name}@{directory.organization().alias}{TEST_DOMAIN}"
    record = ledger.administrator()
    user = directory.find_user(address, name)
    if user is not None and user.state == "DELETED":
        user = None
    if record is None or record.before is Before.ENABLED:  # the console's, of an earlier attempt
        record = _begin(ledger, user, address, why)
    password = _ensure_password(secrets, source)
    if user is None:
        # one of before is gone
        record = replace(record, before=Before.ABSENT, user_id="", seen=False)
        ledger.set_administrator(record)
        made = directory.create_user(Mailbox("", "", address, name, "Migration"), password)
        ledger.set_administrator(replace(record, user_id=made.id))
        directory.enable_entity(made.id, address)
    elif user.state == "DISABLED":
        ledger.set_administrator(replace(record, user_id=user.id, seen=True))
        if record.before is Before.DISABLED:
            directory.reset_password(user.id, password)
        directory.enable_entity(user.id, address)
    elif user.ready:
        known = replace(record, user_id=user.id, seen=True)
        if known != record:
            ledger.set_administrator(known)
        return known
    raise ProvisioningPending("the administrator's mailbox is not ready yet", _RETRY_AFTER)


def _begin(
    ledger: Ledger, user: DirectoryUser | None, address: str, why: str
) -> AdministratorRecord:
    """Keeps what was there before anything is made."""
    if user is not None and user.state == "ENABLED":
        problem = (
            "WorkMail has an enabled user of the name that the migration administrator needs "
            "(migration-admin-<tenant>), whose password this run does not know: rename or disable "
            "that user, or choose it as the migration administrator in the WorkMail console, set "
            "`target.administrator: console`, and put its password into the target's secret"
        )
        raise TenantMisconfigured([problem])
    before = Before.ABSENT if user is None else Before.DISABLED
    record = AdministratorRecord(address, before, user.id if user else "", why)
    ledger.set_administrator(record)
    return record


def _ensure_password(secrets: WaveSecrets, source: random.Random) -> str:
    """The one that is kept, or a new one, kept before anybody has it."""
    kept = secrets.read(SECRET)
    if known := read_administrator(kept):
        return known
    password = generate(source)
    if kept is None:
        secrets.create(SECRET, write_administrator(password))
    else:
        secrets.replace(SECRET, write_administrator(password))
    return password


_MADE = frozenset({EntityStatus.MADE, EntityStatus.DONE})


def grant_access(
    directory: Directory,
    ledger: Ledger,
    administrator: AdministratorRecord,
    run: str,
    seconds_left: Callable[[], float],
) -> int:
    """Gives the administrator full access to every mailbox of the run that is there; how many have
    it. AdministratorPending when the time is over, to go on with the next call.

    A mailbox that is not to be opened does not hold up the others: it fails when it is copied, with
    a reason of its own. ProvisioningPending, after all had their turn, for one that may be opened
    by the next call.
    """
    known = {grant.owner_id: grant for grant in ledger.grants()}
    resources = _resource_ids(ledger, run)
    given, pending = 0, None
    for record in ledger.mailboxes(run):
        if record.refused:
            continue  # nobody copies it
        if record.mailbox.is_resource:
            owner = resources.get(record.mailbox.target.lower(), "")
        else:
            owner = record.user_id or _find_owner_id(directory, record.mailbox)
        if not owner or owner == administrator.user_id:
            continue
        begun = known.get(owner)
        if begun is None or begun.grantee_id != administrator.user_id or not begun.given:
            if seconds_left() < _ENOUGH:
                raise AdministratorPending("not all mailboxes are open to the administrator yet", 1)
            try:
                _grant(directory, ledger, owner, administrator.user_id, begun)
            except UserRefused:
                continue
            except ProvisioningPending as error:
                if record.mailbox.is_resource or _is_enabled(directory, owner):
                    pending = pending or error
                continue
        given += 1
    if pending:
        raise pending
    return given


def _resource_ids(ledger: Ledger, run: str) -> dict[str, str]:
    """WorkMail's ids of the rooms and equipment that the run has made, by their addresses in lower
    case."""
    return {
        record.wanted.address.lower(): record.entity_id
        for record in ledger.entities(run)
        if isinstance(record.wanted, Resource) and record.status in _MADE
    }


def _is_enabled(directory: Directory, user_id: str) -> bool:
    user = directory.user(user_id)
    return user is not None and user.state == "ENABLED"


def _grant(
    directory: Directory, ledger: Ledger, owner: str, grantee: str, begun: GrantRecord | None
) -> None:
    """What was before is kept before it is changed, and is what an attempt that died has kept. What
    another user was given is taken from that one first: the ledger keeps one grant of a mailbox."""
    grant = begun
    if grant is not None and grant.grantee_id != grantee:
        _restore(directory, grant)
        grant = None
    if grant is None:
        before = directory.permissions(owner).get(grantee, frozenset())
        grant = GrantRecord(owner, grantee, before)
        ledger.set_grant(grant)
    directory.put_permissions(owner, grantee, grant.before | {Permission.FULL_ACCESS})
    ledger.set_grant(replace(grant, given=True))


def find_owner(directory: Directory, mailbox: Mailbox) -> DirectoryUser | None:
    """The user whose mailbox it is and who has it by now; None also if a group or a resource has
    the address."""
    try:
        user = directory.find_user(mailbox.target, mailbox.username)
    except UserRefused:
        return None
    return user if user is not None and user.ready else None


def _find_owner_id(directory: Directory, mailbox: Mailbox) -> str:
    """For a mailbox that no run has provisioned; "" if it is not there."""
    user = find_owner(directory, mailbox)
    return user.id if user else ""


def take_access_away(
    directory: Directory,
    ledger: Ledger,
    secrets: WaveSecrets,
    seconds_left: Callable[[], float],
) -> bool:
    """Puts every permission back as it was, and the user itself; whether there was anything.

    A permission that cannot be put back keeps neither the others nor the user: it stays in the
    ledger for the next call, and the first error leaves at the end. TargetBusy when the time is
    over, to go on with the next call.
    """
    grants, record = ledger.grants(), ledger.administrator()
    errors: list[MigrationError] = []
    for grant in grants:
        if seconds_left() < _ENOUGH:
            if not errors:
                raise TargetBusy("not all permissions are as they were yet", 1)
            break
        try:
            _restore(directory, grant)
            ledger.drop_grant(grant.owner_id)
        except MigrationError as error:
            errors.append(error)
    if record is not None:
        try:
            _end_administrator(directory, ledger, secrets, record)
        except MigrationError as error:
            errors.append(error)
    if errors:
        raise errors[0]
    return bool(grants) or record is not None


def _restore(directory: Directory, grant: GrantRecord) -> None:
    """A mailbox or a grantee that is gone by now has no permissions to put back. WorkMail says so
    in the words in which it says that something is not ready yet.

    Who is disabled is given nothing. Then what the migration has given is taken, so that it does
    not wait there until the user is enabled again.
    """
    owner, grantee = grant.owner_id, grant.grantee_id
    try:
        if grant.before:
            directory.put_permissions(owner, grantee, grant.before)
        else:
            directory.delete_permissions(owner, grantee)
    except (UserRefused, ProvisioningPending):
        if directory.state_of(owner) != "ENABLED":
            return
        state = directory.state_of(grantee)
        if state == "ENABLED" or (state != "DELETED" and not grant.before):
            raise
        if state != "DELETED":
            directory.delete_permissions(owner, grantee)


def _end_administrator(
    directory: Directory, ledger: Ledger, secrets: WaveSecrets, record: AdministratorRecord
) -> None:
    """Who was chosen in the console is somebody else's user."""
    if record.before is not Before.ENABLED:
        _take_back(directory, record)
        if secrets.read(SECRET) is not None:
            secrets.replace(SECRET, write_administrator(""))
    ledger.drop_administrator()


def _take_back(directory: Directory, record: AdministratorRecord) -> None:
    """The user as it was before. One that was created and whose id never became known is found by
    its address; a namesake of one whose id is known is somebody else's. ProvisioningPending if it
    was created just now, and cannot be seen yet."""
    if record.user_id:
        user = directory.user(record.user_id)
    else:
        user = directory.find_user(record.address, record.address.partition("@")[0])
    if user is None and record.user_id and not record.seen:
        raise ProvisioningPending("WorkMail does not show the administrator's user yet", 5)
    if user is None or user.state == "DELETED":
        return
    directory.disable_entity(user.id)
    if record.before is Before.ABSENT:
        directory.delete_user(user.id)
