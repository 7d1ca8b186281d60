"""ReleaseLock: the next execution of this tenant may start."""

from __future__ import annotations

from typing import Any

from migration import events, wiring
from migration.entry import entry


@entry(events.ReleaseLock)
def handler(job: events.ReleaseLock, _context: Any) -> events.ReleaseLockResult:
    return events.ReleaseLockResult(wiring.wire().ledger.release_lock(job.execution))
