"""Which collection is the one that programs use unless told otherwise, where only names tell."""

from __future__ import annotations

import re
from collections.abc import Sequence

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
