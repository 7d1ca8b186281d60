"""The series `deployed-amid-run`: another deployment, while a run is amid its copy.

The functions and the workflow that are deployed then are broken on purpose. The run that is under
way keeps the versions with which it began, and completes; one that starts afterwards meets what was
deployed. A third deployment puts it right.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from localrun.cloud import ACCOUNT
from localrun.engine.template import Template
from localrun.runner import STACK, Options, Run
from localrun.series.interrupting import SlowServer, wait_for
from localrun.series.series import Played, Series, opened, show_rows
from localrun.series.small_tenant import SEEDED, check_end, mx_changes, story
from localrun.world import REGION

STORY = story(
    "deployed-amid-run",
    {"limits": {"mailboxes": 1}, "delta": {"interval_minutes": 10}},
    [mx_changes(300)],
)
_BROKEN = "def handler(event, context):\n    raise RuntimeError('of the second deployment')\n"


def play(options: Options, console: Console, _size: int) -> Played:
    """Three deployments on one cloud."""
    with opened(STORY, options, console) as run:
        deployments = _Deployments(run)
        problems = list(deployments.play())
    columns = ("execution", "version", "ended as", "error")
    show_rows(console, "Who ran which version", columns, deployments.rows)
    return Played(tuple(problems), {"executions": len(deployments.rows)})


class _Deployments:
    """What happens, in its order; what should not be is yielded as a sentence."""

    def __init__(self, run: Run) -> None:
        self.rows: list[tuple[str, ...]] = []
        self._run = run

    def play(self) -> Iterator[str]:
        run = self._run
        server = SlowServer(2)
        run.world.ews.faults = server
        first = run.start("began-before", {})
        wait_for(server.reached.is_set, "the middle of the copy")
        self._deploy(2, broken=True)
        server.go_on.set()
        described = self._end(first, 1)
        yield from check_end(run, described, SEEDED)
        yield from self._check_version(described, 1)
        after = self._end(run.start("began-after", {}), 2)
        if after["status"] != "FAILED":
            yield f"what was deployed amid the run is not what runs after it: {after['status']}"
        yield from self._check_version(after, 2)
        self._deploy(3, broken=False)
        mended = self._end(run.start("mended", {"phases": ["provision", "copy", "report"]}), 3)
        yield from check_end(run, mended, SEEDED)

    def _deploy(self, number: int, *, broken: bool) -> None:
        """The same template with other code: the assets of the assembly are the functions'."""
        assembly = self._run.out / f"cdk.out.{number}"
        shutil.copytree(self._run.out / "cdk.out", assembly)
        if broken:
            _break(assembly)
        urls = self._run.cloud.urls.url
        stack = f"{STACK}{STORY.name}-local"
        self._run.cloud.deploy_again(
            Template.load(assembly, stack, REGION, ACCOUNT, urls, deployment=number)
        )

    def _end(self, arn: str, number: int) -> Mapping[str, Any]:
        described = self._run.wait(arn)
        error = str(described.get("error", ""))
        self.rows.append((described["name"], str(number), described["status"], error))
        return described

    def _check_version(self, described: Mapping[str, Any], number: int) -> Iterator[str]:
        wanted = f"{self._run.cloud.state_machine_arn}:{number}"
        if described["stateMachineVersionArn"] != wanted:
            yield f"{described['name']}: it ran {described['stateMachineVersionArn']}"
        called = set(_called(self._run, described["executionArn"]))
        if called != {str(number)}:
            yield f"{described['name']}: it called the versions {sorted(called)} of its functions"


def _break(assembly: Path) -> None:
    """Every handler of the assembly fails."""
    for preflight in assembly.glob("asset.*/preflight.py"):
        for handler in preflight.parent.glob("[!_]*.py"):
            handler.write_text(_BROKEN, "utf-8")


def _called(run: Run, arn: str) -> Iterator[str]:
    """The versions of the functions that the execution, not its children, has called."""
    for event in run.cloud.engine.executions[arn].history.events():
        parameters = event.get("taskScheduledEventDetails", {}).get("parameters", "{}")
        if name := json.loads(parameters).get("FunctionName"):
            yield name.rpartition(":")[2]


DEPLOYED = Series(
    STORY.name,
    "Broken code is deployed amid a run: the run completes by the versions with which it began.",
    play,
)
