"""The migration administrator: an impersonation role with access to all mailboxes.

It lives from EnableAdministrator to DisableAdministrator, which stands on every way out that the
workflow can take itself. WorkMail's API says that a new role works while the mailboxes refuse it
for up to five minutes (administrator guide, "Managing impersonation roles"), so one is asked.
"""

from __future__ import annotations

from collections.abc import Callable

from migration.errors import AdministratorPending, CredentialsRejected, TenantMisconfigured
from migration.model import Mailbox, MailboxStatus
from migration.ports import Directory, Ledger

# Each costs two calls: a wave of which nobody is ready must not outlast the function.
_ASKED_AT_MOST = 25


def enable_administrator(
    directory: Directory,
    ledger: Ledger,
    role_name: str,
    run: str,
    probe: Callable[[str, str], None],
) -> str:
    """The id of a role that a mailbox of the run really honours. May be run again.

    `probe(role id, address)` opens a mailbox with the role: AdministratorPending if that is
    refused, whatever else it raises passes. TenantMisconfigured, and no role, if no mailbox of the
    run is ready.
    """
    mailbox = _find_ready_mailbox(directory, ledger, run)
    if mailbox is None:
        problem = "no mailbox of this run is ready in WorkMail: run the phase `provision` first"
        raise TenantMisconfigured([f"{problem}; the report has the reason of each user"])
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
    return role_id


def _find_ready_mailbox(directory: Directory, ledger: Ledger, run: str) -> Mailbox | None:
    """WorkMail is asked, because a run without the phase `provision` has only planned ones."""
    records = [each for each in ledger.mailboxes(run) if each.status is not MailboxStatus.FAILED]
    records.sort(key=lambda record: record.status is MailboxStatus.PLANNED)
    for record in records[:_ASKED_AT_MOST]:
        mailbox = record.mailbox
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
