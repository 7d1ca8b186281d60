"""How many messages make a batch."""

from __future__ import annotations

from collections.abc import Sequence

from migration.mail import BatchLimit, ItemRef


def cut_batch(refs: Sequence[ItemRef], limit: BatchLimit) -> tuple[ItemRef, ...]:
    """The longest beginning of `refs` within the limit; never empty unless `refs` is.

    A first message that is larger than the limit makes a batch alone.
    """
    size = 0
    for position, ref in enumerate(refs[: limit.items]):
        size += ref.size
        if position and size > limit.size:
            return tuple(refs[:position])
    return tuple(refs[: limit.items])
