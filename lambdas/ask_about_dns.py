"""AskAboutDns: asks the operators what to do about a DNS that is not right; the state waits."""

from __future__ import annotations

from typing import Any

from migration import approval, events, wiring
from migration.entry import entry


@entry(events.AskAboutDns)
def handler(job: events.AskAboutDns, _context: Any) -> events.AskAboutDnsResult:
    wired = wiring.wire()
    asked, now, token, reminder = job.asked, job.now, job.token, job.reminder
    key = approval.ask_about_dns(
        wired.desk, wired.settings, job.run, asked, now, token, reminder, job.waits
    )
    return events.AskAboutDnsResult(key)
