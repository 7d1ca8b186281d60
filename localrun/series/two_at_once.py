"""The series `two-executions-at-once`: one of them works, the others change nothing.

They start in the same instant; while one is amid its copy; and in the same instant where the lock
of an execution that has died waits to be taken over.
"""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from rich.console import Console

from localrun.runner import Options, Run
from localrun.series.administrator import look
from localrun.series.interrupting import SlowServer, wait_for
from localrun.series.series import Played, Series, opened, show_rows
from localrun.series.small_tenant import SEEDED, check_end, mx_changes, output, story

_AT_ONCE = 4
_NOW = "2026-12-04T18:00:00Z"

STORY = story(
    "two-at-once",
    {"limits": {"mailboxes": 1}, "delta": {"interval_minutes": 10}},
    [mx_changes(300)],
)


def play(options: Options, console: Console, _size: int) -> Played:
    """All three, on one cloud."""
    with opened(STORY, options, console) as run:
        together = _Together(run)
        problems = list(together.play())
    columns = ("when", "execution", "ended as", "verdict", "states")
    show_rows(console, "Who worked", columns, together.rows)
    return Played(tuple(problems), {"executions": len(together.rows)})


class _Together:
    """What should not be is yielded as a sentence."""

    def __init__(self, run: Run) -> None:
        self.rows: list[tuple[str, ...]] = []
        self._run = run

    def play(self) -> Iterator[str]:
        run = self._run
        server = SlowServer(2)
        run.world.ews.faults = server
        names = [f"together-{number}" for number in range(_AT_ONCE)]
        arns = self._start_at_once(names)
        wait_for(server.reached.is_set, "the middle of the copy")
        before = self._quiet_ledger(), look(run.world)
        late = run.start("in-between", {})
        run.wait(late)
        if (self._ledger(), look(run.world)) != before:
            yield "an execution that began amid the copy of another has changed something"
        server.go_on.set()
        yield from self._judge("in the same instant", arns)
        yield from self._judge("amid the copy", [late], workers=0)
        machine = run.cloud.state_machine_arn
        run.ledger.acquire_lock(f"{machine.replace(':stateMachine:', ':execution:')}:died", _NOW)
        arns = self._start_at_once([f"takes-over-{number}" for number in range(_AT_ONCE)])
        yield from self._judge("when a lock is taken over", arns)

    def _start_at_once(self, names: Sequence[str]) -> list[str]:
        """All of them when the last thread is ready."""
        barrier = threading.Barrier(len(names))

        def start(name: str) -> str:
            barrier.wait()
            return self._run.start(name, {})

        with ThreadPoolExecutor(len(names)) as pool:
            return list(pool.map(start, names))

    def _judge(self, when: str, arns: Sequence[str], workers: int = 1) -> Iterator[str]:
        described = [self._run.wait(arn) for arn in arns]
        worked = [each for each in described if self._note(when, each) != "AlreadyRunning"]
        if len(worked) != workers:
            yield f"{when}: {len(worked)} executions worked, there should be {workers}"
        for each in worked:
            yield from check_end(self._run, each, SEEDED)

    def _note(self, when: str, described: Mapping[str, Any]) -> str:
        execution = self._run.cloud.engine.executions[described["executionArn"]]
        entered = Counter(
            event["stateEnteredEventDetails"]["name"]
            for event in execution.history.events()
            if "stateEnteredEventDetails" in event
        )
        verdict = str(output(described).get("verdict", ""))
        number = f"{entered.total()} states"
        self.rows.append((when, described["name"], described["status"], verdict, number))
        return verdict

    def _ledger(self) -> str:
        items = self._run.cloud.table(self._run.cloud.output("LedgerTable")).scan()["Items"]
        ordered = sorted(items, key=lambda item: (item["pk"], item["sk"]))
        return json.dumps(ordered, default=str, sort_keys=True)

    def _quiet_ledger(self) -> str:
        """The ledger when the worker has nothing more to do but to wait for the slow server."""
        seen = ""
        while seen != (now := self._ledger()):
            seen = now
            time.sleep(0.5)
        return seen


TWO_AT_ONCE = Series(
    "two-executions-at-once",
    "Several executions start in the same instant, or amid another: one works, the others do not.",
    play,
)
