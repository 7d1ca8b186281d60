"""What calendars, address books and tasks in WorkMail show, compared with what they must."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from localrun.world import World

Shown = tuple[str, datetime, datetime]
"""What a calendar shows: subject, begin and end."""


def in_workmail(world: World, address: str) -> Counter[tuple[str, str]]:
    """All that is no mail and no event, by its kind and name."""
    stored = (one for items in world.ews.groupware(address).values() for one in items)
    return Counter(
        (one.kind, one.text("DisplayName") or one.text("Subject"))
        for one in stored
        if one.kind != "CalendarItem"
    )


def compare(what: str, address: str, wanted: Counter[Any], there: Counter[Any]) -> Iterator[str]:
    """What is missing, and what is there more than once or should not be."""
    if not wanted:
        yield f"{address}: the source has no {what}, so that nothing is compared"
    for word, differing in (("missing", wanted - there), ("more than once", there - wanted)):
        if differing:
            yield f"{address}: {differing.total()} {what} {word}: {next(iter(differing))}"
