"""Keeps a mailbox below the octets per second that the tenant allows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class Throttle:
    """Sleeps when more was spent than the time allows. `rate` 0 means no limit.

    `clock` gives seconds that only grow. A burst of one second is allowed, as after a pause.
    """

    rate: int
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    _paid_until: float | None = None

    def spend(self, octets: int) -> None:
        """Returns when so many octets fit into the rate."""
        if not self.rate:
            return
        now = self.clock()
        paid = max(self._paid_until or now, now - 1.0) + octets / self.rate
        self._paid_until = paid
        if paid > now:
            self.sleep(paid - now)
