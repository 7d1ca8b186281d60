"""The series `scheduled`: the tenant file says when the first copy begins, before the cut-over.

At its time a schedule starts the workflow for the phases provision and copy. Another, a weekly one,
is due while the operator's own run waits for the DNS: it starts nothing, and the operators are
told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console

from localrun.display import format_moment
from localrun.runner import Options, Run
from localrun.series.interrupting import pass_time
from localrun.series.series import Played, Series, opened, show_rows
from localrun.series.small_tenant import (
    SEEDED,
    check_end,
    executions,
    late_mail,
    output,
    steps,
    story,
)

_HOUR, _DAY = 3600, 86_400
_LATE = 3

# The clock of a local run starts on 2026-12-04 at 18:00 UTC, a Friday.
STORY = story(
    "scheduled",
    {
        "delta": {"interval_minutes": 10},
        "schedules": [
            {"name": "first-copy", "at": "2026-12-05T20:00", "timezone": "Europe/Berlin"},
            {"name": "mondays", "at": "cron(0 6 ? * MON *)", "phases": ["copy"]},
        ],
    },
)


def play(options: Options, console: Console, _size: int) -> Played:
    """The first copy, and the cut-over on Sunday."""
    with opened(STORY, options, console) as run:
        tenant = _Story(run)
        problems = list(tenant.play())
    columns = ("execution", "began", "input", "ended as", "verdict")
    show_rows(console, "What began by itself", columns, tenant.rows)
    return Played(tuple(problems), {"executions": len(tenant.rows), "told": tenant.told})


class _Story:
    """What happens, in its order; what should not be is yielded as a sentence."""

    def __init__(self, run: Run) -> None:
        self.rows: list[tuple[str, ...]] = []
        self.told = 0
        self._run = run

    def play(self) -> Iterator[str]:
        run = self._run
        pass_time(run, _DAY)
        if executions(run):
            yield "something has begun before its time"
        pass_time(run, 2 * _HOUR)
        began = executions(run)
        if len(began) != 1:
            yield f"{len(began)} executions have begun by themselves, there should be one"
            return
        yield from self._check_first_copy(began[0])
        pass_time(run, 20 * _HOUR)
        clock, world = run.world.clock, run.world
        clock.at(_DAY, world.point_dns_to_workmail)
        clock.at(_DAY + _HOUR / 2, lambda: late_mail(0, _LATE)(world))
        arn = run.start("sunday", {})
        yield from check_end(run, self._end(arn), SEEDED + _LATE)
        others = [each for each in executions(run) if each not in (*began, arn)]
        yield from self._check_monday(others)

    def _check_first_copy(self, arn: str) -> Iterator[str]:
        described = self._end(arn)
        yield from check_end(self._run, described, SEEDED)
        entered = {step.state for step in steps(self._run, arn)}
        if "CopyMailboxes" not in entered or {"StartCutover", "CheckDns"} & entered:
            yield f"the first copy went by {sorted(entered)}"
        moment = format_moment(steps(self._run, arn)[0].moment)
        if "19:00" not in moment:  # 20:00 in Berlin
            yield f"the first copy began at {moment}"

    def _check_monday(self, arns: list[str]) -> Iterator[str]:
        if len(arns) != 1:
            yield f"{len(arns)} executions have begun on Monday, there should be one"
            return
        said = output(self._end(arns[0]))
        if said.get("verdict") != "AlreadyRunning":
            yield f"the schedule that met the run was answered by: {said}"
        notices = [each for each in self._run.world.told() if each["kind"] == "not started"]
        self.told = len(notices)
        if len(notices) != 1 or "mondays" not in notices[0]["text"]:
            yield f"of the schedule that met the run was told: {notices}"

    def _end(self, arn: str) -> Mapping[str, Any]:
        described = self._run.wait(arn)
        began = format_moment(steps(self._run, arn)[0].moment)
        verdict = str(output(described).get("verdict", ""))
        self.rows.append(
            (described["name"], began, described["input"], described["status"], verdict)
        )
        return described


SCHEDULED = Series(
    STORY.name,
    "The first copy begins by the tenant file's schedule; one that meets a run is told.",
    play,
)
