"""WriteReport: report.html and summary.json, from the ledger."""

from __future__ import annotations

from typing import Any

from migration import events, notices, report, wiring
from migration.entry import entry
from migration.model import Failure


@entry(events.WriteReport)
def handler(job: events.WriteReport, _context: Any) -> events.WriteReportResult:
    wired = wiring.wire()
    failure = Failure(job.error, job.cause) if job.error else None
    written = report.write_report(
        wired.settings, wired.ledger, wired.blobs, job.run, job.now, failure
    )
    place = notices.console_page(wired.region, wired.settings.bucket_name, written.key)
    # Before it is told: whoever comes finds the last page, and a page that cannot be written fails
    # the state as a report does that cannot be, with nobody told that the run is done.
    wired.progress_file.show_end(job.run, job.now, written.verdict, failure, place)
    notices.tell_end(wired.teller, job.run, job.now, written, failure, place)
    return events.WriteReportResult(written.verdict, written.key, written.counts)
