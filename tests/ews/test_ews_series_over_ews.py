"""What the product writes is made by the emulator. Of a series exchangelib sees the occurrences of
the event, over five years with all changes of the clock; a contact comes back as it was."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import exchangelib
import icalendar
import pytest
import recurring_ical_events
from exchangelib import EWSDateTime, EWSTimeZone
from exchangelib.folders import Calendar
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from lxml import etree

from localrun.fakes.workmail_ews import EwsServer
from migration.items.contact import Contact
from migration.items.event import Event
from migration.items.ews_contact import ContactItem, ListItem
from migration.items.ews_item import SeriesPlan
from migration.items.ews_pattern import classify
from migration.items.ews_people import plan_contact
from migration.items.ews_series import ANOTHER_END, plan_series
from migration.items.ews_terms import Repeats
from migration.items.graph_events import read_event
from migration.items.ical_read import read_calendar
from migration.items.zones import instant
from migration.wire import ews_calendar
from migration.wire.ews_body import Request
from migration.wire.ews_contacts import read_contact, write_contact, write_list
from tests.ews.harness import ADDRESS, Clock, Recorder, Schema, Tokens
from tests.ews.test_ews_exchangelib import BearerAuth, open_account
from tests.unit.items import files
from tests.unit.items.cards import contacts
from tests.unit.items.destinations import FIVE_YEARS, HERE, Times, times_of
from tests.unit.items.events import series
from tests.unit.items.graph_json import write_series
from tests.unit.items.test_ews_series import usual_series, without_ends
from tests.unit.items.test_graph_events import in_berlin

CREATE = (
    '<m:CreateItem SendMeetingInvitations="SendToNone"><m:SavedItemFolderId>'
    '<t:FolderId Id="%s"/></m:SavedItemFolderId><m:Items>%s</m:Items></m:CreateItem>'
)
UPDATE = (
    '<m:UpdateItem ConflictResolution="AlwaysOverwrite"'
    ' SendMeetingInvitationsOrCancellations="SendToNone"><m:ItemChanges>%s</m:ItemChanges>'
    "</m:UpdateItem>"
)
DELETE = (
    '<m:DeleteItem DeleteType="HardDelete" SendMeetingCancellations="SendToNone"><m:ItemIds>%s'
    "</m:ItemIds></m:DeleteItem>"
)
GET = (
    "<m:GetItem><m:ItemShape><t:BaseShape>AllProperties</t:BaseShape></m:ItemShape>"
    "<m:ItemIds>%s</m:ItemIds></m:GetItem>"
)
GET_CONTACT = (
    GET.replace(
        "</m:ItemShape>",
        "<t:AdditionalProperties>"
        '<t:ExtendedFieldURI PropertyTag="0x3A45" PropertyType="String"/></t:AdditionalProperties>'
        "</m:ItemShape>",
    )
    % '<t:ItemId Id="%s"/>'
)
TYPES = "http://schemas.microsoft.com/exchange/services/2006/types"
_numbers = count()


@dataclass
class Place:
    """A server with an account of exchangelib, and a token for the product's own requests."""

    server: EwsServer
    account: Any
    token: str
    recorder: Recorder = field(repr=False)

    def answer(self, body: str) -> tuple[int, bytes]:
        """HTTP status and body."""
        return self.server.answer(f"Bearer {self.token}", b"".join(Request(ADDRESS, [body])))

    def ask(self, body: str) -> list[str]:
        """The ids in the answer to a request, all parts of which must succeed."""
        _, answer = self.answer(body)
        codes = set(re.findall(rb"ResponseCode[^>]*>(\w+)<", answer))
        assert codes <= {b"NoError"}, codes
        found = etree.fromstring(answer).iter(f"{{{TYPES}}}ItemId")
        return [one.get("Id", "") for one in found]


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    exchangelib.transport.AUTH_TYPE_MAP["workmail-bearer"] = BearerAuth
    tokens, recorder = Tokens(), Recorder()
    with EwsServer(tokens.check, {ADDRESS}.__contains__, Clock(), observe=recorder) as server:
        account = open_account(server, tokens.issue())
        yield Place(server, account, tokens.issue(), recorder)
        account.protocol.close()
    assert server.sent == []


def carry_out(place: Place, folder_id: str, plan: SeriesPlan) -> None:
    """All that the plan asks for, by the elements of the product."""
    if not plan.create:
        return
    written = [ews_calendar.write_item(item, []) for item in plan.create]
    ids = [
        one
        for start in range(0, len(written), 100)
        for one in place.ask(CREATE % (folder_id, "".join(written[start : start + 100])))
    ]
    for change in plan.changes:
        if made := ews_calendar.write_change(ids[0], change):
            place.ask(UPDATE % made)
    for deletion in plan.deletions:
        place.ask(DELETE % ews_calendar.write_occurrence_id(ids[0], deletion))


def seen(folder: Any, begin: datetime, end: datetime) -> Times:
    """What exchangelib sees: a view goes over two years at most."""
    found: dict[str, tuple[datetime, datetime, str, bool]] = {}
    at = begin
    while at < end:
        until = min(at + timedelta(days=700), end)
        view = folder.view(start=ews_time(at), end=ews_time(until))
        # Asked for apart: with all of it, exchangelib makes days of the times.
        times = list(view.only("subject", "start", "end"))
        for one, other in zip(times, view.only("is_all_day"), strict=True):
            said = (plain_time(one.start), plain_time(one.end), one.subject or "")
            found[one.id] = (*said, other.is_all_day)
        at = until
    return sorted(found.values())


def ews_time(at: datetime) -> Any:
    """The same moment in exchangelib's type."""
    return EWSDateTime.combine(at.date(), at.time()).replace(tzinfo=EWSTimeZone("UTC"))


def plain_time(at: Any) -> datetime:
    """The same moment in the usual type."""
    return datetime.fromisoformat(at.isoformat()).astimezone(UTC)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(usual_series(), usual_series(), usual_series(), series(content=False)))
def test_exchangelib_sees_the_occurrences_of_the_event(place: Place, event: Event) -> None:
    assert event.master is not None
    assume(not re.search(r"\\uff(fe|ff)", repr(event)))  # XML does not have these two
    begin = instant(event.master.extent.start, HERE.zone) - timedelta(days=10)
    where = replace(HERE, begin=begin - timedelta(days=10), horizon=begin + FIVE_YEARS)
    plan = plan_series(event, where)
    folder = Calendar(parent=place.account.msg_folder_root, name=f"c{next(_numbers)}").save()
    carry_out(place, folder.id, plan)
    # A last month is left out: what begins before the horizon and is longer reaches into it.
    end = where.horizon - timedelta(days=45)
    made, wanted = seen(folder, begin, end), times_of(event, begin, end)
    if any(loss.why == ANOTHER_END for loss in plan.losses):
        made, wanted = without_ends(made, begin), without_ends(wanted, begin)
    folder.delete()
    assert made == wanted


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(usual_series())
def test_exchangelib_sees_the_occurrences_that_graph_shows(place: Place, event: Event) -> None:
    """From one calendar of Microsoft's into another."""
    event = in_berlin(event)
    assert event.master is not None
    repeats = classify(event.master.extent.start, event.recurrence)
    assume(isinstance(repeats, Repeats))
    assert isinstance(repeats, Repeats)
    begin = instant(event.master.extent.start) - timedelta(days=10)
    where = replace(HERE, begin=begin - timedelta(days=10), horizon=begin + FIVE_YEARS)
    found = read_event(write_series(event, repeats))
    folder = Calendar(parent=place.account.msg_folder_root, name=f"c{next(_numbers)}").save()
    carry_out(place, folder.id, plan_series(found.event, where))
    end = where.horizon - timedelta(days=45)
    made, wanted = seen(folder, begin, end), times_of(event, begin, end)
    folder.delete()
    assert without_ends(made, begin) == without_ends(wanted, begin)


@pytest.mark.parametrize(
    "zone", ["Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Africa/Cairo"]
)
@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY;INTERVAL=3",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU;WKST=MO",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU;WKST=SU;COUNT=200",
        "FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;UNTIL=20290101T000000Z",
        "FREQ=YEARLY",
        "FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU",
    ],
)
def test_exchangelib_sees_what_another_library_finds(place: Place, rule: str, zone: str) -> None:
    """recurring-ical-events reads the same file, at a time that clocks leave out in some places;
    the second and the fourth occurrence are changed, the third does not take place."""
    start = first_of(f"DTSTART;TZID={zone}:20240101T021500", rule)
    marked = [start, *found_elsewhere(start_lines(zone, start[0], rule))[1:4]]
    _, second, third, fourth = (one[0].astimezone(ZoneInfo(zone)) for one in marked)
    lines = start_lines(
        zone,
        start[0],
        rule,
        f"EXDATE;TZID={zone}:{third:%Y%m%dT%H%M%S}",
        *override(zone, second, timedelta(hours=3), "later"),
        *override(zone, fourth, timedelta(0), "renamed"),
    )
    file = files.calendar(*lines)
    (event,) = read_calendar(file).events
    plan = plan_series(event, replace(HERE, horizon=END))
    assert (len(plan.create), len(plan.changes), len(plan.deletions)) == (1, 2, 1)
    folder = Calendar(parent=place.account.msg_folder_root, name=f"c{next(_numbers)}").save()
    carry_out(place, folder.id, plan)
    made = [(begins, ends, title) for begins, ends, title, _ in seen(folder, BEGIN, END)]
    folder.delete()
    assert made == found_elsewhere(lines)


BEGIN, END = datetime(2023, 12, 1, tzinfo=UTC), datetime(2028, 12, 1, tzinfo=UTC)


def start_lines(zone: str, start: datetime, rule: str, *more: str) -> tuple[str, ...]:
    at = f"{start.astimezone(ZoneInfo(zone)):%Y%m%dT%H%M%S}"
    first = (f"DTSTART;TZID={zone}:{at}", "DURATION:PT30M", "SUMMARY:a")
    return ("BEGIN:VEVENT", "UID:u", *first, f"RRULE:{rule}", *more, "END:VEVENT")


def override(zone: str, start: datetime, by: timedelta, title: str) -> tuple[str, ...]:
    moved = start.replace(tzinfo=None) + by
    return (
        *("END:VEVENT", "BEGIN:VEVENT", "UID:u"),
        f"RECURRENCE-ID;TZID={zone}:{start:%Y%m%dT%H%M%S}",
        *(f"DTSTART;TZID={zone}:{moved:%Y%m%dT%H%M%S}", "DURATION:PT30M", f"SUMMARY:{title}"),
    )


def first_of(start: str, rule: str) -> tuple[datetime, datetime, str]:
    """The first occurrence that the rule itself has."""
    lines = ("BEGIN:VEVENT", "UID:u", start, "DURATION:PT30M", f"RRULE:{rule}", "END:VEVENT")
    return found_elsewhere(lines)[1]  # the start is always found, whether the rule has it or not


def found_elsewhere(lines: tuple[str, ...]) -> list[tuple[datetime, datetime, str]]:
    parsed = icalendar.Calendar.from_ical(files.calendar(*lines))
    found = recurring_ical_events.of(parsed).between(BEGIN, END)
    return sorted(
        (
            one["DTSTART"].dt.astimezone(UTC),
            one["DTEND"].dt.astimezone(UTC),
            str(one.get("SUMMARY", "")),
        )
        for one in found
    )


@settings(max_examples=60, deadline=None)
@given(contacts)
def test_contacts_and_lists_come_back(place: Place, contact: Contact) -> None:
    assume(not re.search(r"\\uff(fe|ff)", repr(contact)))
    item = plan_contact(contact).item
    is_list = isinstance(item, ListItem)
    written = write_list(item, []) if isinstance(item, ListItem) else write_contact(item, [])
    (item_id,) = place.ask(CREATE % (place.account.contacts.id, written))
    _, answer = place.answer(GET_CONTACT % item_id)
    found = ElementTree.fromstring(answer).find(
        f".//{{{TYPES}}}{'DistributionList' if is_list else 'Contact'}"
    )
    assert found is not None
    shown = read_contact(found)
    if isinstance(item, ContactItem) and isinstance(shown, ContactItem):
        # Without a display name the server makes one of the others.
        item = replace(item, photo=None, display_name=item.display_name or shown.display_name)
    assert shown == item
    place.ask(DELETE % f'<t:ItemId Id="{item_id}"/>')


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(series())
def test_events_with_all_that_they_may_have_are_made(
    place: Place, schema: Schema, event: Event
) -> None:
    """Nothing of the plan is refused, and all answers are valid by the schema."""
    place.recorder.seen.clear()
    assert event.master is not None
    assume(not re.search(r"\\uff(fe|ff)", repr(event)))
    begin = instant(event.master.extent.start, HERE.zone)
    plan = plan_series(event, replace(HERE, begin=begin, horizon=begin + timedelta(days=60)))
    folder = Calendar(parent=place.account.msg_folder_root, name=f"c{next(_numbers)}").save()
    carry_out(place, folder.id, plan)
    for stored in place.server.groupware(ADDRESS)[(folder.name,)]:
        names = [stored.id, *(one.id for one in stored.exceptions.values())]
        place.ask(GET % "".join(f'<t:ItemId Id="{name}"/>' for name in names))
    folder.delete()
    assert schema.check_all(place.recorder) > 0
