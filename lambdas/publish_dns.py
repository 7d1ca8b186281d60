"""PublishDns: one step of publishing the records, or the files that say what to publish."""

from __future__ import annotations

from typing import Any

from migration import events, publishing, wiring
from migration.entry import entry


@entry(events.PublishDns)
def handler(job: events.PublishDns, _context: Any) -> events.PublishDnsResult:
    wired = wiring.wire()
    done = publishing.publish_dns(wired.publishing_means, job.run, job.since, job.now)
    return events.PublishDnsResult(done.pending, done.wait_seconds, done.changed, done.left)
