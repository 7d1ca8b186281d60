"""SendClientGuides: every user's settings for mail programs, written and perhaps mailed."""

from __future__ import annotations

from typing import Any

from migration import client_sending, events, wiring
from migration.entry import entry


@entry(events.SendClientGuides)
def handler(job: events.SendClientGuides, context: Any) -> events.SendClientGuidesResult:
    means = wiring.wire().client_means(context)
    done = client_sending.send_guides(means, job.run, job.since)
    return events.SendClientGuidesResult(
        done.more, done.wait_seconds, done.pages, done.sent, done.problems
    )
