"""PreparePasswords: every user of the wave who may be created has a password beforehand."""

from __future__ import annotations

from typing import Any

from migration import events, wave_passwords, wiring
from migration.entry import entry


@entry(events.PreparePasswords)
def handler(job: events.PreparePasswords, _context: Any) -> events.PreparePasswordsResult:
    wired = wiring.wire()
    prepared = wave_passwords.prepare_passwords(
        wired.settings,
        wired.directory,
        wired.ledger,
        wired.secrets,
        wired.waves,
        wired.random,
        *(job.run, job.now),
    )
    return events.PreparePasswordsResult(prepared.rule.value, prepared.generated)
