"""Passes that begin by themselves days after a run, for mail that still came to the old server.

Such a pass is an execution of its own, for the mailboxes of that run and no others, whatever the
manifest says by then. It makes one pass and schedules none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from migration.model import Note
from migration.ports import Ledger, Schedules


def schedule_late_passes(
    schedules: Schedules, ledger: Ledger, days: Sequence[int], run: str, now: str
) -> int:
    """Schedules a pass so many days after `now` for each of `days`; how many. May be called again
    with the same `now`. What Schedules raises passes."""
    moments = {day: _after(now, day) for day in sorted({*days})}
    for day, moment in moments.items():
        state_input = {"phases": ["delta", "report"], "run": run}
        schedules.add(name_of(run, day), moment, state_input)
    if moments:
        listed = ", ".join(
            moment.replace("T", " ").removesuffix(":00Z") for moment in moments.values()
        )
        what = f"the old mailboxes are looked at once more at {listed} UTC"
        ledger.add_note(run, Note(now, "ScheduleLatePasses", what))
    return len(moments)


def remove_late_passes(schedules: Schedules) -> int:
    """None of the tenant's passes that have not begun will begin; how many those were."""
    names = schedules.names()
    for name in names:
        schedules.remove(name)
    return len(names)


@dataclass(frozen=True, slots=True)
class LatePasses:
    """A Holding (erasure_port.py): the passes of the tenant that have not begun."""

    schedules: Schedules

    def count(self) -> Mapping[str, int]:
        return {"schedules_late": len(self.schedules.names())}

    def erase(self) -> Iterator[int]:
        yield remove_late_passes(self.schedules)


def name_of(run: str, day: int) -> str:
    """The name of the pass so many days after the run; the run's own may be too long, or have
    characters that a schedule's may not."""
    return f"late-{hashlib.sha256(run.encode()).hexdigest()[:16]}-{day}"


def _after(now: str, days: int) -> str:
    moment = datetime.fromisoformat(now) + timedelta(days=days)
    return f"{moment:%Y-%m-%dT%H:%M:00Z}"
