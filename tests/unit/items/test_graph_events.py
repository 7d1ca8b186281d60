"""Events of Graph: what happens in the model is what happens there."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import pytest
import recurring_ical_events
from hypothesis import assume, given, settings

from migration.errors import ItemMalformed
from migration.items.content import Alarm, Answer, Kind, Person, Privacy, Role
from migration.items.event import Busy, Details, Event, EventStatus
from migration.items.ews_pattern import classify
from migration.items.ews_series import plan_series
from migration.items.ews_terms import Repeats
from migration.items.graph_events import ReadEvent, read_event
from migration.items.graph_zones import needs_instances
from migration.items.ical_read import Calendar
from migration.items.ical_write import write_calendar
from migration.items.occurrences import occurrences
from migration.items.times import Moment, Span, Time, Zone
from migration.items.zones import instant
from tests.unit.items.destinations import FIVE_YEARS, HERE, times_of, times_of_plan
from tests.unit.items.graph_json import MASTER, plain_event, series_event, write_series
from tests.unit.items.test_ews_series import usual_series
from tests.unit.items.test_ical_round_trip import as_utc

BERLIN = Zone("Europe/Berlin")
DAILY = {"type": "daily"}
ENDLESS = {"type": "noEnd"}


def at(text: str) -> dict[str, str]:
    return {"dateTime": f"{text}:00.0000000", "timeZone": "UTC"}


def in_berlin(event: Event) -> Event:
    """The same with Berlin where it says no zone: Graph knows no time without one."""

    def settle(time: Time) -> Time:
        return replace(time, zone=time.zone or BERLIN) if isinstance(time, Moment) else time

    def settle_all(details: Details) -> Details:
        extent = details.extent
        return replace(details, extent=replace(extent, start=settle(extent.start)))

    assert event.master is not None
    rule = event.recurrence.rule
    assert rule is not None
    until = rule.until
    if isinstance(until, Moment) and until.zone is None:
        until = Moment(instant(until, BERLIN).replace(tzinfo=None), Zone("UTC"))
    return Event(
        event.uid,
        settle_all(event.master),
        replace(
            event.recurrence,
            rule=replace(rule, until=until),
            excluded=tuple(map(settle, event.recurrence.excluded)),
        ),
        tuple(
            replace(one, original=settle(one.original), details=settle_all(one.details))
            for one in event.overrides
        ),
        tuple(map(settle, event.cancelled)),
    )


def read(told: dict[str, Any], *own: str) -> ReadEvent:
    return read_event(json.loads(json.dumps(told)), frozenset(own))


def details_of(**properties: Any) -> Details:
    found = read(plain_event(**properties), "owner@example.test")
    assert found.losses == ()
    assert found.event.master is not None
    return found.event.master


def lost(**properties: Any) -> list[str]:
    return [loss.what for loss in read(plain_event(**properties)).losses]


@settings(max_examples=100, deadline=None)
@given(usual_series())
def test_a_series_happens_as_another_library_finds_it(event: Event) -> None:
    """The occurrences of five years, of what Graph shows of an event, and of the event itself by
    recurring-ical-events."""
    event = in_berlin(event)
    assert event.master is not None
    repeats = classify(event.master.extent.start, event.recurrence)
    assume(isinstance(repeats, Repeats))
    assert isinstance(repeats, Repeats)
    found = read(write_series(event, repeats))
    assert found.losses == ()
    begin = instant(event.master.extent.start) - timedelta(days=30)
    end = begin + FIVE_YEARS
    assert times_of(found.event, begin, end) == times_of(event, begin, end)
    ours = {
        (one.begins, one.details.content.summary) for one in occurrences(found.event, begin, end)
    }
    parsed = icalendar.Calendar.from_ical(write_calendar(Calendar(events=(event,))))
    theirs = {
        (as_utc(one["DTSTART"].dt), str(one.get("SUMMARY", "")))
        for one in recurring_ical_events.of(parsed).between(begin, end)
        if one.get("STATUS") != "CANCELLED"
    }
    assert ours == theirs


@settings(max_examples=60, deadline=None)
@given(usual_series())
def test_the_plan_for_exchange_makes_what_graph_shows(event: Event) -> None:
    event = in_berlin(event)
    assert event.master is not None
    repeats = classify(event.master.extent.start, event.recurrence)
    assume(isinstance(repeats, Repeats))
    assert isinstance(repeats, Repeats)
    found = read(write_series(event, repeats)).event
    begin = instant(event.master.extent.start) - timedelta(days=10)
    where = replace(HERE, begin=begin - timedelta(days=10), horizon=begin + FIVE_YEARS)
    end = where.horizon - timedelta(days=45)
    starts = [time[0] for time in times_of_plan(plan_series(found, where), begin, end)]
    assert starts == [time[0] for time in times_of(event, begin, end)]


def test_times_are_shown_by_the_clock_of_their_own_zones() -> None:
    told = details_of(
        originalStartTimeZone="W. Europe Standard Time", originalEndTimeZone="GMT Standard Time"
    )
    assert told.extent.start == Moment(datetime(2026, 1, 5, 10), BERLIN)
    assert told.extent.end == Moment(datetime(2026, 1, 5, 10), Zone("Europe/London"))


@pytest.mark.parametrize("name", ["UTC", "tzone://Microsoft/Utc", ""])
def test_utc_has_several_names(name: str) -> None:
    told = details_of(originalStartTimeZone=name, originalEndTimeZone=name)
    assert told.extent.start == Moment(datetime(2026, 1, 5, 9), Zone("UTC"))


def test_a_zone_of_somebodys_own_is_a_loss_and_its_times_are_kept_in_utc() -> None:
    told = read(plain_event(originalStartTimeZone="tzone://Microsoft/Custom"))
    assert [(loss.what, loss.uid) for loss in told.losses] == [("originalStartTimeZone", "u")]
    assert told.event.master is not None
    assert told.event.master.extent.start == Moment(datetime(2026, 1, 5, 9), Zone("UTC"))


def test_the_clock_of_the_recurrence_counts_in_a_series() -> None:
    """Its clock goes on in summer; the zone in which the event was made says nothing."""
    told = series_event(DAILY, ENDLESS, originalStartTimeZone="tzone://Microsoft/Custom")
    found = read(told)
    assert found.losses == ()
    july = datetime(2026, 7, 1, tzinfo=UTC)
    (one,) = occurrences(found.event, july, july + timedelta(days=1))
    assert one.begins == datetime(2026, 7, 1, 7, tzinfo=UTC)


CUSTOM = "tzone://Microsoft/Custom"


def in_no_zone(**properties: Any) -> dict[str, Any]:
    told = series_event(DAILY, {**ENDLESS, "recurrenceTimeZone": CUSTOM}, **properties)
    return {**told, "originalStartTimeZone": CUSTOM, "originalEndTimeZone": CUSTOM}


def instance(clock: str, kind: str = "occurrence") -> dict[str, Any]:
    return {"type": kind, "start": at(clock)}


def test_the_occurrences_tell_the_zone_of_a_series_that_has_none_with_a_name() -> None:
    told = in_no_zone()
    assert needs_instances(told)
    days = [datetime(2026, 1, 6, 9, tzinfo=ZoneInfo("Europe/Berlin")) + timedelta(days=number)
            for number in range(366)]  # fmt: skip
    shown = [instance(f"{day.astimezone(UTC):%Y-%m-%dT%H:%M}") for day in days]
    shown.append(instance("2026-05-06T14:00", "exception"))
    found = read({**told, "instances": shown})
    assert [loss.what for loss in found.losses] == ["originalStartTimeZone"]
    begin = datetime(2026, 3, 27, tzinfo=UTC)
    hours = [one.begins.hour for one in occurrences(found.event, begin, begin + timedelta(days=4))]
    assert hours == [8, 8, 7, 7]


@pytest.mark.parametrize(
    "shown", [[], [instance("2026-01-06T08:00"), instance("2026-01-07T08:01")]]
)
def test_a_series_whose_zone_nobody_can_tell_is_in_utc(shown: list[dict[str, Any]]) -> None:
    found = read(in_no_zone(instances=shown))
    assert [loss.why.partition(";")[2] for loss in found.losses] == [
        " its time is kept, in UTC; later occurrences may be off where its clock changes"
    ]
    assert found.event.master is not None
    assert found.event.master.extent.start == Moment(datetime(2026, 1, 5, 8), Zone("UTC"))


@pytest.mark.parametrize(
    "told", [plain_event(originalStartTimeZone=CUSTOM), series_event(DAILY, ENDLESS)]
)
def test_only_series_without_a_named_zone_need_their_occurrences(told: dict[str, Any]) -> None:
    assert not needs_instances(told)


def test_whole_days_need_no_zone() -> None:
    told = in_no_zone(isAllDay=True, start=at("2026-01-05T00:00"), end=at("2026-01-06T00:00"))
    assert not needs_instances(told)
    assert read(told).losses == ()


WHOLE = {
    "isAllDay": True,
    "originalStartTimeZone": "W. Europe Standard Time",
    "originalEndTimeZone": "W. Europe Standard Time",
}


@pytest.mark.parametrize(
    ("begins", "ends"),
    [
        ("2026-01-05T00:00", "2026-01-07T00:00"),
        ("2026-01-04T23:00", "2026-01-06T23:00"),
    ],
)
def test_whole_days_have_no_zone(begins: str, ends: str) -> None:
    told = details_of(start=at(begins), end=at(ends), **WHOLE)
    assert (told.extent.start, told.extent.end) == (date(2026, 1, 5), date(2026, 1, 7))


def test_what_is_said_to_be_whole_days_and_is_none_keeps_its_times() -> None:
    told = read(plain_event(isAllDay=True))
    assert [loss.what for loss in told.losses] == ["isAllDay"]
    assert told.event.master is not None
    assert isinstance(told.event.master.extent.start, Moment)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ({"type": "daily", "interval": 6}, [5, 11, 17]),
        ({"type": "weekly", "interval": 2, "daysOfWeek": ["sunday", "monday"]}, [5, 18, 19]),
        ({"type": "weekly", "interval": 2, "daysOfWeek": ["sunday", "monday"],
          "firstDayOfWeek": "monday"}, [5, 11, 19]),
        ({"type": "relativeMonthly", "daysOfWeek": ["monday"], "index": "first"}, [5]),
        ({"type": "relativeMonthly", "daysOfWeek": ["monday", "friday"], "index": "second"}, [5]),
    ],
)  # fmt: skip
def test_patterns(pattern: dict[str, Any], expected: list[int]) -> None:
    found = read(series_event(pattern, ENDLESS))
    assert found.losses == ()
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    days = [one.begins.day for one in occurrences(found.event, begin, begin + timedelta(days=19))]
    assert days == expected


@pytest.mark.parametrize(
    ("pattern", "starts"),
    [
        ({"type": "absoluteYearly", "interval": 2, "month": 1, "dayOfMonth": 5}, [2026, 2028]),
        ({"type": "relativeYearly", "interval": 3, "month": 1, "daysOfWeek": ["monday"]},
         [2026, 2029]),
    ],
)  # fmt: skip
def test_years_may_be_left_out(pattern: dict[str, Any], starts: list[int]) -> None:
    found = read(series_event(pattern, ENDLESS))
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    end = begin + timedelta(days=4 * 365)
    assert [one.begins.year for one in occurrences(found.event, begin, end)] == starts


def test_the_31st_is_the_last_day_of_shorter_months() -> None:
    told = series_event(
        {"type": "absoluteMonthly", "dayOfMonth": 31},
        {"type": "numbered", "numberOfOccurrences": 3, "startDate": "2026-01-31"},
        start=at("2026-01-31T08:00"),
        end=at("2026-01-31T09:00"),
    )
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    found = occurrences(read(told).event, begin, begin + FIVE_YEARS)
    assert [one.begins.day for one in found] == [31, 28, 31]


def test_a_start_that_is_none_of_the_patterns_days_is_the_next_that_is() -> None:
    found = read(series_event({"type": "weekly", "daysOfWeek": ["wednesday"]}, ENDLESS))
    assert [loss.what for loss in found.losses] == ["recurrence"]
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    days = [one.begins.day for one in occurrences(found.event, begin, begin + timedelta(days=14))]
    assert days == [7, 14]


@pytest.mark.parametrize(
    ("pattern", "extent"),
    [
        ({"type": "hourly"}, ENDLESS),
        ({"type": "daily", "interval": 0}, ENDLESS),
        ({"type": "weekly", "daysOfWeek": ["someday"]}, ENDLESS),
        ({"type": "absoluteMonthly", "dayOfMonth": 32}, ENDLESS),
        ({"type": "absoluteYearly", "dayOfMonth": 1, "month": 13}, ENDLESS),
        ({"type": "relativeMonthly", "daysOfWeek": []}, ENDLESS),
        (DAILY, {"type": "numbered", "numberOfOccurrences": 0}),
        (DAILY, {"type": "endDate", "endDate": "some day"}),
        (DAILY, {"type": "sometimes"}),
    ],
)
def test_a_recurrence_that_cannot_be_read_is_no_other(
    pattern: dict[str, Any], extent: dict[str, Any]
) -> None:
    with pytest.raises(ItemMalformed):
        read(series_event(pattern, extent))


def test_a_series_that_never_ends_may_have_an_end() -> None:
    told = series_event(DAILY, {"type": "endDate", "endDate": "4500-08-31"})
    rule = read(told).event.recurrence.rule
    assert rule is not None
    assert rule.until is None


def exception(**properties: Any) -> dict[str, Any]:
    return plain_event(
        **{"type": "exception", "originalStart": "2026-01-06T08:00:00Z", **properties}
    )


def test_exceptions_are_read_whole() -> None:
    moved = exception(subject="moved", start=at("2026-01-06T14:00"), end=at("2026-01-06T16:00"))
    found = read(series_event(DAILY, ENDLESS, exceptionOccurrences=[moved])).event
    (one,) = found.overrides
    assert one.original == Moment(datetime(2026, 1, 6, 9), BERLIN)
    assert one.details.content.summary == "moved"
    assert instant(one.details.extent.start) == datetime(2026, 1, 6, 14, tzinfo=UTC)


def test_the_day_tells_an_exception_without_its_original_start() -> None:
    one = exception(originalStart=None, occurrenceId=f"OID.{MASTER}.2026-01-06")
    found = read(series_event(DAILY, ENDLESS, exceptionOccurrences=[one])).event
    assert [one.original for one in found.overrides] == [Moment(datetime(2026, 1, 6, 9), BERLIN)]


def test_an_exception_of_no_occurrence_is_a_loss() -> None:
    one = exception(originalStart=None)
    found = read(series_event(DAILY, ENDLESS, exceptionOccurrences=[one]))
    assert found.event.overrides == ()
    assert [(loss.what, loss.where) for loss in found.losses] == [
        ("exceptionOccurrences", "occurrence")
    ]


def test_an_occurrence_that_was_called_off_does_not_take_place() -> None:
    off = exception(isCancelled=True)
    found = read(series_event(DAILY, ENDLESS, exceptionOccurrences=[off])).event
    assert (found.overrides, found.cancelled) == ((), (Moment(datetime(2026, 1, 6, 9), BERLIN),))


def test_cancelled_occurrences_are_told_by_their_day() -> None:
    ids = [f"OID.{MASTER}.2026-01-06", f"OID.{MASTER}.2026-01-08"]
    found = read(series_event(DAILY, ENDLESS, cancelledOccurrences=ids))
    assert found.losses == ()
    begin = datetime(2026, 1, 5, tzinfo=UTC)
    days = [one.begins.day for one in occurrences(found.event, begin, begin + timedelta(days=5))]
    assert days == [5, 7, 9]


def test_a_cancelled_day_may_be_that_of_utc_where_the_series_has_no_other() -> None:
    """Every Monday at half past midnight in Berlin, which is Sunday in UTC."""
    told = series_event(
        {"type": "weekly", "daysOfWeek": ["monday"]},
        ENDLESS,
        start=at("2026-01-04T23:30"),
        end=at("2026-01-05T00:30"),
        cancelledOccurrences=[f"OID.{MASTER}.2026-01-11"],
    )
    found = read(told)
    assert found.losses == ()
    assert found.event.recurrence.excluded == (Moment(datetime(2026, 1, 12, 0, 30), BERLIN),)


@pytest.mark.parametrize("id_", [f"OID.{MASTER}.2026-01-06", "OID.x.2026-13-01", "x"])
def test_a_cancelled_occurrence_that_is_none_is_a_loss(id_: str) -> None:
    told = series_event(
        {"type": "weekly", "daysOfWeek": ["monday"]}, ENDLESS, cancelledOccurrences=[id_]
    )
    assert [loss.what for loss in read(told).losses] == ["cancelledOccurrences"]


# -- content -------------------------------------------------------------------------------------


def test_the_text_is_html_or_not() -> None:
    assert (
        details_of(body={"contentType": "html", "content": "<p>a</p>"}).content.html == "<p>a</p>"
    )
    assert details_of(body={"contentType": "text", "content": "a"}).content.description == "a"


@pytest.mark.parametrize(
    "markup",
    [
        "<html><head><style>p {}</style></head><body>\r\n<p>&nbsp;</p></body></html>",
        "<!-- a -->",
        "",
    ],
)
def test_html_that_shows_nothing_is_no_text(markup: str) -> None:
    content = details_of(body={"contentType": "html", "content": markup}).content
    assert (content.html, content.description) == ("", "")


def test_a_picture_is_shown() -> None:
    markup = '<body><img src="cid:a"></body>'
    assert details_of(body={"contentType": "html", "content": markup}).content.html == markup


def test_what_is_said_of_an_event() -> None:
    told = details_of(
        subject="a",
        sensitivity="private",
        importance="high",
        categories=["b", "c"],
        showAs="workingElsewhere",
        allowNewTimeProposals=False,
        isReminderOn=True,
        reminderMinutesBeforeStart=1500,
        isCancelled=True,
        createdDateTime="2026-01-01T08:00:00.1234567Z",
    )
    content = told.content
    assert (content.summary, content.privacy, content.priority) == ("a", Privacy.PRIVATE, 1)
    assert content.categories == ("b", "c")
    assert content.alarms == (Alarm(Span(-1, -3600)),)
    assert content.created == Moment(datetime(2026, 1, 1, 8), Zone("UTC"))
    assert (told.busy, told.allows_new_time) == (Busy.ELSEWHERE, False)
    assert told.status is EventStatus.CANCELLED


def attendee(address: str, kind: str = "required", response: str = "none") -> dict[str, Any]:
    return {
        "type": kind,
        "status": {"response": response, "time": "0001-01-01T00:00:00Z"},
        "emailAddress": {"name": address[0].upper(), "address": address},
    }


def test_attendees_of_an_own_meeting() -> None:
    told = details_of(
        attendees=[
            attendee("owner@example.test", response="organizer"),
            attendee("b@x.example", response="tentativelyAccepted"),
            attendee("c@x.example", "optional", "declined"),
            attendee("room@x.example", "resource", "accepted"),
        ]
    ).content
    assert told.organizer is None
    assert [(one.person.address, one.role, one.kind, one.answer) for one in told.attendees] == [
        ("b@x.example", Role.REQUIRED, Kind.INDIVIDUAL, Answer.TENTATIVE),
        ("c@x.example", Role.OPTIONAL, Kind.INDIVIDUAL, Answer.DECLINED),
        ("room@x.example", Role.REQUIRED, Kind.RESOURCE, Answer.ACCEPTED),
    ]
    assert {one.wants_reply for one in told.attendees} == {True}


def test_the_owners_answer_to_a_meeting_of_somebody_else() -> None:
    told = details_of(
        isOrganizer=False,
        organizer={"emailAddress": {"name": "A", "address": "a@x.example"}},
        responseStatus={"response": "accepted", "time": "2026-01-01T08:00:00Z"},
        attendees=[attendee("a@x.example", response="organizer"), attendee("Owner@example.test")],
    ).content
    assert told.organizer == Person("a@x.example", "A")
    assert [(one.person.address, one.answer) for one in told.attendees] == [
        ("Owner@example.test", Answer.ACCEPTED)
    ]


def test_meetings_online_are_named_once_in_the_text() -> None:
    link = "https://teams.example/l/meetup-join/1?a=b&c=d"
    meeting = {"joinUrl": link}
    told = plain_event(onlineMeeting=meeting, onlineMeetingUrl=link)
    found = read(told).event
    assert found.master is not None
    assert found.master.content.conferences == (link,)
    (item,) = plan_series(found, HERE).create
    assert item.body.count("teams.example") == 1
    body = {"contentType": "html", "content": f'<a href="{link.replace("&", "&amp;")}">Join</a>'}
    (item,) = plan_series(read({**told, "body": body}).event, HERE).create
    assert item.body == body["content"]


def test_places_become_one_line() -> None:
    told = details_of(
        location={"displayName": "Room 1; Café", "coordinates": {}},
        locations=[
            {"displayName": "Room 1", "locationEmailAddress": "", "coordinates": {}},
            {
                "displayName": "Café",
                "address": {"street": "Street 1", "city": "Town"},
                "coordinates": {"latitude": 52.5, "longitude": 13.4},
            },
        ],
    ).content
    assert told.location == "Room 1; Café; Street 1, Town"
    assert told.position == (52.5, 13.4)


def file(kind: str = "file", **properties: Any) -> dict[str, Any]:
    return {"@odata.type": f"#microsoft.graph.{kind}Attachment", "name": "a.txt", **properties}


def test_attached_files() -> None:
    whole = details_of(attachments=[file(contentType="text/plain", contentBytes="YQ==")])
    (one,) = whole.content.attachments
    assert (one.name, one.media_type, one.data) == ("a.txt", "text/plain", b"a")


@pytest.mark.parametrize(
    ("attachment", "names"),
    [
        (file("item", name="b", contentBytes="QkVHSU46VkNBTEVOREFS"), ["b.ics"]),
        (file("item", name="b", contentBytes="U3ViamVjdDogYQ=="), ["b.eml"]),
        (file("reference"), []),
        (file(size=10**9), []),
        (file(contentBytes="?"), []),
        (file(contentBytes="YQ==", contentId="i", isInline=True), ["a.txt"]),
    ],
)
def test_what_is_lost_of_attachments(attachment: dict[str, Any], names: list[str]) -> None:
    found = read(plain_event(attachments=[attachment]))
    assert [loss.what for loss in found.losses] == ["attachments"]
    assert found.event.master is not None
    assert [one.name for one in found.event.master.content.attachments] == names


def test_a_link_stays_a_link() -> None:
    (one,) = details_of(
        attachments=[file("reference", sourceUrl="https://x.example/a")]
    ).content.attachments
    assert (one.data, one.uri) == (None, "https://x.example/a")


@pytest.mark.parametrize(
    ("properties", "what"),
    [
        ({"hideAttendees": True, "attendees": [attendee("a@x.example")]}, "hideAttendees"),
        ({"isDraft": True}, "isDraft"),
        ({"showAs": "unknown"}, "showAs"),
        ({"onlineMeeting": {"tollNumber": "1"}}, "onlineMeeting"),
        ({"end": at("2026-01-04T10:00")}, "end"),
        ({"somethingNew": "a"}, "somethingNew"),
        (
            {"attendees": [{**attendee("a@x.example"), "proposedNewTime": {"start": at("x")}}]},
            "attendees.proposedNewTime",
        ),
    ],
)
def test_what_has_no_place_is_told(properties: dict[str, Any], what: str) -> None:
    assert lost(**properties) == [what]


@pytest.mark.parametrize(
    "properties",
    [
        {"start": None},
        {"start": {"dateTime": "x", "timeZone": "UTC"}},
        {"start": {"dateTime": "2026-01-05T09:00:00", "timeZone": "Nowhere"}},
        {"start": at("9999-01-05T09:00")},
        {"end": at("8000-01-05T09:00")},
        {"type": "seriesMaster"},
    ],
)
def test_what_would_be_another_event_is_not_read(properties: dict[str, Any]) -> None:
    with pytest.raises(ItemMalformed):
        read(plain_event(**properties))


def test_no_loss_holds_a_value() -> None:
    secret = "secret"
    told = series_event(
        DAILY,
        ENDLESS,
        subject=secret,
        originalStartTimeZone=secret,
        cancelledOccurrences=[secret],
        exceptionOccurrences=[exception(originalStart=secret, occurrenceId=secret)],
        showAs=secret,
        attachments=[file("reference", name=secret)],
        onlineMeeting={"tollNumber": secret},
    )
    found = read(told)
    assert found.losses
    assert secret not in repr(found.losses)
