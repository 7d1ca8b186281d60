"""How many items of a collection are brought to the target at once. Pure."""

from __future__ import annotations

BATCH = 50
"""So many at most."""

FIRST_BATCH = 10
"""So many while nothing is known of their size."""

_GROWTH = 4
_OCTETS = 16_000_000  # parsed and as elements, a batch takes several times its size
_SECONDS = 60.0  # a slice ends after 15 minutes, and begins no batch that may not end


def fit_batch(items: int, octets: int, seconds: float) -> int:
    """How many to bring after so many had so many octets and took so long: nobody knows before how
    large an item is, or how many items and exceptions a series becomes."""
    by_size = items * _OCTETS // max(1, octets)
    by_time = int(items * _SECONDS / max(0.001, seconds))
    return max(1, min(BATCH, items * _GROWTH, by_size, by_time))
