"""The series `late-mail`: mail goes on arriving at the old server after the MX has changed.

Some comes while the old MX is drained, some between two delta passes, some after the end of the
run: that is brought by the passes that begin by themselves a day and a week later. Before the first
of them somebody puts the manifest of another wave in the place of this one. At last somebody starts
delta passes by hand, and takes back the late passes that would follow.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Console

from localrun.display import format_moment
from localrun.runner import Options, Run
from localrun.scenario import Happening
from localrun.series.interrupting import pass_time
from localrun.series.series import Played, Series, opened, show_rows
from localrun.series.small_tenant import (
    MANIFEST,
    SEEDED,
    Step,
    check_end,
    executions,
    late_mail,
    mx_changes,
    output,
    show_steps,
    steps,
    story,
)

HOUR, DAY = 3600, 86_400
_OTHER_WAVE = b"source,target,display_name\nnobody@acme.example,nobody@acme.example,Nobody\n"
_IN_DRAIN, _BETWEEN, _AFTER, _AFTER_A_DAY, _BY_HAND = 4, 3, 2, 1, 1

STORY = story(
    "late-mail",
    {"delta": {"interval_minutes": 120, "late_days": [1, 7]}},
    (
        mx_changes(1800),
        Happening("DrainOldMx", 1200, "4 messages arrive by old MX", late_mail(0, _IN_DRAIN)),
        Happening("WaitForLateMail", 1200, "3 messages arrive by old MX", late_mail(4, _BETWEEN)),
    ),
)


def play(options: Options, console: Console, _size: int) -> Played:
    """The run and its two late passes."""
    with opened(STORY, options, console) as run:
        tenant = _Story(run)
        problems = list(tenant.play())
    show_steps(console, "The run", tenant.steps)
    columns = ("execution", "began", "messages that it brought")
    rows = (
        (name, format_moment(began), ", ".join(map(str, brought)))
        for name, began, brought in tenant.rows
    )
    show_rows(console, "What came when, and how it was brought", columns, rows)
    return Played(tuple(problems), {"executions": len(tenant.rows), "messages": tenant.messages})


class _Story:
    """What happens, in its order; what should not be is yielded as a sentence."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self.messages = SEEDED + _IN_DRAIN + _BETWEEN
        self.steps: list[Step] = []
        self.rows: list[tuple[str, float, Sequence[int]]] = []

    def play(self) -> Iterator[str]:
        run = self._run
        arn = run.start("friday", {})
        yield from self._end(arn, (SEEDED, _IN_DRAIN, _BETWEEN, 0, 0), waiting=2)
        self.steps = steps(run, arn)
        self._put_manifest(_OTHER_WAVE)
        pass_time(run, 3 * HOUR)
        yield from self._arrive(20, _AFTER, "2 messages arrive after the end")
        yield from self._late_pass(DAY, (_AFTER,), waiting=1)
        pass_time(run, 2 * DAY)
        yield from self._arrive(30, _AFTER_A_DAY, "1 message arrives days after the end")
        yield from self._late_pass(6 * DAY, (_AFTER_A_DAY,), waiting=0)
        if len(executions(run)) != len(self.rows):
            yield "a late pass has begun other passes"
        yield from self._by_hand()

    def _by_hand(self) -> Iterator[str]:
        """Delta passes for the manifest's mailboxes; then the operator wants no late ones."""
        run = self._run
        self._put_manifest(MANIFEST)
        yield from self._arrive(40, _BY_HAND, "1 message arrives for those who look by hand")
        arn = run.start("by-hand", {"phases": ["delta", "report"]})
        yield from self._end(arn, (_BY_HAND, 0, 0), waiting=2)
        said = output(run.wait(run.start("abort", {"phases": ["abort"]})))
        if "2 late passes will not begin" not in said["said"]:
            yield f"abort: {said['said']}"
        number = len(executions(run))
        pass_time(run, 30 * DAY)
        if len(executions(run)) != number:
            yield "a late pass has begun that was taken back"

    def _put_manifest(self, body: bytes) -> None:
        self._run.cloud.client("s3").put_object(
            Bucket=self._run.cloud.output("BucketName"), Key="intake/manifest.csv", Body=body
        )

    def _arrive(self, first: int, count: int, what: str) -> Iterator[str]:
        late_mail(first, count)(self._run.world)
        self._run.display.happen(what, self._run.world.clock.now())
        self.messages += count
        stored = sum(self._run.world.count_stored().values())
        if stored != self.messages - count:
            yield f"{what}, and {stored} are at the target already"

    def _late_pass(self, seconds: float, brought: Sequence[int], waiting: int) -> Iterator[str]:
        """Time passes; the pass must have begun by itself by then."""
        known = executions(self._run)
        pass_time(self._run, seconds)
        new = [arn for arn in executions(self._run) if arn not in known]
        if len(new) != 1:
            yield f"{len(new)} executions have begun by themselves, there should be one"
            return
        yield from self._end(new[0], brought, waiting)

    def _end(self, arn: str, brought: Sequence[int], waiting: int) -> Iterator[str]:
        run = self._run
        described = run.wait(arn)
        yield from check_end(run, described, self.messages)
        name = described["name"]
        found = list(_copied(run, arn))
        if found != list(brought):
            yield f"{name}: its passes brought {found}, there should be {list(brought)}"
        self.rows.append((name, steps(run, arn)[0].moment, found))
        group = run.cloud.template.schedule_groups()[0]
        listed = run.cloud.client("scheduler").list_schedules(GroupName=group)["Schedules"]
        if len(listed) != waiting:
            yield f"{name}: {len(listed)} late passes wait, there should be {waiting}"


def _copied(run: Run, arn: str) -> Iterator[int]:
    """What each pass of the execution has copied."""
    for event in run.cloud.engine.executions[arn].history.events():
        exited: dict[str, Any] = event.get("stateExitedEventDetails", {})
        if exited.get("name") == "SummarisePass":
            yield json.loads(exited["output"])["copied"]


LATE_MAIL = Series(
    STORY.name,
    "Mail reaches the old server in the drain, between passes and after the end: all is brought.",
    play,
)
