"""Events of Microsoft Graph (v1.0, resource type event), read into the model. Pure.

Times are asked for in UTC, as Graph gives them unless told otherwise, and shown by the clock of
originalStartTimeZone; those of a series by that of its recurrence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from migration.errors import ItemMalformed
from migration.items.content import Extent
from migration.items.event import Busy, Details, Event, EventStatus, Override
from migration.items.ews_reading import by_the_clock
from migration.items.graph_content import CONTENT, read_content
from migration.items.graph_fields import Fields
from migration.items.graph_files import ATTACHMENTS, read_files
from migration.items.graph_repeats import read_rule
from migration.items.graph_series import find_originals, place_original, start_on_a_date
from migration.items.graph_times import read_moment
from migration.items.graph_zones import INSTANCES, read_zone
from migration.items.ical_values import LONGEST, TOO_LONG
from migration.items.losses import Loss
from migration.items.times import UTC, Moment, Recurrence, Time, Zone
from migration.items.zone_names import find_zone
from migration.items.zones import instant, to_wall

EVENT, OCCURRENCE = "event", "occurrence"
"""Where losses are."""

EXCEPTIONS, CANCELLED = "exceptionOccurrences", "cancelledOccurrences"
IDENTITY = ("id", "changeKey", "type", "iCalUId", "hasAttachments", "seriesMasterId")
SELECT = (
    *(*IDENTITY, *CONTENT, "start", "end", "originalStartTimeZone", "originalEndTimeZone"),
    *("isAllDay", "recurrence", "isCancelled", "isDraft", "showAs", "allowNewTimeProposals"),
)
"""The properties of an event that say something of it, for $select."""

_SAYS_NOTHING = (
    *("bodyPreview", "webLink", "transactionId", "uid", "onlineMeetingProvider", "isOnlineMeeting"),
    *("occurrenceId", "originalStart", CANCELLED, EXCEPTIONS, ATTACHMENTS, INSTANCES),
)
"""What stands elsewhere, too, or means nothing outside of Exchange. Not asked for; exceptions may
come with all that they have."""

OF_SERIES = (*SELECT, "originalStart", "occurrenceId", CANCELLED, EXCEPTIONS)
"""Those of the master of a series and of its exceptions, which $expand has to ask for; what $select
names is what of these is shown. Graph gives them only where one event is asked for by its id."""

_BUSY = {
    "free": Busy.FREE,
    "tentative": Busy.TENTATIVE,
    "busy": Busy.BUSY,
    "oof": Busy.OUT_OF_OFFICE,
    "workingElsewhere": Busy.ELSEWHERE,
}


@dataclass(frozen=True, slots=True)
class ReadEvent:
    """An event, and what of it could not be kept."""

    event: Event
    losses: tuple[Loss, ...]


def read_event(told: Mapping[str, object], own: Set[str] = frozenset()) -> ReadEvent:
    """The event, or all of the series of a master. `own` are addresses of the calendar's owner, in
    lower case. Attachments hold their content (see graph_files), and what graph_zones asks for is
    there. ItemMalformed where reading on would make another event of it; an exception of which
    that is true is a loss."""
    losses: list[Loss] = []
    fields = Fields(told, EVENT, losses)
    uid = fields.text("iCalUId") or fields.text("id")
    try:
        event = _read_whole(uid, told, fields, own, losses)
    except ValueError as problem:
        raise ItemMalformed([f"event {problem}"]) from None
    return ReadEvent(event, tuple(dict.fromkeys(replace(one, uid=uid) for one in losses)))


def _read_whole(
    uid: str, told: Mapping[str, object], fields: Fields, own: Set[str], losses: list[Loss]
) -> Event:
    repeats = fields.part("recurrence")
    pattern, extent = repeats.part("pattern"), repeats.part("range")
    zone = read_zone(fields, extent, told)
    is_series = bool(pattern) or fields.text("type") == "seriesMaster"
    cancelled = fields.texts(CANCELLED)
    details = _read_details(told, fields, zone, own)
    if not is_series:
        return Event(uid, details)
    rule = read_rule(pattern, extent, details.extent.start)
    details = replace(details, extent=by_the_clock(details.extent))
    moved = start_on_a_date(rule, details.extent)
    if moved is not None:
        fields.lose("recurrence", "begins on none of its days; it begins on the next one")
        details = replace(details, extent=moved)
    start = details.extent.start
    excluded = find_originals(cancelled, rule, start, fields)
    overrides, called_off = _read_exceptions(told, start, zone, own, losses)
    return Event(uid, details, Recurrence(rule, excluded=excluded), overrides, called_off)


def _read_exceptions(
    told: Mapping[str, object], start: Time, zone: Zone, own: Set[str], losses: list[Loss]
) -> tuple[tuple[Override, ...], tuple[Time, ...]]:
    """The occurrences that differ, and those that the organizer has called off."""
    found: dict[Time, Details] = {}
    for one in _list(told.get(EXCEPTIONS)):
        fields = Fields(one, OCCURRENCE, losses)
        try:
            original = place_original(fields, start, zone)
            found[original] = _read_details(one, fields, zone, own)
        except ValueError as problem:
            fields.lose(EXCEPTIONS, f"an exception that {problem}; it is not there")
    off = EventStatus.CANCELLED
    overrides = [Override(at, one) for at, one in found.items() if one.status is not off]
    return tuple(overrides), tuple(at for at, one in found.items() if one.status is off)


def _list(value: object) -> Sequence[Mapping[str, object]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _read_details(told: Mapping[str, object], fields: Fields, zone: Zone, own: Set[str]) -> Details:
    fields.ignore(*IDENTITY, *_SAYS_NOTHING)
    extent = _read_extent(fields, zone)
    content = read_content(fields, own)
    files = tuple(read_files(_list(told.get(ATTACHMENTS)), fields))
    if fields.flag("isDraft"):
        fields.lose("isDraft", "that the attendees have not been told yet")
    details = Details(
        extent,
        replace(content, attachments=files),
        EventStatus.CANCELLED if fields.flag("isCancelled") else EventStatus.UNSAID,
        fields.word("showAs", _BUSY, Busy.BUSY),
        told.get("allowNewTimeProposals") is not False,
    )
    fields.ignore("allowNewTimeProposals")
    fields.lose_the_rest()
    return details


# -- times ---------------------------------------------------------------------------------------


def _read_extent(fields: Fields, zone: Zone) -> Extent:
    own_zone = find_zone(fields.text("originalStartTimeZone")) or zone
    ending_zone = find_zone(fields.text("originalEndTimeZone")) or own_zone
    start, end = _read_moment(fields, "start"), _read_moment(fields, "end")
    if start is None:
        raise ValueError("has no start")
    if end is not None and instant(end) - instant(start) > timedelta(LONGEST):
        raise ValueError(TOO_LONG)
    if end is not None and instant(end) < instant(start):
        fields.lose("end", "is before the start; the event has no length")
    if end is None or instant(end) <= instant(start):
        end = None
    if fields.flag("isAllDay"):
        days = [_as_day(one, own_zone) for one in (start, end) if one is not None]
        whole = [one for one in days if one is not None]
        if len(whole) == len(days):
            return Extent(whole[0], whole[1] if len(whole) > 1 else None)
        fields.lose("isAllDay", "it does not begin and end at midnight; it is no whole day")
    return Extent(_by_clock(start, own_zone), _by_clock(end, ending_zone) if end else None)


def _read_moment(fields: Fields, name: str) -> Moment | None:
    part = fields.part(name)
    clock, zone = part.text("dateTime"), part.text("timeZone")
    if not clock:
        return None
    found = read_moment(clock, zone or UTC.name)
    if found is None:
        raise ValueError(f"has no time in its {name}")
    if found.zone is None:
        raise ValueError(f"has a {name} in a zone that nobody knows")
    return found


def _as_day(moment: Moment, zone: Zone) -> Time | None:
    """Graph gives whole days as midnights of the zone that was asked for; some programs made them
    as midnights of their own. None if it is neither."""
    for wall in (moment.wall, to_wall(instant(moment), zone)):
        if wall.time() == datetime.min.time():
            return wall.date()
    return None


def _by_clock(moment: Moment, zone: Zone) -> Moment:
    return Moment(to_wall(instant(moment), zone), zone)
