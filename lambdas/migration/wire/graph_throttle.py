"""How fast one mailbox may be asked: how many questions at once, and how many in a while.

The service allows an application 4 questions at once to a mailbox, and 10,000 in 10 minutes; what
goes beyond is refused (429) and counts all the same. Decisions are pure and know no clock; Gate
holds the locks.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

MOST_AT_ONCE = 4
RATE = 16.0
"""Questions in a second."""
BURST = 200.0
"""So many may go without a pause: 200 and 10 minutes at 16 a second are 9,800."""

_GROWS_AFTER = 50
_MOMENT = 1e-6  # nobody sleeps for less


class Bucket:
    """Questions that may go now, and those that others have spoken for (a token bucket)."""

    def __init__(self, now: float, *, rate: float = RATE, burst: float = BURST) -> None:
        self._rate, self._burst = rate, burst
        self._left, self._at = burst, now

    def take(self, count: int, now: float) -> float:
        """Speaks for `count` questions; the seconds until they may go."""
        gained = max(now - self._at, 0.0) * self._rate
        self._left = min(self._left + gained, self._burst) - count
        self._at = max(now, self._at)
        return max(-self._left / self._rate, 0.0)


class Width:
    """How many questions may be under way at once: half as many after each refusal, and one more
    after a while without any."""

    def __init__(self, most: int, *, grows_after: int = _GROWS_AFTER) -> None:
        self._most, self._grows_after = most, grows_after
        self._narrowed_at = float("-inf")
        self._good = 0
        self.now = most

    def refused(self, asked_at: float, now: float) -> None:
        """A question of that moment was refused. Questions that were under way when the last one
        was refused tell nothing new."""
        self._good = 0
        if asked_at >= self._narrowed_at:
            self.now = max(self.now // 2, 1)
            self._narrowed_at = now

    def answered(self, count: int = 1) -> None:
        """So many questions were answered."""
        self._good += count
        if self.now < self._most and self._good >= self._grows_after:
            self.now += 1
            self._good = 0


class Gate:
    """Lets questions pass when they may go. Safe to use from several threads."""

    def __init__(
        self, most: int, clock: Callable[[], float], sleep: Callable[[float], object]
    ) -> None:
        self._clock, self._sleep = clock, sleep
        self._changed = threading.Condition()
        self._width = Width(most)
        self._bucket = Bucket(clock())
        self._under_way = 0
        self._is_alone = False
        self._waiting_alone = 0
        self._resumes = float("-inf")

    @property
    def width(self) -> int:
        """How many may be under way at this moment."""
        with self._changed:
            return self._width.now

    @property
    def somebody_waits_alone(self) -> bool:
        """Whether a turn is waited for in which nothing else is under way."""
        with self._changed:
            return self._waiting_alone > 0

    @contextmanager
    def turn(self, count: int = 1, *, alone: bool = False) -> Iterator[float]:
        """A turn for `count` questions, which go together; the moment when they may go. `alone`:
        none else is under way meanwhile. A thread that has a turn must not ask for another."""
        self._enter(alone=alone)
        try:
            self._wait(count)
            yield self._clock()
        finally:
            with self._changed:
                self._under_way -= 1
                self._is_alone = False
                self._changed.notify_all()

    def _enter(self, *, alone: bool) -> None:
        with self._changed:
            self._waiting_alone += alone
            try:
                self._changed.wait_for(lambda: self._may_go(alone=alone))
            finally:
                self._waiting_alone -= alone
            self._under_way += 1
            self._is_alone = alone

    def _may_go(self, *, alone: bool) -> bool:
        """Who wants to be alone goes before those that come after."""
        if alone:
            return not self._under_way
        free = not self._is_alone and self._under_way < self._width.now
        return free and not self._waiting_alone

    def _wait(self, count: int) -> None:
        with self._changed:
            until = self._clock() + self._bucket.take(count, self._clock())
        while True:
            with self._changed:
                rest = max(until, self._resumes) - self._clock()
            if rest < _MOMENT:
                return
            self._sleep(rest)

    def answered(self, count: int = 1) -> None:
        """So many questions were answered."""
        with self._changed:
            self._width.answered(count)
            self._changed.notify_all()

    def refused(self, asked_at: float, seconds: float) -> None:
        """The service is busy: nobody asks for so many seconds, and then fewer at once."""
        with self._changed:
            now = self._clock()
            self._width.refused(asked_at, now)
            self._resumes = max(self._resumes, now + seconds)
