"""When the DNS is looked at again, and until when by itself. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from migration.dns_model import DnsFinding, DnsVerdict
from migration.dns_verdicts import settle_all

# By the time that has passed since the first look: look again after so many seconds.
#
# A round is 9 events (task 5, choice 2, wait 2), and an execution dies at 25,000, uncaught. 29 days
# of looking every 15 minutes are 2,784 rounds or 25,056 events, and the delta passes still have to
# follow. So after 14 days, which is also the default of the time limit, the wait doubles, and after
# three weeks again: 29 days then take about 17,000 events. Beyond them, if the operator lets it
# wait on, the execution has at most 60 days.
_WAITS = (
    (timedelta(minutes=10), 60),
    (timedelta(minutes=30), 2 * 60),
    (timedelta(hours=2), 5 * 60),
    (timedelta(days=14), 15 * 60),
    (timedelta(days=21), 30 * 60),
    (timedelta(days=29), 60 * 60),
)
_LAST_WAIT = 4 * 3600

# While the only thing to wait for is that caches forget, the wait ends when they have. But not
# later than this: public resolvers have many caches, and their owners empty them on demand.
_LONGEST_FOR_CACHES = 3600
# As long as people are likely to sit and watch, it may end sooner than the usual wait does.
_WATCHED = timedelta(hours=6)
_SHORTEST_FOR_CACHES = 5 * 60
_CACHE_MARGIN = 5  # seconds; a resolver counts down in whole ones


def next_wait(since: datetime, now: datetime) -> int:
    """Seconds until the next look: 60 at first, more as time passes (see _WAITS)."""
    passed = now - since
    return next((seconds for limit, seconds in _WAITS if passed < limit), _LAST_WAIT)


def choose_wait(began: datetime, now: datetime, findings: Iterable[DnsFinding]) -> int:
    """Seconds until the next look.

    Where all that is open is what resolvers keep in their caches, it comes when the last of those
    has forgotten: up to an hour from now, and in the first hours also sooner than usual.
    """
    findings = list(findings)
    usual = next_wait(began, now)
    settled = settle_all(findings)
    open_ = {
        record
        for record, verdict in settled.items()
        if record.required and verdict is not DnsVerdict.RIGHT
    }
    if not open_ or {settled[record] for record in open_} != {DnsVerdict.STALE}:
        return usual
    forgotten = max(
        datetime.fromisoformat(each.stale_until)
        for each in findings
        if each.record in open_ and each.verdict is DnsVerdict.STALE
    )
    left = int((forgotten - now).total_seconds()) + 1 + _CACHE_MARGIN
    shortest = min(usual, _SHORTEST_FOR_CACHES) if now - began < _WATCHED else usual
    return min(max(left, shortest), max(_LONGEST_FOR_CACHES, usual))


def is_overdue(since: datetime, now: datetime, days: int) -> bool:
    """Whether `days` have passed since the waiting began: the operator is to be asked."""
    return now - since >= timedelta(days=days)
