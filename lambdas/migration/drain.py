"""How long mail may still come to the old server after the MX has changed."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from migration.model import Note
from migration.ports import Ledger
from migration.zone_model import PublishedSet, RecordSet


def note_drain(ledger: Ledger, run: str, old_ttl: int, minutes: int, now: str) -> None:
    """Tells in the timeline until when senders may deliver to the old server: for as long as the
    old MX record may be in their caches (`old_ttl` seconds, 0 if it was never seen), and so many
    minutes more. The state DrainOldMx waits for the same time."""
    end = datetime.fromisoformat(now) + timedelta(seconds=old_ttl, minutes=minutes)
    cached = f"its MX record may be in caches for {old_ttl} seconds, and " if old_ttl else ""
    what = (
        f"mail may still come to the old server until {end:%Y-%m-%d %H:%M} UTC: "
        f"{cached}{minutes} minutes are added"
    )
    ledger.add_note(run, Note(now, "DrainOldMx", what))


def published_ttl(
    published: Iterable[PublishedSet], domains: Collection[str], lowered_at: str, now: str
) -> int:
    """Seconds that the old MX of the domains may still be in caches at `now`, when this migration
    has just changed it: CheckDns may never have seen it then. 0 if it has changed none.

    `lowered_at` is when the run lowered TTLs ("" if it did not): who asked before that keeps the
    record for the TTL that it had then, who asked later for the lower one.
    """
    names = {name.rstrip(".").lower() for name in domains}
    return max(
        (
            _ttl_left(record.before.ttl, record, lowered_at, now)
            for record in published
            if record.before and record.type == "MX" and record.name in names
        ),
        default=0,
    )


def _ttl_left(ttl: int, record: PublishedSet, lowered_at: str, now: str) -> int:
    lowered = [each.ttl for each in record.written if record.before and _same(each, record.before)]
    if not lowered or not lowered_at:
        return ttl
    passed = datetime.fromisoformat(now) - datetime.fromisoformat(lowered_at)
    return max(lowered[-1], ttl - int(passed.total_seconds()))


def _same(one: RecordSet, other: RecordSet) -> bool:
    return sorted(one.values) == sorted(other.values)
