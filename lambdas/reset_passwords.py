"""ResetPasswords: users whom the migration has created get other passwords, if that is wanted."""

from __future__ import annotations

from typing import Any

from migration import events, password_reset, wiring
from migration.entry import entry


@entry(events.ResetPasswords)
def handler(job: events.ResetPasswords, context: Any) -> events.ResetPasswordsResult:
    wired = wiring.wire()
    sources = (wired.secrets, wired.waves, wired.random)
    done = password_reset.reset_passwords(
        wired.settings,
        wired.directory,
        wired.ledger,
        *sources,
        job.run,
        job.now,
        wiring.seconds_left(context),
    )
    return events.ResetPasswordsResult(done.reset, done.refused)
