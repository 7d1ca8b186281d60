"""What a slice of the copy is asked, and what it answers."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from migration.mail import BatchLimit
from migration.model import CopyPolicy


class SliceOutcome(StrEnum):
    """How a slice ended: call again now, call again after `retry_after`, stop until the operator
    wants it to go on, or nothing is left."""

    MORE = "more"
    BACKOFF = "backoff"
    PAUSED = "paused"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class SliceResult:
    """What a slice did. `copied` counts messages, `folders_left` those not yet looked at or not
    finished; `retry_after` is in seconds, 0 unless the outcome is BACKOFF."""

    outcome: SliceOutcome
    copied: int
    folders_left: int
    retry_after: float = 0.0

    @property
    def wait_seconds(self) -> int:
        """`retry_after` in whole seconds, as a Wait state takes them."""
        return math.ceil(self.retry_after)


@dataclass(frozen=True, slots=True)
class Pace:
    """How a slice spends its time, in seconds.

    `margin`: no batch begins with less than this left, or less than twice what the slowest batch of
    this slice took. A busy server is waited for here up to `short_wait`, at most `short_waits`
    times; otherwise the slice ends, because waiting in the workflow costs nothing. The operator's
    wish to pause is looked for every `pause_check`.

    `settle`: how long another worker's open intent rests before the target is asked. That worker
    may be alive: StopExecution does not end a Lambda, and a new execution takes over at once. It
    looks at its fence before each batch, so what it still sends after the claim is the rest of the
    batches under way: a few requests, and each is given up when 100 seconds bring nothing.

    `moment`: how long the target rests that has answered everything, for a search may lag behind
    what was stored. Below `short_wait`, so that it is waited for within the slice.

    With `overlap`, reading, writing and recording go on at the same time, in three threads; without
    it, one after the other.
    """

    batch: BatchLimit = field(default_factory=BatchLimit)
    margin: float = 30.0
    settle: float = 540.0
    moment: float = 3.0
    short_wait: float = 5.0
    short_waits: int = 5
    pause_check: float = 20.0
    overlap: bool = True


@dataclass(frozen=True, slots=True)
class SliceJob:
    """What to copy. `now` is the time at which the slice was started (ISO 8601). `run` is the
    execution's name, by which it can be aborted; "" where there is none. With `subjects`, remarks
    hold the subjects of their messages."""

    tenant: str
    mailbox_id: str
    pass_id: int
    now: str
    pace: Pace = Pace()
    policy: CopyPolicy = field(default_factory=CopyPolicy)
    run: str = ""
    subjects: bool = False


def walk_patiently(
    walk: Callable[[], SliceResult],
    pace: Pace,
    seconds_left: Callable[[], float],
    sleep: Callable[[float], None],
) -> SliceResult:
    """What the last walk says: another begins after each short wait, as often as the pace has it
    and as there is time."""
    for _ in range(pace.short_waits):
        result = walk()
        wait = result.retry_after
        if result.outcome is not SliceOutcome.BACKOFF or wait > pace.short_wait:
            return result
        if seconds_left() < wait + pace.margin:
            return result
        sleep(wait)
    return walk()
