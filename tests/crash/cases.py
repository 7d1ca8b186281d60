"""Passes to break, of mail and of collections, and where what happens to both happens in each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

from localrun.fakes.repeating_source import RepeatingSource
from migration.copy.slices import SliceOutcome
from migration.model import CopyPolicy, DeltaPolicy
from tests.crash import groupware_world, worker
from tests.crash.groupware_world import GroupwareWorld
from tests.crash.worker import PACE, Slices, World

LAG = PACE.settle - 1
"""Seconds for which a crashed worker's last writes are not shown."""


@dataclass(frozen=True)
class Moments:
    """Steps of one kind of copy, by what may happen there.

    `write`: the answer of the target may be lost. `record`: that of the database, before and after.
    `source` and `target`: that side may be busy; of the source, before. `first_crashes`: steps at
    which a worker may die, and how often they have come before; the next one dies at every
    `stride`-th step. `crash`: one of those, after which the target may be busy.
    """

    write: tuple[str, ...]
    record: tuple[str, ...]
    source: tuple[str, ...]
    target: tuple[str, ...]
    first_crashes: tuple[tuple[str, int], ...]
    stride: int
    crash: tuple[str, int]
    source_lag: float
    """Seconds for which the target hides what was stored, while the source is busy."""
    target_lags: tuple[float, ...]
    """The same, while the target is."""


MAIL = Moments(
    write=("before append", "after append"),
    record=("next_fence", "claim_folder", "advance", "add_remarks", "put", "adopt_folder"),
    source=("folders", "page", "fetch", "piece", "read_flags", "uids"),
    target=tuple(
        f"before {name}" for name in ("mark", "since", "ensure_folders", "set_flags", "remove")
    ),
    first_crashes=(
        ("after advance", 1),
        ("after append", 2),
        ("before put", 3),
        ("before piece", 1),
    ),
    stride=3,
    crash=("after append", 1),
    source_lag=60,
    target_lags=(LAG,),
)
GROUPWARE = Moments(
    write=("before write", "within write", "after write"),
    record=("next_fence", "claim_folder", "advance", "put"),
    source=("collections", "entries", "fetch"),
    target=tuple(
        f"{moment} {name}"
        for moment in ("before", "after")
        for name in ("ensure_collections", "marks", "remove", "find")
    ),
    first_crashes=(
        ("after advance", 1),
        ("within write", 1),
        ("before put", 1),
        ("after write", 2),
    ),
    stride=2,
    crash=("within write", 1),
    source_lag=0,
    target_lags=(0.0, 2.0),
)


class Case(Protocol):
    """A pass to break. The second pass brings changes of what the first has copied."""

    @property
    def last_pass(self) -> int: ...

    @property
    def moments(self) -> Moments: ...

    def world(self) -> Slices[Any, Any]:
        """Just before the pass."""

    def fenced(self, steps: Sequence[str]) -> list[int]:
        """Steps at which a worker may be overtaken by one that does not wait: all but those after
        it has looked whether what it writes to is still its own, until the target has answered."""

    def __hash__(self) -> int: ...


@dataclass(frozen=True)
class MailCase:
    """A pass over mail; the target keeps migration keys, or is asked by content. A source that
    `repeats` has forgotten its cursors when the second pass begins."""

    last_pass: int
    keeps_key: bool
    delta: DeltaPolicy = DeltaPolicy.ADD
    repeats: bool = False
    moments = MAIL

    def __str__(self) -> str:
        asked = "keys" if self.keeps_key else "content"
        return f"pass {self.last_pass} {asked} {self.delta}{' repeats' if self.repeats else ''}"

    def world(self) -> World:
        policy = CopyPolicy(delta=self.delta)
        world = World(keeps_key=self.keeps_key, repeats=self.repeats, policy=policy)
        worker.fill(world.source)
        if self.last_pass == 2:
            world.finish(1)
            worker.change(world)
            if isinstance(world.source, RepeatingSource):
                world.source.forget_cursors()
            world.wait(3600)
        return world

    def fenced(self, steps: Sequence[str]) -> list[int]:
        """All but those in the middle of a batch."""
        found, appending = [], False
        for number, name in enumerate(steps):
            if name in ("before fetch", "before append", "before piece"):
                appending = True
            if name in ("before put", "before advance", "before folders", "before page"):
                appending = False
            if not appending:
                found.append(number)
        return found


@dataclass(frozen=True)
class GroupwareCase:
    """A pass over collections; their source has tokens of what it holds, or none."""

    last_pass: int
    delta: DeltaPolicy
    has_tokens: bool = True
    moments = GROUPWARE

    def __str__(self) -> str:
        return f"pass {self.last_pass} {self.delta}{'' if self.has_tokens else ' no tokens'}"

    def world(self) -> GroupwareWorld:
        world = GroupwareWorld(CopyPolicy(delta=self.delta), has_tokens=self.has_tokens)
        keys = groupware_world.fill(world)
        if self.last_pass == 2:
            world.finish(1)
            groupware_world.change(world, keys)
        return world

    def fenced(self, steps: Sequence[str]) -> list[int]:
        sending = ("before write", "within write", "before remove", "within remove")
        return [number for number, name in enumerate(steps) if name not in sending]


ADD, FOLLOW = DeltaPolicy.ADD, DeltaPolicy.FOLLOW
MAIL_CASES = [
    *(MailCase(1, keeps_key) for keeps_key in (True, False)),
    *(MailCase(2, keeps_key, delta) for keeps_key in (True, False) for delta in DeltaPolicy),
    MailCase(1, keeps_key=True, repeats=True),
    *(MailCase(2, keeps_key=True, delta=delta, repeats=True) for delta in DeltaPolicy),
]
GROUPWARE_CASES = [
    GroupwareCase(1, ADD),
    GroupwareCase(2, ADD),
    GroupwareCase(2, FOLLOW),
    GroupwareCase(2, FOLLOW, has_tokens=False),
]


@cache
def quiet(case: Case) -> tuple[tuple[str, ...], object]:
    """The steps of an undisturbed pass, and its end."""
    world = case.world()
    assert world.slice(case.last_pass).outcome is SliceOutcome.DONE
    return tuple(world.steps), world.end()


def check(world: Slices[Any, Any], case: Case) -> None:
    """The world ended like the quiet one."""
    assert world.end() == quiet(case)[1]
