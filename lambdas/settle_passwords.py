"""SettlePasswords: of the generated passwords, those stay that users were created with."""

from __future__ import annotations

from typing import Any

from migration import events, wave_passwords, wiring
from migration.entry import entry


@entry(events.SettlePasswords)
def handler(job: events.SettlePasswords, _context: Any) -> events.SettlePasswordsResult:
    wired = wiring.wire()
    settled = wave_passwords.settle_passwords(wired.ledger, wired.waves, job.run, job.now)
    return events.SettlePasswordsResult(settled.kept, settled.dropped)
