"""Calendars into which events are written, and what a server makes of a plan."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from migration.items.event import Event
from migration.items.ews_item import CalendarItem, Destination, SeriesPlan
from migration.items.ews_reading import ShownException, to_event
from migration.items.occurrences import occurrences
from migration.items.times import Moment, Zone

BERLIN = Zone("Europe/Berlin")
OWNER = "owner@example.test"
HERE = Destination(
    OWNER, BERLIN, datetime(1990, 1, 1, tzinfo=UTC), datetime(2035, 1, 1, tzinfo=UTC)
)

Times = list[tuple[datetime, datetime, str, bool]]


def times_of(event: Event, begin: datetime, end: datetime, zone: Zone = BERLIN) -> Times:
    """When the event happens, under which title, and whether as whole days."""
    return sorted(
        (
            one.begins,
            one.ends,
            one.details.content.summary,
            not isinstance(one.details.extent.start, Moment),
        )
        for one in occurrences(event, begin, end, zone)
    )


def events_of(plan: SeriesPlan) -> list[Event]:
    """What a server that did all of the plan shows."""
    if not plan.create:
        return []
    master, *others = plan.create
    changed = [ShownException(one.original, shown(one.item)) for one in plan.changes]
    series = to_event(master, changed, [one.original for one in plan.deletions])
    return [series, *map(to_event, others)]


def shown(item: CalendarItem) -> CalendarItem:
    """An occurrence as it is shown."""
    return replace(item, repeats=None)


def times_of_plan(plan: SeriesPlan, begin: datetime, end: datetime) -> Times:
    """The same of all that the plan makes."""
    return sorted(time for event in events_of(plan) for time in times_of(event, begin, end))


FIVE_YEARS = timedelta(days=5 * 366)
