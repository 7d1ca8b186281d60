"""RecordAnswer: what the operators have answered, by whatever way, is written down and told."""

from __future__ import annotations

from typing import Any

from migration import events, questions, wiring
from migration.entry import entry


@entry(events.RecordAnswer)
def handler(job: events.RecordAnswer, _context: Any) -> events.RecordAnswerResult:
    wired = wiring.wire()
    recorded = questions.record(
        wired.ledger, wired.teller, job.run, job.kind, job.asked, job.answer, job.now
    )
    return events.RecordAnswerResult(recorded)
