"""The series `controlled`: pause, resume and abort, each said by an execution of its own.

With nothing running, each word gets a clear answer. A run is aborted amid its copy, one in a pause;
one is paused amid its copy and goes on; one is aborted while it waits for the DNS. The last run,
which nobody disturbs, completes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from rich.console import Console

from localrun.runner import Options, Run
from localrun.series.interrupting import SlowServer, wait_for
from localrun.series.series import Played, Series, opened, show_rows
from localrun.series.small_tenant import (
    SEEDED,
    check_end,
    check_free,
    has_entered,
    output,
    story,
)

STORY = story(
    "controlled",
    {
        "limits": {"mailboxes": 1},
        "delta": {"interval_minutes": 10},
        "cutover": {"approval": "auto", "drain_minutes": 5},
    },
)
_COPY_ONLY = ["provision", "copy", "report"]


def play(options: Options, console: Console, _size: int) -> Played:
    """All of it on one cloud."""
    with opened(STORY, options, console) as run:
        operator = _Operator(run)
        problems = list(operator.play())
    columns = ("when", "said", "verdict", "answer", "took")
    show_rows(console, "What was said, and what came of it", columns, operator.rows)
    return Played(tuple(problems), {"words": len(operator.rows)})


class _Operator:
    """Who says it. What should not be is yielded as a sentence."""

    def __init__(self, run: Run) -> None:
        self.rows: list[tuple[str, ...]] = []
        self._run = run

    def play(self) -> Iterator[str]:
        yield from self._say_to_nobody()
        yield from self._abort_amid_the_copy()
        yield from self._abort_in_a_pause()
        yield from self._pause_and_resume()
        yield from self._abort_the_wait()
        self._run.world.point_dns_to_workmail()
        arn = self._run.start("undisturbed", {})
        yield from check_end(self._run, self._run.wait(arn), SEEDED)

    def _say_to_nobody(self) -> Iterator[str]:
        for word, verdict in (
            ("pause", "paused"),
            ("resume", "resumed"),
            ("abort", "nothing runs"),
        ):
            said = self._say(word, "nothing runs")
            if said["verdict"] != verdict or "nothing runs" not in said["said"]:
                yield f"with nothing running, {word} was answered by: {said['said']}"

    def _pause_and_resume(self) -> Iterator[str]:
        arn, server = self._begin("paused", _COPY_ONLY)
        said = self._say("pause", "amid the copy")
        server.go_on.set()
        if "paused run paused" not in said["said"] or said["owner"] != arn:
            yield f"the pause was answered by: {said['said']}"
        wait_for(lambda: has_entered(self._run, arn, "WaitWhilePaused"), "the pause")
        stored = self._stored()
        said = self._say("resume", "in the pause")
        if not 0 < stored < SEEDED or said["verdict"] != "resumed":
            yield f"{stored} messages were there in the pause; resume: {said['said']}"
        described = self._run.wait(arn)
        yield from check_end(self._run, described, SEEDED)

    def _abort_amid_the_copy(self) -> Iterator[str]:
        arn, server = self._begin("aborted-in-copy", _COPY_ONLY)
        control = self._run.start("abort-in-copy", {"phases": ["abort"]})
        # the workers are at work, so that it has to look again
        wait_for(lambda: has_entered(self._run, control, "WaitForEnd"), "the abort's second look")
        server.go_on.set()
        yield from self._judge_abort(arn, control, "amid the copy")
        if {*self._children(arn)} != {"SUCCEEDED"}:
            yield "workers were cut off, and did not stop by themselves"
        if not 0 < self._stored() < SEEDED:
            yield f"{self._stored()} messages were there after the abort: it was not amid the copy"

    def _abort_in_a_pause(self) -> Iterator[str]:
        self._say("pause", "nothing runs")
        arn = self._run.start("aborted-in-pause", {"phases": _COPY_ONLY})
        wait_for(lambda: has_entered(self._run, arn, "WaitWhilePaused"), "the pause")
        control = self._run.start("abort-in-pause", {"phases": ["abort"]})
        yield from self._judge_abort(arn, control, "in a pause")
        self._say("resume", "nothing runs")

    def _abort_the_wait(self) -> Iterator[str]:
        arn = self._run.start("aborted-in-wait", {})
        wait_for(lambda: has_entered(self._run, arn, "WaitForDns"), "the wait for the DNS")
        control = self._run.start("abort-in-wait", {"phases": ["abort"]})
        yield from self._judge_abort(arn, control, "waiting for the DNS")

    def _judge_abort(self, arn: str, control: str, when: str) -> Iterator[str]:
        said = self._answer(control, "abort", when)
        described = self._run.wait(arn)
        name = described["name"]
        if described["status"] != "ABORTED" or said["verdict"] != "aborted":
            yield f"{name}: {described['status']}; abort: {said['said']}"
        if f"aborted run {name}" not in said["said"] or said["owner"] != arn:
            yield f"the abort was answered by: {said['said']}"
        yield from check_free(self._run, name)

    def _begin(self, name: str, phases: list[str]) -> tuple[str, SlowServer]:
        """A run in the middle of its copy."""
        server = SlowServer(2)
        self._run.world.ews.faults = server
        arn = self._run.start(name, {"phases": phases})
        wait_for(server.reached.is_set, "the middle of the copy")
        return arn, server

    def _say(self, word: str, when: str) -> Mapping[str, Any]:
        name = f"{word}-{len(self.rows)}"
        return self._answer(self._run.start(name, {"phases": [word]}), word, when)

    def _answer(self, arn: str, word: str, when: str) -> Mapping[str, Any]:
        described = self._run.wait(arn)
        said = output(described)
        took = described["stopDate"] - described["startDate"]
        seconds = timedelta(seconds=round(took.total_seconds()))
        self.rows.append((when, word, said["verdict"], said["said"], str(seconds)))
        return said

    def _children(self, arn: str) -> list[str]:
        """How the mailboxes' executions ended."""
        sfn = self._run.cloud.client("stepfunctions")
        return [
            child["status"]
            for each in sfn.list_map_runs(executionArn=arn)["mapRuns"]
            if "/Mailboxes:" in each["mapRunArn"]
            for child in sfn.list_executions(mapRunArn=each["mapRunArn"])["executions"]
        ]

    def _stored(self) -> int:
        return sum(self._run.world.count_stored().values())


CONTROLLED = Series(
    STORY.name,
    "Pause, resume and abort, said by executions of their own, amid the copy and in every wait.",
    play,
)
