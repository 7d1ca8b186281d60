"""A place to break things: a fake calls `step(name)` before and after each of its effects.

Names are `before <method>` and `after <method>`. A step may raise: what it raises before the effect
means that nothing happened, after it that the answer was lost.
"""

from collections.abc import Callable

Step = Callable[[str], None]


def no_step(name: str) -> None:
    """Breaks nothing."""
