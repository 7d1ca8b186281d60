"""Where measures go. One of the ports (ports.py)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from migration.measures import Measure


class Metrics(Protocol):
    """Takes down what was measured, for graphs and alarms of the tenant."""

    def emit(self, at: str, measures: Sequence[Measure]) -> None:
        """Puts the measures of that moment (ISO 8601) out at once; nothing is kept for a later
        call. No measure: nothing happens."""
