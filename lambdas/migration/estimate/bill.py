"""An estimate: a line for each item that is billed, the sum, the hours, and what was assumed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from migration.estimate import prices
from migration.estimate.counts import Counts, count, count_looks
from migration.estimate.hours import (
    hours_at_work,
    hours_of_a_quiet_pass,
    hours_of_the_full_pass,
    hours_to_provision,
)
from migration.estimate.prices import Price
from migration.estimate.workload import Workload

ALARMS, METRICS, DASHBOARDS = 15, 35, 1
SECRETS = 3
"""The source's, the target's, the administrator's; a run adds one per thousand users. The stack has
no more than these (tests/stacks/test_estimate.py)."""


@dataclass(frozen=True, slots=True)
class Line:
    """So many units of something, at its price."""

    item: str
    units: float
    price: Price

    @property
    def usd(self) -> float:
        return self.price.of(self.units)


@dataclass(frozen=True, slots=True)
class Estimate:
    """`total` in US dollars, for the run and the months; hours from the start. `seats` is what
    WorkMail itself bills a month for the mailboxes, which is in no line."""

    work: Workload
    counts: Counts
    lines: tuple[Line, ...]
    hours: tuple[tuple[str, float], ...]
    assumptions: tuple[str, ...]

    @property
    def total(self) -> float:
        return sum(line.usd for line in self.lines)

    @property
    def seats(self) -> float:
        return prices.SEAT.of(self.work.mailboxes)


def estimate(work: Workload) -> Estimate:
    """What the migration of that workload costs, and how long it takes."""
    counts = count(work)
    lines = tuple(_lines(work, counts))
    return Estimate(work, counts, lines, tuple(_hours(work)), tuple(_assumptions(work)))


def _lines(work: Workload, counts: Counts) -> Iterator[Line]:
    months = work.months
    yield Line("Lambda, time", counts.gigabyte_seconds, prices.LAMBDA_TIME)
    calls = counts.calls + counts.measurements
    yield Line("Lambda, requests", calls, prices.LAMBDA_REQUEST)
    yield Line("Step Functions", counts.transitions, prices.TRANSITION)
    yield Line("ledger, writes", counts.write_units, prices.LEDGER_WRITE)
    yield Line("ledger, reads", counts.read_units, prices.LEDGER_READ)
    yield Line("ledger, storage", counts.ledger_gigabytes * months, prices.LEDGER_STORAGE)
    yield Line("bucket, PUT and LIST", counts.s3_puts, prices.S3_PUT)
    yield Line("bucket, GET", counts.s3_gets, prices.S3_GET)
    yield Line("bucket, storage", counts.s3_gigabytes * months, prices.S3_STORAGE)
    secrets = SECRETS + -(-work.mailboxes // 1000)
    yield Line("secrets", secrets * months, prices.SECRET)
    yield Line("secrets, calls", counts.secret_calls, prices.SECRET_CALL)
    if work.keys:
        yield Line("keys", work.keys * months, prices.KEY)
        opened = counts.s3_puts + counts.s3_gets + counts.secret_calls
        yield Line("keys, requests", opened, prices.KEY_CALL)
    yield Line("metrics", METRICS * months, prices.METRIC)
    yield Line("alarms", ALARMS * months, prices.ALARM)
    yield Line("dashboard", DASHBOARDS * months, prices.DASHBOARD)
    yield Line("logs", counts.log_gigabytes, prices.LOG)
    yield Line("traces", calls, prices.TRACE)
    yield Line("notices", counts.notices, prices.NOTICE)
    if work.guides:
        yield Line("client settings by mail", work.mailboxes, prices.GUIDE)


def _hours(work: Workload) -> Iterator[tuple[str, float]]:
    yield "users are created", hours_to_provision(work)
    yield "full pass, all mail copied and verified", hours_of_the_full_pass(work)
    yield "a delta pass with little news", hours_of_a_quiet_pass(work)
    yield "the whole run, waits included", hours_at_work(work)


def _assumptions(work: Workload) -> Iterator[str]:
    size = work.gigabytes * 1e9 / work.messages / 1000 if work.messages else 0.0
    yield f"prices of {prices.REGION}, without free tiers; docs/cost.md has their sources"
    yield f"{work.messages:,} messages of {size:.0f} kB, {work.folders} folders in each mailbox"
    yield "mail alone is counted; calendars, contacts, tasks, notes take some more (docs/cost.md)"
    yield (
        f"{work.megabytes_per_second:g} MB/s for each mailbox, {work.streams} "
        "mailboxes at once: what WorkMail and your server bear is not known; measure one mailbox "
        "(docs/cost.md)"
    )
    if pace := work.messages_per_second:
        yield f"at most {pace:g} messages a second of each mailbox: the source allows no more"
    yield (
        f"{work.passes} passes, the DNS looked at {count_looks(work.days):,} times in "
        f"{work.days:g} days, nothing repeated after outages"
    )
    yield (
        "no transfer is billed: mail comes in from the Internet, and goes to an endpoint of the "
        "same Region. That WorkMail's counts as one is unproven; as transfer to the Internet it "
        f"would be up to ${work.gigabytes * 0.09:,.2f}"
    )
    yield f"bucket, ledger, secrets, keys, alarms are kept for {work.months} month(s)"
