"""How many items to send in one request, by how long the server takes. Pure but for what it
remembers."""

from __future__ import annotations

FIRST = 50
MOST = 100
_SECONDS = 10.0
"""A request shall take no longer. Exchange cuts a request off after a minute, and whoever waits
for an answer cannot know for how long yet."""


class RequestSize:
    """`items` is how many the next request may hold: at least 1. Not thread-safe."""

    def __init__(self) -> None:
        self.items = FIRST

    def answered(self, items: int, seconds: float) -> None:
        """A request with so many items was answered after so long. One that was far from full says
        nothing: what it took is mostly the way there and back."""
        if items * 2 >= self.items:
            fit = int(items * _SECONDS / max(seconds, 0.001))
            self.items = max(1, min(MOST, self.items * 2, fit))

    def lost(self, items: int) -> None:
        """No answer came to a request with so many items: perhaps there were too many."""
        self.items = max(1, min(self.items, items // 2))
