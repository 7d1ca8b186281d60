"""The limits of the Outlook service per mailbox, and the log of requests.

https://learn.microsoft.com/graph/throttling-limits#outlook-service-limits: four requests at once
and 10,000 requests in ten minutes for each application and mailbox.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from localrun.fakes.graph.answers import Ask, GraphError

AT_ONCE = 4
IN_PERIOD = 10_000
PERIOD_SECONDS = 600.0


@dataclass(slots=True)
class Asked:
    """One request, or an inner one of a $batch. `path` as it came, with its query; `mailbox` is the
    address, "" where the request is about none; `begun` and `ended` by time.monotonic(); `status`
    is 0 as long as there is no answer."""

    method: str
    path: str
    mailbox: str
    headers: Mapping[str, str]
    is_inner: bool
    begun: float
    status: int = 0
    ended: float = 0.0


class Traffic:
    """Who is in which mailbox now, and who was. `now` is the clock of the service."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._inside: Counter[str] = Counter()
        self._most: Counter[str] = Counter()
        self._times: defaultdict[str, deque[float]] = defaultdict(deque)
        self.at_once = AT_ONCE
        self.in_period = IN_PERIOD
        self.requests: list[Asked] = []

    def begin(self, ask: Ask, path: str, is_inner: bool) -> Asked:
        """Enters a request into the log. The token is no part of it."""
        headers = {name: value for name, value in ask.headers.items() if name != "authorization"}
        asked = Asked(ask.method, path, "", headers, is_inner, time.monotonic())
        with self._lock:
            self.requests.append(asked)
        return asked

    def most_in_flight(self, mailbox: str) -> int:
        """The most requests that one mailbox had at once, those that were refused included."""
        with self._lock:
            return self._most[mailbox]

    @contextmanager
    def visit(self, mailbox: str) -> Iterator[None]:
        """One of the mailbox's requests. GraphError 429 if there are too many."""
        with self._lock:
            inside = self._inside[mailbox] + 1
            self._most[mailbox] = max(self._most[mailbox], inside)
            if inside > self.at_once:
                raise _throttled("MailboxConcurrency", 1)
            self._count(mailbox)
            self._inside[mailbox] += 1
        try:
            yield
        finally:
            with self._lock:
                self._inside[mailbox] -= 1

    def _count(self, mailbox: str) -> None:
        now = self._now()
        times = self._times[mailbox]
        while times and times[0] <= now - PERIOD_SECONDS:
            times.popleft()
        if len(times) >= self.in_period:
            raise _throttled("RequestRate", int(times[0] + PERIOD_SECONDS - now) + 1)
        times.append(now)


def _throttled(limit: str, retry_after: int) -> GraphError:
    message = f"Application is over its {limit} limit."
    return GraphError(429, "ApplicationThrottled", message, {"Retry-After": str(retry_after)})
