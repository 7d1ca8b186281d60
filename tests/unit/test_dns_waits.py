"""When the DNS is looked at again, and that the execution's history has room for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from migration.dns_model import DnsFinding, DnsVerdict
from migration.dns_waits import choose_wait, is_overdue, next_wait
from migration.domains import next_look
from tests.unit.test_dns import MX, SPF

# ---- waits -----------------------------------------------------------------------------------

SINCE = datetime(2026, 12, 4, 18, tzinfo=UTC)


@pytest.mark.parametrize(
    ("passed", "seconds"),
    [
        (timedelta(seconds=-1), 60),
        (timedelta(0), 60),
        (timedelta(minutes=10), 120),
        (timedelta(minutes=30), 300),
        (timedelta(hours=2), 900),
        (timedelta(days=13, hours=23), 900),
        (timedelta(days=14), 1800),
        (timedelta(days=21), 3600),
        (timedelta(days=28, hours=23), 3600),
        (timedelta(days=29), 14_400),
        (timedelta(days=400), 14_400),
    ],
)
def test_waits_grow_with_the_time_that_has_passed(passed: timedelta, seconds: int) -> None:
    assert next_wait(SINCE, SINCE + passed) == seconds


def test_29_days_of_looking_7_for_domains_and_50_delta_passes_fit_into_the_history() -> None:
    now, rounds = SINCE, 0
    while not is_overdue(SINCE, now, 29):
        now += timedelta(seconds=next_wait(SINCE, now))
        rounds += 1
    looking = 9 * rounds
    delta_passes = 50 * (5 + 5 + 2 + 2 + 5)  # map, summary, choice, wait, look
    assert looking < 17_500
    now, looks = SINCE, 0
    while now - SINCE < timedelta(days=7):  # for domains to be verified, at most
        now += timedelta(seconds=next_look(SINCE, now))
        looks += 1
    domains = (5 + 2 + 2) * looks  # task, choice, wait
    assert looking + delta_passes + domains + 1_000 < 25_000
    pauses = 3 * 24 * 4 * (5 + 2 + 2)  # summary, choice, wait, for three days
    assert looking + delta_passes + domains + pauses + 1_000 < 25_000
    assert 9 * 29 * 24 * 4 > 25_000  # every 15 minutes to the end would not fit


def test_time_is_out_on_the_last_day() -> None:
    assert not is_overdue(SINCE, SINCE + timedelta(days=14, seconds=-1), 14)
    assert is_overdue(SINCE, SINCE + timedelta(days=14), 14)


# ---- caches ----------------------------------------------------------------------------------


def stale(seconds: int, passed: timedelta, verdict: str = "stale") -> list[DnsFinding]:
    """What is found so long after the beginning, when a cache forgets in so many seconds."""
    until = f"{SINCE + passed + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}"
    return [
        DnsFinding(MX, DnsVerdict.RIGHT, authoritative=True),
        DnsFinding(MX, DnsVerdict.STALE, stale_until="2026-12-04T18:00:00Z"),
        DnsFinding(MX, DnsVerdict(verdict), stale_until=until if verdict == "stale" else ""),
        DnsFinding(SPF, DnsVerdict.MISSING),
    ]


@pytest.mark.parametrize(
    ("passed", "seconds", "wait"),
    [
        (timedelta(0), 10, 60),  # no sooner than usual
        (timedelta(0), 1000, 1006),  # no use in looking before
        (timedelta(0), 80_000, 3600),  # but caches are emptied
        (timedelta(hours=3), 10, 300),  # sooner than the usual 15 minutes
        (timedelta(hours=3), 400, 406),
        (timedelta(hours=7), 400, 900),
        (timedelta(hours=7), 1200, 1206),
        (timedelta(days=15), 80_000, 3600),
        (timedelta(days=30), 80_000, 14_400),
    ],
)
def test_while_only_caches_are_open_it_looks_when_they_have_forgotten(
    passed: timedelta, seconds: int, wait: int
) -> None:
    assert choose_wait(SINCE, SINCE + passed, stale(seconds, passed)) == wait


def test_while_anything_else_is_open_it_looks_as_usual() -> None:
    now = SINCE + timedelta(hours=3)
    assert choose_wait(SINCE, now, stale(2000, timedelta(hours=3), "wrong")) == 900
    other = DnsFinding(replace(MX, name="beta.example"), DnsVerdict.WRONG)
    assert choose_wait(SINCE, now, [*stale(2000, timedelta(hours=3)), other]) == 900
    assert choose_wait(SINCE, now, []) == 900
