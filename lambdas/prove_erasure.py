"""ProveErasure: counts what is left, and writes the proof if that is nothing."""

from __future__ import annotations

from typing import Any

from migration import erasure, events, wiring
from migration.entry import entry


@entry(events.ProveErasure)
def handler(job: events.ProveErasure, context: Any) -> events.ProveErasureResult:
    wired = wiring.wire()
    means = wired.erasure_means(context)
    proved = erasure.prove_erasure(means, wired.notifier, job.run, job.now, job.rounds)
    verdict = "unfinished" if proved.left else "erased"
    return events.ProveErasureResult(verdict, proved.left, proved.proof, proved.erased, proved.told)
