"""What is over, and of which Exchange must not remind anybody. Pure.

Programs show each reminder whose time has passed and that nobody has dismissed: a copy of years
would show thousands at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from migration.items.event import Details, Event, Override
from migration.items.ews_item import EVER, Destination
from migration.items.ews_places import LIFETIME
from migration.items.losses import Loss
from migration.items.occurrences import end_of, occurrences
from migration.items.zones import instant

OVER = "it is over; programs would remind of it at once"
"""The reason of the loss of a reminder."""

_INSTANT = timedelta(microseconds=1)


def silence_past(event: Event, where: Destination, losses: list[Loss]) -> Event:
    """The event without its reminders if none of its occurrences ends after now, which is told."""
    if where.now <= EVER or not any(details.content.alarms for details in _all(event)):
        return event
    left = occurrences(event, where.now + _INSTANT, where.now + LIFETIME, where.zone)
    if next(left, None) is not None:
        return event
    losses.append(Loss("VALARM", "VEVENT", OVER, event.uid))
    master = event.master and _silent(event.master)
    overrides = tuple(Override(one.original, _silent(one.details)) for one in event.overrides)
    return replace(event, master=master, overrides=overrides)


def silence_one(details: Details, where: Destination, losses: list[Loss], uid: str) -> Details:
    """The same of one occurrence that is an event of its own."""
    ends = instant(end_of(details.extent, where.zone), where.zone)
    if not details.content.alarms or ends > where.now:
        return details
    losses.append(Loss("VALARM", "occurrence", OVER, uid))
    return _silent(details)


def _all(event: Event) -> Iterator[Details]:
    if event.master is not None:
        yield event.master
    yield from (one.details for one in event.overrides)


def _silent(details: Details) -> Details:
    return replace(details, content=replace(details.content, alarms=()))
