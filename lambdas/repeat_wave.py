"""RepeatWave: the mailboxes of a run that has ended are looked at once more."""

from __future__ import annotations

from typing import Any

from migration import events, wave, wiring
from migration.entry import entry


@entry(events.RepeatWave)
def handler(job: events.RepeatWave, _context: Any) -> events.RepeatWaveResult:
    wired = wiring.wire()
    repeated = wave.repeat_wave(
        wired.blobs, wired.ledger, job.run, job.of, job.now, only_failed=job.only_failed
    )
    return events.RepeatWaveResult(repeated.key, repeated.version, repeated.count)
