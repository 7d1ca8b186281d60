"""Which collections are copied, and which is the one that programs use unless told otherwise."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from migration.items.losses import Loss

OTHERS = {
    "shared": "is shared by somebody else, whose own it stays; nothing of it is copied",
    "subscribed": "is subscribed from elsewhere; subscribe to it again",
    "filled": "is filled by Exchange (birthdays, holidays, subscriptions); add it again",
}
"""Why a collection is not copied."""

_DEFAULT = re.compile(
    "(?i)default|calendar|personal|contacts?|address[ _-]?book|card|tasks?|notes?|journal"
)


def choose_default(names: Sequence[Sequence[str]]) -> int | None:
    """The number of the first collection of a kind that is called so by one of its names, else of
    the only one; None if there are several with names of their own."""
    for number, of_one in enumerate(names):
        if any(_DEFAULT.fullmatch(name.strip()) for name in of_one):
            return number
    return 0 if len(names) == 1 else None


def tell_others(others: Counter[str]) -> tuple[Loss, ...]:
    """What is not copied at all, by the keys of OTHERS, without names."""
    return tuple(
        Loss("collection", f"{count} of them" if count > 1 else "one", OTHERS[reason])
        for reason, count in sorted(others.items())
    )
