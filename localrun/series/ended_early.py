"""The series `aborted-from-console` and `died-and-restarted`: executions that end too early.

The first is stopped by hand amid the copy: its rights end, the tenant is free, and the next run
goes on. The second is a worse accident: functions die, the execution ends, and EventBridge loses
the event, so that nobody cleans up; once amid the copy, and once more amid a delta pass. The dead
keep their lock, and each next run takes it over after asking Step Functions whether its owner runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console

from localrun.runner import Options, Run
from localrun.scenario import Happening
from localrun.series.administrator import look
from localrun.series.interrupting import (
    SlowServer,
    kill_workers,
    no_events,
    wait_for,
)
from localrun.series.series import Played, Series, opened, show_rows
from localrun.series.small_tenant import (
    SEEDED,
    check_end,
    check_free,
    has_entered,
    late_mail,
    mx_changes,
    show_steps,
    steps,
    story,
)
from localrun.world import World

_LATE = 6
_PASSING = 3
"""Requests with messages that are stored before one is held back: the first is the probe's."""
_NEVER = 1_000_000
_TENANT = {
    "limits": {"mailboxes": 1},
    "delta": {"interval_minutes": 30},
    "cutover": {"approval": "auto", "drain_minutes": 5},
}


@dataclass(frozen=True, slots=True)
class Line:
    """One execution: how it ended, and what was stored, whose lock and which rights there were."""

    name: str
    ended: str
    stored: int
    lock: str
    rights: str


class _Accidents:
    """Executions that come to harm; what should not be is yielded as a sentence."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.lines: list[Line] = []
        self._sfn = run.cloud.client("stepfunctions")

    def begin(self, name: str, server: SlowServer) -> str:
        """Starts an execution whose CreateItems go to this server; its ARN."""
        self.run.world.ews.faults = server
        return self.run.start(name, {})

    def stop(self, arn: str, server: SlowServer) -> Iterator[str]:
        """As the button in the console does; a function that is at work goes on unheard."""
        wait_for(server.reached.is_set, "the middle of the copy")
        self._sfn.stop_execution(executionArn=arn)
        server.go_on.set()
        yield from self.note(arn, "ABORTED")

    def die(self, arn: str, server: SlowServer) -> Iterator[str]:
        """The functions are killed amid a request, and nobody hears of the execution's end."""
        wait_for(server.reached.is_set, "the middle of a pass")
        with no_events(self.run):
            self._sfn.stop_execution(executionArn=arn)
            killed = kill_workers("copy_slice")
            server.go_on.set()
            yield from self.note(arn, "ABORTED")
        if not killed:
            yield "no function was killed"
        if self.run.ledger.lock_owner() != arn:
            yield "the dead execution has lost the tenant's lock"
        if not look(self.run.world).weight:
            yield "the dead execution has left no rights behind"

    def note(self, arn: str, expected: str) -> Iterator[str]:
        """Waits for the end."""
        described = self.run.wait(arn)
        lock = self.run.ledger.lock_owner().rpartition(":")[2] or "free"
        stored = sum(self.run.world.count_stored().values())
        rights = str(look(self.run.world))
        self.lines.append(Line(described["name"], described["status"], stored, lock, rights))
        if described["status"] != expected:
            yield f"{described['name']} ended as {described['status']}, not {expected}"

    def complete(self, name: str, messages: int) -> Iterator[str]:
        """The last run, which nobody disturbs."""
        arn = self.run.start(name, {})
        yield from self.note(arn, "SUCCEEDED")
        yield from check_end(self.run, self.run.wait(arn), messages)

    def show(self, console: Console) -> None:
        show_steps(console, "The last run", steps(self.run, self._last))
        columns = ("execution", "ended as", "messages at the target", "lock", "rights")
        rows = (
            (line.name, line.ended, str(line.stored), line.lock, line.rights) for line in self.lines
        )
        show_rows(console, "One execution after the other", columns, rows)

    @property
    def _last(self) -> str:
        machine = self.run.cloud.state_machine_arn.replace(":stateMachine:", ":execution:")
        return f"{machine}:{self.lines[-1].name}"


def _result(accidents: _Accidents, problems: Sequence[str], console: Console) -> Played:
    accidents.show(console)
    ended = {line.name: line.ended for line in accidents.lines}
    return Played(tuple(problems), {"ended": ended})


# ---- aborted from the console ------------------------------------------------------------------


def play_aborted(options: Options, console: Console, _size: int) -> Played:
    """Stopped amid the copy; then a run that completes."""
    server = SlowServer(_PASSING)
    with opened(story("aborted", _TENANT, [mx_changes(600)]), options, console) as run:
        accidents = _Accidents(run)
        arn = accidents.begin("stopped", server)
        problems = list(accidents.stop(arn, server))
        problems += check_free(run, "stopped")
        problems += _check_amid_copy(accidents)
        problems += accidents.complete("next", SEEDED)
        return _result(accidents, problems, console)


def _check_amid_copy(accidents: _Accidents) -> Iterator[str]:
    stored = accidents.lines[-1].stored
    if not 0 < stored < SEEDED:
        yield f"{stored} messages were copied when it ended: that is not amid the copy"


# ---- died and restarted ------------------------------------------------------------------------


def play_died(options: Options, console: Console, _size: int) -> Played:
    """Dies amid the copy, dies again amid a delta pass; then a run that completes."""
    in_copy, in_delta = SlowServer(_PASSING), SlowServer(0)

    def arrive(world: World) -> None:
        late_mail(0, _LATE)(world)
        world.ews.faults = in_delta

    happenings = [
        mx_changes(600),
        Happening("DrainOldMx", 60, f"{_LATE} messages arrive by old MX", arrive),
    ]
    with opened(story("died-and-restarted", _TENANT, happenings), options, console) as run:
        accidents = _Accidents(run)
        problems = list(accidents.die(accidents.begin("died-in-copy", in_copy), in_copy))
        problems += _check_amid_copy(accidents)
        arn = accidents.begin("died-in-delta", SlowServer(_NEVER))
        problems += accidents.die(arn, in_delta)
        if not has_entered(run, arn, "DeltaPass"):
            problems.append("it did not die in a delta pass")
        problems += accidents.complete("last", SEEDED + _LATE)
        return _result(accidents, problems, console)


ABORTED = Series(
    "aborted-from-console",
    "Stopped by hand amid the copy: the rights end, the tenant is free, the next run completes.",
    play_aborted,
)
DIED = Series(
    "died-and-restarted",
    "Killed amid the copy and amid a delta pass, and nobody cleans up: the next run takes over.",
    play_died,
)
