"""The migration administrator: an impersonation role with access to all mailboxes.

It lives from EnableAdministrator to DisableAdministrator, which stands on every way out that the
workflow can take itself. WorkMail's API says that a new role works while the mailboxes refuse it
for up to five minutes (administrator guide, "Managing impersonation roles"), so one is asked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from migration.errors import AdministratorPending, CredentialsRejected, TenantMisconfigured
from migration.model import Mailbox, MailboxStatus
from migration.ports import Directory, Ledger

# Each costs two calls: a wave of which nobody is ready must not outlast the function.
_ASKED_AT_MOST = 25


@dataclass(frozen=True, slots=True)
class Administrator:
    """A role's id, "" if none is needed, and a mailbox of the run that really honours it."""

    role: str
    mailbox: Mailbox


def enable_administrator(
    directory: Directory,
    ledger: Ledger,
    role_name: str,
    run: str,
    probe: Callable[[str, str], None],
    *,
    needs_role: bool = True,
) -> Administrator:
    """Makes the role unless it is there, and proves that a mailbox honours it. May be run again.

    Without `needs_role` only the mailbox is found: who logs in with passwords needs no rights.
    `probe(role id, address)` opens a mailbox with the role: AdministratorPending if that is
    refused, whatever else it raises passes. TenantMisconfigured, and no role, if no mailbox of the
    run is ready.
    """
    mailbox = _find_ready_mailbox(directory, ledger, run)
    if mailbox is None:
        problem = (
            "no mailbox of this run is ready in WorkMail: run the phase `provision` first, or, "
            "where the users are managed in Exchange (interoperability), enable them in the "
            "WorkMail console"
        )
        raise TenantMisconfigured([f"{problem}; the report has the reason of each user"])
    if not needs_role:
        return Administrator("", mailbox)
    role_id = directory.find_role(role_name)
    if role_id is None:
        role_id = directory.create_role(
            role_name, f"Copies mail for the migration {run}. It is removed when that ends."
        )
    try:
        probe(role_id, mailbox.target)
    except CredentialsRejected as refusal:
        # The mailboxes refuse a role that they have not heard of like one without rights.
        raise AdministratorPending("the mailboxes do not honour the role yet", 10) from refusal
    return Administrator(role_id, mailbox)


def _find_ready_mailbox(directory: Directory, ledger: Ledger, run: str) -> Mailbox | None:
    """WorkMail is asked, because a run without the phase `provision` has only planned ones."""
    records = [each for each in ledger.mailboxes(run) if each.status is not MailboxStatus.FAILED]
    records.sort(key=lambda record: record.status is MailboxStatus.PLANNED)
    for record in records[:_ASKED_AT_MOST]:
        mailbox = record.at_present
        user = directory.find_user(mailbox.target, mailbox.username)
        if user is not None and user.ready and user.email.lower() == mailbox.target.lower():
            return mailbox
    return None


def disable_administrator(directory: Directory, role_name: str) -> bool:
    """Removes every role of that name; whether there was one."""
    removed: set[str] = set()
    while (role_id := directory.find_role(role_name)) is not None:
        if role_id in removed:
            break  # the list is behind: WorkMail still shows what it has deleted
        directory.delete_role(role_id)
        removed.add(role_id)
    return bool(removed)
