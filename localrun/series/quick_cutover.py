"""The series `quick-cutover`: everything is right at once, and the MX changes within minutes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console

from localrun.runner import Options
from localrun.scenario import Happening
from localrun.series.series import Played, Series, opened
from localrun.series.small_tenant import (
    OLD_TTL,
    SEEDED,
    Step,
    check_end,
    late_mail,
    mx_changes,
    show_steps,
    steps,
    story,
)

LIMIT_MINUTES = 60
_DRAIN_MINUTES, _INTERVAL_MINUTES = 5, 5
_LATE = 2
_ORDER = (
    *("Prepare", "Preflight", "PlanWave", "ProvisionDirectory", "EnableAdministrator", "FullPass"),
    *("CopyMailboxes", "StartCutover", "CheckDns", "DrainOldMx", "DeltaPass", "VerifyTenant"),
    *("DisableAdministrator", "WriteReport", "ReleaseLock", "Migrated"),
)

STORY = story(
    "quick-cutover",
    {
        "cutover": {"approval": "auto", "drain_minutes": _DRAIN_MINUTES},
        "delta": {"interval_minutes": _INTERVAL_MINUTES},
    },
    (
        Happening("StartCutover", 60, f"{_LATE} messages arrive", late_mail(0, _LATE)),
        mx_changes(150),
    ),
)


def play(options: Options, console: Console, _size: int) -> Played:
    """One execution."""
    with opened(STORY, options, console) as run:
        arn = run.start("quick", {})
        described = run.wait(arn)
        problems = list(check_end(run, described, SEEDED + _LATE))
        taken = steps(run, arn)
    show_steps(console, "A quick cut-over", taken)
    minutes = (taken[-1].moment - taken[0].moment) / 60
    problems += _check_steps(taken, minutes)
    return Played(tuple(problems), {"messages": SEEDED + _LATE, "virtual_minutes": round(minutes)})


def _check_steps(taken: Sequence[Step], minutes: float) -> Iterator[str]:
    first = {step.state: step.moment for step in reversed(taken)}
    missing = [state for state in _ORDER if state not in first]
    if missing:
        yield f"these states were never entered: {', '.join(missing)}"
        return
    moments = [first[state] for state in _ORDER]
    if moments != sorted(moments):
        yield "the states came in another order"
    drained = first["DeltaPass"] - first["DrainOldMx"]
    if abs(drained - OLD_TTL - 60 * _DRAIN_MINUTES) > 60:
        yield f"the old MX was drained for {drained:.0f} seconds"
    if minutes > LIMIT_MINUTES:
        yield f"it took {minutes:.0f} minutes"


QUICK_CUTOVER = Series(
    STORY.name,
    "Everything is right at once and the MX changes within minutes: done within the hour.",
    play,
)
