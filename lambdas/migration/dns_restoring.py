"""What a record set was before this migration, and how it becomes that again. Pure.

The first state that was seen is kept over all runs. What this migration writes over it is noted
before it is written, so that after a kill it is known whose a value is: what stands there is the
first state, or one of those that were written, or somebody else's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from migration import dns
from migration.dns_values import is_any, is_same
from migration.spf import is_spf
from migration.zone_model import Change, PublishedSet, RecordSet

RESTORED, LEFT = "restored", "left"
CHANGED_SINCE = "somebody has changed it since this migration published it"
_DMARC = re.compile(r"v\s*=\s*DMARC1\s*(;|$)", re.IGNORECASE)


def intend(
    known: PublishedSet | None, zone: str, now: RecordSet | None, then: RecordSet, run: str
) -> PublishedSet:
    """The record of a set that stands there as `now` and is about to be replaced by `then`.

    What was taken back before is begun anew: what stands there now is its first state. If somebody
    has changed it since this migration wrote it, his values belong to the state that a rollback
    brings back."""
    fresh = PublishedSet(zone, then.name, then.type, now, (then,), run)
    if known is None or known.outcome:
        return fresh
    if is_same(now, known.before) or is_any(now, known.written):
        written = tuple(each for each in known.written if not is_same(each, then))
        return replace(known, written=(*written, then), run=run, change="", in_sync=False)
    return replace(fresh, before=_rebase(known.before, known.written[-1], now))


def _rebase(before: RecordSet | None, ours: RecordSet, now: RecordSet | None) -> RecordSet | None:
    """The first state with what somebody has done to ours. Values of TXT stand side by side: those
    that he added are added, those that he removed removed, and a policy of his replaces the old
    one. Of anything else his state is the new first one."""
    if now is None or now.type != "TXT":
        return now
    old = before.values if before else ()
    added = _without(now.values, ours.values)
    removed = _without(ours.values, now.values)
    kept = _without(_without(old, removed), added)
    for is_policy in (is_spf, lambda text: bool(_DMARC.match(text))):
        if _any(added, is_policy):
            kept = [value for value in kept if not _any([value], is_policy)]
    values = (*kept, *added)
    return replace(now, values=values) if values else None


def _without(values: Iterable[str], others: Iterable[str]) -> list[str]:
    known = {dns.normalise("TXT", other) for other in others}
    return [value for value in values if dns.normalise("TXT", value) not in known]


def _any(values: Iterable[str], is_policy: Callable[[str], bool]) -> bool:
    return any(is_policy(dns.normalise("TXT", value)) for value in values)


@dataclass(frozen=True, slots=True)
class Restoring:
    """What a rollback does about one set: `change` makes it what it was, None if it is that
    already, or if it is left because of `reason`."""

    record: PublishedSet
    change: Change | None
    reason: str = ""


def plan_restoring(
    published: Iterable[PublishedSet], standing: Sequence[RecordSet]
) -> list[Restoring]:
    """One for each set that was not taken back before. `standing` are all sets of those names; what
    was left by an earlier rollback is judged anew."""
    here = {(each.name, each.type): each for each in standing}
    return [
        _restore(record, here.get((record.name, record.type)))
        for record in published
        if record.outcome != RESTORED
    ]


def _restore(record: PublishedSet, now: RecordSet | None) -> Restoring:
    if is_same(now, record.before):
        return Restoring(record, None)
    if now is None or not is_any(now, record.written):
        return Restoring(record, None, CHANGED_SINCE)
    if record.before is None:
        return Restoring(record, Change("DELETE", now))
    return Restoring(record, Change("UPSERT", record.before))
