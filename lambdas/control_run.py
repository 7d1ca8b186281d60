"""ControlRun: pause, resume or abort, said to the execution that works for the tenant."""

from __future__ import annotations

from typing import Any

from migration import control, events, wiring
from migration.entry import entry


@entry(events.ControlRun)
def handler(job: events.ControlRun, _context: Any) -> events.ControlRunResult:
    wired = wiring.wire()
    said = control.say(
        wired.ledger,
        wired.executions,
        wired.schedules,
        job.word,
        job.owner,
        job.since,
        job.now,
    )
    return events.ControlRunResult(said.verdict, said.text, said.owner, said.wait_seconds)
