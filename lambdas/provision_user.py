"""ProvisionUser: one user of the wave gets a WorkMail mailbox."""

from __future__ import annotations

from typing import Any

from migration import events, provisioning, wiring
from migration.entry import entry
from migration.model import NewPasswords


@entry(events.ProvisionUser)
def handler(job: events.ProvisionUser, _context: Any) -> events.ProvisionUserResult:
    wired = wiring.wire()
    rule = NewPasswords(job.passwords)

    def take_password(_address: str) -> str:
        return wired.passwords.take(job.run, job.mailbox, rule)

    directory = wired.journalled_directory(job.run, job.now)
    outcome = provisioning.provision_user(
        directory, wired.ledger, job.mailbox, take_password, early=job.early
    )
    return events.ProvisionUserResult(outcome)
