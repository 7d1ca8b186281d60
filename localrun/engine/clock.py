"""Virtual time for the engine: as it is, K times as fast, or leaping from timer to timer, also K
times as fast in between.

The threads that run states are the clock's members. In jump mode time leaps to the next timer
as soon as every member waits; while one works, time passes as it really does. So waits cost
nothing and work costs what it costs. Three rules keep the leaps right:

- A member says that it waits only through `wait_for` or `sleep_until`.
- Whoever makes a member's condition true calls `poke` (or `leave`), which counts that member as
  working again at once, before it gets the processor.
- Without members time does not leap: what `at` schedules before an execution starts is not lost.
"""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal

Mode = Literal["real", "scale", "jump"]


class _Sleeper:
    """A waiting thread. `counted`: it is not at work while it sleeps."""

    def __init__(
        self,
        predicate: Callable[[], bool],
        until: float | None,
        lock: threading.Lock,
        *,
        owed: bool = False,
        counted: bool = True,
        outside: bool = False,
    ) -> None:
        self.predicate = predicate
        self.until = until
        self.owed = owed
        self.counted = counted
        self.outside = outside
        self.awake = False
        self.condition = threading.Condition(lock)


class Clock:
    """`now()` starts at `start` (epoch seconds; the real time when None).

    `leap_over_tokens`: leap also while a task token is outstanding. Normally somebody outside owes
    an answer then, and time only leaps as far as `at` has something scheduled.
    """

    def __init__(
        self,
        mode: Mode = "real",
        scale: float = 1.0,
        start: float | None = None,
        *,
        leap_over_tokens: bool = False,
    ) -> None:
        if scale <= 0 or (mode == "real" and scale != 1.0):
            raise ValueError(f"the scale {scale} does not go with the mode {mode}")
        self.mode = mode
        self.scale = scale
        self.leap_over_tokens = leap_over_tokens
        self.leapt = 0.0
        self._start = time.time() if start is None else start
        self._real_start = time.monotonic()
        self._lock = threading.Lock()
        self._members = 0
        self._working = 0
        self._sleepers: set[_Sleeper] = set()

    def now(self) -> float:
        """Virtual epoch seconds."""
        return self._start + self.leapt + (time.monotonic() - self._real_start) * self.scale

    def iso(self, moment: float | None = None) -> str:
        """The moment (now when None) in UTC to the millisecond, as the Context Object has it."""
        stamp = datetime.fromtimestamp(self.now() if moment is None else moment, UTC)
        return stamp.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def enter(self) -> None:
        """Counts one more member, at work. Called before its thread starts."""
        with self._lock:
            self._members += 1
            self._working += 1

    def leave(self) -> None:
        """The last act of a member's thread. What it changed before is noticed as by `poke`."""
        with self._lock:
            self._members -= 1
            self._working -= 1
            self._wake_ready()
            self._leap_if_idle()

    def poke(self) -> None:
        """Wakes every thread whose condition has become true."""
        with self._lock:
            self._wake_ready()

    def wait_for(
        self,
        predicate: Callable[[], bool],
        until: float | None = None,
        *,
        owed: bool = False,
        working: bool = False,
    ) -> bool:
        """Blocks a member until the predicate is true or `until` has come; says if it is true.

        The predicate is called under the clock's lock, by any thread: it must be quick and must
        not call the clock. `owed`: the outside world owes what is waited for (a task token).
        `working`: real work is done on this member's behalf, so that time must not leap.
        """
        with self._lock:
            if predicate():
                return True
            sleeper = _Sleeper(predicate, until, self._lock, owed=owed, counted=not working)
            self._sleepers.add(sleeper)
            if sleeper.counted:
                self._working -= 1
                self._leap_if_idle()
            self._sleep(sleeper)
            return predicate()

    def sleep_until(self, moment: float, cancelled: Callable[[], bool] = lambda: False) -> bool:
        """Blocks a member until the moment; False when it was cancelled before."""
        return not self.wait_for(cancelled, moment)

    def at(self, delay_seconds: float, action: Callable[[], None], *, outside: bool = True) -> None:
        """Lets the outside world act after so many virtual seconds, in a thread of its own. Unless
        it is `outside`, nobody acts then who might owe an answer: time does not leap there while
        one is outstanding."""
        moment = self.now() + delay_seconds
        sleeper = _Sleeper(lambda: False, moment, self._lock, outside=outside)

        def act() -> None:
            with self._lock:
                self._sleep(sleeper)
            try:
                action()
            finally:
                with self._lock:
                    self._working -= 1
                    self._wake_ready()
                    self._leap_if_idle()

        with self._lock:
            self._sleepers.add(sleeper)
            self._leap_if_idle()
        threading.Thread(target=act, daemon=True, name="outside-world").start()

    def _sleep(self, sleeper: _Sleeper) -> None:
        while not sleeper.awake:
            left = None if sleeper.until is None else (sleeper.until - self.now()) / self.scale
            if left is not None and left <= 0:
                self._wake_due(self.now())
                return
            sleeper.condition.wait(left)

    def _wake_due(self, moment: float) -> None:
        """Wakes those whose time has come.

        After a leap the others wait too long for their own time. The next of them is told to look
        again, and will come here to tell the one after it.
        """
        following: _Sleeper | None = None
        for sleeper in list(self._sleepers):
            if sleeper.until is None:
                continue
            if sleeper.until <= moment:
                self._wake(sleeper)
            elif following is None or following.until is None or sleeper.until < following.until:
                following = sleeper
        if following is not None:
            following.condition.notify()

    def _wake(self, sleeper: _Sleeper) -> None:
        sleeper.awake = True
        self._sleepers.discard(sleeper)
        self._working += sleeper.counted
        sleeper.condition.notify()

    def _wake_ready(self) -> None:
        for sleeper in [one for one in self._sleepers if one.predicate()]:
            self._wake(sleeper)

    def _leap_if_idle(self) -> None:
        if self.mode != "jump" or self._working > 0 or self._members == 0:
            return
        timers = [one.until for one in self._sleepers if one.until is not None]
        if not timers:
            return
        target = min(timers)
        if self._answer_owed() and not self._outside_acts_from(target):
            return
        self.leapt += max(0.0, target - self.now())
        self._wake_due(target)

    def _answer_owed(self) -> bool:
        return not self.leap_over_tokens and any(one.owed for one in self._sleepers)

    def _outside_acts_from(self, moment: float) -> bool:
        return any(
            one.outside and one.until is not None and one.until >= moment for one in self._sleepers
        )


def parse_clock(text: str, start: float | None = None, *, leap_over_tokens: bool = False) -> Clock:
    """The clock of a command line: "real", "jump", or how many times as fast, as in "3600";
    "jump*20" leaps, and is 20 times as fast while there is work.

    `start` and `leap_over_tokens` as for Clock. Raises ValueError for anything else.
    """
    if text == "real":
        return Clock("real", start=start)
    mode: Mode = "jump" if text.startswith("jump") else "scale"
    try:
        scale = float(text.removeprefix("jump*")) if text != "jump" else 1.0
    except ValueError:
        raise ValueError(f"the clock is real, jump or a number, not {text!r}") from None
    if not 0 < scale < float("inf"):
        raise ValueError(f"the clock cannot run {text} times as fast")
    return Clock(mode, scale, start, leap_over_tokens=leap_over_tokens and mode == "jump")
