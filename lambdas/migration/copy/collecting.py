"""How often Python looks for garbage while messages are copied."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_ALLOCATIONS = 20_000
"""So many new objects, more than went away, until the youngest are looked through."""


@contextmanager
def collecting_seldom() -> Iterator[None]:
    """Inside, cycles of objects are looked for less often; afterwards as before.

    A copy makes some dozens of small objects a message, nearly none of them in a cycle. By default
    each 700 are looked through while every thread waits: a tenth of the time of a copy.
    """
    before = gc.get_threshold()
    gc.set_threshold(max(_ALLOCATIONS, before[0]) if before[0] else 0, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
