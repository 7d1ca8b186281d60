"""Calendar items as elements: by Microsoft's schema, as exchangelib reads them, and read back."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree

import exchangelib
import pytest
from exchangelib import IMPERSONATION, Account, Configuration, Credentials, Version
from exchangelib.items import CalendarItem as ExchangelibItem
from exchangelib.version import EXCHANGE_2010_SP2
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from lxml import etree

from migration.items.content import Answer
from migration.items.event import Event
from migration.items.ews_item import CalendarItem, FileAttachment, Guest, OccurrenceDeletion
from migration.items.ews_series import ANOTHER_END, plan_series
from migration.items.ical_read import Calendar, read_calendar
from migration.items.ical_write import write_calendar
from migration.items.zones import instant
from migration.wire import ews_calendar
from migration.wire.ews_answer import NotEws
from migration.wire.ews_body import Request
from migration.wire.ews_calendar_read import read_deleted, read_item, read_modified
from migration.wire.ews_model import Property
from tests.ews.harness import Schema
from tests.unit.items import files
from tests.unit.items.destinations import FIVE_YEARS, HERE, events_of, times_of
from tests.unit.items.events import series
from tests.unit.items.test_ews_series import usual_series, without_ends

KEY = Property("String", property_set="7d1e2c54-93b8-4f0a-a6d7-5b0c8e41f2a9", name="MigrationKey")
TYPES = "http://schemas.microsoft.com/exchange/services/2006/types"
NEWER = {
    *("InboxReminders", "EnhancedLocation", "StartWallClock", "EndWallClock", "StartTimeZoneId"),
    *("EndTimeZoneId", "JoinOnlineMeetingUrl", "IsOrganizer", "ReminderNextTime", "TextBody"),
}
CREATE = (
    '<m:CreateItem SendMeetingInvitations="SendToNone"><m:SavedItemFolderId>'
    '<t:DistinguishedFolderId Id="calendar"/></m:SavedItemFolderId><m:Items>%s</m:Items>'
    "</m:CreateItem>"
)
UPDATE = (
    '<m:UpdateItem ConflictResolution="AlwaysOverwrite"'
    ' SendMeetingInvitationsOrCancellations="SendToNone"><m:ItemChanges>%s</m:ItemChanges>'
    "</m:UpdateItem>"
)
FULL = files.calendar(
    "BEGIN:VEVENT", "UID:u", "SUMMARY:Title & more", "DESCRIPTION:line 1\\nline 2", "LOCATION:Room",
    "DTSTART;TZID=Europe/Berlin:20260105T100000", "DTEND;TZID=America/New_York:20260105T060000",
    "RRULE:FREQ=MONTHLY;BYDAY=-1FR,-1MO;BYSETPOS=1;COUNT=9", "CATEGORIES:Work,Home",
    "CLASS:PRIVATE", "PRIORITY:1", "X-MICROSOFT-CDO-BUSYSTATUS:OOF",
    "ATTENDEE;CN=B;PARTSTAT=ACCEPTED;RSVP=TRUE:mailto:b@x.example",
    "ATTENDEE;ROLE=OPT-PARTICIPANT:mailto:c@x.example",
    "ATTENDEE;CUTYPE=ROOM:mailto:room@x.example",
    "BEGIN:VALARM", "ACTION:DISPLAY", "TRIGGER:-PT15M", "END:VALARM",
    "END:VEVENT",
)  # fmt: skip


def full_item() -> CalendarItem:
    (event,) = read_calendar(FULL).events
    assert event.master is not None
    return plan_series(replace(event, recurrence=daily().recurrence), HERE).create[0]


def daily(*lines: str) -> Event:
    (event,) = read_calendar(files.event("RRULE:FREQ=DAILY;COUNT=9", "SUMMARY:a", *lines)).events
    return event


def element(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(f'<r xmlns:t="{TYPES}">{text}</r>')[0]


def write(item: CalendarItem) -> str:
    return ews_calendar.write_item(item, [(KEY, "key & more")])


def envelope(body: str) -> bytes:
    return b"".join(Request("bob@example.test", [body]))


@settings(max_examples=60, deadline=None)
@given(series())
def test_what_is_written_is_read(event: Event) -> None:
    assume(not re.search(r"\\uff(fe|ff)", repr(event)))  # XML does not have these two
    for item in few_items(event):
        assert read_item(element(write(item))) == as_shown(item)


@settings(max_examples=80, deadline=None)
@given(st.one_of(usual_series(), usual_series(), series(content=False)))
def test_from_icalendar_to_exchange_and_back_each_occurrence_stays(event: Event) -> None:
    (came,) = read_calendar(write_calendar(Calendar(events=(event,)))).events
    assert came.master is not None
    first = instant(came.master.extent.start, HERE.zone) - timedelta(days=10)
    where = replace(HERE, begin=first - timedelta(days=10), horizon=first + FIVE_YEARS)
    plan = plan_series(came, where)
    there = replace(plan, create=tuple(read_item(element(write(item))) for item in plan.create))
    went = read_calendar(write_calendar(Calendar(events=tuple(events_of(there)))))
    assert went.unreadable == ()
    # A last month is left out: what begins before the horizon and is longer reaches into it.
    end = where.horizon - timedelta(days=45)
    made = sorted(time for one in went.events for time in times_of(one, first, end))
    wanted = times_of(came, first, end)
    if any(loss.why == ANOTHER_END for loss in plan.losses):
        made, wanted = without_ends(made, first), without_ends(wanted, first)
    assert made == wanted


def few_items(event: Event) -> list[CalendarItem]:
    assert event.master is not None
    begin = instant(event.master.extent.start, HERE.zone)
    where = replace(HERE, begin=begin, horizon=begin + timedelta(days=60))
    return list(plan_series(event, where).create[:10])


def as_shown(item: CalendarItem) -> CalendarItem:
    """As it comes back: without files, and with the answers for which Exchange has words."""

    def heard(guests: tuple[Guest, ...]) -> tuple[Guest, ...]:
        return tuple(
            one
            if one.answer in ews_calendar.RESPONSES
            else replace(one, answer=Answer.NEEDS_ACTION)
            for one in guests
        )

    return replace(
        item,
        files=(),
        required=heard(item.required),
        optional=heard(item.optional),
        resources=heard(item.resources),
    )


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(series())
def test_what_is_written_is_valid_by_the_schema(schema: Schema, event: Event) -> None:
    elements = "".join(map(write, few_items(event)))
    assume(elements)
    schema.check(envelope(CREATE % elements))


def test_nothing_is_written_that_this_version_does_not_have() -> None:
    names = re.findall(r"<t:(\w+)", write(full_item()))
    assert not NEWER & set(names)
    assert {"Recurrence", "RequiredAttendees", "OptionalAttendees", "Resources"} <= set(names)


def test_an_occurrence_is_updated_where_it_differs(schema: Schema) -> None:
    moved = ("END:VEVENT", "BEGIN:VEVENT", "UID:u", "RECURRENCE-ID:20260108T090000Z")
    event = daily("LOCATION:Room", *moved, "DTSTART:20260108T110000Z", "SUMMARY:b")
    (change,) = plan_series(event, HERE).changes
    written = ews_calendar.write_change("master&", change)
    assert 'RecurringMasterId="master&amp;" InstanceIndex="4"' in written
    assert re.findall(r"<t:(\w+)Field><t:FieldURI FieldURI=\"([^\"]+)\"", written) == [
        ("SetItem", "item:Subject"),
        ("SetItem", "calendar:Start"),
        ("SetItem", "calendar:End"),
        ("DeleteItem", "calendar:Location"),
    ]
    schema.check(envelope(UPDATE % written))
    same = replace(change, usual=change.item)
    assert ews_calendar.write_change("master", same) == ""


def test_nothing_is_deleted_that_exchange_always_keeps() -> None:
    """No minutes of a reminder that is not set, no wish for an answer of nobody."""
    alarm = ("BEGIN:VALARM", "ACTION:DISPLAY", "TRIGGER:-PT15M", "END:VALARM")
    guest = ("ORGANIZER:mailto:owner@example.test", "ATTENDEE;RSVP=TRUE:mailto:b@x.example")
    moved = ("END:VEVENT", "BEGIN:VEVENT", "UID:u", "RECURRENCE-ID:20260108T090000Z")
    event = daily(*guest, *alarm, *moved, "DTSTART:20260108T090000Z", "SUMMARY:a")
    (change,) = plan_series(event, HERE).changes
    written = ews_calendar.write_change("master", change)
    assert re.findall(r"<t:(\w+)Field><t:FieldURI FieldURI=\"([^\"]+)\"", written) == [
        ("SetItem", "item:ReminderIsSet"),
        ("DeleteItem", "calendar:RequiredAttendees"),
    ]


def test_occurrences_are_named_and_files_attached(schema: Schema) -> None:
    place = OccurrenceDeletion(3, datetime(2026, 1, 7, 9, tzinfo=UTC))
    name = ews_calendar.write_occurrence_id("m", place)
    delete = 'DeleteType="HardDelete" SendMeetingCancellations="SendToNone"'
    schema.check(envelope(f"<m:DeleteItem {delete}><m:ItemIds>{name}</m:ItemIds></m:DeleteItem>"))
    file = FileAttachment("a & b.txt", "text/plain", b"content")
    parts = [
        '<m:CreateAttachment><m:ParentItemId Id="i"/><m:Attachments>',
        *ews_calendar.write_file(file),
        "</m:Attachments></m:CreateAttachment>",
    ]
    made = b"".join(Request("bob@example.test", parts))
    schema.check(made)
    assert b"<t:Content>Y29udGVudA==</t:Content>" in made


def test_exceptions_of_a_series_are_read() -> None:
    master = element(
        "<t:CalendarItem><t:ModifiedOccurrences><t:Occurrence><t:ItemId Id='o'/>"
        "<t:OriginalStart>2026-01-08T09:00:00Z</t:OriginalStart></t:Occurrence>"
        "</t:ModifiedOccurrences><t:DeletedOccurrences><t:DeletedOccurrence>"
        "<t:Start>2026-01-06T10:00:00+01:00</t:Start></t:DeletedOccurrence></t:DeletedOccurrences>"
        "</t:CalendarItem>"
    )
    assert list(read_modified(master)) == [("o", datetime(2026, 1, 8, 9, tzinfo=UTC))]
    assert list(read_deleted(master)) == [datetime(2026, 1, 6, 9, tzinfo=UTC)]


@pytest.mark.parametrize("time", ["", "soon", "2026-13-06T09:00:00Z"])
def test_exceptions_without_a_time_are_refused(time: str) -> None:
    changed = element(
        "<t:CalendarItem><t:ModifiedOccurrences><t:Occurrence><t:ItemId Id='o'/>"
        f"<t:OriginalStart>{time}</t:OriginalStart></t:Occurrence></t:ModifiedOccurrences>"
        f"<t:DeletedOccurrences><t:DeletedOccurrence><t:Start>{time}</t:Start>"
        "</t:DeletedOccurrence></t:DeletedOccurrences></t:CalendarItem>"
    )
    with pytest.raises(NotEws):
        list(read_modified(changed))
    with pytest.raises(NotEws):
        list(read_deleted(changed))


@pytest.mark.parametrize(
    ("found", "put"),
    [
        (r"<t:Start>[^<]*</t:Start>", ""),
        (r">Busy<", ">Sometimes<"),
        (r"DailyRecurrence", "HourlyRecurrence"),
        (r"<t:Interval>1", "<t:Interval>x"),
        (r"<t:NumberedRecurrence>.*</t:NumberedRecurrence>", ""),
    ],
)
def test_what_is_no_item_of_this_version_is_refused(found: str, put: str) -> None:
    written = write(plan_series(daily(), HERE).create[0])
    broken = re.sub(found, put, written)
    assert broken != written
    with pytest.raises(NotEws):
        read_item(element(broken))


def test_exchangelib_reads_what_is_written() -> None:
    item = full_item()
    seen = seen_by_exchangelib(item)
    assert (seen.subject, seen.location, seen.uid) == ("Title & more", "Room", "u")
    assert (seen.start, seen.end) == (item.start, item.end)
    assert (seen._start_timezone.key, seen._end_timezone.key) == (
        "Europe/Berlin",
        "America/New_York",
    )
    assert (seen.sensitivity, seen.importance, seen.categories) == (
        "Private",
        "High",
        ["Work", "Home"],
    )
    assert (seen.reminder_is_set, seen.reminder_minutes_before_start) == (True, 15)
    assert (seen.legacy_free_busy_status, seen.is_all_day) == ("OOF", False)
    assert [one.mailbox.email_address for one in seen.required_attendees] == ["b@x.example"]
    assert seen.required_attendees[0].response_type == "Accept"
    assert [one.mailbox.email_address for one in seen.optional_attendees] == ["c@x.example"]
    assert [one.mailbox.email_address for one in seen.resources] == ["room@x.example"]
    assert seen.body.startswith("line 1\nline 2")


@pytest.mark.parametrize(
    ("rule", "start", "expected"),
    [
        ("FREQ=DAILY;INTERVAL=3", "20260105", "DailyPattern"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH", "20260105", "WeeklyPattern"),
        ("FREQ=MONTHLY;COUNT=3", "20260105", "AbsoluteMonthlyPattern"),
        ("FREQ=MONTHLY;BYDAY=-1FR;UNTIL=20270101T000000Z", "20260130", "RelativeMonthlyPattern"),
        ("FREQ=YEARLY", "20260105", "AbsoluteYearlyPattern"),
        ("FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU", "20260329", "RelativeYearlyPattern"),
    ],
)
def test_exchangelib_reads_each_pattern(rule: str, start: str, expected: str) -> None:
    lines = ("BEGIN:VEVENT", "UID:u", f"DTSTART:{start}T090000Z", f"RRULE:{rule}", "END:VEVENT")
    (event,) = read_calendar(files.calendar(*lines)).events
    (item,) = plan_series(event, HERE).create
    recurrence = seen_by_exchangelib(item).recurrence
    assert type(recurrence.pattern).__name__ == expected
    assert str(recurrence.boundary.start)[:10] == item.start.date().isoformat()
    again = etree.tostring(recurrence.pattern.to_xml(version=Version(build=EXCHANGE_2010_SP2)))
    ours = element(write(item)).find(f"{{{TYPES}}}Recurrence")
    assert ours is not None
    assert shape(ElementTree.fromstring(again)) == shape(ours[0])


def shape(one: ElementTree.Element) -> list[tuple[str, str | None]]:
    return [(part.tag, part.text) for part in one.iter()]


def seen_by_exchangelib(item: CalendarItem) -> Any:
    root = etree.fromstring(f'<r xmlns:t="{TYPES}">{write(item)}</r>')
    config = Configuration(
        service_endpoint="https://localhost/EWS/Exchange.asmx",
        credentials=Credentials("role", "token"),
        auth_type="basic",
        version=Version(build=EXCHANGE_2010_SP2),
    )
    account = Account(
        "bob@example.test", config=config, autodiscover=False, access_type=IMPERSONATION,
        default_timezone=exchangelib.EWSTimeZone("UTC"),
    )  # fmt: skip
    return ExchangelibItem.from_xml(root[0], account=account)
